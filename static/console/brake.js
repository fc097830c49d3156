// The brake on SCIM: what is held and whose access it would take, an admin's answer, the limits.
import { change, create, read } from './api.js';
import { activityTabs } from './activity-tabs.js';
import { ask } from './dialog.js';
import { h } from './dom.js';
import { field, form, select } from './form.js';
import { mayChange } from './session.js';
import { badge, empty, notice, plural } from './show.js';
import { table } from './table.js';
import { when } from './time.js';

const NAMED = 50;
const CHANGES = { deactivation: 'would be deactivated', deletion: 'would be deleted', removal: 'would leave the group' };
const STATES = { open: ['waits for an answer', 'warn'], allowed: ['allowed', 'good'], refused: ['refused', 'bad'], closed: ['closed', 'plain'] };

export async function show(page) {
  const { settings, items } = await read(`${page.api}/scim/brake`, page.signal);
  const open = await Promise.all(items.filter((hold) => hold.state === 'open' || hold.in_force)
    .map((hold) => read(holdPath(page, hold), page.signal)));
  const past = items.filter((hold) => hold.state !== 'open' && !hold.in_force);
  return {
    title: 'SCIM brake',
    content: h('div', { class: 'stack' },
      h('h1', 'Activity'),
      activityTabs(page, 'brake'),
      h('p', { class: 'muted' }, 'When SCIM would take access from very many people within a short time, or from the last admin, it is held until somebody answers. Okta waits and comes back by itself. What you do here in the console is never held.'),
      open.map((hold) => panel(page, hold, settings)),
      open.length === 0 && empty('Nothing is held', settings.armed ? `Held is ${limits(settings)}.` : 'The brake is off: nothing would be held.'),
      h('section', { class: 'panel' }, h('h2', { class: 'named' }, 'Limits', settings.armed ? badge('armed', 'good') : badge('off', 'warn')),
        mayChange(page.session) ? edit(page, settings) : h('p', `Held is ${limits(settings)}.`)),
      past.length > 0 && h('section', { class: 'panel' }, h('h2', 'Earlier'), table('Earlier holds', [
        { name: 'Held', show: (hold) => h('span', { class: 'two' }, when(hold.opened_at), h('small', hold.token.name)) },
        { name: 'Why', narrow: false, show: (hold) => (hold.reason === 'share' ? 'too many people' : 'the last admin') },
        { name: 'Requests', narrow: false, show: (hold) => hold.attempts.toLocaleString('en') },
        { name: 'People', narrow: false, show: (hold) => hold.people.toLocaleString('en') },
        { name: 'Answer', show: (hold) => h('span', { class: 'two' }, badge(...STATES[hold.state]), h('small', hold.decided_by ?? 'its requests stopped')) },
      ], past))),
  };
}

const holdPath = (page, hold) => `${page.api}/scim/brake/holds/${encodeURIComponent(hold.id)}`;

function limits({ share, people, window_s: seconds }) {
  return `what goes over ${share} % of the active people and over ${plural(people, 'person', 'people')} within ${plural(Math.round(seconds / 60), 'minute')}, and what would take the last admin`;
}

function panel(page, hold, settings) {
  const open = hold.state === 'open';
  const why = hold.reason === 'share'
    ? `${plural(hold.passed, 'person', 'people')} of ${hold.active.toLocaleString('en')} active had lost their access when it began. More than ${settings.share} % and more than ${settings.people} need your yes.`
    : 'Nobody who is active could administer this organization any more.';
  const rest = hold.people - NAMED;
  return h('section', { class: 'panel' },
    h('div', { class: 'head' },
      h('h2', { class: 'named' }, hold.reason === 'share' ? 'Too many people at once' : 'The last admin', badge(...STATES[hold.state])),
      mayChange(page.session) && h('div', { class: 'actions' },
        hold.state !== 'allowed' && h('button', { type: 'button', class: 'danger', on: { click: () => answer(page, hold, 'allow') } }, 'Allow'),
        hold.state !== 'refused' && h('button', { type: 'button', class: open ? 'primary' : null, on: { click: () => answer(page, hold, 'refuse') } }, open ? 'Keep refusing' : 'Refuse from now on'))),
    notice(open ? 'warn' : 'plain', h('p', why),
      !open && h('p', `${hold.state === 'allowed' ? 'Allowed' : 'Refused'} by ${hold.decided_by}; this counts until `, when(hold.until), '.')),
    h('dl', { class: 'facts' },
      h('dt', 'Token'), h('dd', hold.token.name, hold.client && h('span', { class: 'muted' }, ` from ${hold.client}`)),
      h('dt', 'Since'), h('dd', when(hold.opened_at)),
      h('dt', 'Requests held'), h('dd', `${hold.attempts.toLocaleString('en')}, the last `, when(hold.last_at))),
    h('h3', `${plural(hold.people, 'person', 'people')} so far`),
    h('ul', { class: 'rows' }, hold.named.slice(0, NAMED).map((person) => h('li',
      h('span', { class: 'two' }, h('a', { href: page.at('users', person.id) }, person.displayName ?? person.userName), person.displayName && h('small', person.userName)),
      h('span', { class: 'muted' }, CHANGES[person.change])))),
    rest > 0 && h('p', { class: 'muted' }, `and ${rest.toLocaleString('en')} more`));
}

async function answer(page, hold, decision) {
  const allow = decision === 'allow';
  const people = plural(hold.people, 'person', 'people');
  const done = await ask({
    title: allow ? `Let “${hold.token.name}” take this access?` : `Refuse what “${hold.token.name}” asks?`,
    content: allow
      ? [h('p', hold.reason === 'share'
        ? `For an hour this token may take access from as many people as it likes: ${people} so far, and whoever it names next. Their sessions end at once.`
        : 'For an hour this token may take access from the last admin. Break-glass accounts stay as the way in.'),
      h('p', { class: 'muted' }, 'Then the brake is armed anew.')]
      : [h('p', `For an hour these ${people} keep their access, and requests for them are refused for good. Okta reports them as failed; put right there what is wrong.`),
        h('p', { class: 'muted' }, 'Then the brake is armed anew.')],
    submit: allow ? 'Allow for an hour' : 'Keep refusing',
    danger: allow,
    send: () => create(`${holdPath(page, hold)}/decision`, { decision }),
  });
  if (done) page.again(allow ? 'Allowed for an hour. The client goes on by itself.' : 'Refused for an hour.');
}

function edit(page, settings) {
  return form({
    fields: [
      field({ name: 'armed', label: 'The brake', control: select([['true', 'Armed'], ['false', 'Off: nothing is held']], String(settings.armed)) }),
      h('div', { class: 'columns' },
        field({ name: 'share', label: 'Over percent of people', type: 'number', min: 1, max: 100, value: settings.share, required: true, 'data-missing': 'Type a number from 1 to 100.' }),
        field({ name: 'people', label: 'And over this many people', type: 'number', min: 1, max: 1000000, value: settings.people, required: true, 'data-missing': 'Type how many people.' }),
        field({ name: 'window', label: 'Within minutes', type: 'number', min: 1, max: 120, value: Math.round(settings.window_s / 60), required: true, 'data-missing': 'Type a number from 1 to 120.' })),
    ],
    submit: 'Save limits',
    primary: false,
    send: async ({ armed, share, people, window: minutes }) => {
      await change(`${page.api}/scim/brake`, { armed: armed === 'true', share: Number(share), people: Number(people), window_s: Number(minutes) * 60 });
      page.again('The limits are saved.');
    },
  });
}
