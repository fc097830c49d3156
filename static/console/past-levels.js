// Who had which level at a time that has passed, answered from the audit log.
import { h } from './dom.js';
import { icon } from './icons.js';
import { listing } from './listing.js';
import { LEVELS } from './session.js';
import { badge, empty, levelBadge, nameOf } from './show.js';

export async function show(page) {
  const people = await listing({
    page,
    path: `${page.api}/levels`,
    caption: 'People who had the level',
    noun: 'person',
    filters: [
      { name: 'level', label: 'Level', value: 'admin', options: LEVELS.map(({ level, name }) => [level, name]) },
      { name: 'at', label: 'At', type: 'datetime-local', sent: instant },
    ],
    columns: [
      { name: 'Name', show: (user) => h('span', { class: 'two' }, h('span', { class: 'named' }, h('a', { href: page.at('users', user.id) }, nameOf(user)), !user.active && badge('inactive')), h('small', user.userName)) },
      { name: 'Level', show: (user) => levelBadge(user.level) },
      { name: 'From', narrow: false, show: (user) => (user.levels ?? []).map((each) => each.group?.displayName ?? (each.from === 'direct' ? 'given directly' : 'default')).join(', ') },
    ],
    empty: empty('Nobody has this level', 'Choose a level and a time that has passed: the audit log then says who had it, and from where.'),
  });
  return {
    title: 'Levels at a time',
    content: h('div', { class: 'stack' },
      h('div', { class: 'intro' }, h('a', { class: 'back', href: page.at('audit') }, icon('back'), 'Audit'), h('h1', 'Who had which level, and when'),
        h('p', { class: 'muted' }, 'Without a time: now. The answer is computed from the audit log alone.')),
      people),
  };
}

/** What the field holds is local time; the server wants an instant. */
function instant(text) {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : date.toISOString();
}
