// Configure SCIM: what to type into Okta, in Okta's own words and order, and whether it works yet.
import { create, read } from './api.js';
import { fill, h } from './dom.js';
import { field, form, select } from './form.js';
import { icon } from './icons.js';
import { poll } from './poll.js';
import { mayChange } from './session.js';
import { copyable, notice, oktaForm, plural, ticked, waiting } from './show.js';
import { isPast, when } from './time.js';
import { tokens } from './tokens.js';

export async function show(page) {
  const { organization, signal } = page;
  const manage = mayChange(page.session);
  const table = h('div', await tokens(page));
  const fresh = { id: null };
  const test = h('div');
  const pushed = h('div');
  if (manage) watchToken(page, fresh, test);
  watchPush(page, pushed);

  return {
    title: 'Configure SCIM',
    content: h('div', { class: 'stack' },
      h('div', { class: 'intro' },
        h('a', { class: 'back', href: page.at('groups') }, icon('back'), 'Groups'),
        h('h1', 'Configure SCIM'),
        h('p', { class: 'muted' }, 'Okta pushes users and groups here and keeps them as they are in Okta.')),
      h('ol', { class: 'steps' },
        step('Switch SCIM on in Okta',
          h('p', 'Open the app, tab ', h('b', 'General'), ', ', h('b', 'App Settings'), ' › ', h('b', 'Edit'), '. Choose ', h('b', 'SCIM'), ' under ', h('b', 'Provisioning'), ' and ', h('b', 'Save'), '.')),
        step('Copy the endpoint, generate a token',
          h('dl', { class: 'facts' }, h('dt', 'SCIM Endpoint URL'), h('dd', copyable('SCIM Endpoint URL', organization.scim_endpoint))),
          manage ? generator(page, table, fresh) : h('p', { class: 'muted' }, 'An admin generates it.')),
        step('Enter the SCIM connection',
          h('p', 'Tab ', h('b', 'Provisioning'), ' › ', h('b', 'Integration'), ' › ', h('b', 'Edit'), '.'),
          oktaForm('Provisioning › Integration › SCIM Connection', [
            ['SCIM connector base URL', copyable('SCIM connector base URL', organization.scim_endpoint)],
            ['Unique identifier field for users', copyable('Unique identifier field for users', 'email')],
            ['Supported provisioning actions', h('span', { class: 'ticks' },
              ticked('Import New Users and Profile Updates', false), ticked('Push New Users'), ticked('Push Profile Updates'), ticked('Push Groups'), ticked('Import Groups', false))],
            ['Authentication Mode', h('b', 'HTTP Header')],
            ['Authorization', h('code', 'Bearer'), h('span', { class: 'muted' }, ' stands there already. Paste the token of step 2 behind it.')],
          ])),
        step('Test and save',
          h('p', 'Press ', h('b', 'Test Connector Configuration'), ', then ', h('b', 'Save'), '.'), test),
        step('Let Okta write',
          h('p', 'Tab ', h('b', 'Provisioning'), ' › ', h('b', 'To App'), ' › ', h('b', 'Edit'), ', tick these and ', h('b', 'Save'), '.'),
          oktaForm('Provisioning › To App', [
            ['Create Users', ticked('Enable')], ['Update User Attributes', ticked('Enable')], ['Deactivate Users', ticked('Enable')],
          ])),
        step('Assign people and push groups',
          h('p', 'These are two lists in Okta. Under ', h('b', 'Assignments'), ' assign the people or groups that may use the app; under ', h('b', 'Push Groups'), ' choose the groups to appear here. Wait until the status goes from ', h('b', 'Pushing'), ' to ', h('b', 'Active'), '.'),
          pushed)),
      h('section', { class: 'panel' }, h('h2', 'SCIM tokens'), table)),
  };

  function step(title, ...content) {
    return h('li', h('h2', title), content);
  }
}

function generator(page, table, fresh) {
  const out = h('div', { class: 'stack tight' });
  const make = form({
    fields: h('div', { class: 'columns' },
      field({ name: 'name', label: 'Token name', value: 'Okta', required: true, maxlength: 100, 'data-missing': 'Type what the token is for, such as Okta.' }),
      field({ name: 'days', label: 'Expires', control: select([['', 'Never'], ['365', 'In a year'], ['90', 'In 90 days']], '') })),
    submit: 'Generate token',
    send: async ({ name, days }) => {
      const expiry = days ? { expires_at: new Date(Date.now() + Number(days) * 86_400_000).toISOString() } : {};
      const made = await create(`${page.api}/scim/tokens`, { name: name.trim(), ...expiry });
      fresh.id = made.id;
      fill(out,
        notice('warn', h('strong', 'Copy it now: this token is shown only this once.'), ' Only its fingerprint is kept.'),
        copyable('SCIM token', made.token));
      make.querySelector('button').classList.remove('primary');
      make.querySelector('button').textContent = 'Generate another token';
      out.querySelector('button').focus();
      fill(table, await tokens(page));
    },
  });
  return [out, make];
}

/** Waits for a request that carries the token: Okta's connection test sends exactly one. */
function watchToken(page, fresh, place) {
  poll(async () => {
    const { items } = await read(`${page.api}/scim/tokens?limit=200`, page.signal);
    const usable = items.filter((token) => !token.revoked_at && !isPast(token.expires_at));
    const watched = fresh.id ? usable.filter((token) => token.id === fresh.id) : usable;
    const used = watched.filter((token) => token.last_used_at).sort((a, b) => (a.last_used_at < b.last_used_at ? 1 : -1))[0];
    if (used) draw(place, 'good', h('p', h('strong', 'Okta’s request arrived'), ' ', when(used.last_used_at), ` with the token ${used.name}${used.last_used_from ? `, from ${used.last_used_from}` : ''}.`));
    else if (watched.length) draw(place, 'waiting', h('p', 'Waiting for Okta’s test…'));
    else draw(place, 'waiting', h('p', 'Waiting for a token: generate one in step 2.'));
  }, { every: 2000, signal: page.signal });
}

function watchPush(page, place) {
  poll(async () => {
    const { users, groups } = await read(page.api, page.signal);
    if (groups > 0) draw(place, 'good', h('p', `${plural(users, 'user')} and ${plural(groups, 'group')} are here. `, h('a', { href: page.at('groups') }, 'Look at the groups’ levels')));
    else draw(place, 'waiting', h('p', users ? `${plural(users, 'user')} here. Waiting for the first group…` : 'Waiting for the first push…'));
  }, { every: 4000, signal: page.signal });
}

/** Redraws only what has changed, so that a screen reader is not told the same thing again. */
function draw(place, state, content) {
  const next = waiting(state, content);
  if (place.textContent === next.textContent && place.firstChild) return;
  fill(place, next);
}
