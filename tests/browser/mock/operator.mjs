// The mock's appliance: break-glass accounts, drills, webhooks, notices, API tokens, the audit log.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { lineJson } from './people.mjs';
import { ago, json, nothing, now, page, problem, record, secret, state, take, unnumbered } from './state.mjs';

const account = (username) => ({ id: randomUUID(), username, state: 'enabled', disabled_at: null, networks: [], needs_arming: false, armed_until: null, armed: true, second_factor: false, created_at: ago(2000), password_changed_at: ago(2000), password_used: false, last_used_at: null, last_drill: null });

/** A break-glass sign-in is announced, and its password asks to be changed. */
export function used(username) {
  let found = state.accounts.find((each) => each.username === username);
  if (!found) state.accounts.push(found = account(username));
  Object.assign(found, { last_used_at: now(), password_used: true });
  take(state.notices, (each) => each.name === username);
  state.notices.unshift(
    { name: username, kind: 'break-glass-used', at: now(), text: `Break-glass account ${username} signed in from 192.0.2.7.` },
    { name: username, kind: 'password-used', at: now(), text: `The password of ${username} was used. Set another on the machine: portcullis break-glass reset-password ${username}` },
  );
  record({ level: 'operator', operator: { id: 'o1', name: username } }, null, 'break-glass.used', 'break-glass account', found);
}

export function notices(method, rest, body, url) {
  return page(url, state.notices.map(({ name, ...rest }) => rest));
}

export function accounts(method, [name, room, confirm], body, url, session) {
  if (!name && method === 'POST') {
    if (!/^[\w.-]{1,64}$/.test(body.username ?? '')) return problem(422, 'invalid', 'Use letters, digits, dots, hyphens and underscores.', 'username');
    if (state.accounts.some((each) => each.username === body.username)) return problem(409, 'taken', 'There is an account of this name.', 'username');
    const made = { ...account(body.username), created_at: now(), password_changed_at: now() };
    state.accounts.push(made);
    record(session, null, 'break-glass.created', 'break-glass account', made);
    return json(201, { ...made, password: secret('').slice(0, 28) });
  }
  if (!name) return page(url, state.accounts);
  const found = state.accounts.find((each) => each.username === name);
  if (!found) return null;
  if (room === 'second-factor') return secondFactor(method, found, confirm, body, session);
  const wrong = body.networks?.find((each) => !/^[\da-f.:]+\/\d{1,3}$/i.test(each));
  if (wrong) return problem(422, 'invalid', `“${wrong}” is no network. Type it like 10.0.0.0/8.`, 'networks');
  record(session, null, 'break-glass.changed', 'break-glass account', found, { before: pick(found, body), after: body });
  const { disabled, ...rest } = body;
  if (disabled && state.accounts.every((each) => each === found || each.disabled_at)) return problem(409, 'conflict', 'This is the last enabled break-glass account; enable another one first.', 'disabled');
  if (disabled !== undefined) Object.assign(found, { disabled_at: disabled ? now() : null, state: disabled ? 'disabled' : 'enabled' });
  Object.assign(found, rest);
  const warnings = found.networks.length ? ['You come from 192.0.2.7, which is not within 10.0.0.0/8, 2001:db8::/32.'] : [];
  return json(200, { ...found, warnings: body.networks ? warnings : [] });
}

const pick = (from, like) => Object.fromEntries(Object.keys(like).map((key) => [key, from[key]]));

function secondFactor(method, found, confirm, { code }, session) {
  if (method === 'DELETE') {
    found.second_factor = false;
    return nothing();
  }
  if (!confirm) {
    const key = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
    return json(201, { secret: key, uri: `otpauth://totp/Portcullis:${found.username}?secret=${key}&issuer=Portcullis`, qr_svg: picture() });
  }
  if (code !== '123456') return problem(422, 'code', 'This code is not right. Is the clock of the phone?', 'code');
  found.second_factor = true;
  record(session, null, 'break-glass.second-factor-added', 'break-glass account', found);
  return json(200, { recovery_codes: Array.from({ length: 10 }, () => randomBytes(5).toString('hex').replace(/(.{5})/, '$1-')) });
}

/** What admins have added, of all providers. */
export function domains(method, [name], body, url, session) {
  const claims = state.providers.flatMap((provider) => provider.domains.map((each) => ({ each, provider })));
  if (!name) {
    const wanted = claims.filter(({ each }) => each.state === (url.searchParams.get('state') ?? 'pending'));
    return page(url, wanted.map(claimJson), 'domain');
  }
  const found = claims.find(({ each }) => each.domain === name);
  if (!found) return null;
  const organization = state.organizations.find(({ slug }) => slug === found.provider.organization);
  record(session, organization, method === 'DELETE' ? 'domain.refused' : 'domain.approved', 'domain', { name }, { provider: found.provider.id });
  if (method === 'DELETE') {
    take(found.provider.domains, (each) => each === found.each);
    return nothing();
  }
  Object.assign(found.each, body);
  return json(200, claimJson(found));
}

