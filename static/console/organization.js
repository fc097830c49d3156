// One organization: its tabs, and which page stands under each.
import { of, read } from './api.js';
import { h } from './dom.js';
import * as activity from './activity.js';
import * as audit from './audit.js';
import * as brake from './brake.js';
import * as deprovisioning from './deprovisioning.js';
import * as groups from './groups.js';
import * as pastLevels from './past-levels.js';
import * as provider from './provider.js';
import * as providers from './providers.js';
import * as scim from './scim.js';
import * as settings from './settings.js';
import * as settingsSignIn from './settings-sign-in.js';
import * as settingsTokens from './settings-tokens.js';
import * as setup from './setup.js';
import * as user from './user.js';
import * as users from './users.js';
import { mayChange, mayReadTraces } from './session.js';
import { notice } from './show.js';

export const ROUTES = [
  ['', home],
  ['/setup', tab('setup', setup.show)],
  ['/users', tab('users', users.list)],
  ['/users/:id', tab('users', user.show)],
  ['/groups', tab('groups', groups.list)],
  ['/groups/scim', tab('groups', scim.show)],
  ['/groups/:id', tab('groups', groups.show)],
  ['/providers', tab('providers', providers.list)],
  ['/providers/new', tab('providers', providers.add)],
  ['/providers/:id', tab('providers', provider.show)],
  ['/settings', tab('settings', settings.show)],
  ['/settings/sign-in', tab('settings', settingsSignIn.show)],
  ['/settings/tokens', tab('settings', settingsTokens.show)],
  ['/settings/deprovisioning', tab('settings', deprovisioning.show)],
  ['/activity', tab('activity', activity.list)],
  ['/activity/refused', tab('activity', activity.refused)],
  ['/activity/:reference', tab('activity', activity.show)],
  ['/brake', tab('activity', brake.show)],
  ['/audit', tab('audit', audit.list)],
  ['/audit/levels', tab('audit', pastLevels.show)],
];

const TABS = [
  ['users', 'Users'],
  ['groups', 'Groups'],
  ['providers', 'Identity Providers'],
  ['settings', 'Settings'],
  ['activity', 'Activity'],
  ['audit', 'Audit'],
];
const NEEDS_TRACES = ['activity', 'audit'];

export const at = (slug, ...rest) => ['/console/organizations', ...[slug, ...rest].map(encodeURIComponent)].join('/');

/** Until the road is walked, an organization opens at its checklist; then at Users. */
async function home(page) {
  const { org } = page.params;
  const { done } = mayChange(page.session) ? await setup.progress(org, page.signal) : { done: true };
  page.go(at(org, done ? 'users' : 'setup'), { replace: true });
  return null;
}

function tab(current, show) {
  return async (page) => {
    const slug = page.params.org;
    const organization = await read(of(slug), page.signal);
    const view = await show({ ...page, organization, api: of(slug), at: (...rest) => at(slug, ...rest) });
    if (!view) return null;
    const shown = TABS.filter(([name]) => !NEEDS_TRACES.includes(name) || mayReadTraces(page.session));
    return {
      title: `${view.title} · ${organization.name}`,
      content: [
        h('nav', { class: 'tabs', 'aria-label': organization.name },
          mayChange(page.session) && h('a', { href: at(slug, 'setup'), 'aria-current': current === 'setup' && 'page' }, 'Setup'),
          shown.map(([name, text]) => h('a', { href: at(slug, name), 'aria-current': current === name && 'page' }, text))),
        h('div', { class: 'page' }, page.said && h('div', { role: 'status' }, notice('good', page.said)), view.content),
      ],
    };
  };
}
