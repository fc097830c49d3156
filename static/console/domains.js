// E-mail domains that admins of organizations have added: none counts before the operator has said
// that it is theirs, as its people sign in through their provider from then on.
import { change, remove } from './api.js';
import { h } from './dom.js';
import { ask } from './dialog.js';
import { listing } from './listing.js';
import { badge, empty } from './show.js';
import { when } from './time.js';

const STATES = [['pending', 'Waiting for approval'], ['active', 'Counting']];

export async function list(page) {
  const domains = await listing({
    page,
    path: '/api/v1/domains',
    caption: 'E-mail domains',
    noun: 'domain',
    search: 'Search by domain',
    filters: [{ name: 'state', label: 'State', value: 'pending', options: STATES }],
    columns: [
      { name: 'Domain', show: (each) => h('span', { class: 'named' }, h('span', { class: 'address' }, each.domain), badge(each.state)) },
      { name: 'Organization', show: ({ organization }) => h('span', { class: 'two' }, h('a', { href: place(organization) }, organization.name), h('small', organization.slug)) },
      { name: 'Provider', narrow: false, show: ({ organization, provider }) => (provider ? h('a', { href: place(organization, 'providers', provider.id) }, provider.name) : h('span', { class: 'muted' }, 'none')) },
      { name: 'Since', narrow: false, show: (each) => when(each.created_at) },
      { name: 'Actions', end: true, show: (each) => each.state === 'pending' && [
        h('button', { type: 'button', class: 'quiet', 'aria-label': `Approve ${each.domain}`, on: { click: () => approve(page, each) } }, 'Approve'),
        h('button', { type: 'button', class: 'quiet danger', 'aria-label': `Refuse ${each.domain}`, on: { click: () => refuse(page, each) } }, 'Refuse')] },
    ],
    empty: empty('No domain waits', 'A domain that an organization’s admin adds to a provider waits here until you approve it. One that you add yourself counts at once.', h('a', { class: 'button', href: `${page.at('domains')}?state=active` }, 'Domains that count')),
  });
  return {
    title: 'Domains',
    content: h('div', { class: 'stack' },
      h('div', { class: 'intro' }, h('h1', 'Domains'), h('p', { class: 'muted' }, 'Whoever has an address in a domain signs in through its provider. So find out first that the domain is the organization’s.')),
      domains),
  };
}

async function approve(page, { domain, organization, provider }) {
  const done = await ask({
    title: `Approve ${domain}?`,
    content: [
      h('p', `People with an address in ${domain} sign in to ${organization.name} from then on`, provider && [', through ', h('strong', provider.name)], '. No other organization can have the domain.'),
      h('p', { class: 'muted' }, 'Where that provider requires SSO, their passwords stop working and their password sessions end.'),
    ],
    submit: 'Approve domain',
    send: () => change(path(domain), { state: 'active' }),
  });
  if (done) page.again(`${domain} counts for ${organization.name}.`);
}

async function refuse(page, { domain, organization }) {
  const done = await ask({
    title: `Refuse ${domain}?`,
    content: h('p', `It is taken from the provider in ${organization.name}, and is free for whoever adds it next.`),
    submit: 'Refuse domain',
    danger: true,
    send: () => remove(path(domain)),
  });
  if (done) page.again(`${domain} is free again.`);
}

const path = (domain) => `/api/v1/domains/${encodeURIComponent(domain)}`;
const place = ({ slug }, ...rest) => ['/console/organizations', ...[slug, ...rest].map(encodeURIComponent)].join('/');
