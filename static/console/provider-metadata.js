// How a provider's published metadata is followed, and the certificates that wait for a word.
import { change, create, remove } from './api.js';
import { ask } from './dialog.js';
import { h } from './dom.js';
import { field } from './form.js';
import { badge, notice } from './show.js';
import { when } from './time.js';

const MODES = [
  ['off', 'Don’t look'],
  ['ask', 'Ask an admin about each new certificate'],
  ['automatic', 'Pin new certificates (https only)'],
];

/** The panel of a provider; `watch` is what is known of its metadata, `manage` adds what changes something. */
export function publishedMetadata(page, path, watch, manage) {
  const failure = h('p', { class: 'error', role: 'alert' });
  const doing = (act) => async () => {
    try {
      await act();
      page.again();
    } catch (error) {
      failure.textContent = error.message;
    }
  };
  const decide = (each, state) => doing(() => change(`${path}/metadata/additions/${each.fingerprint}`, { state }));
  const mode = h('select', { 'aria-label': 'New certificates', disabled: !manage }, MODES.map(([value, text]) => h('option', { value, selected: value === watch.mode }, text)));
  mode.addEventListener('change', doing(() => change(`${path}/metadata`, { mode: mode.value })));
  return h('section', { class: 'panel' },
    h('div', { class: 'head' }, h('h2', 'Published metadata'), manage && h('div', { class: 'actions' },
      h('button', { type: 'button', on: { click: () => lay(page, path) } }, 'Add a certificate'),
      watch.url && h('button', { type: 'button', on: { click: doing(() => create(`${path}/metadata/refresh`, {})) } }, 'Look now'))),
    h('p', { class: 'muted' }, 'A look adds certificates and never removes one. What is no longer published is marked under Certificates.'),
    watch.failure && notice('warn', watch.failure),
    watch.differences.filter((each) => each.what !== 'certificate').map((each) => notice('warn', `Published is another sign-on address: ${each.published}. If that is right, enter the metadata again.`)),
    h('dl', { class: 'facts' },
      h('dt', 'New certificates'), h('dd', mode),
      h('dt', 'Last look'), h('dd', when(watch.looked_at, 'none since it was set up')),
      h('dt', 'Must be signed with'), h('dd', watch.trust ? h('code', { class: 'fingerprint' }, watch.trust) : 'no key: whatever the address serves is believed', manage && [' ', h('button', { type: 'button', on: { click: () => editTrust(page, path, watch) } }, watch.trust ? 'Change the key' : 'Choose a key')])),
    watch.additions.map((each) => h('div', { class: 'head' },
      h('p', h('code', { class: 'fingerprint' }, each.fingerprint), ' ', each.refused_at ? badge('refused') : badge('waits', 'warn')),
      manage && h('div', { class: 'actions' },
        h('button', { type: 'button', 'aria-label': `Accept ${each.fingerprint}`, on: { click: decide(each, 'accepted') } }, 'Accept'),
        !each.refused_at && h('button', { type: 'button', class: 'quiet danger', 'aria-label': `Refuse ${each.fingerprint}`, on: { click: decide(each, 'refused') } }, 'Refuse')))),
    failure);
}

async function editTrust(page, path, watch) {
  const done = await ask({
    title: 'Whose metadata is believed',
    content: [
      h('p', 'Only metadata that is signed with the key of this certificate is taken then, whatever way it came: looked at, or entered by somebody. It is not a certificate that sign-ins are signed with, unless the identity provider uses the same.'),
      field({
        name: 'trust_certificate', label: 'Certificate',
        control: h('textarea', { rows: 6, spellcheck: 'false' }),
        hint: watch.trust ? 'Empty: any key is enough again.' : 'PEM, as the identity provider gives it.',
      }),
    ],
    submit: 'Save',
    send: ({ trust_certificate }) => change(`${path}/metadata`, { trust_certificate }),
  });
  if (done) page.again('Metadata is believed like that from now on.');
}

async function lay(page, path) {
  const done = await ask({
    title: 'Add a certificate',
    content: field({
      name: 'certificate', label: 'Certificate',
      control: h('textarea', { required: true, rows: 6, spellcheck: 'false', 'data-missing': 'Paste the certificate.' }),
      hint: 'It is trusted beside those that are here, so add it before the identity provider signs with it.',
    }),
    submit: 'Add',
    send: ({ certificate }) => create(`${path}/certificates`, { certificate }),
  });
  if (done) page.again();
}

/** Takes a pinned certificate away, after a question. */
export async function removeCertificate(page, path, each) {
  const done = await ask({
    title: 'Remove this certificate?',
    content: h('p', `What is signed with it is refused from then on. It last verified a sign-in: ${each.last_used_at ?? 'never'}.`),
    submit: 'Remove',
    danger: true,
    send: () => remove(`${path}/certificates/${each.fingerprint}`),
  });
  if (done) page.again();
}
