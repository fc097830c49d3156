// What the mock knows until it ends, and how it answers.
import { randomBytes, randomUUID } from 'node:crypto';

export const BASE = process.env.MOCK_PUBLIC_URL ?? 'https://door.example';

export const state = {
  organizations: [], providers: [], tokens: [], users: [], groups: [], traces: [],
  /** Of the mock itself, by cookie. */
  sessions: new Map(),
  /** Of the people in it. */
  open: [], invitations: [], apiTokens: [], audit: [], accounts: [], drills: [], webhooks: [], notices: [],
  /** Days that audit lines are kept. */
  retention: null,
};

export const now = () => new Date().toISOString();
export const ago = (hours) => new Date(Date.now() - hours * 3.6e6).toISOString();
export const ahead = (hours) => ago(-hours);

export const json = (status, value) => ({ status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) });
export const nothing = () => ({ status: 204, headers: {} });

const TITLES = { 401: 'Not signed in', 403: 'Not allowed', 404: 'Not found', 409: 'Refused', 422: 'Not accepted' };

export function problem(status, code, detail, field) {
  return { status, headers: { 'Content-Type': 'application/problem+json' }, body: JSON.stringify({ type: 'about:blank', title: TITLES[status], status, detail, code, field }) };
}

export function page(url, items, searched) {
  const query = url.searchParams.get('q')?.toLowerCase();
  const found = query && searched ? items.filter((each) => each[searched].toLowerCase().startsWith(query)) : items;
  const from = Number(url.searchParams.get('after') ?? 0);
  const limit = Number(url.searchParams.get('limit') ?? 50);
  return json(200, { items: found.slice(from, from + limit), total: found.length, next: from + limit < found.length ? String(from + limit) : null });
}

/** A page of a list that nobody counts. */
export const unnumbered = (answer) => ({ ...answer, body: JSON.stringify({ ...JSON.parse(answer.body), total: null }) });

/** One more line of the audit log, written as the signed-in person. */
export function record(session, organization, action, kind, target, detail = {}) {
  const operator = session?.level === 'operator';
  state.audit.push({
    seq: state.audit.length + 1, at: now(), organization: organization?.slug ?? null,
    actor: session ? { kind: operator ? 'operator' : 'user', id: operator ? session.operator.id : 'u1', name: operator ? session.operator.name : 'ada@acme.com' } : { kind: 'scim', id: null, name: 'Okta' },
    client: session ? '192.0.2.7' : '192.0.2.44', via: session ? 'session' : 'scim', action,
    target: { kind, id: target.id ?? null, name: target.userName ?? target.displayName ?? target.name ?? target.username ?? target.slug ?? '' }, detail,
  });
}

const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15',
];

/** Opens sessions as if that many browsers had signed in. */
export function openSessions(user, count) {
  for (let index = 0; index < count; index += 1) {
    const provider = state.providers.find((each) => each.organization === user.organization);
    state.open.push({
      organization: user.organization, id: randomUUID(), user: { id: user.id, userName: user.userName }, method: user.origin === 'local' ? 'password' : 'saml',
      provider: user.origin === 'local' || !provider ? null : { id: provider.id, name: provider.name }, client: `192.0.2.${20 + index}`, user_agent: AGENTS[index % 2],
      created_at: ago(3 + index), last_seen_at: ago(index / 2), expires_at: ahead(20),
    });
  }
}

/** Takes out of a list what matches, and says how many that were. */
export function take(list, matches) {
  const before = list.length;
  list.splice(0, before, ...list.filter((each) => !matches(each)));
  return before - list.length;
}

export const secret = (prefix) => prefix + randomBytes(32).toString('base64url');
