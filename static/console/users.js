// The people of an organization: where they come from, which level they have and why, and whether
// they may still come in.
import { change, read } from './api.js';
import { h } from './dom.js';
import { ask } from './dialog.js';
import { icon } from './icons.js';
import { listing } from './listing.js';
import { levelName, mayChange } from './session.js';
import { badge, empty, levelBadge, notice, plural } from './show.js';
import { when } from './time.js';

export const ORIGINS = {
  scim: ['SCIM', 'pushed by Okta'],
  saml: ['Sign-in', 'made at the first sign-in'],
  local: ['Local', 'made here'],
};

/** Columns of a table of users, also for a group's members. */
export function columns(page) {
  return [
    { name: 'Name', show: (user) => h('span', { class: 'two' }, h('span', h('a', { href: page.at('users', user.id) }, user.displayName || user.userName), !user.active && [' ', badge('inactive')]), h('small', user.userName)) },
    { name: 'Level', show: (user) => h('span', { class: 'two' }, h('span', levelBadge(user.level)), h('small', { class: 'roomy' }, because(user))) },
    { name: 'Origin', narrow: false, show: (user) => h('span', { title: ORIGINS[user.origin]?.[1] }, ORIGINS[user.origin]?.[0] ?? user.origin) },
    { name: 'Sessions', narrow: false, show: (user) => String(user.sessions ?? 0) },
    { name: 'Last sign-in', narrow: false, show: (user) => when(user.last_sign_in_at) },
  ];
}

export async function list(page) {
  const table = await listing({
    page,
    path: `${page.api}/users`,
    caption: 'Users',
    noun: 'user',
    search: 'Search by name or e-mail',
    columns: [...columns(page), ...(mayChange(page.session) ? [{ name: 'Actions', end: true, show: (user) => switchButton(page, user, 'quiet') }] : [])],
    live: true,
    empty: empty('No users yet', 'People appear here when Okta pushes them, or when they first sign in through an identity provider.',
      mayChange(page.session) && h('a', { class: 'button primary', href: page.at('groups', 'scim') }, 'Configure SCIM'),
      mayChange(page.session) && h('a', { class: 'button', href: page.at('providers') }, 'Identity Providers')),
  });
  return { title: 'Users', content: h('div', { class: 'stack' }, h('h1', 'Users'), table) };
}

export async function show(page) {
  const user = await read(`${page.api}/users/${encodeURIComponent(page.params.id)}`, page.signal);
  const name = user.displayName || user.userName;
  return {
    title: name,
    content: h('div', { class: 'stack' },
      h('div', { class: 'head' },
        h('div', { class: 'intro' }, h('a', { class: 'back', href: page.at('users') }, icon('back'), 'Users'), h('h1', name, ' ', user.active ? badge('active') : badge('inactive'))),
        mayChange(page.session) && switchButton(page, user)),
      !user.active && notice('plain', 'Inactive: cannot sign in, has no session. The account, its link and its groups are kept.'),
      h('section', { class: 'panel' }, h('h2', 'Profile'), h('dl', { class: 'facts' },
        h('dt', 'Username'), h('dd', user.userName),
        h('dt', 'E-mail'), h('dd', user.email ?? 'none'),
        h('dt', 'Origin'), h('dd', ORIGINS[user.origin]?.[0] ?? user.origin, ', ', ORIGINS[user.origin]?.[1] ?? ''),
        h('dt', 'Sessions'), h('dd', plural(user.sessions ?? 0, 'open session')),
        h('dt', 'Last sign-in'), h('dd', when(user.last_sign_in_at)),
        h('dt', 'Created'), h('dd', when(user.created_at)),
        h('dt', 'Changed'), h('dd', when(user.updated_at)))),
      h('section', { class: 'panel' },
        h('div', { class: 'head' }, h('h2', 'Level'), levelBadge(user.level)),
        h('p', { class: 'muted' }, 'Levels add up, the highest wins. They come from:'),
        h('ul', { class: 'rows' }, (user.levels ?? []).map((each) => h('li', h('span', source(page, each)), levelBadge(each.level)))))),
  };
}

function because(user) {
  const giving = (user.levels ?? []).filter((each) => each.level === user.level);
  const group = giving.find((each) => each.from === 'group');
  if (group) return `from ${group.group?.displayName ?? 'a group'}${giving.length > 1 ? ` and ${giving.length - 1} more` : ''}`;
  if (giving.some((each) => each.from === 'direct')) return 'given directly';
  return 'by default';
}

function source(page, each) {
  if (each.from === 'group') return ['Group ', h('a', { href: page.at('groups', each.group?.id ?? '') }, each.group?.displayName ?? 'unknown')];
  return each.from === 'direct' ? 'Given directly' : 'Default for users made at sign-in';
}

function switchButton(page, user, kind) {
  const name = user.displayName || user.userName;
  const classes = [kind, user.active && 'danger', kind && 'roomy'].filter(Boolean).join(' ') || null;
  return h('button', { type: 'button', class: classes, 'aria-label': `${user.active ? 'Deactivate' : 'Activate'} ${name}`, on: { click: () => (user.active ? deactivate(page, user) : activate(page, user)) } },
    user.active ? 'Deactivate' : 'Activate');
}

async function deactivate(page, user) {
  const self = page.session.user?.id === user.id;
  const name = user.displayName || user.userName;
  const done = await ask({
    title: `Deactivate ${name}?`,
    content: [
      self && notice('bad', 'This is you. You are signed out at once.'),
      h('p', user.sessions ? `${plural(user.sessions, 'session')} of theirs ${user.sessions === 1 ? 'ends' : 'end'} at once, and they cannot sign in again.` : 'They cannot sign in again. No session is open.'),
      h('p', { class: 'muted' }, 'The account, its groups and its link are kept.', user.origin === 'scim' && ' Okta can make it active again with its next push, so unassign them from the app in Okta, too.'),
    ],
    submit: 'Deactivate',
    danger: true,
    send: () => change(`${page.api}/users/${encodeURIComponent(user.id)}`, { active: false }),
  });
  if (done) page.again();
}

async function activate(page, user) {
  const name = user.displayName || user.userName;
  const done = await ask({
    title: `Activate ${name}?`,
    content: h('p', `They can sign in again, with the level ${levelName(user.level)}.`),
    submit: 'Activate',
    send: () => change(`${page.api}/users/${encodeURIComponent(user.id)}`, { active: true }),
  });
  if (done) page.again();
}
