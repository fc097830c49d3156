// A table of things that are already here; listing.js is for what comes by pages.
import { h } from './dom.js';

/** columns: [{name, show(item), narrow: false to leave it out on a phone, end: true for actions}] */
export function table(caption, columns, items) {
  const shown = columns.filter(Boolean);
  return h('table', h('caption', { class: 'visually-hidden' }, caption),
    h('thead', heads(shown)), h('tbody', items.map((item) => row(shown, item))));
}

export function heads(columns) {
  return h('tr', columns.map((column) => h('th', { scope: 'col', class: side(column) },
    column.end ? h('span', { class: 'visually-hidden' }, column.name) : column.name)));
}

export function row(columns, item) {
  return h('tr', columns.map((column) => h('td', { class: side(column) }, column.show(item))));
}

function side(column) {
  return [column.narrow === false && 'roomy', column.end && 'end'].filter(Boolean).join(' ') || null;
}
