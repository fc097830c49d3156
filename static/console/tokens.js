// The SCIM tokens of an organization. Their values are not kept anywhere, so none can be shown.
import { read, remove } from './api.js';
import { h } from './dom.js';
import { ask } from './dialog.js';
import { mayChange } from './session.js';
import { badge } from './show.js';
import { isPast, when } from './time.js';

export async function tokens(page) {
  if (!mayChange(page.session)) return h('p', { class: 'muted' }, 'Only admins see the tokens.');
  const { items } = await read(`${page.api}/scim/tokens?limit=200`, page.signal);
  if (items.length === 0) return h('p', { class: 'muted' }, 'No token yet. Okta needs one to push users and groups.');
  return h('table', h('caption', { class: 'visually-hidden' }, 'SCIM tokens'),
    h('thead', h('tr',
      h('th', { scope: 'col' }, 'Name'), h('th', { scope: 'col' }, 'Last used'), h('th', { scope: 'col', class: 'roomy' }, 'Created'),
      h('th', { scope: 'col', class: 'roomy' }, 'Expires'), h('th', { scope: 'col', class: 'end' }, h('span', { class: 'visually-hidden' }, 'Actions')))),
    h('tbody', items.map((token) => h('tr',
      h('td', token.name, ' ', state(token)),
      h('td', h('span', { class: 'two' }, when(token.last_used_at), token.last_used_from && h('small', { class: 'roomy' }, `from ${token.last_used_from}`))),
      h('td', { class: 'roomy' }, when(token.created_at)),
      h('td', { class: 'roomy' }, when(token.expires_at)),
      h('td', { class: 'end' }, !token.revoked_at && h('button', {
        type: 'button', class: 'quiet danger', 'aria-label': `Revoke ${token.name}`, on: { click: () => revoke(page, token) },
      }, 'Revoke'))))));
}

function state(token) {
  if (token.revoked_at) return badge('revoked');
  if (isPast(token.expires_at)) return badge('expired');
  return null;
}

async function revoke(page, token) {
  const done = await ask({
    title: `Revoke SCIM token ${token.name}?`,
    content: [
      h('p', 'From its next request on, whoever uses it is refused. ', token.last_used_at ? ['It was last used ', when(token.last_used_at), '.'] : 'It has never been used.'),
      h('p', { class: 'muted' }, 'Okta stops pushing users and groups until it has another token. Users and groups stay.'),
    ],
    submit: 'Revoke token',
    danger: true,
    send: () => remove(`${page.api}/scim/tokens/${encodeURIComponent(token.id)}`),
  });
  if (done) page.again();
}
