// Require SSO: people of a provider's domains come in through it and no other way. It can lock
// everybody out, so it asks for two proofs first: a sign-in, and a break-glass drill.
import { change } from './api.js';
import { fill, h } from './dom.js';
import { ask } from './dialog.js';
import { icon } from './icons.js';
import { isOperator, mayChange } from './session.js';
import { badge, copyable, notice } from './show.js';
import { when } from './time.js';

const DRILL = 'A break-glass drill has passed within 90 days';

export function enforcement(page, path, provider) {
  const manage = mayChange(page.session);
  const name = provider.kind === 'okta' ? 'Okta' : provider.name;
  const domains = provider.domains.map((each) => each.domain).join(', ');
  const failure = h('div', { role: 'alert' });
  const button = manage && h('button', { type: 'button', class: provider.enforced ? 'danger' : null, on: { click: () => toggle() } }, provider.enforced ? 'Stop requiring SSO' : 'Require SSO');

  const toggle = async () => {
    failure.replaceChildren();
    const done = await (provider.enforced ? allow() : require());
    if (done) page.again(provider.enforced ? `${provider.name} is no longer the only way in.` : `SSO is required: people of ${domains} come in through ${provider.name} alone.`);
  };
  const require = () => ask({
    title: `Require SSO through ${provider.name}?`,
    content: [
      notice('warn', h('p', h('strong', `Requiring ${name} SSO prevents users of ${domains} from signing in by any other way`), ', such as a username and password.')),
      h('p', 'Sessions that began with a password end at once, and their passwords cannot be reset. If the provider breaks, only a break-glass account still comes in.'),
    ],
    submit: 'Require SSO',
    danger: true,
    send: async () => {
      try {
        await change(path, { enforced: true });
      } catch (error) {
        // Said at once in the dialog, and kept beside the requirements once it is closed.
        if (error.field === 'enforced') fill(failure, notice('bad', h('p', error.message)));
        throw error;
      }
    },
  });
  const allow = () => ask({
    title: `Stop requiring SSO through ${provider.name}?`,
    content: h('p', `People of ${domains} who have a password may use it again, if the organization allows local sign-in.`),
    submit: 'Stop requiring SSO',
    danger: true,
    send: () => change(path, { enforced: false }),
  });

  return h('section', { class: 'panel', id: 'require-sso' },
    h('div', { class: 'head' }, h('h2', { class: 'named' }, 'Require SSO', provider.enforced ? badge('on', 'good') : badge('off', 'plain')), button),
    h('p', { class: 'muted' }, provider.enforced
      ? `People of ${domains} sign in through ${provider.name} and no other way. Break-glass accounts are the one exemption.`
      : `People of ${domains} may also sign in another way. When it is required, ${name} is their only way in, except for break-glass accounts.`),
    !provider.enforced && manage && requirements(page, provider),
    failure);
}

/** The two proofs, and whatever else the server misses; each with how to get it. */
function requirements(page, provider) {
  const missing = new Map((provider.enforcement?.missing ?? []).map((each) => [each.condition, each.detail]));
  const rest = [...missing].filter(([condition]) => condition !== 'sign-in' && condition !== 'drill');
  return h('ul', { class: 'needs', 'aria-label': 'What it takes' },
    rest.map(([, detail]) => need(false, sentence(detail))),
    missing.has('sign-in')
      ? need(false, 'Somebody has signed in through this provider', sentence(missing.get('sign-in')), ' ', h('a', { href: '#test' }, 'Test sign-in'))
      : need(true, 'Somebody has signed in through this provider', 'The last time was ', when(provider.last_sign_in_at), '.'),
    missing.has('drill')
      ? need(false, DRILL, 'None has. The operator runs one on the machine, with the account’s name:', copyable('drill command', 'portcullis break-glass drill NAME'), isOperator(page.session) && h('a', { href: '/console/operator/drills' }, 'All drills'))
      : need(true, DRILL, isOperator(page.session) && h('a', { href: '/console/operator/drills' }, 'All drills')));
}

function need(met, text, ...more) {
  return h('li', { class: met ? 'met' : 'unmet' }, icon(met ? 'check' : 'cross'),
    h('div', h('span', text, h('span', { class: 'visually-hidden' }, met ? ' (met)' : ' (missing)')), more.some(Boolean) && h('div', { class: 'muted' }, more)));
}

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
