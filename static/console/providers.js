// The identity providers of an organization, and the adding of one.
import { create, read } from './api.js';
import { h } from './dom.js';
import { finding, findings } from './findings.js';
import { field, form } from './form.js';
import { icon } from './icons.js';
import { kindOf, kinds } from './provider-kinds.js';
import { mayChange } from './session.js';
import { badge, empty, notice, plural } from './show.js';
import { isPast, isWithinDays, when } from './time.js';

export async function list(page) {
  const [{ items }, found] = await Promise.all([read(`${page.api}/providers?limit=200`, page.signal), findings(page)]);
  const manage = mayChange(page.session);
  const add = () => manage && h('a', { class: 'button primary', href: page.at('providers', 'new') }, icon('plus'), 'Add Okta Provider');
  const other = () => manage && h('a', { class: 'button', href: `${page.at('providers', 'new')}?kind` }, 'Another product');
  return {
    title: 'Identity Providers',
    content: h('div', { class: 'stack' },
      h('div', { class: 'head' }, h('h1', 'Identity Providers'), items.length > 0 && h('div', { class: 'actions' }, other(), add())),
      items.length === 0
        ? empty('No identity provider yet', 'An identity provider lets the people of a domain sign in with their company account. Okta takes about ten minutes.', add(), other())
        : h('ul', { class: 'cards' }, items.map((provider) => card(page, provider, found.filter((each) => each.subject === provider.id))))),
  };
}

export async function add(page) {
  if (!mayChange(page.session)) return { title: 'Add provider', content: notice('plain', 'Only an admin or the operator adds providers.') };
  const word = page.query.get('kind') ?? 'okta';
  if (word === '') return choose(page);
  const preset = await kindOf(word, page.signal);
  const { kind } = preset;
  const title = kind === 'saml' ? 'Add SAML provider' : `Add ${preset.name} Provider`;
  return {
    title,
    content: h('div', { class: 'stack narrow' },
      h('div', { class: 'intro' }, h('a', { class: 'back', href: page.at('providers') }, icon('back'), 'Identity Providers'), h('h1', title), h('p', { class: 'muted' }, preset.summary)),
      h('div', { class: 'panel' }, form({
        fields: [
          kind === 'saml' && field({ name: 'name', label: 'Name', hint: 'As people know it, such as Company sign-in.', required: true, maxlength: 100, 'data-missing': 'Type a name.' }),
          field({
            name: 'domains', label: 'Domain', required: true, placeholder: 'acme.com', spellcheck: 'false', autocapitalize: 'none', inputmode: 'url',
            hint: 'The domain people authenticate with, typically the one of your e-mail addresses. Several: put a comma between them.',
            'data-missing': 'Type your e-mail domain, such as acme.com.',
          }),
        ],
        submit: 'Add Provider',
        actions: [h('a', { class: 'button quiet', href: page.at('providers') }, 'Cancel')],
        send: async ({ name, domains }) => {
          const made = await create(`${page.api}/providers`, { kind, ...(name ? { name: name.trim() } : {}), domains: domainList(domains) });
          page.go(page.at('providers', made.id));
        },
      })),
      notice('plain', 'Nobody signs in differently yet: the provider stays a draft until it is connected.')),
  };
}

/** Which product it is: each has its own words and steps. */
async function choose(page) {
  const all = await kinds(page.signal);
  return {
    title: 'Add provider',
    content: h('div', { class: 'stack narrow' },
      h('div', { class: 'intro' }, h('a', { class: 'back', href: page.at('providers') }, icon('back'), 'Identity Providers'), h('h1', 'Which product is it?')),
      h('ul', { class: 'cards' }, all.map((each) => h('li', { class: 'panel' },
        h('h2', h('a', { href: `${page.at('providers', 'new')}?kind=${each.kind}` }, each.name)),
        h('p', { class: 'muted' }, each.summary))))),
  };
}

/** 'Acme.com, @acme.org' as ['acme.com', 'acme.org']. */
export function domainList(text) {
  return text.split(/[\s,;]+/).map((domain) => domain.replace(/^@/, '').toLowerCase()).filter(Boolean);
}

/** What is wrong, or soon will be, with a provider's certificates: a badge, or null. */
export function certificateBadge({ certificates = [] }) {
  // What verified the last sign-in counts; before the first, what ends last.
  const newest = (member) => certificates.reduce((best, each) => ((each[member] ?? '') > (best?.[member] ?? '') ? each : best), null);
  const inUse = newest('last_used_at') ?? newest('not_after');
  if (!inUse) return null;
  if (inUse.expired || isPast(inUse.not_after)) return badge('certificate expired', 'bad');
  return isWithinDays(inUse.not_after, 30) ? badge('certificate expires soon', 'warn') : null;
}

function card(page, provider, found) {
  return h('li', { class: 'panel' },
    h('div', { class: 'head' },
      h('h2', h('a', { href: page.at('providers', provider.id) }, provider.name || provider.kind), ' ', badge(provider.state), provider.enforced && badge('SSO required', 'accent'), certificateBadge(provider)),
      provider.state === 'draft' && mayChange(page.session) && h('a', { class: 'button', href: page.at('providers', provider.id) }, 'Go on with the setup')),
    found.map(finding),
    h('dl', { class: 'facts' },
      h('dt', 'Domains'), h('dd', provider.domains.map((each, index) => [index > 0 && ', ', each.domain, each.state === 'pending' && [' ', badge('pending')]])),
      h('dt', 'People'), h('dd', `${plural(provider.people ?? 0, 'person', 'people')} ${provider.people === 1 ? 'signs' : 'sign'} in through it`),
      h('dt', 'Last sign-in'), h('dd', when(provider.last_sign_in_at))));
}
