// The router: an address under /console becomes one page module's view. Links stay links, so that
// the middle button and copying work; only plain clicks are taken over.
import { read, Problem } from './api.js';
import { fill, h } from './dom.js';
import { mayRead, isOperator } from './session.js';
import { banner } from './banner.js';
import { frame } from './frame.js';
import { notice } from './show.js';
import { cameBack } from './step-up.js';
import * as organizations from './organizations.js';
import * as organization from './organization.js';
import * as operator from './operator.js';

const ROUTES = [
  ['/console', home],
  ['/console/organizations', operator.tab('organizations', organizations.list)],
  ['/console/create-organization', organizations.add],
  ...operator.ROUTES,
  ...organization.ROUTES.map(([path, page]) => [`/console/organizations/:org${path}`, page]),
].map(([path, page]) => ({ page, parts: path.split('/').filter(Boolean) }));

const main = document.getElementById('main');
let session = null;
let leaving = new AbortController();

async function show({ keepFocus = false, said = null } = {}) {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  main.setAttribute('aria-busy', 'true');
  try {
    session = await read('/api/v1/session', signal);
    const view = await page(signal, said);
    if (signal.aborted || !view) return;
    fill(main, view.content);
    main.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
    document.title = `${view.title} · Portcullis`;
  } catch (error) {
    if (error.name === 'AbortError' || error.status === 401) return;
    fill(main, failed(error));
    document.title = 'Not shown · Portcullis';
  }
  main.removeAttribute('aria-busy');
  if (!keepFocus) main.focus();
}

/** The matching page's {title, content}. `said` is what has just been done, for its top. */
async function page(signal, said) {
  const parts = location.pathname.split('/').filter(Boolean).map(decodeURIComponent);
  const route = ROUTES.find((candidate) => matches(candidate.parts, parts));
  const params = route ? named(route.parts, parts) : {};
  const context = { session, params, query: new URLSearchParams(location.search), signal, go, said, again: (news) => show({ keepFocus: true, said: news }) };
  frame(context);
  banner(context);
  if (!mayRead(session)) return { title: 'Console', content: notLet() };
  if (!route) throw new Problem(404, { title: 'No such page', detail: 'This address shows nothing.' });
  return route.page(context);
}

/** Another address of the console; the page that is left stops its work. */
function go(path, { replace = false, said = null } = {}) {
  history[replace ? 'replaceState' : 'pushState'](null, '', path);
  scrollTo(0, 0);
  return show({ said });
}

async function home({ session, signal }) {
  if (!isOperator(session)) {
    go(`/console/organizations/${encodeURIComponent(session.organization.slug)}/users`, { replace: true });
    return null;
  }
  const all = await read('/api/v1/organizations?limit=2', signal);
  if (all.items.length === 0) go('/console/create-organization', { replace: true });
  else if (all.items.length === 1) go(`/console/organizations/${encodeURIComponent(all.items[0].slug)}`, { replace: true });
  else go('/console/organizations', { replace: true });
  return null;
}

function matches(pattern, parts) {
  return pattern.length === parts.length && pattern.every((part, index) => part.startsWith(':') || part === parts[index]);
}

function named(pattern, parts) {
  return Object.fromEntries(pattern.flatMap((part, index) => (part.startsWith(':') ? [[part.slice(1), parts[index]]] : [])));
}

function notLet() {
  return h('div', { class: 'page' }, h('h1', 'The console is not for your level'),
    h('p', 'Your level lets you use applications and see your own profile. An admin of your organization can change it.'),
    h('p', h('a', { href: '/' }, 'To your profile')));
}

function failed(error) {
  const title = error.title ?? 'This page could not be shown';
  return h('div', { class: 'page' }, h('h1', title),
    notice('bad', h('p', error.message), error.reference && h('p', 'Reference ', h('code', error.reference))),
    h('div', { class: 'actions' }, h('button', { type: 'button', on: { click: () => show() } }, 'Try again'), h('a', { class: 'button', href: '/console' }, 'To the start')));
}

document.addEventListener('click', (event) => {
  const link = event.target.closest('a[href]');
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.target || link.origin !== location.origin || !/^\/console(\/|$)/.test(link.pathname)) return;
  event.preventDefault();
  go(link.pathname + link.search);
});
addEventListener('popstate', () => show());
show({ keepFocus: true, said: cameBack() });
