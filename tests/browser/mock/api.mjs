// The mock's state and its answers. Only what the pages ask; nothing is kept.
import { randomBytes, randomUUID, createHash, X509Certificate } from 'node:crypto';

const BASE = process.env.MOCK_PUBLIC_URL ?? 'https://door.example';
const state = { organizations: [], providers: [], tokens: [], users: [], groups: [], traces: [], sessions: new Map() };
const now = () => new Date().toISOString();

export const organizations = () => state.organizations;

export function signIn(username, password) {
  const known = [process.env.BREAK_GLASS_USERNAME ?? 'breakglass', 'admin', 'editor', 'viewer', 'runner'];
  if (!known.includes(username) || password !== (process.env.BREAK_GLASS_PASSWORD ?? 'open-sesame')) return null;
  const key = randomBytes(16).toString('hex');
  state.sessions.set(key, { operator: { id: randomUUID(), name: username }, level: known.indexOf(username) > 0 ? username : 'operator' });
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
  if (parts[0] !== 'organizations') return problem(404, 'not-found', 'No such resource.');
  if (parts.length === 1) return method === 'POST' ? createOrganization(body) : page(url, state.organizations.map(organizationJson));
  const organization = state.organizations.find((each) => each.slug === parts[1]);
  if (!organization) return problem(404, 'not-found', 'There is no such organization.');
  if (parts.length === 2) {
    if (method === 'PATCH') Object.assign(organization, body);
    return json(200, organizationJson(organization));
  }
  const rooms = { providers, scim: tokens, groups, users, traces };
  return rooms[parts[2]]?.(method, parts.slice(3), body, organization, url) ?? problem(404, 'not-found', 'No such resource.');
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
  const made = { id: randomUUID(), slug, name, default_group_level: 'admin', default_user_level: 'viewer', created_at: now() };
  state.organizations.push(made);
  return json(201, organizationJson(made));
}

function organizationJson(organization) {
  const mine = (each) => each.organization === organization.slug;
  return { ...organization, users: state.users.filter(mine).length, groups: state.groups.filter(mine).length, scim_endpoint: `${BASE}/scim/v2/${organization.slug}` };
}

function providers(method, [id], body, organization, url) {
  if (!id && method === 'POST') {
    const bad = body.domains?.find((domain) => !/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(domain));
    if (bad) return problem(422, 'domain', `“${bad}” is no domain. Type it like acme.com.`, 'domains');
    const provider = randomBytes(20).toString('hex').slice(0, 20);
    const made = {
      id: provider, organization: organization.slug, kind: body.kind, name: body.name ?? `${organization.slug}-okta`, state: 'draft',
      domains: body.domains.map((domain) => ({ domain, state: 'active' })), acs_url: `${BASE}/saml/${provider}/acs`, entity_id: `${BASE}/saml/${provider}/metadata`,
      login_url: `${BASE}/saml/${provider}/login`, metadata_url: `${BASE}/saml/${provider}/metadata`, issuer: null, sso_url: null, idp_metadata_url: null,
      certificates: [], idp_initiated: false, jit: true, missing: ['metadata'], people: 0, last_sign_in_at: null, created_at: now(),
    };
    state.providers.push(made);
    return json(201, made);
  }
  if (!id) return page(url, state.providers.filter((each) => each.organization === organization.slug));
  const provider = state.providers.find((each) => each.id === id);
  if (!provider) return null;
  if (method === 'DELETE') {
    state.providers.splice(state.providers.indexOf(provider), 1);
    return { status: 204, headers: {} };
  }
  if (method === 'PATCH') {
    if (body.domains) body.domains = body.domains.map((domain) => ({ domain, state: 'active' }));
    const refusal = connect(provider, body);
    if (refusal) return refusal;
  }
  return json(200, provider);
}

