// The audit log: of one organization, and for the operator of the whole appliance with the proof
// that nothing in it was changed.
import { author, changed, happened, viaName } from './audit-line.js';
import { proof } from './audit-proof.js';
import { retention } from './audit-retention.js';
import { h } from './dom.js';
import { exports } from './export.js';
import { listing } from './listing.js';
import { isOperator } from './session.js';
import { empty } from './show.js';
import { when } from './time.js';

const ACTIONS = [
  'appliance.changed',
  'user.created', 'user.changed', 'user.deactivated', 'user.reactivated', 'user.deleted', 'user.level-changed', 'user.signed-in', 'user.signed-out',
  'user.sign-in-refused', 'user.password-set', 'user.second-factor-set', 'user.second-factor-removed', 'user.handed-over', 'invitation.created', 'invitation.revoked',
  'group.created', 'group.changed', 'group.level-changed', 'group.deleted', 'provider.added', 'provider.changed', 'provider.deleted', 'domain.approved', 'domain.refused',
  'organization.created', 'organization.changed', 'session.ended', 'token.created', 'token.revoked',
  'break-glass.created', 'break-glass.changed', 'break-glass.used', 'break-glass.signed-out', 'break-glass.password-reset', 'break-glass.disabled', 'break-glass.enabled',
  'break-glass.armed', 'break-glass.disarmed', 'break-glass.drilled', 'break-glass.code-refused', 'break-glass.second-factor-added', 'break-glass.second-factor-removed',
  'brake.held', 'brake.allowed', 'brake.refused', 'brake.closed', 'brake.changed', 'traces.retention-changed',
  'trace.document-read', 'trace.replayed', 'trace.bundled', 'provider.test-begun',
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
      retention(page),
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
      { name: 'By', narrow: false, show: (line) => h('span', { class: 'two by' }, line.actor?.name || line.actor?.kind, h('small', [viaName(line.via), line.client].filter(Boolean).join(', '))) },
    ],
    empty: empty('Nothing is recorded yet', 'Every change stands here with who made it, from where, and what it was before: levels, providers, tokens, sessions, sign-ins, deactivations.'),
  });
}

function target({ target: of }) {
  return of?.name ? [of.kind && h('span', { class: 'muted' }, `${of.kind} `), of.name] : null;
}
