// The parts of an organization's settings, each a page of its own.
import { h } from './dom.js';
import { mayReadTraces } from './session.js';

export function settingsTabs(page, current) {
  const parts = [
    ['general', 'General', []],
    ['sign-in', 'Sign-in and sessions', ['sign-in']],
    ['tokens', 'Tokens', ['tokens']],
    mayReadTraces(page.session) && ['deprovisioning', 'Deprovisioning', ['deprovisioning']],
  ].filter(Boolean);
  return h('nav', { class: 'parts', 'aria-label': 'Settings' },
    parts.map(([name, text, rest]) => h('a', { href: page.at('settings', ...rest), 'aria-current': name === current && 'page' }, text)));
}
