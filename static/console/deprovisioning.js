// The proof that leavers are out: each deactivation with what it ended and how long that took.
import { read } from './api.js';
import { ended, milliseconds } from './deactivate.js';
import { h } from './dom.js';
import { viaName } from './audit-line.js';
import { settingsTabs } from './settings-tabs.js';
import { empty, nameOf } from './show.js';
import { table } from './table.js';
import { when } from './time.js';

export async function show(page) {
  const report = await read(`${page.api}/deprovisioning?${new URLSearchParams({ limit: '50', ...(page.query.get('after') ? { after: page.query.get('after') } : {}) })}`, page.signal);
  return {
    title: 'Deprovisioning',
    content: h('div', { class: 'stack' },
      h('h1', 'Settings'),
      settingsTabs(page, 'deprovisioning'),
      report.items.length === 0
        ? empty('Nobody was deactivated yet', 'When Okta, an admin or a script deactivates somebody, their sessions, API tokens and invitations end in the same moment. Each such end stands here, with how long it took.')
        : [figures(report), h('section', { class: 'panel' }, h('h2', 'Last deactivations'), deactivations(page, report.items),
          h('div', { class: 'actions' },
            page.query.get('after') && h('a', { class: 'button', href: page.at('settings', 'deprovisioning') }, 'Newest'),
            report.next && h('a', { class: 'button', href: `${page.at('settings', 'deprovisioning')}?after=${encodeURIComponent(report.next)}` }, 'Earlier')))]),
  };
}

function figures({ count, p50_ms: half, p99_ms: most }) {
  return h('dl', { class: 'figures' },
    figure('Deactivations', (count ?? 0).toLocaleString('en')),
    figure('Half of them took at most', milliseconds(half ?? 0)),
    figure('99 of 100 took at most', milliseconds(most ?? 0)));
}

function figure(name, value) {
  return h('div', h('dt', name), h('dd', value));
}

function deactivations(page, items) {
  return table('Last deactivations', [
    { name: 'Who', show: (each) => person(page, each) },
    { name: 'What ended', show: (each) => h('span', { class: 'two' }, h('span', { class: 'sentence' }, ended(each)), each.what === 'deleted' && h('small', 'deleted')) },
    { name: 'By', narrow: false, show: (each) => h('span', { class: 'two' }, each.actor.name || each.actor.kind, each.via && h('small', viaName(each.via))) },
    { name: 'When', show: (each) => when(each.at) },
  ], items);
}

function person(page, { user, what }) {
  return user.id && what !== 'deleted' ? h('a', { href: page.at('users', user.id) }, nameOf(user)) : nameOf(user);
}
