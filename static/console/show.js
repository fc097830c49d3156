// Small things that many pages show: badges, notices, values to copy, steps, empty lists.
import { h, say } from './dom.js';
import { icon } from './icons.js';
import { levelName } from './session.js';

const STATES = {
  active: 'good', draft: 'warn', disabled: 'plain', pending: 'warn', inactive: 'plain',
  accepted: 'good', refused: 'bad', revoked: 'plain', expired: 'bad', passed: 'good', failed: 'bad',
};

export function badge(text, kind = STATES[text] ?? 'plain') {
  return h('span', { class: `badge ${kind}` }, text);
}

export function levelBadge(level) {
  return h('span', { class: `badge ${level === 'admin' || level === 'operator' ? 'accent' : 'plain'}` }, levelName(level));
}

/** kind: good, warn, bad or plain. */
export function notice(kind, ...content) {
  const mark = { good: 'check', warn: 'warn', bad: 'warn', plain: 'info' }[kind];
  return h('div', { class: `notice ${kind}` }, icon(mark), h('div', content));
}

/** A value with a Copy button. `name` is what the button copies, for those who only hear it. */
export function copyable(name, value) {
  // What has many lines scrolls, so that the button stays in sight.
  const long = value.trim().includes('\n');
  const text = h('code', { tabindex: long ? '0' : null }, value);
  const label = h('span', 'Copy');
  const button = h('button', { type: 'button', class: 'quiet', 'aria-label': `Copy ${name}` }, icon('copy'), label);
  button.addEventListener('click', async () => {
    const done = await copy(value, text);
    label.textContent = done ? 'Copied' : 'Press Ctrl+C';
    say(done ? `${name} copied` : `${name} selected, press Ctrl+C to copy`);
    setTimeout(() => { label.textContent = 'Copy'; }, 2000);
  });
  return h('div', { class: long ? 'copyable long' : 'copyable' }, text, button);
}

/** Where a value goes, drawn as the form it goes into: rows of [label as Okta writes it, content]. */
export const oktaForm = (where, rows) => productForm('Okta', where, rows);

/** The same for any product. */
export function productForm(product, where, rows) {
  return h('figure', { class: 'okta-form' },
    h('figcaption', h('span', { class: 'label' }, `In ${product}`), ' ', where),
    h('dl', rows.map(([label, ...content]) => h('div', h('dt', label), h('dd', content)))));
}

/** A tick box of Okta's, as it has to stand there. */
export function ticked(text, on = true) {
  return h('span', { class: on ? 'tick' : 'tick off' }, h('span', { class: 'box' }, on && icon('check')), text,
    h('span', { class: 'visually-hidden' }, on ? ' (ticked)' : ' (not ticked)'));
}

/** An empty list says what it is for and has the button that fills it. */
export function empty(title, text, ...actions) {
  return h('div', { class: 'empty' }, h('h2', title), h('p', text), actions.some(Boolean) && h('div', { class: 'actions' }, actions));
}

/** Something is awaited; `state` may be 'waiting', 'good' or 'bad'. */
export function waiting(state, ...content) {
  const mark = state === 'waiting' ? h('span', { class: 'pulse', 'aria-hidden': 'true' }) : icon(state === 'good' ? 'check' : 'warn');
  return h('div', { class: `waiting ${state}`, role: 'status' }, mark, h('div', content));
}

/** What people call a user. */
export const nameOf = (user) => user.displayName || user.userName;

export function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

async function copy(value, shown) {
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch {
    // No permission, or plain HTTP: select it, so that the keyboard can.
    getSelection().selectAllChildren(shown);
    return false;
  }
}
