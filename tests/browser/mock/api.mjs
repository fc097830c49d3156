// The mock's state and its answers. Only what the pages ask; nothing is kept.
import { randomBytes, randomUUID, createHash, X509Certificate } from 'node:crypto';
import { brake } from './brake.mjs';
import { accounts, apiTokens, audit, domains, drill, drills, notices, used, webhooks } from './operator.mjs';
import { ASKED, asked, certificates, findings, keys, metadata, stepUp } from './living.mjs';
import { KINDS, attributesOf } from './provider-kinds.mjs';
import { deprovisioning, levelChange, levels, pushed, sessions, userJson, users } from './people.mjs';
import { BASE, json, now, openSessions, page, problem, record, state, take } from './state.mjs';

export const organizations = () => state.organizations;

export function signIn(username, password) {
  const known = [process.env.BREAK_GLASS_USERNAME ?? 'breakglass', 'admin', 'editor', 'viewer', 'runner'];
  if (!known.includes(username) || password !== (process.env.BREAK_GLASS_PASSWORD ?? 'open-sesame')) return null;
  const key = randomBytes(16).toString('hex');
  state.sessions.set(key, { operator: { id: randomUUID(), name: username }, level: known.indexOf(username) > 0 ? username : 'operator' });
  if (known.indexOf(username) === 0) used(username);
  return `mock=${key}; Path=/; HttpOnly; SameSite=Lax`;
}

export function sessionOf(cookie) {
  return state.sessions.get(/mock=(\w+)/.exec(cookie ?? '')?.[1]);
}

export function signOut(cookie) {
  state.sessions.delete(/mock=(\w+)/.exec(cookie ?? '')?.[1]);
  return 'mock=; Path=/; Max-Age=0';
}

export function api(method, url, text, session, cookie) {
  if (!session) return problem(401, 'unauthorized', 'Sign in first.');
  const parts = url.pathname.slice('/api/v1/'.length).split('/').map(decodeURIComponent);
  const body = text ? JSON.parse(text) : {};
  if (parts[0] === 'session') return method === 'DELETE' ? { status: 204, headers: { 'Set-Cookie': signOut(cookie) } } : json(200, who(session));
  if (parts[0] === 'provider-kinds') return json(200, { items: KINDS, total: KINDS.length, next: null });
  if (parts[0] === 'findings') return findings();
  const mayNot = forbidden(method, parts, session);
  if (mayNot) return mayNot;
  const appliance = { 'break-glass-accounts': accounts, domains, drills, webhooks, notices, keys, 'step-up': stepUp };
  if (appliance[parts[0]]) return appliance[parts[0]](method, parts.slice(1), body, url, session) ?? problem(404, 'not-found', 'No such resource.');
  if (parts[0] === 'audit') return audit(method, parts.slice(1), body, null, url);
  if (parts[0] === 'api-tokens') return apiTokens(method, parts.slice(1), body, null, url, session);
  if (parts[0] === 'mock-drill') {
    drill(body.name, body.passed);
    return json(201, {});
  }
  if (parts[0] !== 'organizations') return problem(404, 'not-found', 'No such resource.');
  if (parts.length === 1) return method === 'POST' ? createOrganization(body) : page(url, state.organizations.map(organizationJson));
  const organization = state.organizations.find((each) => each.slug === parts[1]);
  if (!organization) return problem(404, 'not-found', 'There is no such organization.');
  if (parts.length === 2) {
    if (method === 'PATCH') changeOrganization(organization, body, session);
    return json(200, organizationJson(organization));
  }
  const rooms = { providers, scim: tokens, groups, users, traces, sessions, deprovisioning, levels, audit, 'api-tokens': apiTokens };
  return rooms[parts[2]]?.(method, parts.slice(3), body, organization, url, session) ?? problem(404, 'not-found', 'No such resource.');
}

/** The table of levels, as far as the pages can meet it. */
function forbidden(method, parts, { level }) {
  const [room, , inner, , deeper] = parts;
  const no = () => problem(403, 'forbidden', 'Your level does not allow this.');
  if (level === 'operator' || room === 'notices' || (room === 'organizations' && parts.length < 2 && method === 'GET')) return null;
  if (room !== 'organizations') return no();
  if (level === 'runner') return no();
  const traces = (inner === 'scim' && parts[3] === 'brake') || ['audit', 'traces', 'sessions', 'deprovisioning', 'levels'].includes(inner) || ['timeline', 'sessions', 'invitations'].includes(deeper);
  if (method === 'GET' && level === 'viewer' && traces) return no();
  const administers = method !== 'GET' ? inner !== 'users' || (method === 'DELETE' && deeper !== 'invitations') : (inner === 'api-tokens' || (inner === 'scim' && parts[3] !== 'brake')) || ['level-change', 'deletion'].includes(deeper);
  if (level !== 'admin' && administers) return no();
  return method !== 'GET' && level === 'viewer' ? no() : null;
}

