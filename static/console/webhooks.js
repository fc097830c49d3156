// Where events are sent to, such as the use of a break-glass account.
import { create, remove } from './api.js';
import { h, say } from './dom.js';
import { ask, tell } from './dialog.js';
import { field } from './form.js';
import { icon } from './icons.js';
import { listing } from './listing.js';
import { badge, copyable, empty, notice, plural } from './show.js';
import { when } from './time.js';

const KINDS = [
  ['break-glass.used', 'a break-glass account signed in'],
  ['break-glass.armed', 'a break-glass account was armed'],
  ['break-glass.drilled', 'a drill passed or failed'],
  ['scim.held', 'SCIM changes are held until an admin answers'],
];

export async function list(page) {
  const button = () => h('button', { type: 'button', class: 'primary', on: { click: () => make(page) } }, icon('plus'), 'Add webhook');
  const hooks = await listing({
    page,
    path: '/api/v1/webhooks',
    caption: 'Webhooks',
    noun: 'webhook',
    columns: [
      { name: 'Address', show: (hook) => h('span', { class: 'two' }, h('span', { class: 'named' }, h('span', { class: 'address' }, hook.url), hook.disabled_at && badge('disabled')), hook.last_error && h('small', { class: 'used' }, hook.last_error)) },
      { name: 'Told of', narrow: false, show: (hook) => (hook.kinds?.length ? hook.kinds.join(', ') : 'everything') },
      { name: 'Last delivered', show: (hook) => h('span', { class: 'two' }, when(hook.last_delivered_at), hook.pending > 0 && h('small', `${hook.pending} waiting`)) },
      { name: 'Created', narrow: false, show: (hook) => when(hook.created_at) },
      { name: 'Actions', end: true, show: (hook) => [
        h('button', { type: 'button', class: 'quiet roomy', 'aria-label': `Send a test to ${hook.url}`, on: { click: (event) => test(page, hook, event.target) } }, 'Test'),
        h('button', { type: 'button', class: 'quiet danger', 'aria-label': `Delete webhook ${hook.url}`, on: { click: () => erase(page, hook) } }, 'Delete')] },
    ],
    live: true,
    empty: empty('No webhook yet', 'A webhook tells your chat or your monitoring at once when a break-glass account is used, armed or drilled, with a signature that proves it came from here.', button()),
  });
  const any = hooks.querySelector('table');
  return {
    title: 'Webhooks',
    content: h('div', { class: 'stack' },
      h('div', { class: 'head' }, h('div', { class: 'intro' }, h('h1', 'Webhooks'), h('p', { class: 'muted' }, 'Signed as Standard Webhooks says, sent again with growing waits for three days. Test sends one now; what came of it stands in the list soon after.')), any && button()),
      hooks),
  };
}

async function make(page) {
  let made = null;
  await ask({
    title: 'Add webhook',
    content: [
      field({ name: 'url', label: 'Address', type: 'url', required: true, maxlength: 2048, placeholder: 'https://hooks.example.com/portcullis', hint: 'https, or http to this machine itself.', 'data-missing': 'Type the address to send to.' }),
      h('fieldset', { class: 'field' }, h('legend', 'Tell it when'),
        h('div', { class: 'choices' }, KINDS.map(([kind, text]) => h('label', { class: 'choice' },
          h('input', { type: 'checkbox', name: 'kinds', value: kind }), h('span', { class: 'two' }, h('span', text), h('small', kind))))),
        h('span', { class: 'hint' }, 'None ticked: of everything.')),
    ],
    submit: 'Add webhook',
    send: async ({ url }, element) => { made = await create('/api/v1/webhooks', { url: url.trim(), kinds: new FormData(element).getAll('kinds') }); },
  });
  if (!made) return;
  if (made.secret) {
    await tell({
      title: 'Webhook added',
      content: [
        notice('warn', h('strong', 'Copy it now: this secret is shown only this once.'), ' The receiver checks with it that what arrives came from here.'),
        copyable('Signing secret', made.secret),
      ],
    });
  }
  page.again();
}

async function test(page, hook, button) {
  button.disabled = true;
  try {
    await create(`/api/v1/webhooks/${encodeURIComponent(hook.id)}/test`);
    button.textContent = 'Sent';
    say('A test is on its way');
  } catch (error) {
    page.again(error.message);
  }
}

async function erase(page, hook) {
  const done = await ask({
    title: 'Delete this webhook?',
    content: [
      h('p', h('code', hook.url)),
      h('p', `It is told of nothing any more${hook.pending > 0 ? `; ${plural(hook.pending, 'delivery', 'deliveries')} that ${hook.pending === 1 ? 'waits is' : 'wait are'} dropped` : ''}. Its signing secret becomes worthless.`),
    ],
    submit: 'Delete webhook',
    danger: true,
    send: () => remove(`/api/v1/webhooks/${encodeURIComponent(hook.id)}`),
  });
  if (done) page.again();
}
