// Traces of sign-ins and SCIM requests: the list, and one with all its checks.
import { read } from './api.js';
import { h } from './dom.js';
import { checks, fix, words } from './checks.js';
import { icon } from './icons.js';
import { listing } from './listing.js';
import { badge, copyable, empty, notice } from './show.js';
import { when } from './time.js';

const KINDS = { saml: 'Sign-in', scim: 'SCIM', 'break-glass': 'Break-glass' };
const SHOWN = ['checks', 'fix'];

export async function list(page) {
  const table = await listing({
    page,
    path: `${page.api}/traces`,
    caption: 'Activity',
    noun: 'exchange',
    filters: [
      { name: 'kind', label: 'Kind', options: [['', 'Every kind'], ...Object.entries(KINDS)] },
      { name: 'outcome', label: 'Outcome', options: [['', 'Every outcome'], ['accepted', 'Accepted'], ['refused', 'Refused']] },
    ],
    columns: [
      { name: 'Time', show: (trace) => h('span', { class: 'two' }, h('a', { href: page.at('activity', trace.reference) }, when(trace.at)), h('span', { class: 'slim' }, badge(trace.outcome))) },
      { name: 'Kind', narrow: false, show: (trace) => KINDS[trace.kind] ?? trace.kind },
      { name: 'Outcome', narrow: false, show: (trace) => badge(trace.outcome) },
      { name: 'Code', narrow: false, show: (trace) => h('code', trace.code) },
      { name: 'Summary', show: (trace) => trace.summary },
      { name: 'Reference', narrow: false, show: (trace) => h('code', trace.reference) },
    ],
    live: true,
    empty: empty('Nothing has happened yet', 'Every sign-in and every SCIM request that was refused leaves a trace here: which check failed, what was expected, what came, and what to change in Okta.'),
  });
  return { title: 'Activity', content: h('div', { class: 'stack' }, h('h1', 'Activity'), table) };
}

export async function show(page) {
  const trace = await read(`${page.api}/traces/${encodeURIComponent(page.params.reference)}`, page.signal);
  const more = Object.entries(trace.detail ?? {}).filter(([name]) => !SHOWN.includes(name));
  return {
    title: trace.reference,
    content: h('div', { class: 'stack' },
      h('div', { class: 'intro' },
        h('a', { class: 'back', href: page.at('activity') }, icon('back'), 'Activity'),
        h('h1', trace.summary || words(trace.code)),
        h('p', { class: 'line' }, badge(trace.outcome), h('span', KINDS[trace.kind] ?? trace.kind), when(trace.at))),
      fix(trace) && notice('bad', fix(trace)),
      h('section', { class: 'panel' }, h('h2', 'Exchange'), h('dl', { class: 'facts' },
        h('dt', 'Reference'), h('dd', copyable('Reference', trace.reference)),
        h('dt', 'Code'), h('dd', h('code', trace.code)),
        trace.provider && [h('dt', 'Provider'), h('dd', h('a', { href: page.at('providers', trace.provider) }, trace.provider))],
        more.map(([name, value]) => [h('dt', words(name)), h('dd', detail(value))]))),
      trace.detail?.checks?.length > 0 && h('section', { class: 'panel' }, h('h2', 'Checks'), checks(trace))),
  };
}

function detail(value) {
  if (value === null) return 'none';
  return typeof value === 'object' ? h('pre', JSON.stringify(value, null, 2)) : h('code', String(value));
}