function claimJson({ each, provider }) {
  const { slug, name } = state.organizations.find((organization) => organization.slug === provider.organization);
  return { ...each, organization: { slug, name }, provider: { id: provider.id, name: provider.name }, created_at: provider.created_at };
}

/** Looks like a QR code from afar. */
function picture() {
  const side = 33;
  const bits = createHash('sha512').update('qr').digest();
  let path = '';
  for (let y = 4; y < side - 4; y += 1) for (let x = 4; x < side - 4; x += 1) if (bits[(y * 31 + x * 7) % 64] & (1 << (x * y) % 8)) path += `M${x},${y}h1v1h-1z`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges"><path fill="#fff" d="M0,0h${side}v${side}h-${side}z"/><path fill="#000" d="${path}"/></svg>`;
}

/** Drills are run on the machine; here the walk asks for one. */
export function drill(name, passed) {
  const made = { id: randomUUID(), account: name, at: now(), passed, checks: [
    { check: 'enabled', passed: true, note: 'the account is enabled' }, { check: 'networks', passed: true, note: 'allowed from anywhere' },
    { check: 'armed', passed: true, note: 'it needs no arming' }, { check: 'password', passed, note: passed ? 'the password is right' : 'the password is wrong' },
    { check: 'session', passed, note: passed ? 'a session was opened and ended' : 'not tried, as another check didn’t hold' },
  ] };
  state.drills.unshift(made);
  const found = state.accounts.find((each) => each.username === name);
  if (found) found.last_drill = { at: made.at, passed };
}

export const drills = (method, rest, body, url) => page(url, state.drills);

export function webhooks(method, [id, test], body, url, session) {
  if (test) {
    state.webhooks.find((each) => each.id === id).last_delivered_at = now();
    return json(202, { event: randomUUID() });
  }
  if (method === 'POST') {
    if (!/^https:\/\/|^http:\/\/(localhost|127\.0\.0\.1)/.test(body.url ?? '')) return problem(422, 'invalid', 'Use https, or http to this machine itself.', 'url');
    const made = { id: randomUUID(), url: body.url, kinds: body.kinds ?? [], created_at: now(), pending: 0, last_delivered_at: null, last_error: null };
    state.webhooks.push(made);
    record(session, null, 'webhook.created', 'webhook', { id: made.id, name: new URL(made.url).origin });
    return json(201, { ...made, secret: `whsec_${randomBytes(32).toString('base64')}` });
  }
  if (method === 'DELETE') {
    take(state.webhooks, (each) => each.id === id);
    return nothing();
  }
  return page(url, state.webhooks);
}

/** Of an organization, or of the appliance where there is none. */
export function apiTokens(method, [id], body, organization, url, session) {
  const slug = organization?.slug ?? null;
  if (method === 'POST') {
    const made = { id: randomUUID(), organization: slug, name: body.name, scopes: body.scopes, created_at: now(), expires_at: body.expires_at, revoked_at: null, last_used_at: null, last_used_from: null };
    state.apiTokens.push(made);
    record(session, organization, 'token.created', 'token', made, { kind: 'api', scopes: made.scopes });
    return json(201, { ...tokenJson(made), token: secret('ptc_api_') });
  }
  const mine = state.apiTokens.filter((each) => each.organization === slug);
  if (method === 'DELETE') {
    const found = mine.find((each) => each.id === id);
    found.revoked_at = now();
    record(session, organization, 'token.revoked', 'token', found, { kind: 'api' });
    return nothing();
  }
  return page(url, mine.map(tokenJson));
}

const tokenJson = ({ organization, ...rest }) => rest;

export function audit(method, [what], body, organization, url) {
  if (what === 'retention') {
    if (method === 'PATCH') state.retention = body.days;
    return json(200, { days: state.retention });
  }
  const asked = (name) => url.searchParams.get(name);
  const like = (value, wanted) => !wanted || String(value ?? '').toLowerCase().includes(wanted.toLowerCase());
  const lines = state.audit.filter((line) => (!organization || line.organization === organization.slug)
    && (like(line.actor.name, asked('actor')) || line.actor.id === asked('actor')) && (like(line.target.name, asked('target')) || line.target.id === asked('target'))
    && (!asked('action') || line.action === asked('action')) && (!asked('from') || line.at >= asked('from')) && (!asked('to') || line.at < asked('to')));
  if (asked('action') && !/^[a-z-]+\.[a-z-]+$/.test(asked('action'))) return problem(422, 'invalid', 'expected a word of the log, such as user.deactivated', 'action');
  const hash = createHash('sha256').update(JSON.stringify(state.audit)).digest('hex');
  if (what === 'verify') return json(200, { ok: true, checked: state.audit.length, first_seq: 1, last_seq: state.audit.length, hash, problems: [] });
  if (what === 'checkpoint') return json(200, { seq: state.audit.length, hash, at: now() });
  if (what === 'export') return { status: 200, headers: { 'Content-Type': 'application/x-ndjson' }, body: lines.map((line) => `${JSON.stringify(lineJson(line))}\n`).join('') };
  return unnumbered(page(url, lines.map(lineJson).reverse()));
}
