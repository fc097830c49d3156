// The mock's people: users with their levels, links, sessions and timelines.
import { randomUUID } from 'node:crypto';
import { ahead, BASE, json, nothing, now, openSessions, page, problem, record, secret, state, take, unnumbered } from './state.mjs';

const RANK = ['viewer', 'runner', 'editor', 'admin'];

export function users(method, [id, room, item], body, organization, url, session) {
  const mine = state.users.filter((each) => each.organization === organization.slug);
  if (!id) return method === 'POST' ? invite(body, organization, session) : page(url, mine.map(userJson), 'displayName');
  const user = mine.find((each) => each.id === id);
  if (!user) return null;
  if (room === 'sessions') return sessionsOf(method, user, url, session, organization);
  if (room === 'invitations') return invitations(method, user, item, body, url, session, organization);
  if (room === 'timeline') return unnumbered(page(url, state.audit.filter((line) => line.target.id === user.id || line.actor.id === user.id).map(lineJson).reverse()));
  if (method === 'PATCH') return changeUser(user, body, organization, session);
  if (method === 'DELETE') return deleteUser(user, organization, session);
  return json(200, userJson(user));
}

export const lineJson = ({ organization, ...line }) => line;

export function userJson({ organization, direct, ...user }) {
  const levels = state.groups.filter((group) => group.list.includes(user.id)).map((group) => ({ level: group.level, from: 'group', group: { id: group.id, displayName: group.displayName } }));
  if (direct) levels.push({ level: direct, from: 'direct' });
  levels.push({ level: 'viewer', from: 'default' });
  return { ...user, level: highest(levels.map((each) => each.level)), levels, sessions: state.open.filter((each) => each.user.id === user.id).length };
}

const highest = (levels) => RANK.findLast((level) => levels.includes(level)) ?? null;

function invite({ userName, email, displayName, level }, organization, session) {
  if (!/^\S+@\S+\.\S+$/.test(userName ?? '')) return problem(422, 'invalid', 'This is no e-mail address. Type it like ada@acme.com.', 'userName');
  if (state.users.some((each) => each.organization === organization.slug && each.userName === userName)) return problem(409, 'taken', 'A user of this organization has this address already.', 'userName');
  if (level === 'admin' && session.level === 'editor') return problem(403, 'forbidden', 'Only admins make admins.', 'level');
  const user = {
    id: randomUUID(), organization: organization.slug, userName, email, displayName, active: true, origin: 'local', direct: level === 'viewer' ? null : level,
    externalId: null, created_at: now(), updated_at: now(), last_sign_in_at: null, unmanaged_at: null,
  };
  state.users.push(user);
  record(session, organization, 'user.created', 'user', user, { after: { level } });
  return json(201, { ...userJson(user), invitation: link(user, 'join', session, organization) });
}

function link(user, kind, session, organization) {
  state.invitations.filter((each) => each.user === user.id && !each.used_at).forEach((each) => { each.revoked_at ??= now(); });
  const made = { id: randomUUID(), user: user.id, kind, created_by: session.operator.name, created_at: now(), expires_at: ahead(kind === 'join' ? 168 : 24), used_at: null, revoked_at: null };
  state.invitations.push(made);
  record(session, organization, 'invitation.created', 'user', user, { kind });
  return { id: made.id, kind, created_by: made.created_by, url: `${BASE}/join/${secret('')}`, expires_at: made.expires_at };
}

function invitations(method, user, item, { kind }, url, session, organization) {
  if (method === 'POST') return json(201, link(user, kind, session, organization));
  const mine = state.invitations.filter((each) => each.user === user.id);
  if (method === 'DELETE') {
    mine.find((each) => each.id === item).revoked_at = now();
    return nothing();
  }
  return page(url, mine.map(({ user: _, ...rest }) => rest).reverse());
}

