// A table of one API list: search and page are in the URL, so that a link or a reload keeps the place.
import { read } from './api.js';
import { fill, h, id } from './dom.js';
import { poll } from './poll.js';
import { plural } from './show.js';

/**
 * columns: [{name, show(item), narrow: false to leave it out on a phone, end: true for actions}]
 * filters: [{name, label, options}] become query parameters beside q, limit and after.
 */
export async function listing({ page, path, columns, caption, noun, search, filters = [], empty, live = false }) {
  const { query, signal, go } = page;
  const address = () => `${path}?${new URLSearchParams(parameters(query, filters))}`;
  const filtered = query.get('q') || filters.some((filter) => query.get(filter.name));
  const body = h('tbody');
  const count = h('p', { class: 'count', role: 'status' });
  const pager = h('div', { class: 'actions' });
  const none = h('p', { class: 'none' }, 'Nothing matches.');
  const table = h('table', h('caption', { class: 'visually-hidden' }, caption),
    h('thead', h('tr', columns.map((column) => h('th', { scope: 'col', class: side(column) }, column.end ? h('span', { class: 'visually-hidden' }, column.name) : column.name)))), body);

  let shown = '';
  const draw = (list) => {
    const now = JSON.stringify(list);
    if (now === shown) return;
    shown = now;
    fill(body, list.items.map((item) => h('tr', columns.map((column) => h('td', { class: side(column) }, column.show(item))))));
    fill(count, plural(list.total ?? list.items.length, noun));
    fill(pager,
      query.get('after') && h('button', { type: 'button', on: { click: () => go(where(query, { after: null })) } }, 'First page'),
      list.next && h('button', { type: 'button', on: { click: () => go(where(query, { after: list.next })) } }, 'Next page'));
    table.hidden = list.items.length === 0;
    none.hidden = list.items.length > 0;
  };

  const first = await read(address(), signal);
  const view = h('div', { class: 'listing' });
  const full = () => fill(view, controls({ page, search, filters }), table, none, h('div', { class: 'under' }, count, pager));
  const bare = first.items.length === 0 && !filtered && !query.get('after');
  draw(first);
  if (bare) fill(view, empty);
  else full();

  if (live && !query.get('after')) {
    poll(async () => {
      if (document.querySelector('dialog[open]') || view.contains(document.activeElement)) return;
      const list = await read(address(), signal);
      if (list.items.length && view.firstChild === empty) full();
      draw(list);
    }, { every: 4000, signal });
  }
  return view;
}

function controls({ page, search, filters }) {
  const { query, go } = page;
  if (!search && !filters.length) return null;
  const searchId = id('search');
  const input = search && h('input', { type: 'search', id: searchId, name: 'q', value: query.get('q') ?? '', placeholder: search, autocomplete: 'off' });
  const choices = filters.map((filter) => {
    const choiceId = id('filter');
    return h('span', h('label', { class: 'visually-hidden', for: choiceId }, filter.label),
      h('select', { id: choiceId, name: filter.name, on: { change: () => apply() } },
        filter.options.map(([value, text]) => h('option', { value, selected: (query.get(filter.name) ?? '') === value }, text))));
  });
  const apply = () => go(where(query, { ...Object.fromEntries(new FormData(bar)), after: null }));
  const bar = h('form', { class: 'filters', role: 'search', on: { submit: (event) => { event.preventDefault(); apply(); } } },
    input && [h('label', { class: 'visually-hidden', for: searchId }, search), input],
    choices,
    input && h('button', { type: 'submit' }, 'Search'));
  return bar;
}

function parameters(query, filters) {
  const wanted = { limit: query.get('limit') ?? '50' };
  for (const name of ['q', 'after', ...filters.map((filter) => filter.name)]) {
    if (query.get(name)) wanted[name] = query.get(name);
  }
  return wanted;
}

function where(query, changes) {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  const text = next.toString();
  return location.pathname + (text ? `?${text}` : '');
}

function side(column) {
  return [column.narrow === false && 'roomy', column.end && 'end'].filter(Boolean).join(' ') || null;
}
