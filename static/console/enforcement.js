// Require SSO: people of a provider's domains come in through it and no other way. It can lock
// everybody out, so it asks for two proofs first: a sign-in, and a break-glass drill.
import { change, read } from './api.js';
import { fill, h } from './dom.js';
import { ask } from './dialog.js';
import { icon } from './icons.js';
import { part } from './part.js';
import { isOperator, mayChange } from './session.js';
import { badge, copyable, notice } from './show.js';
import { when } from './time.js';

const DRILL_DAYS = 90;

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
      notice('warn', h('p', h('strong', `Requiring ${name} SSO prevents users of ${domains} from signing in by any other way`), ', such as a password.')),
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

function requirements(page, provider) {
  return h('ul', { class: 'needs', 'aria-label': 'What it takes' },
    need(h('li'), Boolean(provider.last_sign_in_at), 'Somebody has signed in through this provider',
      provider.last_sign_in_at ? ['The last time was ', when(provider.last_sign_in_at), '.'] : ['Nobody has yet. ', h('a', { href: '#test' }, 'Test sign-in'), ' first.']),
    isOperator(page.session) ? drill(page) : untold());
}

/** Drills are the operator's; an admin learns whether one has passed when they switch it on. */
function untold() {
  return h('li', icon('info'), h('div', h('span', `A break-glass drill has passed within ${DRILL_DAYS} days`),
    h('p', { class: 'muted' }, 'Whether one has is looked up when you switch it on; the operator runs it.')));
}

function drill(page) {
  const place = h('li');
  return part(async () => {
    const { items } = await read('/api/v1/drills?limit=50', page.signal);
    const passed = items.find((each) => each.passed && Date.now() - new Date(each.at).getTime() < DRILL_DAYS * 86_400_000);
    return [...need(place, Boolean(passed), `A break-glass drill has passed within ${DRILL_DAYS} days`,
      passed
        ? ['The last one passed ', when(passed.at), '.']
        : ['None has. Run one on the machine, with the account’s name: ', copyable('drill command', 'portcullis break-glass drill NAME'), ' ', h('a', { href: '/console/operator/drills' }, 'All drills')]).childNodes];
  }, place);
}

function need(place, met, text, more) {
  place.className = met ? 'met' : 'unmet';
  return fill(place, icon(met ? 'check' : 'cross'),
    h('div', h('span', text, h('span', { class: 'visually-hidden' }, met ? ' (met)' : ' (missing)')), h('div', { class: 'muted' }, more)));
}
