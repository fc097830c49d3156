// One user: who they are, what lets them in, which level they have and why, and what happened to
// them.
import { change, read } from './api.js';
import { h } from './dom.js';
import { ask } from './dialog.js';
import { activate, deactivate, erase, inactiveNotice, lastDeactivation } from './deactivate.js';
import { field } from './form.js';
import { icon } from './icons.js';
import { invitations } from './invitations.js';
import { levelField } from './invite.js';
import { part } from './part.js';
import { pastUser } from './past-user.js';
import { mayChange, mayChangeUser, mayReadTraces } from './session.js';
import { badge, levelBadge, nameOf, notice, plural } from './show.js';
import { userSessions } from './sessions.js';
import { when } from './time.js';
import { timeline } from './timeline.js';
import { ORIGINS, states } from './users.js';

export async function show(page) {
  const path = `${page.api}/users/${encodeURIComponent(page.params.id)}`;
  const user = await read(path, page.signal);
  const traces = mayReadTraces(page.session);
  const may = mayChangeUser(page.session, user);
  const local = user.origin === 'local';
  return {
    title: nameOf(user),
    content: h('div', { class: 'stack' },
      h('div', { class: 'head' },
        h('div', { class: 'intro' }, h('a', { class: 'back', href: page.at('users') }, icon('back'), 'Users'), h('h1', nameOf(user), user.active && [' ', badge('active')], states(user))),
        may && h('div', { class: 'actions' },
          h('button', { type: 'button', class: user.active ? 'danger' : null, 'aria-label': `${user.active ? 'Deactivate' : 'Activate'} ${nameOf(user)}`, on: { click: () => (user.active ? deactivate(page, user) : activate(page, user)) } }, user.active ? 'Deactivate' : 'Activate'),
          local && mayChange(page.session) && h('button', { type: 'button', class: 'danger', 'aria-label': `Delete ${nameOf(user)}`, on: { click: () => erase(page, user) } }, 'Delete'))),
      !user.active && (traces
        ? part(async () => inactiveNotice(lastDeactivation(await read(`${path}/timeline?limit=50`, page.signal))))
        : inactiveNotice(null)),
      user.unmanaged_at && notice('warn', h('p', h('strong', 'Unmanaged since '), when(user.unmanaged_at), '. The identity provider that answered for them is deleted: nothing keeps this account up to date, and nothing deactivates it when they leave.'),
        h('p', 'Let them in through another provider or with a password, or deactivate them.')),
      profile(page, path, user, may && local),
      level(page, path, user, may),
      traces && userSessions(page, user),
      traces && (local || user.unmanaged_at) && invitations(page, user),
      traces && timeline(page, path, user),
      traces && pastUser(page, path)),
  };
}

function profile(page, path, user, editable) {
  return h('section', { class: 'panel' },
    h('div', { class: 'head' }, h('h2', 'Profile'), editable && h('button', { type: 'button', on: { click: () => edit(page, path, user) } }, 'Change profile')),
    h('dl', { class: 'facts' },
      h('dt', 'Username'), h('dd', user.userName),
      h('dt', 'E-mail'), h('dd', user.email ?? 'none'),
      h('dt', 'Origin'), h('dd', ORIGINS[user.origin]?.[0] ?? user.origin, ', ', ORIGINS[user.origin]?.[1] ?? ''),
      !mayReadTraces(page.session) && [h('dt', 'Sessions'), h('dd', plural(user.sessions ?? 0, 'open session'))],
      h('dt', 'Last sign-in'), h('dd', when(user.last_sign_in_at)),
      h('dt', 'Created'), h('dd', when(user.created_at)),
      h('dt', 'Changed'), h('dd', when(user.updated_at))));
}

async function edit(page, path, user) {
  const done = await ask({
    title: `Profile of ${nameOf(user)}`,
    content: [
      field({ name: 'displayName', label: 'Name', value: user.displayName ?? '', required: true, maxlength: 200, 'data-missing': 'Type their name.' }),
      field({ name: 'email', label: 'E-mail', type: 'email', value: user.email ?? '', required: true, maxlength: 254, 'data-missing': 'Type their e-mail address.' }),
    ],
    submit: 'Save profile',
    send: ({ displayName, email }) => change(path, { displayName: displayName.trim(), email: email.trim() }),
  });
  if (done) page.again();
}

function level(page, path, user, may) {
  return h('section', { class: 'panel' },
    h('div', { class: 'head' }, h('h2', { class: 'named' }, 'Level', levelBadge(user.level)),
      may && h('button', { type: 'button', on: { click: () => changeLevel(page, path, user) } }, 'Change direct level')),
    h('p', { class: 'muted' }, 'Levels add up, the highest wins. They come from:'),
    h('ul', { class: 'rows' }, (user.levels ?? []).map((each) => h('li', h('span', source(page, each)), levelBadge(each.level)))));
}

async function changeLevel(page, path, user) {
  const direct = user.levels?.find((each) => each.from === 'direct')?.level ?? '';
  const groups = (user.levels ?? []).filter((each) => each.from === 'group');
  const done = await ask({
    title: `Direct level of ${nameOf(user)}`,
    content: [
      levelField(page, direct, [['', 'None: only what groups and the default give']]),
      notice('plain', groups.length ? `${plural(groups.length, 'group')} give them a level as well. The highest of all holds, so this can raise them above their groups and never lower them below.` : 'No group gives them a level. What you choose here and the default add up, the highest holds.'),
      page.session.user?.id === user.id && notice('warn', 'This is you. A lower level may take this page away from you at your next click.'),
    ],
    submit: 'Save level',
    send: ({ level: chosen }) => change(path, { level: chosen || null }),
  });
  if (done) page.again(`The level of ${nameOf(user)} is changed. It holds at their next request.`);
}

function source(page, each) {
  if (each.from === 'group') return ['Group ', h('a', { href: page.at('groups', each.group?.id ?? '') }, each.group?.displayName ?? 'unknown')];
  if (each.from === 'direct') return 'Given directly';
  return 'Default of this organization';
}
