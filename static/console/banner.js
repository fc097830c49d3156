// What every admin has to see wherever they are: what the brake holds until somebody answers, and
// that break-glass was used, by whom, when and from where, and what it asks of them now. It cannot
// be put away; it goes by itself, with the answer or after seven days.
import { read } from './api.js';
import { fill, h } from './dom.js';
import { icon } from './icons.js';
import { isOperator, mayRead } from './session.js';
import { when } from './time.js';

const SHOWN = 2;
let shown = '';

/** Reads the notices anew with every page; the page itself does not wait for them. */
export async function banner({ session, signal }) {
  const place = document.getElementById('notices');
  if (!mayRead(session)) return;
  let items;
  try {
    ({ items } = await read('/api/v1/notices', signal));
  } catch {
    // What stood there stays there; the page is worth seeing without it.
    return;
  }
  const now = JSON.stringify([items, isOperator(session)]);
  if (now === shown) return;
  shown = now;
  place.hidden = items.length === 0;
  const rest = items.slice(SHOWN);
  fill(place, h('div', { class: 'announced' },
    h('ul', items.slice(0, SHOWN).map(line)),
    rest.length > 0 && h('details', h('summary', `${rest.length} more`), h('ul', rest.map(line))),
    items.length > 0 && isOperator(session) && h('a', { href: '/console/operator/notices' }, 'All announcements')));
}

/** One notice: what it says, and since when. */
export function line({ text, at, href }) {
  return h('li', icon('warn'), h('p', text, ' ', href && [h('a', { href }, 'Look and answer'), ' '], at && h('span', { class: 'since' }, '· ', when(at))));
}
