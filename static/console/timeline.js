// What happened to one user, newest first, from the audit log: what ended, when, and who did it.
import { read } from './api.js';
import { author, changed, happened } from './audit-line.js';
import { h } from './dom.js';
import { part } from './part.js';
import { when } from './time.js';

const AT_ONCE = 20;

export function timeline(page, path, user) {
  return h('section', { class: 'panel' },
    h('div', { class: 'head' }, h('h2', 'Timeline'), h('a', { class: 'button', href: `${page.at('audit')}?target=${encodeURIComponent(user.id)}` }, 'In the audit log')),
    part(() => load(page, path)));
}

async function load(page, path) {
  const { items, next } = await read(`${path}/timeline?limit=${AT_ONCE}`, page.signal);
  if (items.length === 0) return h('p', { class: 'muted' }, 'Nothing is recorded yet. What is done to this user, and by whom, stands here from now on.');
  const list = h('ol', { class: 'timeline' }, items.map(entry));
  const place = h('div', { class: 'actions' });
  more(page, path, list, place, next);
  return [list, place];
}

function more(page, path, list, place, next) {
  place.replaceChildren();
  if (!next) return;
  place.append(h('button', { type: 'button', on: { click: async (event) => {
    event.target.disabled = true;
    const answer = await read(`${path}/timeline?limit=${AT_ONCE}&after=${encodeURIComponent(next)}`, page.signal);
    list.append(...answer.items.map(entry));
    more(page, path, list, place, answer.next);
  } } }, 'Show earlier'));
}

function entry(line) {
  return h('li', { class: line.action === 'user.deactivated' || line.action === 'user.deleted' ? 'ending' : null },
    h('div', h('h3', happened(line)), changed(line)),
    h('p', { class: 'muted' }, when(line.at), ' ', author(line)));
}
