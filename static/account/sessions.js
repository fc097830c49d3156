// Where one is signed in, and signing out there.
import { read, remove } from '/static/console/api.js';
import { fill, h, say } from '/static/console/dom.js';
import { badge, notice } from '/static/console/show.js';
import { when } from '/static/console/time.js';

const METHODS = { saml: 'identity provider', password: 'password' };

export async function drawSessions(parent) {
  const { items } = await read('/api/v1/account/sessions');
  const others = items.filter((session) => !session.current);
  const end = async (path, said) => {
    try {
      await remove(path);
      await drawSessions(parent);
      say(said);
    } catch (error) {
      parent.prepend(notice('bad', error.message));
    }
  };
  const row = (session) => h('li',
    h('div',
      h('div', session.user_agent || 'Unknown browser', ' ', session.current && badge('this one', 'good')),
      h('div', { class: 'hint' }, `${session.client}, by ${session.provider?.name ?? METHODS[session.method] ?? session.method}, since `, when(session.created_at), ', last seen ', when(session.last_seen_at))),
    !session.current && h('button', { type: 'button', 'aria-label': `Sign out the session from ${session.client}`, on: { click: () => end(`/api/v1/account/sessions/${encodeURIComponent(session.id)}`, 'Session ended') } }, 'Sign out'));
  fill(parent,
    h('ul', items.map(row)),
    others.length > 1 && h('div', { class: 'actions' },
      h('button', { type: 'button', class: 'danger', on: { click: () => end('/api/v1/account/sessions', 'All other sessions ended') } }, `Sign out the ${others.length} others`)));
}
