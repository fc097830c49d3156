// One identity provider: the steps that connect it while it is a draft, what it is once it is.
import { change, read } from './api.js';
import { h } from './dom.js';
import { ask } from './dialog.js';
import { enforcement } from './enforcement.js';
import { field } from './form.js';
import { icon } from './icons.js';
import { metadataForm } from './metadata.js';
import { publishedMetadata, removeCertificate } from './provider-metadata.js';
import { deleteProvider } from './provider-deletion.js';
import { waitingDomains } from './provider-domains.js';
import { kindOf } from './provider-kinds.js';
import { mapping } from './provider-mapping.js';
import { requests } from './provider-requests.js';
import { rules } from './provider-rules.js';
import { providerSteps } from './provider-steps.js';
import { mayChange, mayReadTraces } from './session.js';
import { badge, copyable, notice, plural } from './show.js';
import { signInTest } from './sign-in-test.js';
import { certificateBadge, domainList } from './providers.js';
import { exactly, isWithinDays, when } from './time.js';

export async function show(page) {
  const path = `${page.api}/providers/${encodeURIComponent(page.params.id)}`;
  const provider = await read(path, page.signal);
  const kind = await kindOf(provider.kind, page.signal);
  const product = provider.kind === 'saml' ? 'SAML' : kind.name;
  const draft = provider.state === 'draft';
  const watch = draft ? null : await read(`${path}/metadata`, page.signal);
  const manage = mayChange(page.session);
  const saved = () => page.go(`${page.at('providers', provider.id)}?submitted`, { replace: true });
  return {
    title: provider.name || product,
    content: h('div', { class: 'stack' },
      h('div', { class: 'head' },
        h('div', { class: 'intro' }, h('a', { class: 'back', href: page.at('providers') }, icon('back'), 'Identity Providers'),
          h('h1', provider.name || product, ' ', badge(provider.state), provider.enforced && badge('SSO required', 'accent'), certificateBadge(provider)),
          h('p', { class: 'muted' }, provider.domains.map((each) => each.domain).join(', '))),
        manage && h('div', { class: 'actions' },
          !draft && switcher(page, path, provider),
          h('button', { type: 'button', class: 'danger', on: { click: () => deleteProvider(page, path, provider, product) } }, `Delete ${product} Provider`))),
      provider.sha1_until && notice('warn', 'SHA-1 signatures, which can be forged, are taken from this provider until ', exactly(provider.sha1_until), '. Set its signature and digest algorithm to SHA-256; then an operator ends the exception.'),
      provider.unsigned_logout_requests && notice('warn', 'Logout requests without a signature are followed: whoever knows a person’s NameID can sign that person out. Have the identity provider sign them, then switch this off under Rules.'),
      waitingDomains(page, provider, manage),
      draft
        ? providerSteps({ page, provider, kind, path, saved, manage })
        : [
            page.query.has('submitted') && !provider.last_sign_in_at && notice('good', 'Connected. Now sign in once, so that you see it work.'),
            mayReadTraces(page.session) && h('section', { class: 'panel', id: 'test' }, h('h2', 'Test'), signInTest(page, provider)),
            enforcement(page, path, provider),
            facts(page, path, provider, kind, manage),
            mapping(page, path, provider, kind, manage),
            requests(page, path, provider, manage),
            certificates(page, path, provider, watch, manage),
            publishedMetadata(page, path, watch, manage),
            manage && rules(page, path, provider),
            manage && h('details', { class: 'panel' }, h('summary', 'Metadata and certificates: enter again'),
              h('p', { class: 'muted' }, `From the same ${kind.labels.issuer}, a new certificate is added beside those that are here, and none goes, so that a rotation breaks no sign-in. Remove under Certificates what is not needed any more. Another ${kind.labels.issuer} is another identity provider: its certificates replace all, and sessions and links of the one before end.`),
              metadataForm({ provider, kind, path, saved, submit: 'Submit' })),
            h('details', { class: 'panel' }, h('summary', `The steps in ${kind.name}`), providerSteps({ page, provider, kind, path, saved, manage: false })),
          ]),
  };
}

