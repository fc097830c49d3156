// The mock's keys, findings, published metadata, and how recent a sign-in must be.
import { createHash, X509Certificate } from 'node:crypto';
import { ahead, json, now, problem, state } from './state.mjs';

const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMIIC(the mock has none)\n-----END CERTIFICATE-----\n';
const key = (kind, more = {}) => ({ kind, state: 'active', not_after: ahead(90_000), begins_at: null, retires_at: null, fingerprint: 'ab'.repeat(32), certificate: CERTIFICATE, ...more });

const living = { keys: [key('saml-signing'), key('saml-encryption')], minutes: 30 };

/** What a new provider is asked for. */
export const ASKED = {
  request_binding: 'redirect', sign_requests: false, force_authn: false, authn_contexts: [], authn_comparison: 'exact',
  name_id_format: null, login_hint: 'none', step_up: true, sha1_until: null,
};

export function keys(method, rest, { kind }) {
  if (method === 'POST') living.keys.push(key(kind, { begins_at: ahead(14 * 24) }));
  return json(200, { items: living.keys, steps: [] });
}

export function findings() {
  return json(200, { items: [], total: 0, next: null });
}

export function stepUp(method, rest, { minutes }) {
  if (method === 'PATCH') living.minutes = minutes;
  return json(200, { minutes: living.minutes });
}

/** What is wrong with a change of what is asked for, and the change as it is kept. */
export function asked(provider, body) {
  if (body.authn_contexts?.some((uri) => !uri.includes(':'))) return problem(422, 'invalid', 'expected an absolute URI', 'authn_contexts');
  const both = { ...provider, ...body };
  if (both.idp_initiated && both.force_authn) return problem(409, 'conflict', 'A sign-in that starts at the identity provider can’t be asked to be a new one.', 'force_authn');
  if (body.name_id_format === '') body.name_id_format = null;
  if (body.sha1_until) body.sha1_until = body.sha1_until === 'none' ? null : `${body.sha1_until}T00:00:00.000Z`;
  return null;
}

export function metadata(method, provider, body) {
  provider.watch ??= { mode: 'ask', url: null, trust: null, looked_at: null, failure: null, differences: [], additions: [] };
  const { watch } = provider;
  if (body.trust_certificate) {
    const parsed = parse(body.trust_certificate);
    if (!parsed) return problem(422, 'invalid', 'This is no certificate.', 'trust_certificate');
    watch.trust = parsed.fingerprint;
  }
  if (body.trust_certificate === '') watch.trust = null;
  if (body.mode) watch.mode = body.mode;
  return json(200, watch);
}

export function certificates(method, provider, [fingerprint], { certificate }) {
  if (method === 'DELETE') {
    provider.certificates = provider.certificates.filter((each) => each.fingerprint !== fingerprint);
    return { status: 204, headers: {} };
  }
  const parsed = parse(certificate ?? '');
  if (!parsed) return problem(422, 'invalid', 'This is no certificate.', 'certificate');
  provider.certificates.push({ ...parsed, added_at: now(), last_used_at: null });
  return json(201, { items: provider.certificates });
}

function parse(text) {
  try {
    const parsed = new X509Certificate(Buffer.from(text.replace(/-----[^-]+-----|\s/g, ''), 'base64'));
    return { fingerprint: createHash('sha256').update(parsed.raw).digest('hex'), subject: parsed.subject.replace(/\n/g, ', '), not_after: new Date(parsed.validTo).toISOString(), expired: false };
  } catch {
    return null;
  }
}

/** Whose password the window asks for. */
export const nameOf = (session) => session?.operator?.name ?? state.users[0]?.userName ?? '';