const LIMITS = { idle_s: 8 * 3600, absolute_s: 24 * 3600 };

function changeOrganization(organization, { session_limits: limits = {}, ...body }, session) {
  const before = Object.fromEntries(Object.keys(body).map((key) => [key, organization[key]]));
  for (const [level, limit] of Object.entries(limits)) organization.session_limits[level] = limit ?? LIMITS;
  record(session, organization, 'organization.changed', 'organization', organization, { before, after: body });
  Object.assign(organization, body);
}

function who(session) {
  const [organization] = state.organizations;
  const asUser = session.level !== 'operator';
  return {
    user: asUser ? { id: state.users[0]?.id ?? 'u1', userName: 'ada@acme.com', email: 'ada@acme.com', displayName: 'Ada Lovelace', origin: 'scim' } : null,
    operator: asUser ? null : session.operator, organization: asUser && organization ? { id: organization.id, slug: organization.slug, name: organization.name } : null,
    level: session.level, groups: [], provider: null, expires_at: new Date(Date.now() + 3.6e6).toISOString(),
  };
}

function createOrganization({ slug, name }) {
  if (!/^[a-z0-9-]{1,63}$/.test(slug ?? '')) return problem(422, 'slug', 'Use 1 to 63 small letters, digits and hyphens.', 'slug');
  if (state.organizations.some((each) => each.slug === slug)) return problem(409, 'slug-taken', 'Another organization has this short name.', 'slug');
  const made = { id: randomUUID(), slug, name, default_group_level: 'admin', default_user_level: 'viewer', local_sign_in: true, session_limits: { admin: LIMITS, editor: LIMITS, runner: LIMITS, viewer: LIMITS }, created_at: now() };
  state.organizations.push(made);
  return json(201, organizationJson(made));
}

function organizationJson(organization) {
  const mine = (each) => each.organization === organization.slug;
  return { ...organization, users: state.users.filter(mine).length, groups: state.groups.filter(mine).length, scim_endpoint: `${BASE}/scim/v2/${organization.slug}` };
}

function providers(method, [id, inner, ...rest], body, organization, url, session) {
  if (!id && method === 'POST') {
    const bad = body.domains?.find((domain) => !/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(domain));
    if (bad) return problem(422, 'domain', `“${bad}” is no domain. Type it like acme.com.`, 'domains');
    const provider = randomBytes(20).toString('hex').slice(0, 20);
    const made = {
      id: provider, organization: organization.slug, kind: body.kind, name: body.name ?? `${organization.slug}-okta`, state: 'draft',
      domains: body.domains.map((domain) => ({ domain, state: session.level === 'operator' ? 'active' : 'pending' })), acs_url: `${BASE}/saml/${provider}/acs`, entity_id: `${BASE}/saml/${provider}/metadata`,
      login_url: `${BASE}/saml/${provider}/login`, metadata_url: `${BASE}/saml/${provider}/metadata`, issuer: null, sso_url: null, idp_metadata_url: null,
      certificates: [], ...attributesOf(body.kind), ...ASKED, idp_initiated: false, jit: true, enforced: false, missing: ['metadata'], people: 0, last_sign_in_at: null, created_at: now(),
    };
    state.providers.push(made);
    record(session, organization, 'provider.added', 'provider', made, { after: { domains: body.domains } });
    return json(201, made);
  }
  if (!id) return page(url, state.providers.filter((each) => each.organization === organization.slug));
  const provider = state.providers.find((each) => each.id === id);
  if (!provider) return null;
  if (inner === 'metadata') return metadata(method, provider, body);
  if (inner === 'certificates') return certificates(method, provider, rest, body);
  if (inner) return json(200, deletionOf(provider, organization, session));
  if (method === 'DELETE') return deleteProvider(provider, organization, session);
  if (body.enforced !== undefined) return enforce(provider, body.enforced, organization, session);
  if (method === 'PATCH') {
    if (body.domains) body.domains = body.domains.map((domain) => ({ domain, state: 'active' }));
    const refusal = asked(provider, body) ?? connect(provider, body);
    if (refusal) return refusal;
  }
  return json(200, providerJson(provider));
}

function providerJson(provider) {
  const missing = unready(provider);
  return { ...provider, enforcement: { ready: missing.length === 0, missing, warning: '' } };
}

