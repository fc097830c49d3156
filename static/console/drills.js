// Drills: the proof, before it is needed, that a break-glass account opens.
import { read } from './api.js';
import { words } from './checks.js';
import { h } from './dom.js';
import { badge, copyable, empty, notice } from './show.js';
import { table } from './table.js';
import { when } from './time.js';

const FRESH_DAYS = 90;
const COMMAND = 'portcullis break-glass drill NAME';

export async function list(page) {
  const { items } = await read('/api/v1/drills?limit=200', page.signal);
  const fresh = items.find((each) => each.passed && Date.now() - new Date(each.at).getTime() < FRESH_DAYS * 86_400_000);
  return {
    title: 'Drills',
    content: h('div', { class: 'stack' },
      h('div', { class: 'intro' }, h('h1', 'Drills'), h('p', { class: 'muted' }, `A drill does everything that a break-glass sign-in does, and opens nothing. Requiring SSO needs one that has passed within ${FRESH_DAYS} days.`)),
      items.length === 0
        ? [empty('No drill was run yet', 'Run one on the machine before you require SSO, and then every few months: it asks for the password and says of each part whether it holds.'), copyable('drill command', COMMAND)]
        : [
            fresh ? notice('good', h('p', 'The last one that passed was ', when(fresh.at), '.')) : notice('warn', h('p', `None has passed within ${FRESH_DAYS} days: SSO cannot be required until one has.`)),
            h('section', { class: 'panel' }, drillTable(items)),
            h('section', { class: 'panel' }, h('h2', 'Run another'), h('p', { class: 'muted' }, 'On the machine, with the account’s name:'), copyable('drill command', COMMAND)),
          ]),
  };
}

export function drillTable(items) {
  return table('Drills', [
    { name: 'Account', show: (each) => h('span', { class: 'named' }, each.account, each.passed ? badge('passed') : badge('failed', 'bad')) },
    { name: 'Checks', show: (each) => parts(each) },
    { name: 'When', show: (each) => when(each.at) },
  ], items);
}

/** What was checked: only what failed where something did. */
function parts({ checks, passed }) {
  const list = Array.isArray(checks) ? checks : [];
  if (passed) return h('span', { class: 'sentence muted' }, list.map((each) => each.check.replace(/-/g, ' ')).join(', ') || 'all held');
  return h('ul', { class: 'bare' }, list.filter((each) => !each.passed).map((each) => h('li', `${words(each.check)}: ${each.note}`)));
}
