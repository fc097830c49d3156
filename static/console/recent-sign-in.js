// How old a sign-in may be for what can't be taken back easily.
import { change, read } from './api.js';
import { ask } from './dialog.js';
import { h } from './dom.js';
import { field } from './form.js';
import { part } from './part.js';
import { notice, plural } from './show.js';

const PATH = '/api/v1/step-up';
const ACTIONS = [
  'change or delete a provider, trust or remove a certificate, follow metadata',
  'roll our SAML keys',
  'make or change break-glass accounts and their second factors',
  'invite people, make SCIM and API tokens, and links to set a password',
  'make admins: of a person, a group, or those to come',
  'give an admin another address, or switch one on again',
  'approve a domain',
  'release or loosen the brake on SCIM',
  'take away a second factor, let local passwords count again, change session lengths',
  'say how long the audit log and traces remember, forget the responses of sign-ins, send events to a webhook',
];

export function show(page) {
  const now = part(async () => {
    const { minutes } = await read(PATH, page.signal);
    return h('div', { class: 'stack tight' },
      minutes === null && notice('warn', 'Whoever finds a browser that is signed in can do all of this.'),
      h('div', { class: 'head' },
        h('p', minutes === null ? 'No recent sign-in is needed.' : ['They need a sign-in of the last ', h('strong', plural(minutes, 'minute')), '.']),
        h('button', { type: 'button', on: { click: () => edit(minutes) } }, 'Change')));
  });
  const edit = async (minutes) => {
    const done = await ask({
      title: 'How recent a sign-in must be',
      content: field({ name: 'minutes', label: 'Minutes', type: 'number', min: 1, max: 1440, inputmode: 'numeric', value: minutes ?? '', hint: '1 to 1440. Left empty: as old as the session.' }),
      submit: 'Save',
      send: ({ minutes: typed }) => change(PATH, { minutes: typed === '' ? null : Number(typed) }),
    });
    if (done) now.again();
  };
  return {
    title: 'Recent sign-in',
    content: h('div', { class: 'stack' },
      h('div', { class: 'intro' }, h('h1', 'Recent sign-in'),
        h('p', { class: 'muted' }, 'What can’t be taken back easily needs a recent sign-in. Whose is older signs in once more: at their identity provider, or with their password and code.')),
      h('section', { class: 'panel' }, h('h2', 'Dangerous actions'), now,
        h('ul', { class: 'rows' }, ACTIONS.map((text) => h('li', text)))),
      notice('plain', 'People of an identity provider that cannot have them sign in again are not asked: see Requests on the provider’s page. API tokens and the command line are not asked either.')),
  };
}
