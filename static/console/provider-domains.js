// Domains that don't count yet: the DNS record that proves each, and the button that looks for it.
import { create } from './api.js';
import { fill, h } from './dom.js';
import { isOperator } from './session.js';
import { copyable, notice } from './show.js';

/** Null where every domain counts. */
export function waitingDomains(page, provider, manage) {
  const waiting = provider.domains.filter((each) => each.state === 'pending');
  if (waiting.length === 0) return null;
  return h('section', { class: 'panel', id: 'proof' },
    h('h2', waiting.length === 1 ? 'Prove the domain' : 'Prove the domains'),
    notice('warn', 'Until a domain counts, nobody of it can sign in through this provider. Add this record to its DNS, then verify it here. Or the operator approves it',
      isOperator(page.session) ? [': ', h('a', { href: '/console/operator/domains' }, 'Domains'), '.'] : '.'),
    waiting.map((each) => proof(page, each, manage)));
}

function proof(page, { domain, challenge }, manage) {
  const failure = h('div', { role: 'alert' });
  const button = h('button', { type: 'button', 'aria-label': `Verify ${domain}` }, 'Verify');
  button.addEventListener('click', async () => {
    button.disabled = true;
    failure.replaceChildren();
    try {
      await create(`${page.api}/domains/${encodeURIComponent(domain)}/verify`, {});
      page.again(`${domain} counts.`);
    } catch (error) {
      fill(failure, notice('bad', h('p', error.message)));
    }
    button.disabled = false;
  });
  return h('div', { class: 'stack tight' },
    h('h3', domain),
    challenge && h('dl', { class: 'facts' },
      h('dt', 'Type'), h('dd', challenge.type),
      h('dt', 'Name'), h('dd', copyable(`Record name for ${domain}`, challenge.name)),
      h('dt', 'Text'), h('dd', copyable(`Record text for ${domain}`, challenge.value))),
    manage && h('div', { class: 'actions' }, button),
    failure);
}
