// The appliance's own SAML keys: when they end, and changing them with an overlap.
import { create, read } from './api.js';
import { ask } from './dialog.js';
import { h } from './dom.js';
import { badge, copyable, empty, notice } from './show.js';
import { when } from './time.js';

const KINDS = [['saml-signing', 'Signing'], ['saml-encryption', 'Encryption']];

export async function list(page) {
  const [keys, findings] = await Promise.all([read('/api/v1/keys', page.signal), read('/api/v1/findings', page.signal)]);
  return {
    title: 'Keys',
    content: h('div', { class: 'stack' },
      h('div', { class: 'intro' }, h('h1', 'Keys and findings'),
        h('p', { class: 'muted' }, 'Our own SAML keys are the same for all providers. The next one stands in our metadata beside the present one before it counts.')),
      findings.items.length === 0 && notice('good', 'Nothing weakens sign-in: no certificate is about to end, no key is weak.'),
      findings.items.map((each) => notice(each.severity === 'serious' ? 'bad' : 'warn', each.text, ' ', each.fix)),
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

async function roll(page, kind, name) {
  const done = await ask({
    title: `Roll the ${name.toLowerCase()} key?`,
    content: h('p', kind === 'saml-signing'
      ? 'The new key signs after 14 days. Until then upload its certificate in Okta: SAML Settings, Show Advanced Settings, Signature Certificate.'
      : 'The new key is offered at once; the old one still decrypts for 30 days. Until then upload the new certificate in Okta: SAML Settings, Show Advanced Settings, Encryption Certificate.'),
    submit: 'Roll',
    send: () => create('/api/v1/keys', { kind }),
  });
  if (done) page.again();
}
