// A table of one API list: search and page are in the URL, so that a link or a reload keeps the place.
import { read } from './api.js';
import { fill, h, id } from './dom.js';
import { icon } from './icons.js';
import { poll } from './poll.js';
import { plural } from './show.js';
import { heads, row } from './table.js';

/**
 * columns: as in table.js.
 * filters: [{name, label, options}] to choose from, or [{name, label, type, suggestions}] to type;
 * they become query parameters beside q, limit and after. `sent(value)` is what the server gets for
 * what stands in the URL, `value` what counts where nothing does.
 */
export async function listing({ page, path, columns, caption, noun, search, filters = [], empty, live = false }) {
  const { query, signal, go } = page;
  const address = () => `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams(parameters(query, filters))}`;
  const filtered = query.get('q') || filters.some((filter) => query.get(filter.name));
  const body = h('tbody');
  const count = h('p', { class: 'count', role: 'status' });
  const pager = h('div', { class: 'actions' });
  const none = h('p', { class: 'none' }, 'Nothing matches.');
  const table = h('table', h('caption', { class: 'visually-hidden' }, caption),
    h('thead', heads(columns)), body);

  let shown = '';
  const draw = (list) => {
    const now = JSON.stringify(list);
    if (now === shown) return;
    shown = now;
    fill(body, list.items.map((item) => row(columns, item)));
    const partly = list.total === null && (list.next || query.get('after'));
    fill(count, plural(list.total ?? list.items.length, noun), partly && ' on this page');
    fill(pager,
      query.get('after') && h('button', { type: 'button', on: { click: () => go(where(query, { after: null })) } }, 'First page'),
      list.next && h('button', { type: 'button', on: { click: () => go(where(query, { after: list.next })) } }, 'Next page'));
    table.hidden = list.items.length === 0;
    none.hidden = list.items.length > 0;
  };

  const view = h('div', { class: 'listing' });
  let first;
  try {
    first = await read(address(), signal);
  } catch (error) {
    const wrong = filters.find((filter) => filter.name === error.field);
    if (!wrong) throw error;
    return fill(view, controls({ page, search, filters }), h('p', { class: 'error', role: 'alert' }, icon('warn'), h('span', `${wrong.label}: ${error.message}`)));
  }
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
  const asked = [search && { name: 'q', label: search, type: 'search' }, ...filters].filter(Boolean);
  const apply = () => go(where(query, { ...Object.fromEntries(new FormData(bar)), after: null }));
  const typed = asked.some((filter) => !filter.options);
  const set = filters.some((filter) => query.get(filter.name));
  const bar = h('form', { class: 'filters', role: 'search', on: { submit: (event) => { event.preventDefault(); apply(); } } },
    asked.map((filter) => control(filter, query.get(filter.name) ?? filter.value ?? '', apply)),
    typed && h('button', { type: 'submit' }, search ? 'Search' : 'Filter'),
    set && h('button', { type: 'button', class: 'quiet', on: { click: () => go(where(query, { ...Object.fromEntries(filters.map(({ name }) => [name, null])), after: null })) } }, 'Clear'));
  return bar;
}

function control(filter, value, apply) {
  const controlId = id('filter');
  if (filter.options) {
    return h('span', h('label', { class: 'visually-hidden', for: controlId }, filter.label),
      h('select', { id: controlId, name: filter.name, on: { change: apply } },
        filter.options.map(([key, text]) => h('option', { value: key, selected: value === key }, text))));
  }
  const listId = filter.suggestions && `${controlId}-list`;
  const dated = filter.type === 'date' || filter.type === 'datetime-local';
  return h('span', { class: dated ? 'dated' : filter.type === 'search' ? 'searched' : null },
    h('label', { class: dated ? null : 'visually-hidden', for: controlId }, filter.label),
    h('input', { type: filter.type ?? 'text', id: controlId, name: filter.name, value, placeholder: dated ? null : filter.label, autocomplete: 'off', list: listId }),
    listId && h('datalist', { id: listId }, filter.suggestions.map((word) => h('option', { value: word }))));
}

function parameters(query, filters) {
  const wanted = { limit: query.get('limit') ?? '50' };
  for (const name of ['q', 'after']) {
    if (query.get(name)) wanted[name] = query.get(name);
  }
  for (const { name, value, sent = (text) => text } of filters) {
    const chosen = query.get(name) ?? value;
    if (chosen) wanted[name] = sent(chosen);
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
