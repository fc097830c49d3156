// The appliance itself, for the operator: its organizations and their domains, the break-glass accounts
// and the proof that they open, webhooks, tokens, the audit log of everything.
import { read } from './api.js';
import { h } from './dom.js';
import * as audit from './audit.js';
import { line } from './banner.js';
import * as breakGlass from './break-glass.js';
import * as breakGlassAccount from './break-glass-account.js';
import * as domains from './domains.js';
import * as drills from './drills.js';
import * as keys from './keys.js';
import * as recentSignIn from './recent-sign-in.js';
import * as webhooks from './webhooks.js';
import { apiTokens } from './api-tokens.js';
import { isOperator } from './session.js';
import { empty, notice } from './show.js';

const ROOT = '/console/operator';

export const ROUTES = [
  [ROOT, ({ go }) => { go(`${ROOT}/break-glass`, { replace: true }); return null; }],
  [`${ROOT}/break-glass`, tab('break-glass', breakGlass.list)],
  [`${ROOT}/break-glass/:name`, tab('break-glass', breakGlassAccount.show)],
  [`${ROOT}/domains`, tab('domains', domains.list)],
  [`${ROOT}/drills`, tab('drills', drills.list)],
  [`${ROOT}/keys`, tab('keys', keys.list)],
  [`${ROOT}/recent-sign-in`, tab('recent-sign-in', recentSignIn.show)],
  [`${ROOT}/webhooks`, tab('webhooks', webhooks.list)],
  [`${ROOT}/tokens`, tab('tokens', tokens)],
  [`${ROOT}/audit`, tab('audit', audit.appliance)],
  [`${ROOT}/notices`, tab('notices', notices)],
];

const TABS = [
  ['/console/organizations', 'organizations', 'Organizations'],
  [`${ROOT}/domains`, 'domains', 'Domains'],
  [`${ROOT}/break-glass`, 'break-glass', 'Break-glass accounts'],
  [`${ROOT}/drills`, 'drills', 'Drills'],
  [`${ROOT}/keys`, 'keys', 'Keys'],
  [`${ROOT}/recent-sign-in`, 'recent-sign-in', 'Recent sign-in'],
  [`${ROOT}/webhooks`, 'webhooks', 'Webhooks'],
  [`${ROOT}/tokens`, 'tokens', 'API tokens'],
  [`${ROOT}/audit`, 'audit', 'Audit'],
  [`${ROOT}/notices`, 'notices', 'Announcements'],
];

/** `show` under the appliance's tabs; whoever is no operator gets it without them, or not at all. */
export function tab(current, show) {
  return async (page) => {
    const operator = isOperator(page.session);
    if (!operator && current !== 'organizations') {
      return { title: 'Appliance', content: h('div', { class: 'page' }, h('h1', 'For the operator only'), notice('plain', 'Break-glass accounts and the appliance itself are the operator’s. Sign in with a break-glass account.')) };
    }
    const view = await show({ ...page, at: (...rest) => [ROOT, ...rest.map(encodeURIComponent)].join('/') });
    if (!view || !operator) return view && { ...view, content: h('div', { class: 'page' }, view.content) };
    return {
      title: view.title,
      content: [
        h('nav', { class: 'tabs', 'aria-label': 'Appliance' }, TABS.map(([href, name, text]) => h('a', { href, 'aria-current': current === name && 'page' }, text))),
        h('div', { class: 'page' }, page.said && h('div', { role: 'status' }, notice('good', page.said)), view.content),
      ],
    };
  };
}

function tokens(page) {
  return {
    title: 'API tokens',
    content: h('div', { class: 'stack' },
      h('div', { class: 'intro' }, h('h1', 'API tokens of the appliance'),
        h('p', { class: 'muted' }, 'For scripts that work on every organization. A token of one organization alone is made under its Settings.')),
      apiTokens(page, { path: '/api/v1/api-tokens', whose: 'the appliance', operate: true })),
  };
}

async function notices(page) {
  const { items } = await read('/api/v1/notices', page.signal);
  return {
    title: 'Announcements',
    content: h('div', { class: 'stack' },
      h('div', { class: 'intro' }, h('h1', 'Announcements'),
        h('p', { class: 'muted' }, 'What stands above the console of every admin, in every organization, for seven days.')),
      items.length === 0
        ? empty('Nothing is announced', 'When a break-glass account is used, it is announced here and above every console page: who, when, from where, and that its password should be changed.')
        : h('ul', { class: 'announcements' }, items.map(line))),
  };
}
