// Who may sign in without an identity provider, how long sessions last, and which are open.
import { change } from './api.js';
import { h } from './dom.js';
import { ask } from './dialog.js';
import { organizationSessions } from './sessions.js';
import { sessionLengths } from './session-lengths.js';
import { mayChange, mayReadTraces } from './session.js';
import { settingsTabs } from './settings-tabs.js';
import { badge } from './show.js';

export async function show(page) {
  return {
    title: 'Sign-in and sessions',
    content: h('div', { class: 'stack' },
      h('h1', 'Settings'),
      settingsTabs(page, 'sign-in'),
      localSignIn(page),
      sessionLengths(page),
      mayReadTraces(page.session) && await organizationSessions(page)),
  };
}

function localSignIn(page) {
  const on = page.organization.local_sign_in !== false;
  return h('section', { class: 'panel' },
    h('div', { class: 'head' }, h('h2', { class: 'named' }, 'Local sign-in', on ? badge('on', 'good') : badge('off', 'plain')),
      mayChange(page.session) && h('button', { type: 'button', class: on ? 'danger' : null, on: { click: () => toggle(page, on) } }, on ? 'Switch off' : 'Switch on')),
    h('p', { class: 'muted' }, on
      ? 'Invited people sign in with their e-mail and a password, unless a provider that requires SSO answers for their domain.'
      : 'Nobody of this organization signs in with a password. Identity providers and break-glass accounts are the only ways in.'));
}

async function toggle(page, on) {
  const { name } = page.organization;
  const done = await ask({
    title: on ? `Switch off local sign-in for ${name}?` : `Switch on local sign-in for ${name}?`,
    content: on
      ? h('p', 'Whoever has only a password here can no longer sign in', page.session.user && !page.session.provider ? ', you among them' : '', '. Passwords and second factors are kept, for when it is switched on again. Identity providers and break-glass accounts go on as before.')
      : h('p', 'People with a password can sign in with it, unless a provider requires SSO of their domain.'),
    submit: on ? 'Switch off local sign-in' : 'Switch on local sign-in',
    danger: on,
    send: () => change(page.api, { local_sign_in: !on }),
  });
  if (done) page.again(`Local sign-in is switched ${on ? 'off' : 'on'}.`);
}