function facts(page, path, provider, kind, manage) {
  const { labels } = kind;
  return h('section', { class: 'panel' },
    h('div', { class: 'head' }, h('h2', 'Connection'), manage && h('button', { type: 'button', on: { click: () => editDomains(page, path, provider) } }, 'Change domains')),
    h('dl', { class: 'facts' },
      h('dt', 'Domains'), h('dd', provider.domains.map((each, index) => [index > 0 && ', ', each.domain, ' ', badge(each.state)])),
      h('dt', labels.acs_url), h('dd', copyable(labels.acs_url, provider.acs_url)),
      h('dt', labels.entity_id), h('dd', copyable(labels.entity_id, provider.entity_id)),
      h('dt', 'Sign-in link'), h('dd', copyable('Sign-in link', provider.login_url)),
      h('dt', 'Our metadata'), h('dd', copyable('Our metadata', provider.metadata_url)),
      h('dt', labels.issuer), h('dd', provider.issuer ? h('code', provider.issuer) : 'not known yet'),
      h('dt', labels.sso_url), h('dd', provider.sso_url ? h('code', provider.sso_url) : 'not known yet'),
      provider.slo_url && [h('dt', 'Our single logout address'), h('dd', copyable('Our single logout address', provider.slo_url))],
      h('dt', 'Its single logout address'), h('dd', provider.logout_url ? h('code', provider.logout_url) : 'none: signing out here ends the session here alone'),
      h('dt', 'Metadata URL'), h('dd', provider.idp_metadata_url ? h('code', provider.idp_metadata_url) : 'none: entered by hand or from a file'),
      h('dt', 'People'), h('dd', plural(provider.people ?? 0, 'linked user')),
      h('dt', 'Last sign-in'), h('dd', when(provider.last_sign_in_at)),
      h('dt', 'Created'), h('dd', when(provider.created_at))));
}

function certificates(page, path, { certificates: list = [] }, watch, manage) {
  const unpublished = new Set(watch.differences.filter((each) => each.what === 'certificate' && !each.published).map((each) => each.here));
  const removable = manage && list.length > 1;
  return h('section', { class: 'panel' }, h('h2', 'Certificates'),
    list.length === 0
      ? notice('bad', 'No certificate: every response is refused. Enter the metadata again.')
      : h('table', { class: 'certificates' }, h('caption', { class: 'visually-hidden' }, 'Signing certificates'),
        h('thead', h('tr', h('th', { scope: 'col' }, 'Subject'), h('th', { scope: 'col' }, 'Expires'), h('th', { scope: 'col' }, 'Last used'), h('th', { scope: 'col', class: 'roomy' }, 'Fingerprint (SHA-256)'), removable && h('th', { scope: 'col' }, h('span', { class: 'visually-hidden' }, 'Remove')))),
        h('tbody', list.map((each) => h('tr',
          h('td', each.subject, unpublished.has(each.fingerprint) && [' ', badge(each.source === 'metadata' ? 'no longer published' : 'not published', 'warn')]),
          h('td', h('span', { class: 'two' }, when(each.not_after), each.expired ? h('span', badge('expired')) : isWithinDays(each.not_after, 30) && h('span', badge('soon', 'warn')))),
          h('td', when(each.last_used_at)),
          h('td', { class: 'roomy' }, h('code', { class: 'fingerprint' }, each.fingerprint)),
          removable && h('td', { class: 'end' }, h('button', { type: 'button', class: 'quiet danger', on: { click: () => removeCertificate(page, path, each) } }, 'Remove')))))));
}

function switcher(page, path, provider) {
  const off = provider.state === 'disabled';
  return h('button', { type: 'button', on: { click: async () => {
    const done = await ask({
      title: `${off ? 'Enable' : 'Disable'} ${provider.name}?`,
      content: h('p', off
        ? `People of ${provider.domains.map((each) => each.domain).join(', ')} can sign in through it again.`
        : `${plural(provider.people ?? 0, 'person', 'people')} can no longer sign in through it${includesMe(page, provider) ? ', you among them' : ''}. Nothing is deleted.`),
      submit: off ? 'Enable' : 'Disable',
      danger: !off,
      send: () => change(path, { state: off ? 'active' : 'disabled' }),
    });
    if (done) page.again();
  } } }, off ? 'Enable' : 'Disable');
}

async function editDomains(page, path, provider) {
  const done = await ask({
    title: `Domains of ${provider.name}`,
    content: field({
      name: 'domains', label: 'Domains', required: true, spellcheck: 'false', value: provider.domains.map((each) => each.domain).join(', '),
      hint: 'People with these e-mail domains sign in here. A domain that you take out can no longer sign in.',
      'data-missing': 'Type at least one domain.',
    }),
    submit: 'Save',
    send: ({ domains }) => change(path, { domains: domainList(domains) }),
  });
  if (done) page.again();
}

const includesMe = (page, provider) => page.session.provider?.id === provider.id;
