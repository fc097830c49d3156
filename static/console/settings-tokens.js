// The tokens of an organization: its scripts' for the API, Okta's for SCIM.
import { apiTokens } from './api-tokens.js';
import { h } from './dom.js';
import { mayChange } from './session.js';
import { settingsTabs } from './settings-tabs.js';
import { tokens } from './tokens.js';

export async function show(page) {
  const manage = mayChange(page.session);
  return {
    title: 'Tokens',
    content: h('div', { class: 'stack' },
      h('h1', 'Settings'),
      settingsTabs(page, 'tokens'),
      manage
        ? apiTokens(page, { path: `${page.api}/api-tokens`, whose: page.organization.name })
        : h('section', { class: 'panel' }, h('h2', 'API tokens'), h('p', { class: 'muted' }, 'Only admins see the tokens of the organization. Your own are under ', h('a', { href: '/account' }, 'your account'), '.')),
      h('section', { class: 'panel' },
        h('div', { class: 'head' }, h('h2', 'SCIM tokens'), manage && h('a', { class: 'button', href: page.at('groups', 'scim') }, 'Configure SCIM')),
        await tokens(page))),
  };
}
