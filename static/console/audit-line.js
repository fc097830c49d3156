// A line of the audit log for reading: what happened, by whom and how, and what it changed.
import { ended } from './deactivate.js';
import { h } from './dom.js';

const VIAS = { session: 'console', 'api-token': 'API token', page: 'a page', cli: 'command line', saml: 'SAML', scim: 'SCIM', appliance: 'the appliance itself' };

/** 'user.level-changed' as 'User level changed', 'break-glass.used' as 'Break-glass used'. */
export function happened({ action }) {
  const [noun, verb = ''] = String(action).split('.', 2);
  return capital(`${noun} ${verb.replace(/[-_]+/g, ' ')}`.trim());
}

export const viaName = (via) => VIAS[via] ?? via;

/** 'by ada@acme.com, console, 192.0.2.7' */
export function author({ actor, via, client }) {
  return [`by ${actor?.name || actor?.kind || 'unknown'}`, via && viaName(via), client].filter(Boolean).join(', ');
}

/** What it changed or ended, as far as the line tells; null where there is nothing to add. */
export function changed({ action, detail }) {
  if (!detail || Object.keys(detail).length === 0) return null;
  if (typeof detail === 'string') return h('p', detail);
  const { before, after, ...all } = detail;
  const told = action.startsWith('user.') && all.ended;
  const { ended: counts, took_ms: took, ...others } = all;
  const rest = told ? others : all;
  const keys = [...new Set([...Object.keys(asObject(before)), ...Object.keys(asObject(after))])]
    .filter((key) => JSON.stringify(asObject(before)[key]) !== JSON.stringify(asObject(after)[key]));
  return [told && h('p', `${capital(ended({ ended: counts, took_ms: took }))}.`), (keys.length > 0 || Object.keys(rest).length > 0) && h('dl', { class: 'changes' },
    keys.map((key) => h('div', h('dt', words(key)), h('dd', value(asObject(before)[key]), ' → ', value(asObject(after)[key])))),
    Object.entries(rest).map(([key, each]) => h('div', h('dt', words(key)), h('dd', value(each)))))];
}

/** before and after are objects, or for one value just that. */
function asObject(each) {
  if (each === undefined) return {};
  return each !== null && typeof each === 'object' && !Array.isArray(each) ? each : { value: each };
}

function value(each) {
  if (each === undefined || each === null || each === '') return h('span', { class: 'muted' }, 'none');
  if (Array.isArray(each)) return each.length ? each.map((one, index) => [index > 0 && ', ', value(one)]) : h('span', { class: 'muted' }, 'none');
  if (typeof each === 'object') return Object.entries(each).map(([key, one], index) => [index > 0 && ', ', `${words(key).toLowerCase()} `, value(one)]);
  if (typeof each === 'boolean') return each ? 'yes' : 'no';
  return String(each);
}

/** 'displayName' and 'default_group_level' as people write them. */
const words = (key) => capital(String(key).replace(/_ms$/, ' (ms)').replace(/[_-]+/g, ' ').replace(/([a-z])([A-Z])/g, (_, before, after) => `${before} ${after.toLowerCase()}`));
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
