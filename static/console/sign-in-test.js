// The live test of a provider. An admin starts one that checks a whole sign-in and lets nobody in;
// real sign-ins show, too, check by check, or what failed and which field to change.
import { create, read } from './api.js';
import { fill, h } from './dom.js';
import { checks, fix } from './checks.js';
import { poll } from './poll.js';
import { mayChange, mayReadTraces } from './session.js';
import { copyable, notice, waiting } from './show.js';
import { when } from './time.js';

export function signInTest(page, provider) {
  const place = h('div', { class: 'stack tight' }, waiting('waiting', h('p', 'Waiting for a sign-in…')));
  const state = { test: null };
  if (mayReadTraces(page.session) && provider.state === 'active') watch(page, provider, place, state);
  const manage = mayChange(page.session);
  return h('div', { class: 'stack tight' },
    manage && h('p', 'A test goes the whole way through the identity provider, checks the answer and lets nobody in. Sign in as someone who is assigned.'),
    manage && h('div', { class: 'actions' }, starter(page, provider, place, state)),
    provider.state === 'active' && real(provider, manage),
    place);
}

/** The way that does sign in. */
function real(provider, manage) {
  const link = [h('p', 'Open this in a private window and sign in as someone who is assigned.'), copyable('Sign-in link', provider.login_url)];
  return manage
    ? h('details', h('summary', 'Sign in for real'), h('div', { class: 'stack tight' }, link))
    : link;
}

function starter(page, provider, place, state) {
  const button = h('button', { type: 'button', class: provider.last_sign_in_at ? null : 'primary', on: { click: async () => {
    button.disabled = true;
    try {
      const test = await create(`${page.api}/providers/${encodeURIComponent(provider.id)}/tests`);
      state.test = test.id;
      // Where the browser holds it back, the link stands below.
      window.open(test.url, '_blank', 'noopener');
      follow(page, provider, place, state, test);
    } catch (error) {
      fill(place, notice('bad', h('p', error.message)));
    }
    button.disabled = false;
  } } }, 'Test sign-in');
  return button;
}

/** Shows how far a test is until it is answered, over, or another one is started. */
function follow(page, provider, place, state, test) {
  const path = `${page.api}/providers/${encodeURIComponent(provider.id)}/tests/${encodeURIComponent(test.id)}`;
  let shown = null;
  const draw = (progress) => {
    if (progress.state === shown) return;
    shown = progress.state;
    if (progress.state === 'answered') return fill(place, ...told(page, progress.trace));
    if (progress.state === 'over') return fill(place, waiting('bad', h('p', 'Nobody finished this test in time. Start another one.')));
    const opened = progress.state === 'started';
    fill(place,
      waiting('waiting', h('p', opened ? 'Opened. Waiting for the identity provider’s answer…' : 'Waiting for somebody to open the test…')),
      h('p', { class: 'muted' }, 'It opens in a new tab. Or open it in a private window; it is good for one answer, within 30 minutes.'),
      copyable('Test link', test.url));
  };
  draw(test.state ? test : { state: 'waiting' });
  poll(async () => {
    if (state.test !== test.id) return true;
    const progress = await read(path, page.signal);
    if (state.test !== test.id) return true;
    draw(progress);
    return ['answered', 'over'].includes(progress.state);
  }, { every: 1000, signal: page.signal });
}

/** What came: the verdict with what to change, then each check. */
function told(page, trace) {
  if (!trace) return [waiting('bad', h('p', 'The test was answered, and its trace is gone by now.'))];
  const good = trace.outcome === 'accepted';
  const test = Boolean(trace.detail?.test);
  const verdict = test ? (good ? 'The test passed' : 'The test failed') : (good ? 'Signed in' : 'Refused');
  return [
    waiting(good ? 'good' : 'bad', h('p', h('strong', verdict), ' ', when(trace.at), '. ', test ? (good && 'Nobody was signed in by it.') : trace.summary), fix(trace)),
    checks(trace),
    h('p', { class: 'muted' }, 'Reference ', h('a', { href: page.at('activity', trace.reference) }, trace.reference), '. The next sign-in shows here, too.'),
  ];
}

/** Shows the newest sign-in, unless a test is shown that is newer. */
function watch(page, provider, place, state) {
  let shown = null;
  let looked = false;
  poll(async () => {
    const { items } = await read(`${page.api}/traces?limit=20&kind=saml`, page.signal);
    const latest = items.find((trace) => trace.provider === provider.id && !trace.detail?.test);
    const news = looked;
    looked = true;
    if (!latest || latest.reference === shown) return;
    if (!news && state.test) {
      shown = latest.reference;
      return;
    }
    if (news && latest.outcome === 'accepted') {
      // Its people and its last sign-in have changed, too.
      page.again();
      return;
    }
    const trace = await read(`${page.api}/traces/${encodeURIComponent(latest.reference)}`, page.signal);
    shown = latest.reference;
    state.test = null;
    fill(place, ...told(page, trace));
  }, { every: 2000, signal: page.signal });
}
