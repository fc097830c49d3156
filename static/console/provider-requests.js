// What requests to a provider look like and ask for. Whatever is asked for is a reason to fail, so
// everything is off until somebody wants it.
import { change } from './api.js';
import { h } from './dom.js';
import { ask } from './dialog.js';
import { field, select } from './form.js';
import { badge } from './show.js';

const CLASSES = 'urn:oasis:names:tc:SAML:2.0:ac:classes:';
const FORMATS = [
  ['', 'None: whatever it is set up to send'],
  ['urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified', 'Unspecified'],
  ['urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress', 'E-mail address'],
  ['urn:oasis:names:tc:SAML:2.0:nameid-format:persistent', 'Persistent'],
  ['urn:oasis:names:tc:SAML:2.0:nameid-format:transient', 'Transient'],
];
const BINDINGS = [['redirect', 'HTTP-Redirect'], ['post', 'HTTP-POST']];
const COMPARISONS = [
  ['exact', 'Exactly one of them, checked here'],
  ['minimum', 'At least as strong (minimum)'],
  ['maximum', 'At most as strong (maximum)'],
  ['better', 'Stronger than all (better)'],
];
const HINTS = [
  ['none', 'Not at all'],
  ['login_hint', 'As login_hint (Entra, Google)'],
  ['LoginHint', 'As LoginHint (Okta)'],
  ['subject', 'In the request, as its Subject'],
];

/** A URI by its last part, whole on hover. */
const short = (uri) => h('code', { title: uri }, uri.replace(CLASSES, '').replace(/^urn:oasis:names:tc:SAML:[\d.]+:nameid-format:/, ''));
const of = (options, value) => options.find(([key]) => key === value)?.[1] ?? value;
const onOff = (on) => (on ? badge('on', 'good') : badge('off', 'plain'));

export function requests(page, path, provider, manage) {
  const contexts = provider.authn_contexts;
  return h('section', { class: 'panel', id: 'requests' },
    h('div', { class: 'head' }, h('h2', 'Requests'),
      manage && h('div', { class: 'actions' },
        h('button', { type: 'button', on: { click: () => editSending(page, path, provider) } }, 'Change sending'),
        h('button', { type: 'button', on: { click: () => editAsked(page, path, provider) } }, 'Change what is asked'))),
    h('dl', { class: 'facts' },
      h('dt', 'Sent by'), h('dd', of(BINDINGS, provider.request_binding), provider.sign_requests ? ', signed' : ', not signed'),
      h('dt', 'New sign-in each time'), h('dd', onOff(provider.force_authn)),
      h('dt', 'Ways to sign in'), h('dd', contexts.length
        ? [of(COMPARISONS, provider.authn_comparison), h('ul', { class: 'plain' }, contexts.map((uri) => h('li', short(uri))))]
        : 'left to the identity provider'),
      h('dt', 'NameID format'), h('dd', provider.name_id_format ? short(provider.name_id_format) : 'left to the identity provider'),
      h('dt', 'Typed address'), h('dd', provider.login_hint === 'none' ? 'not handed on' : ['handed on, ', h('code', provider.login_hint)]),
      h('dt', 'Dangerous actions'), h('dd', provider.step_up ? 'need a recent sign-in there' : 'need no recent sign-in there')));
}

async function editSending(page, path, provider) {
  const done = await ask({
    title: `How requests go to ${provider.name}`,
    content: [
      field({ name: 'request_binding', label: 'Binding', control: select(BINDINGS, provider.request_binding), hint: 'HTTP-POST where the signature must stand in the message, or the address grows too long.' }),
      field({ name: 'sign_requests', label: 'Signature', control: select([['false', 'Not signed'], ['true', 'Signed with our key']], String(provider.sign_requests)), hint: 'Give the identity provider our metadata first: it has the certificate.' }),
      field({ name: 'login_hint', label: 'Address that a person typed', control: select(hints(provider), provider.login_hint), hint: 'Handed on, so that nobody types it twice. Nothing else is.' }),
    ],
    submit: 'Save',
    send: ({ request_binding, sign_requests, login_hint }) => change(path, { request_binding, sign_requests: sign_requests === 'true', login_hint }),
  });
  if (done) page.again('Requests are sent like that from now on. Sign in once to see that it works.');
}

async function editAsked(page, path, provider) {
  const formats = FORMATS.some(([uri]) => uri === (provider.name_id_format ?? '')) ? FORMATS : [...FORMATS, [provider.name_id_format, provider.name_id_format]];
  const done = await ask({
    title: `What ${provider.name} is asked for`,
    content: [
      h('p', 'An identity provider that cannot give what is asked for refuses the sign-in. Change one thing at a time.'),
      field({ name: 'force_authn', label: 'New sign-in each time (ForceAuthn)', control: select([['false', 'Off: a session there is enough'], ['true', 'On: the person signs in again']], String(provider.force_authn)), hint: 'An answer with an older sign-in is refused.' }),
      field({ name: 'authn_contexts', label: 'Ways to sign in (RequestedAuthnContext)', control: h('textarea', { rows: 3, spellcheck: 'false', autocapitalize: 'none', value: provider.authn_contexts.join('\n') }), hint: `A class in each line, such as ${CLASSES}PasswordProtectedTransport. Empty: not asked for. Okta answers with the class it is set up for.` }),
      field({ name: 'authn_comparison', label: 'Compared', control: select(COMPARISONS, provider.authn_comparison) }),
      field({ name: 'name_id_format', label: 'NameID format (NameIDPolicy)', control: select(formats, provider.name_id_format ?? ''), hint: 'Entra and AD FS refuse some.' }),
      field({ name: 'step_up', label: 'Before dangerous actions', control: select([['true', 'Its people sign in there again'], ['false', 'They go on without']], String(provider.step_up)), hint: 'It must obey ForceAuthn and say when the sign-in was (AuthnInstant). Try it once you have switched it on.' }),
    ],
    submit: 'Save',
    send: ({ force_authn, authn_contexts, authn_comparison, name_id_format, step_up }) => change(path, {
      force_authn: force_authn === 'true',
      authn_contexts: authn_contexts.split(/\s+/).filter(Boolean),
      authn_comparison,
      name_id_format,
      // Only a choice is sent: what its kind can do may be known better one day.
      ...(step_up === String(provider.step_up) ? {} : { step_up: step_up === 'true' }),
    }),
  });
  if (done) page.again('The next sign-in asks for that. Sign in once to see that it works.');
}

/** Entra refuses a Subject, Google does not look at it. */
const hints = ({ kind }) => HINTS.filter(([way]) => way !== 'subject' || (kind !== 'entra' && kind !== 'google'));
