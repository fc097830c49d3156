// A user as they were at a time that has passed, answered from the audit log.
import { read } from './api.js';
import { fill, h } from './dom.js';
import { field, form } from './form.js';
import { badge, levelBadge } from './show.js';
import { exactly } from './time.js';

export function pastUser(page, path) {
  const place = h('div', { 'aria-live': 'polite', class: 'stack tight' });
  return h('details', { class: 'panel' }, h('summary', 'As they were at a time'),
    form({
      fields: field({ name: 'at', label: 'At', type: 'datetime-local', step: 1, required: true, hint: 'In your own time zone.', 'data-missing': 'Choose a time that has passed.' }),
      submit: 'Show',
      primary: false,
      send: async ({ at }) => {
        place.replaceChildren();
        const then = new Date(at).toISOString();
        fill(place, shown(then, await read(`${path}?${new URLSearchParams({ at: then })}`, page.signal)));
      },
    }),
    place);
}

function shown(at, user) {
  const levels = user.levels ?? [];
  return [
    h('p', { class: 'named' }, `On ${exactly(at)}:`, h('strong', user.userName), badge(user.active ? 'active' : 'inactive'), user.level ? levelBadge(user.level) : h('span', { class: 'muted' }, 'no level')),
    levels.length > 0 && h('ul', { class: 'rows' }, levels.map((each) => h('li', h('span', source(each)), levelBadge(each.level)))),
  ];
}

function source({ from, group }) {
  if (from === 'group') return `Group ${group?.displayName ?? 'unknown'}`;
  return from === 'direct' ? 'Given directly' : 'Default of this organization';
}
