// Traces of sign-ins and SCIM requests: the list, what of it was refused, and one with all of it.
import { read } from './api.js';
import { activityTabs } from './activity-tabs.js';
import { h } from './dom.js';
import { checks, fix, words } from './checks.js';
import { asked, asker, changed } from './exchange.js';
import { icon } from './icons.js';
import { listing } from './listing.js';
import { response } from './response.js';
import { badge, copyable, empty, notice } from './show.js';
import { when } from './time.js';

const KINDS = { saml: 'Sign-in', scim: 'SCIM', 'break-glass': 'Break-glass' };
/** Characters of a reason in a list; its own page has all of it. */
const LONG = 140;

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const SHOWN = ['checks', 'fix', 'notes', 'changes', 'changed', 'detail', 'token', 'method', 'path', 'status', 'took_ms', 'query', 'client', 'name', 'test', 'warnings'];

const kind = { name: 'kind', label: 'Kind', options: [['', 'Every kind'], ...Object.entries(KINDS)] };
const outcome = { name: 'outcome', label: 'Outcome', options: [['', 'Every outcome'], ['accepted', 'Accepted'], ['refused', 'Refused']] };
const method = { name: 'method', label: 'Method', options: [['', 'Every method'], ...METHODS.map((name) => [name, name])] };
const status = { name: 'status', label: 'Status, such as 409', type: 'text' };
const code = { name: 'code', label: 'Code, such as uniqueness', type: 'text', suggestions: ['uniqueness', 'invalidValue', 'invalidFilter', 'invalidPath', 'noTarget', 'mutability', 'token-refused', 'brake-held', 'brake-refused', 'audience', 'signature'] };
const resource = { name: 'resource', label: 'User or group ID', type: 'text' };

export async function list(page) {
  return shown(page, 'all', {
    path: `${page.api}/traces`,
    filters: [kind, outcome, method, status, resource],
    caption: 'Activity',
    empty: empty('Nothing has happened yet', 'Every sign-in and every SCIM request leaves a trace here: what was asked, what it changed, what was forgiven; and of what was refused which check failed and what to change in Okta.'),
  });
}

export async function refused(page) {
  return shown(page, 'refused', {
    path: `${page.api}/traces`,
    filters: [{ ...outcome, options: null, fixed: 'refused' }, kind, code, method, status],
    caption: 'Refused',
    empty: empty('Nothing was refused', 'What a check or a rule refuses is listed here, with the reason and what to change.'),
  });
}

async function shown(page, part, { path, filters, caption, empty: none }) {
  const fixed = filters.filter((filter) => filter.fixed);
  const table = await listing({
    page,
    path: fixed.length ? `${path}?${new URLSearchParams(fixed.map(({ name, fixed: value }) => [name, value]))}` : path,
    caption,
    noun: 'exchange',
    filters: filters.filter((filter) => !filter.fixed),
    columns: [
      { name: 'What', show: (trace) => h('span', { class: 'two' },
        h('a', { href: page.at('activity', trace.reference) }, asked(trace)),
        h('small', when(trace.at), asker(trace) && ` by ${asker(trace)}`),
        h('span', { class: 'slim' }, result(trace))) },
      { name: 'Kind', narrow: false, show: (trace) => h('span', { class: 'two whole' }, h('span', KINDS[trace.kind] ?? trace.kind), trace.method && h('small', trace.method)) },
      { name: 'Result', narrow: false, show: result },
      { name: part === 'refused' ? 'Why' : 'What came of it', narrow: false, show: came },
    ],
    live: true,
    empty: none,
  });
  return { title: caption, content: h('div', { class: 'stack' }, h('h1', 'Activity'), activityTabs(page, part), table) };
}

function result(trace) {
  return h('span', { class: 'two whole' }, badge(trace.outcome),
    (trace.status || trace.code !== 'ok') && h('small', [trace.status, trace.code !== 'ok' && trace.code].filter(Boolean).join(' ')));
}

