// The cog of a group: another level for its members, with who gains and who loses before it counts.
import { change, read } from './api.js';
import { fill, h } from './dom.js';
import { ask } from './dialog.js';
import { LEVELS, levelName } from './session.js';
import { notice, plural } from './show.js';

const NAMED = 6;

export async function changeLevel(page, group) {
  const path = `${page.api}/groups/${encodeURIComponent(group.id)}`;
  const consequence = h('div', { class: 'stack tight', 'aria-live': 'polite' });
  let asked = null;
  const tell = async (level) => {
    asked?.abort();
    asked = new AbortController();
    if (level === group.level) {
      fill(consequence, h('p', { class: 'muted' }, 'This is its level now.'));
      return;
    }
    fill(consequence, h('p', { class: 'muted' }, 'Looking who gains and who loses…'));
    try {
      fill(consequence, effect(group, level, await read(`${path}/level-change?${new URLSearchParams({ level })}`, asked.signal)));
    } catch (error) {
      if (error.name !== 'AbortError') fill(consequence, notice('bad', error.message));
    }
  };
  const done = await ask({
    title: `Level of ${group.displayName}`,
    content: [
      h('fieldset', { class: 'choices' }, h('legend', { class: 'visually-hidden' }, 'Level'),
        LEVELS.map(({ level, name, may }) => h('label', { class: 'choice' },
          h('input', { type: 'radio', name: 'level', value: level, checked: level === group.level, on: { change: () => tell(level) } }),
          h('span', { class: 'two' }, h('span', name), h('small', may))))),
      consequence,
    ],
    submit: 'Save level',
    send: ({ level }) => change(path, { level }),
  });
  asked?.abort();
  if (done) page.again();
}

function effect(group, level, preview) {
  const { gains, gains_total: gaining, loses, loses_total: losing, you } = preview;
  return [
    you && notice('warn', h('p', h('strong', 'You are among those who lose. '), group.level === 'admin'
      ? 'Unless something else makes you an admin, you can no longer manage this organization; a break-glass account always can.'
      : 'It holds at your next click.')),
    level === 'admin' && notice('warn', h('p', h('strong', 'Admin manages this organization: '), 'users, groups, providers, tokens and who else is an admin. Whoever Okta adds to this group from now on gets it, too.')),
    gaining === 0 && losing === 0 && h('p', group.members === 0 ? 'The group has no members yet; whoever joins it gets this level.' : 'Nobody gains or loses: other groups and grants give every member at least as much.'),
    gaining > 0 && side('gain', gains, gaining),
    losing > 0 && side('lose', loses, losing),
    h('p', { class: 'muted' }, 'It holds at their next request.'),
  ];
}

function side(verb, people, total) {
  return h('section', { class: `effect ${verb}` },
    h('h3', `${plural(total, 'person', 'people')} ${verb}${total === 1 ? 's' : ''}`),
    h('ul', people.slice(0, NAMED).map((person) => h('li', h('span', person.userName),
      h('span', { class: 'muted' }, `${person.from ? levelName(person.from) : 'nothing'} → ${person.to ? levelName(person.to) : 'nothing'}`)))),
    total > NAMED && h('p', { class: 'muted' }, `and ${(total - NAMED).toLocaleString('en')} more`));
}
