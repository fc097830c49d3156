// A replay for reading: what a sign-in of then would come to today, check by check.
import { words } from './checks.js';
import { h } from './dom.js';
import { icon } from './icons.js';
import { badge, notice } from './show.js';
import { when } from './time.js';

const CHANGES = {
  'passes-now': ['passes now', 'good'],
  'fails-now': ['fails now', 'bad'],
  'fails-otherwise': ['fails otherwise', 'bad'],
  'reached-now': ['reached now', 'plain'],
  'not-repeated': ['not repeated', 'plain'],
};

export function comparison(replay) {
  return h('div', { class: 'stack tight' },
    verdict(replay),
    h('p', { class: 'muted' }, 'Verified with today’s configuration and the clock of then, ', when(replay.clock), '. Nobody was signed in.'),
    h('table', { class: 'compare' }, h('caption', { class: 'visually-hidden' }, 'Each check, then and today'),
      h('thead', h('tr', ['Check', 'Then', 'Today'].map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', replay.checks.map(row))),
    h('details', h('summary', 'Not repeated'), h('ul', replay.not_repeated.map(({ name, why }) => h('li', h('b', `${name}: `), `${why}.`)))));
}

function verdict({ verdict: word, before, after, fix }) {
  const then = before.outcome === 'accepted' ? 'It was accepted' : ['It was refused at ', h('b', words(before.code))];
  const [kind, today] = {
    accepted: ['good', before.outcome === 'accepted' ? ', and would be today.' : ', and would be accepted today.'],
    refused: ['bad', [before.outcome === 'accepted' ? ', and would be refused today at ' : ', and would be today at ', h('b', words(after.code)), '.']],
    undecided: ['warn', '. A replay can’t say whether it would be accepted today, as that is true once only.'],
  }[word];
  return notice(kind, h('p', then, today), fix && h('p', fix));
}

function row({ name, before, after, change }) {
  const [text, kind] = CHANGES[change] ?? [];
  const news = ['passes-now', 'fails-now', 'fails-otherwise'].includes(change);
  return h('tr', { class: news ? 'news' : null },
    h('th', { scope: 'row' }, h('span', { class: 'two' }, h('span', name), text && badge(text, kind))),
    h('td', side(before, news)),
    h('td', change === 'not-repeated' ? h('span', { class: 'muted' }, '–') : side(after, news)));
}

/** How a check went; with what was expected and what came where that is the news, or it failed. */
function side(one, news) {
  if (!one) return h('span', { class: 'muted' }, 'not reached');
  const mark = h('span', { class: one.passed ? 'mark passed' : 'mark failed-mark' }, icon(one.passed ? 'check' : 'cross'), one.passed ? 'passed' : 'failed');
  if (one.passed && !news) return mark;
  return h('div', { class: 'side' }, mark, h('dl',
    one.expected && h('div', h('dt', 'Expected'), h('dd', one.expected)),
    one.got && one.got !== one.expected && h('div', h('dt', 'Got'), h('dd', one.got))));
}
