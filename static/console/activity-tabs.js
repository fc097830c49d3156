// The parts of Activity, each a page of its own.
import { h } from './dom.js';

export function activityTabs(page, current) {
  const parts = [
    ['all', 'All exchanges', ['activity']],
    ['refused', 'Refused', ['activity', 'refused']],
    ['brake', 'SCIM brake', ['brake']],
  ];
  return h('nav', { class: 'parts', 'aria-label': 'Activity' },
    parts.map(([name, text, address]) => h('a', { href: page.at(...address), 'aria-current': name === current && 'page' }, text)));
}
