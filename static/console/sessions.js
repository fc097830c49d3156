// Open sessions, of one user or of the whole organization, and the ending of them.
import { read, remove } from './api.js';
import { h } from './dom.js';
import { ask } from './dialog.js';
import { browserName } from './agent.js';
import { listing } from './listing.js';
import { part } from './part.js';
import { mayChange } from './session.js';
import { badge, empty, nameOf, plural } from './show.js';
import { table } from './table.js';
import { when } from './time.js';

const METHODS = { saml: 'Identity provider', password: 'Password', 'break-glass': 'Break-glass' };

/** The panel on a user's page. */
export function userSessions(page, user) {
  const path = `${page.api}/users/${encodeURIComponent(user.id)}/sessions`;
  const may = mayChange(page.session);
  const name = nameOf(user);
  const all = h('button', { type: 'button', class: 'danger', hidden: true, on: { click: () => endAll() } }, 'End all sessions');
  const list = part(async () => {
    const { items } = await read(`${path}?limit=200`, page.signal);
    all.hidden = !may || items.length === 0;
    list.count = items.length;
    if (items.length === 0) return h('p', { class: 'muted' }, 'No session is open. Each browser they sign in with stands here until it signs out or its time is over.');
    return table(`Sessions of ${name}`, [...columns(), may && ending(page, list.again)], items);
  });
  const endAll = async () => {
    const done = await ask({
      title: `End all sessions of ${name}?`,
      content: h('p', `${plural(list.count, 'session')} ${list.count === 1 ? 'ends' : 'end'} at once; what is not saved there is lost. They can sign in again: to keep them out, deactivate them.`),
      submit: 'End all sessions',
      danger: true,
      send: () => remove(path),
    });
    if (done) page.again(`All sessions of ${name} are ended.`);
  };
  return h('section', { class: 'panel' }, h('div', { class: 'head' }, h('h2', 'Sessions'), all), list);
}

/** All of the organization, by pages. */
export async function organizationSessions(page) {
  const may = mayChange(page.session);
  const list = await listing({
    page,
    path: `${page.api}/sessions`,
    caption: 'Open sessions',
    noun: 'open session',
    columns: [
      { name: 'Who', show: ({ user }) => (user ? h('a', { href: page.at('users', user.id) }, nameOf(user)) : 'unknown') },
      ...columns(),
      ...(may ? [ending(page, () => page.again())] : []),
    ],
    live: true,
    empty: empty('No session is open', 'Everybody who is signed in stands here, with the browser and the address they use.'),
  });
  const any = list.querySelector('table');
  return h('section', { class: 'panel' },
    h('div', { class: 'head' }, h('h2', 'Open sessions'),
      may && any && h('button', { type: 'button', class: 'danger', on: { click: () => endEverybodys(page) } }, 'End all sessions')),
    list);
}

function columns() {
  return [
    { name: 'Signed in with', narrow: false, show: (each) => h('span', { class: 'two' }, h('span', { class: 'named' }, METHODS[each.method] ?? each.method, each.current && badge('this one', 'accent')), provider(each)) },
    { name: 'From', show: (each) => h('span', { class: 'two', title: each.user_agent }, each.client, h('small', browserName(each.user_agent)), h('small', { class: 'slim' }, METHODS[each.method] ?? each.method)) },
    { name: 'Started', narrow: false, show: (each) => when(each.created_at) },
    { name: 'Last seen', narrow: false, show: (each) => when(each.last_seen_at) },
    { name: 'Ends', narrow: false, show: (each) => when(each.expires_at) },
  ];
}

function provider({ provider: by }) {
  return by ? h('small', `through ${by.name ?? by}`) : null;
}

function ending(page, after) {
  return { name: 'Actions', end: true, show: (each) => h('button', {
    type: 'button', class: 'quiet danger', 'aria-label': `End the session from ${each.client}`, on: { click: () => end(page, each, after) },
  }, 'End') };
}

async function end(page, each, after) {
  const done = await ask({
    title: `End the session from ${each.client}?`,
    content: [
      h('p', `${browserName(each.user_agent)}, signed in `, when(each.created_at), '. It ends at its next request; what is not saved there is lost.'),
      each.current && h('p', h('strong', 'This is the session you are in: you are signed out.')),
    ],
    submit: 'End session',
    danger: true,
    send: () => remove(`${page.api}/sessions/${encodeURIComponent(each.id)}`),
  });
  if (done) after();
}

async function endEverybodys(page) {
  const { name } = page.organization;
  const done = await ask({
    title: `End all sessions of ${name}?`,
    content: h('p', 'Everybody of this organization is signed out at once', page.session.user ? ', you among them' : '', '. They can sign in again. Sessions of break-glass accounts stay.'),
    submit: 'End all sessions',
    danger: true,
    send: () => remove(`${page.api}/sessions`),
  });
  if (done) page.again(`All sessions of ${name} are ended.`);
}
