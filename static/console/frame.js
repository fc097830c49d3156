// What surrounds every page: the mark, the organization, who is signed in, sign out.
import { read } from './api.js';
import { fill, h, id } from './dom.js';
import { displayName, isOperator } from './session.js';
import { badge, levelBadge } from './show.js';
import { wire } from '/static/theme.js';

let drawnFor = null;

/** Draws the top of the page for this session and organization, unless it already stands there. */
export async function frame({ session, params, signal, go }) {
  const key = JSON.stringify([session.level, session.user?.id, session.operator?.id, params.org]);
  if (key === drawnFor) return;
  drawnFor = key;
  const theme = h('button', { type: 'button', class: 'quiet theme' });
  wire(theme);
  const place = h('div', { class: 'place' }, isOperator(session) ? null : h('strong', session.organization?.name));
  fill(document.getElementById('top'),
    h('a', { class: 'mark', href: '/console', 'aria-label': 'Portcullis' }, h('img', { src: '/static/logo.svg', alt: '', width: 24, height: 24 }), h('span', 'Portcullis')),
    place,
    h('div', { class: 'who' },
      theme,
      isOperator(session)
        ? h('span', { class: 'name' }, displayName(session))
        : h('a', { class: 'name', href: '/account', title: 'Your account: password, second factor, sessions, tokens' }, displayName(session), h('span', { class: 'visually-hidden' }, ', your account')),
      isOperator(session) ? badge('Break-glass', 'warn') : levelBadge(session.level),
      h('button', { type: 'button', on: { click: signOut } }, 'Sign out')));
  document.body.classList.toggle('operator', isOperator(session));
  if (isOperator(session)) await fillSwitcher(place, params.org, signal, go);
}

/** Another organization, or the list of all. A change of their number redraws it. */
export function organizationsChanged() {
  drawnFor = null;
}

async function fillSwitcher(place, current, signal, go) {
  let all;
  try {
    all = await read('/api/v1/organizations?limit=200', signal);
  } catch {
    drawnFor = null;
    return;
  }
  const switcherId = id('organization');
  const options = all.items.map(({ slug, name }) => h('option', { value: slug, selected: slug === current }, name));
  fill(place,
    all.items.length > 0 && [h('label', { class: 'visually-hidden', for: switcherId }, 'Organization'),
    h('select', { id: switcherId, on: { change: (event) => go(event.target.value ? `/console/organizations/${encodeURIComponent(event.target.value)}` : '/console/organizations') } },
      h('option', { value: '', selected: !current }, 'All organizations'), options)],
    h('a', { class: 'button quiet', href: '/console/operator/break-glass', title: 'Break-glass accounts, drills, webhooks, the audit log' }, 'Appliance'));
}

/** As the portal's button does: the answer is a page, which may go on to the identity provider. */
function signOut() {
  const form = h('form', { method: 'post', action: '/logout', hidden: true });
  document.body.append(form);
  form.submit();
}
