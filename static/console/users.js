// The people of an organization: where they come from, which level they have and why, and whether
// they may still come in.
import { h } from './dom.js';
import { activate, deactivate } from './deactivate.js';
import { icon } from './icons.js';
import { invite } from './invite.js';
import { listing } from './listing.js';
import { mayChange, mayChangeUser, mayInvite } from './session.js';
import { badge, empty, levelBadge, nameOf } from './show.js';
import { when } from './time.js';

export const ORIGINS = {
  scim: ['SCIM', 'pushed by Okta'],
  saml: ['Sign-in', 'made at the first sign-in'],
  local: ['Local', 'made here'],
};

/** Columns of a table of users, also for a group's members. */
export function columns(page) {
  return [
    { name: 'Name', show: (user) => h('span', { class: 'two' }, h('span', { class: 'named' }, h('a', { href: page.at('users', user.id) }, nameOf(user)), states(user)), h('small', user.userName)) },
    { name: 'Level', show: (user) => h('span', { class: 'two' }, h('span', levelBadge(user.level)), h('small', { class: 'roomy' }, because(user))) },
    { name: 'Origin', narrow: false, show: (user) => h('span', { title: ORIGINS[user.origin]?.[1] }, ORIGINS[user.origin]?.[0] ?? user.origin) },
    { name: 'Sessions', narrow: false, show: (user) => String(user.sessions ?? 0) },
    { name: 'Last sign-in', narrow: false, show: (user) => when(user.last_sign_in_at) },
  ];
}

/** Inactive, and unmanaged: what is out of the ordinary about a user. */
export function states(user) {
  return [
    !user.active && badge('inactive'),
    user.unmanaged_at && h('span', { title: 'No identity provider answers for this user any more' }, badge('unmanaged', 'warn')),
  ];
}

export async function list(page) {
  const inviting = (primary) => mayInvite(page.session)
    && h('button', { type: 'button', class: primary ? 'primary' : null, on: { click: () => invite(page) } }, icon('plus'), 'Invite user');
  const actions = mayInvite(page.session) && { name: 'Actions', end: true, show: (user) => mayChangeUser(page.session, user) && switchButton(page, user) };
  const table = await listing({
    page,
    path: `${page.api}/users`,
    caption: 'Users',
    noun: 'user',
    search: 'Search by name or e-mail',
    columns: [...columns(page), ...(actions ? [actions] : [])],
    live: true,
    empty: empty('No users yet', 'People appear here when Okta pushes them, when they first sign in through an identity provider, or when you invite them.',
      mayChange(page.session) && h('a', { class: 'button primary', href: page.at('groups', 'scim') }, 'Configure SCIM'),
      inviting(false),
      mayChange(page.session) && h('a', { class: 'button', href: page.at('providers') }, 'Identity Providers')),
  });
  const any = table.querySelector('table');
  return { title: 'Users', content: h('div', { class: 'stack' }, h('div', { class: 'head' }, h('h1', 'Users'), any && inviting(true)), table) };
}

function because(user) {
  const giving = (user.levels ?? []).filter((each) => each.level === user.level);
  const group = giving.find((each) => each.from === 'group');
  if (group) return `from ${group.group?.displayName ?? 'a group'}${giving.length > 1 ? ` and ${giving.length - 1} more` : ''}`;
  if (giving.some((each) => each.from === 'direct')) return 'given directly';
  return 'by default';
}

function switchButton(page, user) {
  const verb = user.active ? 'Deactivate' : 'Activate';
  return h('button', {
    type: 'button', class: user.active ? 'quiet danger roomy' : 'quiet roomy', 'aria-label': `${verb} ${nameOf(user)}`,
    on: { click: () => (user.active ? deactivate(page, user) : activate(page, user)) },
  }, verb);
}
