// The operator's list of organizations, and the making of one. On a fresh appliance this is the
// first page anyone sees.
import { create, read } from './api.js';
import { h } from './dom.js';
import { field, form } from './form.js';
import { organizationsChanged } from './frame.js';
import { icon } from './icons.js';
import { listing } from './listing.js';
import { isOperator } from './session.js';
import { empty, levelBadge, notice } from './show.js';
import { when } from './time.js';

export async function list(page) {
  const button = () => isOperator(page.session) && h('a', { class: 'button primary', href: '/console/create-organization' }, icon('plus'), 'Create organization');
  const table = await listing({
    page,
    path: '/api/v1/organizations',
    caption: 'Organizations',
    noun: 'organization',
    search: 'Search by name',
    columns: [
      { name: 'Name', show: (item) => h('span', { class: 'two' }, h('a', { href: `/console/organizations/${encodeURIComponent(item.slug)}` }, item.name), h('small', item.slug)) },
      { name: 'Users', show: (item) => item.users.toLocaleString('en') },
      { name: 'Groups', show: (item) => item.groups.toLocaleString('en') },
      { name: 'New groups start as', narrow: false, show: (item) => levelBadge(item.default_group_level) },
      { name: 'Created', narrow: false, show: (item) => when(item.created_at) },
    ],
    empty: empty('No organization yet', 'An organization holds the users, groups and identity providers of one company.', button()),
  });
  const any = table.querySelector('table');
  return {
    title: 'Organizations',
    content: h('div', { class: 'stack' }, h('div', { class: 'head' }, h('h1', 'Organizations'), any && button()), table),
  };
}

export async function add({ session, signal, go }) {
  const first = (await read('/api/v1/organizations?limit=1', signal)).items.length === 0;
  const name = field({ name: 'name', label: 'Name', hint: 'As people know it.', required: true, maxlength: 200, 'data-missing': 'Type the name of the company or team.' });
  const slug = field({
    name: 'slug', label: 'Short name', required: true, maxlength: 63, spellcheck: 'false', autocapitalize: 'none',
    hint: 'Stands in addresses, such as /scim/v2/acme. Small letters, digits and hyphens; it cannot be changed later.',
    'data-missing': 'Type a short name, such as acme.',
  });
  suggest(name.querySelector('input'), slug.querySelector('input'));
  return {
    title: 'Create organization',
    content: h('div', { class: 'page narrow' },
      h('div', { class: 'intro' },
        h('h1', first ? 'Welcome. Create the organization' : 'Create organization'),
        h('p', { class: 'muted' }, first
          ? 'It holds your users, groups and identity providers. A checklist then leads through the Okta side, step by step.'
          : 'It holds the users, groups and identity providers of one company.')),
      isOperator(session)
        ? h('div', { class: 'panel' }, form({
          fields: [name, slug],
          submit: 'Create organization',
          actions: first ? [] : [h('a', { class: 'button quiet', href: '/console/organizations' }, 'Cancel')],
          send: async (values) => {
            const made = await create('/api/v1/organizations', { slug: values.slug.trim(), name: values.name.trim() });
            organizationsChanged();
            go(`/console/organizations/${encodeURIComponent(made.slug)}/setup`);
          },
        }))
        : notice('plain', 'Only the operator creates organizations. Sign in with a break-glass account.')),
  };
}

/** The short name follows the name until someone types it. */
function suggest(name, slug) {
  let typed = false;
  slug.addEventListener('input', () => { typed = slug.value !== ''; });
  name.addEventListener('input', () => {
    if (!typed) slug.value = name.value.normalize('NFKD').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 63);
  });
}
