// The whole Okta road as steps that tick themselves as the appliance sees them happen.
import { of, read } from './api.js';
import { fill, h } from './dom.js';
import { icon } from './icons.js';
import { poll } from './poll.js';
import { plural } from './show.js';
import { when } from './time.js';

export async function show(page) {
  const list = h('ol', { class: 'checklist' });
  const head = h('p', { class: 'muted' });
  let shown = '';
  const draw = ({ steps }) => {
    const now = JSON.stringify(steps.map((step) => step.done));
    if (now === shown) return;
    shown = now;
    const done = steps.filter((step) => step.done).length;
    fill(head, done === steps.length ? 'Everything is in place. People sign in through Okta, and Okta pushes users and groups.' : `${done} of ${steps.length} done. Steps tick themselves as they happen.`);
    fill(list, steps.map((step, index) => row(step, index === steps.findIndex((each) => !each.done))));
  };
  draw(await progress(page.params.org, page.signal));
  poll(async () => {
    if (list.contains(document.activeElement)) return;
    draw(await progress(page.params.org, page.signal));
  }, { every: 4000, signal: page.signal });
  return {
    title: 'Setup',
    content: h('div', { class: 'stack' }, h('div', { class: 'intro' }, h('h1', `Set up ${page.organization.name}`), head), list),
  };
}

/** {steps, done} from what the API says; nothing about it is kept anywhere. */
export async function progress(slug, signal) {
  const [organization, providers, tokens] = await Promise.all([
    read(of(slug), signal), read(of(slug, 'providers'), signal), read(of(slug, 'scim', 'tokens'), signal),
  ]);
  const base = `/console/organizations/${encodeURIComponent(slug)}`;
  const provider = providers.items.find((each) => each.state === 'active') ?? providers.items[0];
  const active = provider && provider.state !== 'draft';
  const providerPage = provider ? `${base}/providers/${provider.id}` : `${base}/providers/new`;
  const token = tokens.items.find((each) => !each.revoked_at);
  const used = tokens.items.filter((each) => each.last_used_at).map((each) => each.last_used_at).sort().pop();
  const steps = [
    { name: 'Create the organization', done: true, text: organization.name },
    { name: 'Add an Okta provider', done: Boolean(provider), text: 'Enter the domain that people sign in with; you get the two URLs that Okta asks for.', href: providerPage, action: 'Add Okta Provider' },
    { name: 'Connect it with Okta', done: Boolean(active), text: 'Create the SAML app in Okta, then paste its Metadata URL here.', href: providerPage, action: 'Show the steps' },
    { name: 'Sign in through Okta once', done: Boolean(provider?.last_sign_in_at), at: provider?.last_sign_in_at, text: 'The provider’s page waits for it and shows each check.', href: providerPage, action: 'Test sign-in' },
    { name: 'Generate a SCIM token', done: Boolean(token), text: 'So that Okta may push users and groups.', href: `${base}/groups/scim`, action: 'Configure SCIM' },
    { name: 'Test the connection in Okta', done: Boolean(used), at: used, text: 'Okta asks once for users; that ticks this step.', href: `${base}/groups/scim`, action: 'Show Okta’s settings' },
    { name: 'Push users and groups', done: organization.groups > 0, text: organization.groups > 0 ? `${plural(organization.users, 'user')}, ${plural(organization.groups, 'group')}` : 'Assign people to the app and push groups, both in Okta.', href: `${base}/groups`, action: 'Groups' },
  ];
  return { steps, done: steps.every((step) => step.done) };
}

function row(step, next) {
  return h('li', { class: step.done ? 'done' : next ? 'next' : null },
    h('span', { class: 'mark' }, step.done && icon('check')),
    h('div', h('h2', step.name, h('span', { class: 'visually-hidden' }, step.done ? ' (done)' : ' (to do)')),
      h('p', { class: 'muted' }, step.at ? when(step.at) : step.text)),
    !step.done && step.href && h('a', { class: next ? 'button primary' : 'button', href: step.href }, step.action));
}
