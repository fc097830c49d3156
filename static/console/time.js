// Times are relative, exact on hover, and keep moving while the page is open.
import { h } from './dom.js';

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const UNITS = [['year', 31_536_000], ['month', 2_592_000], ['week', 604_800], ['day', 86_400], ['hour', 3_600], ['minute', 60]];

/** <time> for an RFC 3339 string, or `never` where there is none. */
export function when(at, never = 'never') {
  if (!at) return h('span', { class: 'muted' }, never);
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return h('span', at);
  return h('time', { datetime: at, title: date.toLocaleString('en-GB', { dateStyle: 'full', timeStyle: 'long' }), 'data-relative': true }, relative(date));
}

/** '24 Nov 2026, 09:12', for what somebody has to pass on. */
export function exactly(at) {
  return new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
}

export function isPast(at) {
  return Boolean(at) && new Date(at) < new Date();
}

export function isWithinDays(at, days) {
  return Boolean(at) && new Date(at).getTime() - Date.now() < days * 86_400_000;
}

function relative(date) {
  const seconds = Math.round((date.getTime() - Date.now()) / 1000);
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return RELATIVE.format(Math.trunc(seconds / size), unit);
  }
  return Math.abs(seconds) < 10 ? 'just now' : RELATIVE.format(seconds, 'second');
}

setInterval(() => {
  for (const time of document.querySelectorAll('time[data-relative]')) {
    const text = relative(new Date(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
  }
}, 10_000);