function changeUser(user, body, organization, session) {
  if (body.displayName !== undefined && user.origin !== 'local') return problem(409, 'managed', 'This user is kept by an identity provider. Change them there.', 'displayName');
  if ('level' in body) {
    const before = userJson(user).level;
    user.direct = body.level;
    record(session, organization, 'user.level-changed', 'user', user, { before: { level: before }, after: { level: userJson(user).level } });
  }
  if ('active' in body && body.active !== user.active) {
    if (body.active) record(session, organization, 'user.reactivated', 'user', user);
    else endAccess(user, organization, session, 'user.deactivated');
    user.active = body.active;
  }
  for (const name of ['displayName', 'email']) {
    if (body[name] === undefined || body[name] === user[name]) continue;
    record(session, organization, 'user.changed', 'user', user, { before: { [name]: user[name] }, after: { [name]: body[name] } });
    user[name] = body[name];
  }
  user.updated_at = now();
  return json(200, userJson(user));
}

function endAccess(user, organization, session, action) {
  const pending = state.invitations.filter((each) => each.user === user.id && !each.used_at && !each.revoked_at);
  pending.forEach((each) => { each.revoked_at = now(); });
  const ended = { sessions: take(state.open, (each) => each.user.id === user.id), tokens: 1, invitations: pending.length };
  record(session, organization, action, 'user', user, { ended, took_ms: 4 });
}

function deleteUser(user, organization, session) {
  if (user.origin !== 'local') return problem(409, 'managed', 'An identity provider keeps this user. Remove them there, or deactivate them.');
  endAccess(user, organization, session, 'user.deleted');
  take(state.users, (each) => each.id === user.id);
  return nothing();
}

const sessionJson = ({ organization, ...rest }) => rest;

function sessionsOf(method, user, url, session, organization) {
  if (method === 'DELETE') return endSessions((each) => each.user.id === user.id, user, organization, session);
  return page(url, state.open.filter((each) => each.user.id === user.id).map(sessionJson));
}

export function sessions(method, [id], body, organization, url, session) {
  if (method === 'DELETE') {
    const found = state.open.find((each) => each.id === id);
    if (id && !found) return null;
    return id ? endSessions((each) => each.id === id, found.user, organization, session) : endSessions((each) => each.organization === organization.slug, organization, organization, session);
  }
  return page(url, state.open.filter((each) => each.organization === organization.slug).map(sessionJson));
}

function endSessions(matches, target, organization, session) {
  const count = take(state.open, matches);
  record(session, organization, 'session.ended', 'user', target, { sessions: count });
  return json(200, { ended: count });
}

export function deprovisioning(method, rest, body, organization, url) {
  const lines = state.audit.filter((line) => line.organization === organization.slug && ['user.deactivated', 'user.deleted'].includes(line.action)).reverse();
  const items = lines.map((line) => ({ seq: line.seq, at: line.at, what: line.action.slice(5), user: { id: line.target.id, userName: line.target.name }, actor: line.actor, via: line.via, ...line.detail }));
  return json(200, { items, total: null, next: null, count: items.length, p50_ms: 4, p99_ms: 11 });
}

export function levels(method, rest, body, organization, url) {
  const level = url.searchParams.get('level');
  if (new Date(url.searchParams.get('at') ?? 0) > new Date()) return problem(422, 'invalid', 'expected a time that has passed', 'at');
  return page(url, state.users.filter((each) => each.organization === organization.slug).map(userJson).filter((user) => user.level === level));
}

export function levelChange(group, level, session) {
  const gains = [];
  const loses = [];
  for (const user of state.users.filter((each) => group.list.includes(each.id))) {
    const { levels, level: from } = userJson(user);
    const to = highest([...levels.filter((each) => each.group?.id !== group.id).map((each) => each.level), level]);
    const entry = { id: user.id, userName: user.userName, from, to };
    if (RANK.indexOf(to) > RANK.indexOf(from)) gains.push(entry);
    if (RANK.indexOf(to) < RANK.indexOf(from)) loses.push(entry);
  }
  return json(200, { gains: gains.slice(0, 100), gains_total: gains.length, loses: loses.slice(0, 100), loses_total: loses.length, you: session.level === 'admin' && loses.length > 0 });
}

export function pushed(user, sessions) {
  state.users.push(user);
  openSessions(user, sessions);
  record(null, { slug: user.organization }, 'user.created', 'user', user, { after: { userName: user.userName } });
}