function connect(provider, { metadata_xml: xml, metadata_url: url, certificate, ...rest }) {
  const pem = xml ? /X509Certificate>([^<]+)</.exec(xml)?.[1] : certificate;
  if (url) return problem(422, 'metadata-unreachable', 'Nothing answered at this address. If this appliance has no way to Okta, upload the file.', 'metadata_url');
  if (xml !== undefined && !pem) return problem(422, 'metadata', 'This is no SAML metadata: it has no EntityDescriptor.', 'metadata_xml');
  Object.assign(provider, rest);
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

function tokens(method, [, id], body, organization, url) {
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

function groups(method, [id, members], body, organization, url) {
  const mine = state.groups.filter((each) => each.organization === organization.slug);
  if (!id) return page(url, mine.map(groupJson), 'displayName');
  const group = mine.find((each) => each.id === id);
  if (!group) return null;
  if (members) return page(url, state.users.filter((user) => group.list.includes(user.id)).map(userJson));
  if (method === 'PATCH') Object.assign(group, body, { updated_at: now() });
  return json(200, groupJson(group));
}

const groupJson = ({ list, organization, ...rest }) => ({ ...rest, members: list.length });

function users(method, [id], body, organization, url) {
  const mine = state.users.filter((each) => each.organization === organization.slug);
  if (!id) return page(url, mine.map(userJson), 'displayName');
  const user = mine.find((each) => each.id === id);
  if (!user) return null;
  if (method === 'PATCH') Object.assign(user, body, { updated_at: now(), sessions: 0 });
  return json(200, userJson(user));
}

function userJson({ organization, ...user }) {
  const levels = state.groups.filter((group) => group.list.includes(user.id)).map((group) => ({ level: group.level, from: 'group', group: { id: group.id, displayName: group.displayName } }));
  levels.push({ level: 'viewer', from: 'default' });
  const level = ['admin', 'editor', 'runner', 'viewer'].find((each) => levels.some((given) => given.level === each));
  return { ...user, level, levels };
}

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
    { code: 'signature', expected: 'signed by a certificate of this provider', got: 'signed by a certificate of this provider', passed: true },
    { code: 'issuer', expected: provider.issuer, got: provider.issuer, passed: true },
    { code: 'destination', expected: provider.acs_url, got: provider.acs_url, passed: true },
    { code: 'audience', expected: provider.entity_id, got: provider.entity_id, passed: true },
    { code: 'in-response-to', expected: 'a request of this browser', got: 'a request of this browser', passed: true },
  ];
  if (form.get('SAMLResponse') === 'accepted') {
    provider.last_sign_in_at = now();
    provider.people = 1;
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
    state.users.push({ ...times, userName: body.userName, email: body.emails?.[0]?.value ?? null, displayName: named, active: body.active ?? true, sessions: state.users.length % 3, last_sign_in_at: state.users.length % 3 ? new Date(Date.now() - 8.64e7 * state.users.length).toISOString() : null });
  } else {
    const level = state.organizations.find((each) => each.slug === slug).default_group_level;
    state.groups.push({ ...times, displayName: body.displayName, level, list: (body.members ?? []).map((member) => member.value) });
  }
  return json(201, { ...body, id: times.id });
}

function page(url, items, searched) {
  const query = url.searchParams.get('q')?.toLowerCase();
  const found = query && searched ? items.filter((each) => each[searched].toLowerCase().startsWith(query)) : items;
  const from = Number(url.searchParams.get('after') ?? 0);
  const limit = Number(url.searchParams.get('limit') ?? 50);
  return json(200, { items: found.slice(from, from + limit), total: found.length, next: from + limit < found.length ? String(from + limit) : null });
}

const json = (status, value) => ({ status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) });

function problem(status, code, detail, field) {
  return { status, headers: { 'Content-Type': 'application/problem+json' }, body: JSON.stringify({ type: 'about:blank', title: { 401: 'Not signed in', 404: 'Not found', 409: 'Taken', 422: 'Not accepted' }[status], status, detail, code, field }) };
}
