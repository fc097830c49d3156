// Who comes in through a provider without being expected, and what is forgiven to it.
import { change } from './api.js';
import { h } from './dom.js';
import { ask } from './dialog.js';
import { field } from './form.js';
import { isOperator } from './session.js';
import { badge, notice } from './show.js';
import { exactly } from './time.js';

const LOGOUT = [
  {
    name: 'unsigned_logout_requests', label: 'Follow logout requests without a signature',
    hint: 'Off, unless the product cannot sign them, as Entra ID.',
    warning: 'Whoever knows a person’s NameID can then sign that person out.',
  },
  {
    name: 'unsigned_logout_responses', label: 'Believe logout responses without a signature',
    hint: 'Off, unless the product does not sign them, as some old Okta organizations.',
    warning: 'A page may then say that somebody is signed out there who is not.',
  },
];

export function rules(page, path, provider) {
  const unasked = provider.idp_initiated;
  return h('section', { class: 'panel', id: 'rules' }, h('h2', 'Rules'),
    unasked && notice('warn', 'Responses that nobody asked for are taken. Nothing binds them to a browser: whoever has one of their own can have somebody else’s browser post it, and a stolen one opens a session for about two minutes. Each such sign-in says so in Activity.'),
    h('ul', { class: 'rows' },
      rule('Make a user at the first sign-in', 'Off: only people who were pushed can sign in.', provider.jit, {
        text: provider.jit ? 'Switch off' : 'Switch on', act: () => switchJit(page, path, provider),
      }, false),
      rule('Take responses that nobody asked for', 'Off: a click on the tile in the person’s portal still works, by one more redirect.', unasked, {
        text: unasked ? 'Switch off' : 'Switch on', danger: !unasked, act: () => switchUnasked(page, path, provider),
      }),
      LOGOUT.map((each) => rule(each.label, each.hint, provider[each.name], {
        text: provider[each.name] ? 'Switch off' : 'Switch on', danger: !provider[each.name], act: () => switchLogout(page, path, provider, each),
      })),
      rule('Take SHA-1 signatures', ['They can be forged. ', provider.sha1_until ? `Taken until ${exactly(provider.sha1_until)}.` : 'An operator can allow them for a while.'], Boolean(provider.sha1_until), isOperator(page.session) && {
        text: provider.sha1_until ? 'Change' : 'Switch on', danger: !provider.sha1_until, act: () => editSha1(page, path, provider),
      })));
}

/** A line with what it is now and the button that changes it, which says of what for those who only hear it. */
function rule(label, hint, on, button, risky = true) {
  return h('li', h('div', { class: 'two' }, h('span', label, ' ', on ? badge('on', risky ? 'warn' : 'good') : badge('off', 'plain')), h('small', hint)),
    button && h('button', { type: 'button', class: button.danger ? 'danger' : null, 'aria-label': `${button.text}: ${label}`, on: { click: button.act } }, button.text));
}

async function switchJit(page, path, provider) {
  const done = await ask({
    title: provider.jit ? 'Stop making users at sign-in?' : 'Make users at sign-in?',
    content: h('p', provider.jit
      ? 'Whoever was not pushed or invited is refused from now on. Nobody who is here loses anything.'
      : 'Whoever the identity provider vouches for, in the domains of this provider, gets a user at their first sign-in.'),
    submit: provider.jit ? 'Switch off' : 'Switch on',
    send: () => change(path, { jit: !provider.jit }),
  });
  if (done) page.again(provider.jit ? 'No users are made at sign-in any more.' : 'Users are made at their first sign-in.');
}

async function switchUnasked(page, path, provider) {
  const on = provider.idp_initiated;
  const done = await ask({
    title: on ? 'Stop taking responses that nobody asked for?' : 'Take responses that nobody asked for?',
    content: on
      ? h('p', 'A click on the tile in the person’s portal still works, by one more redirect.')
      : [
          notice('warn', h('p', h('strong', 'Nothing binds such a response to a browser.'), ' Whoever has one of their own can have somebody else’s browser post it, who then works in the wrong account. A stolen one opens a session for about two minutes.')),
          h('p', 'The tile in the person’s portal works without this. Switch it on only for an identity provider that cannot answer requests.'),
        ],
    submit: on ? 'Switch off' : 'Take them',
    danger: !on,
    send: () => change(path, { idp_initiated: !on }),
  });
  if (done) page.again(on ? 'Only answers to our own requests are taken.' : 'Responses that nobody asked for are taken.');
}

async function switchLogout(page, path, provider, { name, label, hint, warning }) {
  const on = provider[name];
  const done = await ask({
    title: `${label}?`,
    content: on ? h('p', hint) : [notice('warn', warning), h('p', hint)],
    submit: on ? 'Switch off' : 'Switch on',
    danger: !on,
    send: () => change(path, { [name]: !on }),
  });
  if (done) page.again('Saved.');
}

async function editSha1(page, path, provider) {
  const done = await ask({
    title: `SHA-1 signatures of ${provider.name}`,
    content: [
      notice('warn', h('p', 'Whoever can forge a SHA-1 signature can sign in as anybody of this provider. Set its signature and digest algorithm to SHA-256 instead, where that is possible at all.')),
      field({ name: 'sha1_until', label: 'Take them until', type: 'date', value: provider.sha1_until?.slice(0, 10) ?? '', hint: 'The start of that day in UTC, at most a year ahead. Empty: not any more.' }),
    ],
    submit: 'Save',
    danger: true,
    send: ({ sha1_until: day }) => change(path, { sha1_until: day || 'none' }),
  });
  if (done) page.again('Saved.');
}
