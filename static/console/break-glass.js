// Break-glass accounts: the way in when the identity provider is not one.
import { create } from './api.js';
import { h } from './dom.js';
import { ask, tell } from './dialog.js';
import { field } from './form.js';
import { icon } from './icons.js';
import { listing } from './listing.js';
import { badge, copyable, empty, notice } from './show.js';
import { isPast, when } from './time.js';

export const isDisabled = (account) => Boolean(account.disabled_at);
export const isArmed = (account) => Boolean(account.armed_until) && !isPast(account.armed_until);

export async function list(page) {
  const button = (primary) => h('button', { type: 'button', class: primary ? 'primary' : null, on: { click: () => make(page) } }, icon('plus'), 'New break-glass account');
  const accounts = await listing({
    page,
    path: '/api/v1/break-glass-accounts',
    caption: 'Break-glass accounts',
    noun: 'account',
    columns: [
      { name: 'Name', show: (account) => h('span', { class: 'two' }, h('span', { class: 'named' }, h('a', { href: page.at('break-glass', account.username) }, account.username), states(account)), account.password_used && h('small', { class: 'used' }, 'its password was used: change it')) },
      { name: 'Opens from', narrow: false, show: (account) => (account.networks?.length ? account.networks.join(', ') : 'anywhere') },
      { name: 'Second factor', narrow: false, show: (account) => (account.second_factor ? 'yes' : h('span', { class: 'muted' }, 'no')) },
      { name: 'Last used', show: (account) => when(account.last_used_at) },
      { name: 'Last drill', narrow: false, show: ({ last_drill: drill }) => (drill ? h('span', { class: 'named' }, when(drill.at), drill.passed ? badge('passed') : badge('failed', 'bad')) : h('span', { class: 'muted' }, 'never')) },
    ],
    empty: empty('No break-glass account', 'A break-glass account opens this console with a name and a password when no identity provider can. Each use is announced to every admin.', button(true)),
  });
  const any = accounts.querySelector('table');
  return {
    title: 'Break-glass accounts',
    content: h('div', { class: 'stack' },
      h('div', { class: 'head' },
        h('div', { class: 'intro' }, h('h1', 'Break-glass accounts'), h('p', { class: 'muted' }, 'They belong to no organization and pass by no identity provider. Keep each one’s password on paper in a safe, and prove with a drill that it opens.')),
        any && button(true)),
      accounts),
  };
}

/** Disabled, or armed: what is out of the ordinary. */
export function states(account) {
  return [
    isDisabled(account) && badge('disabled'),
    !isDisabled(account) && account.needs_arming && (isArmed(account) ? badge('armed', 'warn') : badge('opens only when armed', 'plain')),
  ];
}


async function make(page) {
  let made = null;
  await ask({
    title: 'New break-glass account',
    content: [
      field({ name: 'username', label: 'Username', required: true, maxlength: 64, spellcheck: 'false', autocapitalize: 'none', hint: 'Such as the safe it lies in. Two accounts in two places survive the loss of one.', 'data-missing': 'Type a username.' }),
      h('p', { class: 'muted' }, 'A long password is made for it and shown once.'),
    ],
    submit: 'Create account',
    send: async ({ username }) => { made = await create('/api/v1/break-glass-accounts', { username: username.trim() }); },
  });
  if (!made) return;
  await tell({
    title: `Break-glass account ${made.username}`,
    content: [
      notice('warn', h('strong', 'Copy it now: this password is shown only this once.'), ' If it is lost, only the machine itself can set another.'),
      copyable('Username', made.username),
      made.password && copyable('Password', made.password),
      h('p', { class: 'muted' }, 'Write both down for the safe, then prove that they open: ', h('code', `portcullis break-glass drill ${made.username}`)),
    ],
  });
  page.go(page.at('break-glass', made.username));
}