function unready(provider) {
  return [
    !provider.last_sign_in_at && { condition: 'sign-in', detail: 'nobody has signed in through it yet: sign in once with an account of the identity provider' },
    !state.drills.some((each) => each.passed) && { condition: 'drill', detail: 'no drill of a break-glass account has passed within 90 days: run `portcullis break-glass drill NAME` on the machine' },
  ].filter(Boolean);
}

function enforce(provider, enforced, organization, session) {
  const missing = unready(provider);
  if (enforced && missing.length) return problem(409, 'conflict', `SSO can't be required yet: ${missing.map((each) => each.detail).join('; ')}`, 'enforced');
  record(session, organization, 'provider.changed', 'provider', provider, { before: { enforced: provider.enforced }, after: { enforced } });
  provider.enforced = enforced;
  return json(200, providerJson(provider));
}

function deletionOf(provider, organization, session) {
  return {
    people: provider.people, you: session.level === 'admin', enforced: provider.enforced,
    scim_tokens: state.tokens.filter((each) => each.organization === organization.slug && !each.revoked_at).length,
    sessions: state.open.filter((each) => each.provider?.id === provider.id).length,
    other_ways_in: [...(organization.local_sign_in ? ['a password here, which 2 of them have'] : []), 'a break-glass account, for whoever runs this Portcullis'],
  };
}

function deleteProvider(provider, organization, session) {
  const { sessions: ended, scim_tokens: revoked, people } = deletionOf(provider, organization, session);
  take(state.open, (each) => each.provider?.id === provider.id);
  state.tokens.filter((each) => each.organization === organization.slug).forEach((each) => { each.revoked_at ??= now(); });
  if (people) state.users.filter((each) => each.organization === organization.slug && each.origin !== 'local').forEach((each) => { each.unmanaged_at = now(); });
  record(session, organization, 'provider.deleted', 'provider', provider, { sessions: ended, scim_tokens: revoked, people });
  take(state.providers, (each) => each === provider);
  return { status: 204, headers: {} };
}

function connect(provider, { metadata_xml: xml, metadata_url: url, certificate, mapping = {}, group_levels: levels = {}, ...rest }) {
  const pem = xml ? /X509Certificate>([^<]+)</.exec(xml)?.[1] : certificate;
  if (url) return problem(422, 'metadata-unreachable', 'Nothing answered at this address. If this appliance has no way to Okta, upload the file.', 'metadata_url');
  if (xml !== undefined && !pem) return problem(422, 'metadata', 'This is no SAML metadata: it has no EntityDescriptor.', 'metadata_xml');
  Object.assign(provider, rest);
  Object.assign(provider.mapping, mapping);
  Object.assign(provider.group_levels, levels);
  if (!pem) return null;
  let parsed;
  try {
    parsed = new X509Certificate(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64'));
  } catch {
    return problem(422, 'certificate', 'This is no certificate. Copy it whole, from BEGIN to END.', 'certificate');
  }
  if (xml) {
    provider.issuer = /entityID="([^"]+)"/.exec(xml)?.[1];
    provider.sso_url = /SingleSignOnService[^>]+Location="([^"]+)"/.exec(xml)?.[1];
  }
  provider.certificates = [{ fingerprint: createHash('sha256').update(parsed.raw).digest('hex'), subject: parsed.subject.replace(/\n/g, ', '), not_after: new Date(parsed.validTo).toISOString(), expired: false }];
  provider.state = 'active';
  provider.missing = [];
  return null;
}

function tokens(method, [room, id], body, organization, url) {
  if (room === 'brake') return brake(method, body, organization);
  if (method === 'POST') {
    const secret = `ptc_scim_${randomBytes(32).toString('base64url')}`;
    const made = { id: randomUUID(), organization: organization.slug, secret, name: body.name, created_at: now(), expires_at: body.expires_at ?? null, revoked_at: null, last_used_at: null, last_used_from: null };
    state.tokens.push(made);
    return json(201, { ...tokenJson(made), endpoint: `${BASE}/scim/v2/${organization.slug}`, token: secret });
  }
  if (method === 'DELETE') {
    const token = state.tokens.find((each) => each.id === id);
    if (token) token.revoked_at = now();
    return { status: 204, headers: {} };
  }
  return page(url, state.tokens.filter((each) => each.organization === organization.slug).map(tokenJson));
}

const tokenJson = ({ secret, organization, ...rest }) => rest;

function groups(method, [id, room], body, organization, url, session) {
  const mine = state.groups.filter((each) => each.organization === organization.slug);
  if (!id) return page(url, mine.map(groupJson), 'displayName');
  const group = mine.find((each) => each.id === id);
  if (!group) return null;
  if (room === 'level-change') return levelChange(group, url.searchParams.get('level'), session);
  if (room) return page(url, state.users.filter((user) => group.list.includes(user.id)).map(userJson));
  if (method === 'PATCH') {
    record(session, organization, 'group.level-changed', 'group', group, { before: { level: group.level }, after: body });
    Object.assign(group, body, { updated_at: now() });
  }
  return json(200, groupJson(group));
}

