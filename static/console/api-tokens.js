// API tokens for scripts, of an organization or of the appliance: made with what they may do and
// how long, shown once, revoked.
import { create, read, remove } from './api.js';
import { h } from './dom.js';
import { ask, tell } from './dialog.js';
import { field, refuse, select } from './form.js';
import { icon } from './icons.js';
import { part } from './part.js';
import { badge, copyable, notice } from './show.js';
import { table } from './table.js';
import { isPast, isWithinDays, when } from './time.js';

const SCOPES = [
  ['read', 'reads users, groups and providers'],
  ['audit', 'reads the audit log and activity'],
  ['users', 'invites, changes and deactivates users'],
  ['admin', 'manages providers, levels, tokens, deletions'],
];
const OPERATE = ['operate', 'manages organizations and the appliance'];
const DAYS = [['30', 'In 30 days'], ['90', 'In 90 days'], ['180', 'In half a year'], ['365', 'In a year']];

/** `whose` names the organization; `operate` offers the scope for the appliance itself. */
export function apiTokens(page, { path, whose, operate = false }) {
  const list = part(async () => {
    const { items } = await read(`${path}?limit=200`, page.signal);
    if (items.length === 0) return h('p', { class: 'muted' }, 'No API token yet. A script sends one as ', h('code', 'Authorization: Bearer'), ' and then asks the same addresses as this console, as far as its scopes go.');
    return table('API tokens', [
      { name: 'Name', show: (token) => h('span', { class: 'two' }, h('span', { class: 'named' }, token.name, state(token)), h('small', scopes(token), token.owner?.kind === 'operator' && ', of a break-glass account')) },
      { name: 'Last used', show: (token) => h('span', { class: 'two' }, when(token.last_used_at), token.last_used_from && h('small', { class: 'roomy' }, `from ${token.last_used_from}`)) },
      { name: 'Created', narrow: false, show: (token) => when(token.created_at) },
      { name: 'Expires', narrow: false, show: (token) => when(token.expires_at) },
      { name: 'Actions', end: true, show: (token) => !token.revoked_at && h('button', { type: 'button', class: 'quiet danger', 'aria-label': `Revoke API token ${token.name}`, on: { click: () => revoke(token) } }, 'Revoke') },
    ], items);
  });

  const make = async () => {
    let made = null;
    await ask({
      title: `New API token of ${whose}`,
      content: [
        field({ name: 'name', label: 'Token name', required: true, maxlength: 100, hint: 'What it is for, such as nightly export.', 'data-missing': 'Type what the token is for.' }),
        scopeChoice(operate ? [...SCOPES, OPERATE] : SCOPES),
        field({ name: 'expires_at', label: 'Expires', control: select(DAYS, '90') }),
      ],
      submit: 'Create token',
      send: async (values, element) => {
        const chosen = new FormData(element).getAll('scopes');
        if (chosen.length === 0) {
          refuse(element.elements.scopes[0], 'Choose at least one.');
          keepOpen();
        }
        made = await create(path, { name: values.name.trim(), scopes: chosen, expires_at: new Date(Date.now() + Number(values.expires_at) * 86_400_000).toISOString() });
      },
    });
    if (!made) return;
    await tell({
      title: `API token ${made.name}`,
      content: [
        notice('warn', h('strong', 'Copy it now: this token is shown only this once.'), ' Only its fingerprint is kept.'),
        copyable('API token', made.token),
        h('p', { class: 'muted' }, `It may: ${scopes(made)}. It ends `, when(made.expires_at), '.'),
      ],
    });
    list.again();
  };

  const revoke = async (token) => {
    const done = await ask({
      title: `Revoke API token ${token.name}?`,
      content: h('p', 'From its next request on, whoever uses it is refused. ', token.last_used_at ? ['It was last used ', when(token.last_used_at), token.last_used_from && ` from ${token.last_used_from}`, '.'] : 'It has never been used.'),
      submit: 'Revoke token',
      danger: true,
      send: () => remove(`${path}/${encodeURIComponent(token.id)}`),
    });
    if (done) list.again();
  };

  return h('section', { class: 'panel' },
    h('div', { class: 'head' }, h('h2', 'API tokens'), h('button', { type: 'button', on: { click: make } }, icon('plus'), 'New API token')),
    list);
}

function scopeChoice(offered) {
  return h('fieldset', { class: 'field' }, h('legend', 'It may'),
    h('div', { class: 'choices' }, offered.map(([scope, may], index) => h('label', { class: 'choice' },
      h('input', { type: 'checkbox', name: 'scopes', value: scope, id: index === 0 ? 'scopes' : null, checked: scope === 'read' }),
      h('span', { class: 'two' }, h('span', scope), h('small', may))))),
    h('span', { class: 'error', id: 'scopes-error' }));
}

const scopes = (token) => (Array.isArray(token.scopes) ? token.scopes.join(', ') : String(token.scopes ?? ''));

/** Keeps the dialog open: what is wrong already stands beside its field. */
function keepOpen() {
  throw Object.assign(new Error('refused'), { name: 'AbortError' });
}

function state(token) {
  if (token.revoked_at) return badge('revoked');
  if (isPast(token.expires_at)) return badge('expired');
  return isWithinDays(token.expires_at, 14) ? badge('expires soon', 'warn') : null;
}
