// The live test of a provider: waits for a sign-in and shows what came, check by check, or what
// failed and which field of Okta's to change.
import { read } from './api.js';
import { fill, h } from './dom.js';
import { checks, fix } from './checks.js';
import { poll } from './poll.js';
import { mayReadTraces } from './session.js';
import { copyable, notice, waiting } from './show.js';
import { when } from './time.js';

export function signInTest(page, provider) {
  const place = h('div', { class: 'stack tight' }, waiting('waiting', h('p', 'Waiting for a sign-in…')));
  if (mayReadTraces(page.session) && provider.state !== 'draft') watch(page, provider, place);
  return h('div', { class: 'stack tight' },
    h('p', 'Open this in a private window and sign in as someone who is assigned. Or press the button, in this window’s session.'),
    copyable('Sign-in link', provider.login_url),
    h('div', { class: 'actions' }, h('a', { class: provider.last_sign_in_at ? 'button' : 'button primary', href: provider.login_url, target: '_blank', rel: 'noopener' }, 'Test sign-in')),
    place);
}

function watch(page, provider, place) {
  let shown = null;
  let looked = false;
  poll(async () => {
    const { items } = await read(`${page.api}/traces?limit=20&kind=saml`, page.signal);
    const latest = items.find((trace) => trace.provider === provider.id);
    const news = looked;
    looked = true;
    if (!latest || latest.reference === shown) return;
    if (news && latest.outcome === 'accepted') {
      // Its people and its last sign-in have changed, too.
      page.again();
      return;
    }
    const trace = await read(`${page.api}/traces/${encodeURIComponent(latest.reference)}`, page.signal);
    shown = latest.reference;
    const good = trace.outcome === 'accepted';
    fill(place,
      waiting(good ? 'good' : 'bad', h('p', h('strong', good ? 'Signed in' : 'Refused'), ' ', when(trace.at), '. ', trace.summary), fix(trace)),
      trace.detail?.warnings?.map((text) => notice('warn', text)),
      checks(trace),
      h('p', { class: 'muted' }, 'Reference ', h('a', { href: page.at('activity', trace.reference) }, trace.reference), '. The next sign-in shows here, too.'));
  }, { every: 2000, signal: page.signal });
}