const groupJson = ({ list, organization, ...rest }) => ({ ...rest, members: list.length });

function traces(method, [reference], body, organization, url) {
  const mine = state.traces.filter((each) => each.organization === organization.slug).map(({ organization: _, ...rest }) => rest).reverse();
  if (reference) return json(200, mine.find((each) => each.reference === reference));
  return page(url, mine.filter((each) => ['kind', 'outcome'].every((key) => !url.searchParams.get(key) || each[key] === url.searchParams.get(key))));
}

function trace(organization, provider, kind, outcome, code, summary, detail) {
  const letters = randomBytes(8).toString('hex').toUpperCase();
  const made = { organization, reference: `${letters.slice(0, 4)}-${letters.slice(4, 8)}`, at: now(), kind, outcome, code, summary, provider, detail };
  state.traces.push(made);
  return made;
}

export function samlResponse(id, form) {
  const provider = state.providers.find((each) => each.id === id);
  if (!provider) return { title: 'Sign-in failed', message: 'There is no such provider.', reference: 'none', retry_url: '/login' };
  const checks = [
    { code: 'signature', name: 'Signature', expected: 'signed by a certificate of this provider', got: 'signed by a certificate of this provider', passed: true },
    { code: 'issuer', expected: provider.issuer, got: provider.issuer, passed: true },
    { code: 'destination', expected: provider.acs_url, got: provider.acs_url, passed: true },
    { code: 'audience', expected: provider.entity_id, got: provider.entity_id, passed: true },
    { code: 'in-response-to', name: 'Answer to our request', expected: 'a request of this browser', got: 'a request of this browser', passed: true },
  ];
  if (form.get('SAMLResponse') === 'accepted') {
    provider.last_sign_in_at = now();
    provider.people = 1;
    const ada = state.users.find((each) => each.organization === provider.organization);
    if (ada) openSessions(ada, 1);
    trace(provider.organization, id, 'saml', 'accepted', 'ok', 'ada@acme.com signed in', { checks });
    return { title: 'Signed in', message: 'The mock took it.', reference: '', retry_url: '/' };
  }
  const failed = { code: 'audience', expected: provider.entity_id, got: `${provider.entity_id}/`, passed: false };
  const made = trace(provider.organization, id, 'saml', 'refused', 'audience', 'The response is meant for another application.', {
    checks: [...checks.slice(0, 3), failed], fix: `In the app’s SAML settings set Audience URI (SP Entity ID) to ${provider.entity_id}.`,
  });
  return { title: 'Sign-in failed', message: 'What Okta sent was meant for another application.', reference: made.reference, retry_url: '/login' };
}

export function scim(request, url, text) {
  const [slug, kind] = url.pathname.slice('/scim/v2/'.length).split('/');
  const token = state.tokens.find((each) => each.organization === slug && !each.revoked_at && request.headers.authorization === `Bearer ${each.secret}`);
  if (!token) return json(401, { schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: '401', detail: 'No valid token.' });
  token.last_used_at = now();
  token.last_used_from = '192.0.2.44';
  const body = text ? JSON.parse(text) : {};
  trace(slug, null, 'scim', 'accepted', 'ok', `${request.method} /${kind} ${body.userName ?? body.displayName ?? ''}`.trim(), { method: request.method, path: url.pathname, status: request.method === 'POST' ? 201 : 200 });
  if (request.method !== 'POST') return json(200, { schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'], totalResults: 0, startIndex: 1, itemsPerPage: 0, Resources: [] });
  const times = { id: randomUUID(), organization: slug, externalId: body.externalId ?? null, origin: 'scim', created_at: now(), updated_at: now() };
  if (kind === 'Users') {
    const named = [body.name?.givenName, body.name?.familyName].filter(Boolean).join(' ');
    pushed({ ...times, unmanaged_at: null, userName: body.userName, email: body.emails?.[0]?.value ?? null, displayName: named, active: body.active ?? true, last_sign_in_at: state.users.length % 3 ? new Date(Date.now() - 8.64e7 * state.users.length).toISOString() : null }, state.users.length % 3);
  } else {
    const level = state.organizations.find((each) => each.slug === slug).default_group_level;
    state.groups.push({ ...times, displayName: body.displayName, level, list: (body.members ?? []).map((member) => member.value) });
  }
  return json(201, { ...body, id: times.id });
}
