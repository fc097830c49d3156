// The links by which a person sets a password: to join, or after having forgotten it.
import { create, read, remove } from './api.js';
import { h } from './dom.js';
import { ask } from './dialog.js';
import { handOver } from './invite.js';
import { part } from './part.js';
import { mayChangeUser } from './session.js';
import { badge, nameOf } from './show.js';
import { removeSecondFactor } from './second-factor.js';
import { table } from './table.js';
import { isPast, when } from './time.js';

const KINDS = { join: 'Invitation', reset: 'New password' };

export function invitations(page, user) {
  const path = `${page.api}/users/${encodeURIComponent(user.id)}/invitations`;
  const list = part(async () => {
    const { items } = await read(path, page.signal);
    list.joined = items.some((each) => each.used_at);
    if (items.length === 0) return h('p', { class: 'muted' }, 'No link was made yet. A link lets them set a password once; no mail is sent.');
    return table('Links to set a password', [
      { name: 'For', show: (each) => h('span', { class: 'two' }, KINDS[each.kind] ?? each.kind, h('small', { class: 'slim' }, when(each.created_at))) },
      { name: 'State', show: state },
      { name: 'Made', narrow: false, show: (each) => h('span', { class: 'two' }, when(each.created_at), each.created_by && h('small', `by ${each.created_by}`)) },
      { name: 'Ends', narrow: false, show: (each) => when(each.expires_at) },
      { name: 'Actions', end: true, show: (each) => open(each) && h('button', { type: 'button', class: 'quiet danger', 'aria-label': `Revoke the link for ${nameOf(user)}`, on: { click: () => revoke(each) } }, 'Revoke') },
    ], items);
  });
  const make = async () => {
    let made = null;
    await ask({
      title: `Make a link for ${nameOf(user)}?`,
      content: h('p', 'You get a link to hand over, with which they set a password. A password they have stays as it is until then; earlier links end.'),
      submit: 'Make link',
      send: async () => { made = await link(path, list.joined ? 'reset' : 'join'); },
    });
    if (!made) return;
    await handOver(made.kind, nameOf(user), made);
    list.again();
  };
  const revoke = async (each) => {
    const done = await ask({
      title: `Revoke the link for ${nameOf(user)}?`,
      content: h('p', 'Whoever opens it from now on is refused. You can make another one.'),
      submit: 'Revoke link',
      danger: true,
      send: () => remove(`${path}/${encodeURIComponent(each.id)}`),
    });
    if (done) list.again();
  };
  return h('section', { class: 'panel' },
    h('div', { class: 'head' }, h('h2', 'Invitation and password'),
      user.active && mayChangeUser(page.session, user) && h('div', { class: 'actions' },
        user.last_sign_in_at && h('button', { type: 'button', class: 'danger', on: { click: () => removeSecondFactor(page, `${page.api}/users/${encodeURIComponent(user.id)}`, nameOf(user)) } }, 'Remove second factor'),
        h('button', { type: 'button', on: { click: make } }, 'Make link'))),
    list);
}

/** Somebody without a password joins, somebody with one resets it; only the server knows which. */
async function link(path, kind) {
  try {
    return { kind, ...await create(path, { kind }) };
  } catch (error) {
    if (error.status !== 409 || error.field !== 'kind') throw error;
    const other = kind === 'join' ? 'reset' : 'join';
    try {
      return { kind: other, ...await create(path, { kind: other }) };
    } catch {
      throw error;
    }
  }
}

const open = (each) => !each.used_at && !each.revoked_at && !isPast(each.expires_at);

function state(each) {
  if (each.used_at) return h('span', { class: 'named' }, badge('used', 'good'), h('span', { class: 'roomy' }, when(each.used_at)));
  if (each.revoked_at) return badge('revoked');
  return isPast(each.expires_at) ? badge('expired', 'plain') : badge('open', 'warn');
}
