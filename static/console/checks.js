// A trace for reading: each check with what was expected and what came, and what to change.
import { h } from './dom.js';
import { icon } from './icons.js';

export function checks({ detail }) {
  const list = detail?.checks ?? [];
  if (list.length === 0) return null;
  return h('ol', { class: 'checks' }, list.map((check) => h('li', { class: check.passed ? 'passed' : 'failed' },
    icon(check.passed ? 'check' : 'cross'),
    h('div',
      h('h3', check.name ?? words(check.code), h('span', { class: 'visually-hidden' }, check.passed ? ': passed' : ': failed')),
      h('dl', pair('Expected', check.expected), (!check.passed || check.got !== check.expected) && pair('Got', check.got))))));
}

/** The cause and what to change, in the words of the provider's product; otherwise null. */
export function fix(trace) {
  if (trace.outcome === 'accepted' || !trace.detail?.fix) return null;
  return h('p', h('strong', 'To do: '), trace.detail.fix);
}

/** 'in-response-to' as 'In response to'. */
export function words(code) {
  const text = String(code).replace(/[-_.]+/g, ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function pair(name, value) {
  if (value === undefined || value === null || value === '') return null;
  return h('div', h('dt', name), h('dd', typeof value === 'string' ? value : JSON.stringify(value)));
}