const short = (text) => (text.length > LONG ? `${text.slice(0, LONG).trimEnd()}…` : text);

/** The reason, the changes, or what was forgiven; at most three lines. */
function came(trace) {
  if (trace.outcome === 'refused') return short(trace.detail?.detail || trace.detail?.fix || trace.summary);
  const notes = trace.detail?.notes ?? [];
  const lines = changed(trace);
  return h('span', { class: 'two' },
    lines.slice(0, 2).map((line) => h('span', line)),
    lines.length > 2 && h('small', `and ${lines.length - 2} more`),
    notes.length > 0 && h('small', `Forgiven: ${notes.join('; ')}`));
}

export async function show(page) {
  const trace = await read(`${page.api}/traces/${encodeURIComponent(page.params.reference)}`, page.signal);
  const detail = trace.detail ?? {};
  // One that is gone has no name any more.
  const provider = trace.provider && await read(`${page.api}/providers/${trace.provider}`, page.signal).catch(() => null);
  const more = Object.entries(detail).filter(([name]) => !SHOWN.includes(name));
  const lines = changed(trace);
  return {
    title: trace.reference,
    content: h('div', { class: 'stack' },
      h('div', { class: 'intro' },
        h('a', { class: 'back', href: page.at('activity') }, icon('back'), 'Activity'),
        h('h1', asked(trace) || words(trace.code)),
        h('p', { class: 'line' }, badge(trace.outcome), h('span', KINDS[trace.kind] ?? trace.kind), when(trace.at))),
      fix(trace) && notice('bad', fix(trace)),
      detail.warnings?.map((text) => notice('warn', text)),
      trace.outcome === 'refused' && detail.detail && notice('bad', h('p', detail.detail)),
      h('section', { class: 'panel' }, h('h2', 'Exchange'), h('dl', { class: 'facts' },
        h('dt', 'Reference'), h('dd', copyable('Reference', trace.reference)),
        h('dt', 'Code'), h('dd', h('code', trace.code)),
        trace.method && [h('dt', 'Request'), h('dd', h('code', `${trace.method} ${detail.path ?? ''}`))],
        detail.query && [h('dt', 'Query'), h('dd', h('code', detail.query))],
        trace.status && [h('dt', 'Status'), h('dd', h('code', String(trace.status)), detail.took_ms !== undefined && ` in ${detail.took_ms} ms`)],
        detail.client && [h('dt', 'Client'), h('dd', h('code', detail.client))],
        detail.token && [h('dt', 'Token'), h('dd', detail.token.name)],
        trace.resource && [h('dt', 'User or group'), h('dd', h('a', { href: `${page.at('activity')}?${new URLSearchParams({ resource: trace.resource })}`, title: 'All exchanges about it' }, trace.resource))],
        trace.provider && [h('dt', 'Provider'), h('dd', provider ? h('a', { href: page.at('providers', trace.provider) }, provider.name) : h('code', trace.provider))],
        detail.test && [h('dt', 'Test'), h('dd', 'Yes: nobody was signed in by it')],
        more.map(([name, value]) => [h('dt', words(name)), h('dd', shownValue(value))]))),
      lines.length > 0 && h('section', { class: 'panel' }, h('h2', 'Changes'), h('ul', { class: 'rows' },
        detail.changes.map((change, index) => h('li', h('span', lines[index]), change.name && h('span', { class: 'muted' }, change.name))))),
      detail.notes?.length > 0 && h('section', { class: 'panel' }, h('h2', 'Forgiven'), h('ul', { class: 'rows' }, detail.notes.map((note) => h('li', note)))),
      detail.checks?.length > 0 && h('section', { class: 'panel' }, h('h2', 'Checks'), checks(trace)),
      response(page, trace)),
  };
}

function shownValue(value) {
  if (value === null) return 'none';
  return typeof value === 'object' ? h('pre', JSON.stringify(value, null, 2)) : h('code', String(value));
}
