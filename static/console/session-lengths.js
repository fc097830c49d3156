// How long sessions last, by level: without a request, and in all.
import { change } from './api.js';
import { h, id } from './dom.js';
import { form } from './form.js';
import { LEVELS, mayChange } from './session.js';
import { table } from './table.js';

const MINUTE = 60;
const HOUR = 3600;
const IDLE = [5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR];
const ABSOLUTE = [HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 12 * HOUR, 24 * HOUR];

export function sessionLengths(page) {
  const limits = page.organization.session_limits ?? {};
  const may = mayChange(page.session);
  const rows = LEVELS.map(({ level, name }) => ({ level, name, limits: limits[level] ?? {} }));
  const column = (name, key, choices) => ({ name, show: (row) => (may
    ? choice(`${row.level}.${key}`, `${row.name}: ${name.toLowerCase()}`, choices, row.limits[key])
    : duration(row.limits[key])) });
  const shown = table('Session lengths', [
    { name: 'Level', show: (row) => row.name },
    column('Without use', 'idle_s', IDLE),
    column('In all', 'absolute_s', ABSOLUTE),
  ], rows);
  return h('section', { class: 'panel' },
    h('h2', 'Session lengths'),
    h('p', { class: 'muted' }, 'A session ends when it was not used for the first time, and in any case after the second. Of several levels the highest counts. A shorter time binds open sessions, too, at their next request.'),
    may ? form({ fields: [h('div', { class: 'lengths' }, shown)], submit: 'Save session lengths', send: (values) => save(page, values) }) : h('div', { class: 'lengths' }, shown));
}

function choice(name, label, choices, value) {
  const fieldId = id('length');
  const offered = value && !choices.includes(value) ? [...choices, value].sort((a, b) => a - b) : choices;
  return [h('label', { class: 'visually-hidden', for: fieldId }, label),
    h('select', { id: fieldId, name }, offered.map((seconds) => h('option', { value: seconds, selected: seconds === (value ?? choices.at(-1)) }, duration(seconds))))];
}

async function save(page, values) {
  const limits = {};
  for (const [name, value] of Object.entries(values)) {
    const [level, key] = name.split('.');
    limits[level] = { ...limits[level], [key]: Number(value) };
  }
  await change(page.api, { session_limits: limits });
  page.again('Session lengths are saved. They hold at the next request of every session.');
}

/** 5400 as '90 minutes'. */
export function duration(seconds) {
  if (!seconds) return 'as usual';
  const [size, noun] = seconds % HOUR === 0 ? [HOUR, 'hour'] : seconds % MINUTE === 0 ? [MINUTE, 'minute'] : [1, 'second'];
  return `${seconds / size} ${noun}${seconds === size ? '' : 's'}`;
}
