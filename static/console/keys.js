// The appliance's own SAML keys: when they end, and changing them with an overlap.
import { create, read } from './api.js';
import { ask } from './dialog.js';
import { h } from './dom.js';
import { finding, findings } from './findings.js';
import { field } from './form.js';
import { badge, copyable, empty, notice } from './show.js';
import { when } from './time.js';

const KINDS = [['saml-signing', 'Signing'], ['saml-encryption', 'Encryption']];

export async function list(page) {
  const [keys, found] = await Promise.all([read('/api/v1/keys', page.signal), findings(page)]);
  return {
    title: 'Keys',
    content: h('div', { class: 'stack' },
      h('div', { class: 'intro' }, h('h1', 'Keys and findings'),
        h('p', { class: 'muted' }, 'Our own SAML keys are the same for all providers. The next one stands in our metadata beside the present one before it counts.')),
      found.length === 0 && notice('good', 'Nothing was found: no certificate in use is about to end, none waits for a word, followed metadata could be read, and no active provider may sign with SHA-1, send responses that nobody asked for, or leave logout messages unsigned.'),
      found.map(finding),
      KINDS.map(([kind, name]) => panel(page, kind, name, keys.items.filter((each) => each.kind === kind)))),
  };
}

function panel(page, kind, name, keys) {
  return h('section', { class: 'panel' },
    h('div', { class: 'head' }, h('h2', name), h('button', { type: 'button', disabled: keys.length > 1, on: { click: () => roll(page, kind, name) } }, `Roll the ${name.toLowerCase()} key`)),
    keys.length === 0 ? empty('No key yet', 'It is made at the first need.') : keys.map((each) => h('dl', { class: 'facts' },
      h('dt', 'State'), h('dd', badge(each.state)),
      h('dt', 'Ends'), h('dd', when(each.not_after)),
      each.begins_at && [h('dt', 'Counts from'), h('dd', when(each.begins_at))],
      each.retires_at && [h('dt', 'Retires'), h('dd', when(each.retires_at))],
      h('dt', 'Certificate'), h('dd', copyable(`${name} certificate`, each.certificate)))));
}

const days = (name, label, value, hint) => field({ name, label, type: 'number', min: 0, max: 365, inputmode: 'numeric', value, required: true, hint, 'data-missing': 'Type a number of days.' });

async function roll(page, kind, name) {
  const signing = kind === 'saml-signing';
  const done = await ask({
    title: `Roll the ${name.toLowerCase()} key?`,
    content: signing
      ? [
          h('p', 'The new key stands in our metadata at once and signs later. Until then upload its certificate in Okta: SAML Settings, Show Advanced Settings, Signature Certificate.'),
          days('switch_days', 'Days until the new key signs', 14, '0 to 365. 0: at once.'),
          days('keep_days', 'Days that the old key stays listed after that', 30, '0 to 365.'),
        ]
      : [
          h('p', 'The new key is offered at once; the old one still decrypts for a while. Until it retires upload the new certificate in Okta: SAML Settings, Show Advanced Settings, Encryption Certificate.'),
          days('keep_days', 'Days that the old key still decrypts', 30, '0 to 365.'),
        ],
    submit: 'Roll',
    send: ({ switch_days: until, keep_days: after }) => create('/api/v1/keys', { kind, ...(signing && { switch_days: Number(until) }), keep_days: Number(after) }),
  });
  if (done) page.again();
}
