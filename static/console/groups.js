// The groups that Okta pushes, and the level each gives its members.
import { read } from './api.js';
import { h } from './dom.js';
import { icon } from './icons.js';
import { changeLevel } from './level-change.js';
import { listing } from './listing.js';
import { levelName, mayChange } from './session.js';
import { empty, levelBadge, notice } from './show.js';
import { when } from './time.js';
import { columns as userColumns, ORIGINS } from './users.js';

export async function list(page) {
  const manage = mayChange(page.session);
  const configure = (primary) => manage && h('a', { class: primary ? 'button primary' : 'button', href: page.at('groups', 'scim') }, 'Configure SCIM');
  const table = await listing({
    page,
    path: `${page.api}/groups`,
    caption: 'Groups',
    noun: 'group',
    search: 'Search by name',
    columns: [
      { name: 'Name', show: (group) => h('a', { href: page.at('groups', group.id) }, group.displayName) },
      { name: 'Members', show: (group) => group.members.toLocaleString('en') },
      { name: 'Level', show: (group) => levelBadge(group.level) },
      { name: 'Origin', narrow: false, show: (group) => ORIGINS[group.origin]?.[0] ?? group.origin },
      { name: 'Changed', narrow: false, show: (group) => when(group.updated_at) },
      ...(manage ? [{ name: 'Actions', end: true, show: (group) => cog(page, group) }] : []),
    ],
    live: true,
    empty: empty('No groups yet', 'Groups come from Okta, with their members. Each carries a permission level. Set up SCIM, then push the groups in Okta.', configure(true)),
  });
  const any = table.querySelector('table');
  return {
    title: 'Groups',
    content: h('div', { class: 'stack' },
      h('div', { class: 'head' }, h('h1', 'Groups'), any && configure(true)),
      levelWarning(page.organization),
      table),
  };
}

export async function show(page) {
  const path = `${page.api}/groups/${encodeURIComponent(page.params.id)}`;
  const group = await read(path, page.signal);
  const table = await listing({
    page,
    path: `${path}/members`,
    caption: `Members of ${group.displayName}`,
    noun: 'member',
    columns: userColumns(page),
    live: true,
    empty: empty('No members', 'Okta sends the members with the group. Are they assigned to the app, too?'),
  });
  return {
    title: group.displayName,
    content: h('div', { class: 'stack' },
      h('div', { class: 'head' },
        h('div', { class: 'intro' }, h('a', { class: 'back', href: page.at('groups') }, icon('back'), 'Groups'),
          h('h1', group.displayName, ' ', levelBadge(group.level)),
          h('p', { class: 'muted' }, `${ORIGINS[group.origin]?.[0] ?? group.origin}, changed `, when(group.updated_at))),
        mayChange(page.session) && h('button', { type: 'button', on: { click: () => changeLevel(page, group) } }, icon('cog'), 'Change level')),
      table),
  };
}

/** The warning that stands above the list: with which level a pushed group begins, and why. */
function levelWarning(organization) {
  if (organization.default_group_level !== 'admin') {
    return notice('plain', `Pushed groups start with the level ${levelName(organization.default_group_level)}. Change a group’s level with the cog.`);
  }
  return notice('warn', h('p', h('strong', 'All groups are given Admin permission in Portcullis by default.'),
    ' This is to ensure that you still have the required permissions to manage your organization. If you want to change the permission level, you can do so with the cog after the group has been created.'));
}

function cog(page, group) {
  return h('button', { type: 'button', class: 'quiet square', 'aria-label': `Change the level of ${group.displayName}`, title: 'Change level', on: { click: () => changeLevel(page, group) } }, icon('cog'));
}
