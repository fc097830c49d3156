// The audit log: of one organization, and for the operator of the whole appliance with the proof
// that nothing in it was changed.
import { read } from './api.js';
import { author, changed, happened, viaName } from './audit-line.js';
import { fill, h } from './dom.js';
import { exports, saveAs } from './export.js';
import { listing } from './listing.js';
import { isOperator } from './session.js';
import { copyable, empty, notice, plural } from './show.js';
import { when } from './time.js';

const ACTIONS = [
  'user.created', 'user.changed', 'user.deactivated', 'user.reactivated', 'user.deleted', 'user.level-changed', 'user.signed-in', 'user.signed-out',
  'user.sign-in-refused', 'user.password-set', 'user.second-factor-set', 'user.second-factor-removed', 'user.handed-over', 'invitation.created', 'invitation.revoked',
  'group.created', 'group.changed', 'group.level-changed', 'group.deleted', 'provider.added', 'provider.changed', 'provider.deleted',
  'organization.created', 'organization.changed', 'session.ended', 'token.created', 'token.revoked',
  'break-glass.created', 'break-glass.changed', 'break-glass.used', 'break-glass.signed-out', 'break-glass.password-reset', 'break-glass.disabled', 'break-glass.enabled',
  'break-glass.armed', 'break-glass.disarmed', 'break-glass.drilled', 'break-glass.code-refused', 'break-glass.second-factor-added', 'break-glass.second-factor-removed',
  'brake.held', 'brake.allowed', 'brake.refused', 'brake.closed', 'brake.changed', 'traces.retention-changed',
  'webhook.created', 'webhook.deleted', 'webhook.tested', 'audit.pruned', 'audit.retention-changed',
];

export async function list(page) {
  return {
    title: 'Audit',
    content: h('div', { class: 'stack' },
      h('div', { class: 'head' },
        h('div', { class: 'intro' }, h('h1', 'Audit'), h('p', { class: 'muted' }, 'Who did what, to what, from where, and what it was before. Lines are only ever added.')),
        h('div', { class: 'actions' }, h('a', { class: 'button', href: page.at('audit', 'levels') }, 'Levels at a time'), exports(page, `${page.api}/audit/export`, `audit-${page.organization.slug}`))),
      isOperator(page.session) && h('p', { class: 'muted' }, 'Lines of all organizations, and the proof that none was changed: ', h('a', { href: '/console/operator/audit' }, 'audit log of the appliance'), '.'),
      await lines(page, `${page.api}/audit`)),
  };
}

export async function appliance(page) {
  return {
    title: 'Audit',
    content: h('div', { class: 'stack' },
      h('div', { class: 'head' },
        h('div', { class: 'intro' }, h('h1', 'Audit log of the appliance'), h('p', { class: 'muted' }, 'Every organization’s lines and the appliance’s own, in one chain: each line’s hash covers the line before it.')),
        exports(page, '/api/v1/audit/export', 'audit')),
      proof(page),
      await lines(page, '/api/v1/audit')),
  };
}

function filters() {
  return [
    { name: 'actor', label: 'By: name or id', type: 'text' },
    { name: 'target', label: 'On: name or id', type: 'text' },
    { name: 'action', label: 'Action', type: 'text', suggestions: ACTIONS },
    { name: 'from', label: 'From', type: 'date', sent: (day) => midnight(day, 0) },
    { name: 'to', label: 'To', type: 'date', sent: (day) => midnight(day, 1) },
  ];
}

/** The beginning of that day here, or of the one after it, as the server reads times. */
function midnight(day, later) {
  const date = new Date(`${day}T00:00:00`);
  if (Number.isNaN(date.getTime())) return day;
  date.setDate(date.getDate() + later);
  return date.toISOString();
}

function lines(page, path) {
  return listing({
    page,
    path,
    caption: 'Audit log',
    noun: 'line',
    filters: filters(),
    columns: [
      { name: 'Time', show: (line) => h('span', { class: 'two' }, when(line.at), h('small', { class: 'roomy' }, `line ${line.seq}`)) },
      { name: 'What', show: (line) => h('div', { class: 'what' }, h('strong', happened(line)), h('span', target(line)), changed(line), h('small', { class: 'slim' }, author(line))) },
      { name: 'By', narrow: false, show: (line) => h('span', { class: 'two' }, line.actor?.name || line.actor?.kind, h('small', [viaName(line.via), line.client].filter(Boolean).join(', '))) },
    ],
    empty: empty('Nothing is recorded yet', 'Every change stands here with who made it, from where, and what it was before: levels, providers, tokens, sessions, sign-ins, deactivations.'),
  });
}

function target({ target: of }) {
  return of?.name ? [of.kind && h('span', { class: 'muted' }, `${of.kind} `), of.name] : null;
}

function proof(page) {
  const place = h('div', { 'aria-live': 'polite', class: 'stack tight' });
  const run = (text, work) => {
    const button = h('button', { type: 'button', on: { click: async () => {
      button.disabled = true;
      fill(place, h('p', { class: 'muted' }, 'Reading the whole log…'));
      try {
        fill(place, await work());
      } catch (error) {
        if (error.name !== 'AbortError') fill(place, notice('bad', h('p', error.message)));
      }
      button.disabled = false;
    } } }, text);
    return button;
  };
  return h('section', { class: 'panel' },
    h('div', { class: 'head' }, h('h2', 'Proof'), h('div', { class: 'actions' },
      run('Verify', async () => verified(await read('/api/v1/audit/verify', page.signal))),
      run('Checkpoint', async () => checkpoint(await read('/api/v1/audit/checkpoint', page.signal))))),
    h('p', { class: 'muted' }, 'Verify recomputes every hash. A checkpoint is the number and hash of the newest line: keep it elsewhere, and whoever later cuts or rewrites the log is found out.'),
    place);
}

function verified({ ok, checked, first_seq: first, last_seq: last, hash, problems_total: total, problems = [] }) {
  if (ok) return [notice('good', h('p', h('strong', 'The chain holds. '), checked ? `${plural(checked, 'line')} read, ${first} to ${last}; none was changed, taken out or put in.` : 'It has no line yet.')), hash && copyable('Hash of the newest line', hash)];
  return notice('bad', h('p', h('strong', 'The log was tampered with. '), `${plural(total ?? problems.length, 'problem')} in ${plural(checked, 'line')}`, problems.length < total ? `, the first ${problems.length}:` : ':'),
    h('ul', { class: 'plain' }, problems.map(({ seq, problem }) => h('li', seq === null ? problem : `Line ${seq}: ${problem}`))),
    h('p', 'Compare with your last checkpoint and an export from before; keep this file as it is.'));
}

function checkpoint(made) {
  return [
    notice('plain', h('p', `Line ${made.seq}, `, when(made.at), '. Keep it outside this appliance: in a ticket, a mail to yourself, another machine.')),
    copyable('Checkpoint', JSON.stringify(made)),
    h('div', { class: 'actions' },
      h('button', { type: 'button', on: { click: () => saveAs(`checkpoint-${made.seq}.json`, [JSON.stringify(made), '\n']) } }, 'Save as file'),
      h('span', { class: 'muted' }, 'To hold the log to it later: ', h('code', 'portcullis audit verify --checkpoint FILE'))),
  ];
}
