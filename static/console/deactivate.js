// Switching a user off and on, and taking a local one away: what it ends is said before and after.
import { change, read, remove } from './api.js';
import { h } from './dom.js';
import { ask } from './dialog.js';
import { levelName, mayReadTraces } from './session.js';
import { nameOf, notice, plural } from './show.js';
import { when } from './time.js';

const pathOf = (page, user) => `${page.api}/users/${encodeURIComponent(user.id)}`;

export async function deactivate(page, user) {
  const name = nameOf(user);
  const done = await ask({
    title: `Deactivate ${name}?`,
    content: [
      page.session.user?.id === user.id && notice('bad', 'This is you. You are signed out at once.'),
      h('p', user.sessions ? `${plural(user.sessions, 'session')} of theirs ${user.sessions === 1 ? 'ends' : 'end'} at once` : 'No session is open', ', and they cannot sign in again. Their API tokens and open invitations end, too; activating them later brings none of it back.'),
      h('p', { class: 'muted' }, 'The account, its groups and its link are kept.', user.origin === 'scim' && !user.unmanaged_at && ' Okta can make it active again with its next push, so unassign them from the app in Okta, too.'),
    ],
    submit: 'Deactivate',
    danger: true,
    send: () => change(pathOf(page, user), { active: false }),
  });
  if (done) page.again(await result(page, user, name));
}

export async function activate(page, user) {
  const done = await ask({
    title: `Activate ${nameOf(user)}?`,
    content: [
      h('p', `They can sign in again, with the level ${levelName(user.level)}.`),
      h('p', { class: 'muted' }, 'Sessions, API tokens and invitations that ended stay ended.'),
    ],
    submit: 'Activate',
    send: () => change(pathOf(page, user), { active: true }),
  });
  if (done) page.again();
}

export async function erase(page, user) {
  const name = nameOf(user);
  const done = await ask({
    title: `Delete ${name}?`,
    content: [
      page.session.user?.id === user.id && notice('bad', 'This is you. You are signed out at once.'),
      notice('bad', h('p', `The account ${user.userName} goes for good: its password, second factor, level and group memberships.`),
        h('p', user.sessions ? `${plural(user.sessions, 'open session')} and every API token and invitation of theirs ${user.sessions === 1 ? 'ends' : 'end'} at once.` : 'Every API token and invitation of theirs ends at once.')),
      h('p', { class: 'muted' }, 'The audit log keeps what they did. To keep the account and only shut it, deactivate it instead.'),
    ],
    submit: 'Delete user',
    danger: true,
    send: () => remove(pathOf(page, user)),
  });
  if (done) page.go(page.at('users'), { said: `${name} is deleted.` });
}

/** 'Grace is deactivated: 3 sessions and 1 API token ended in 4 ms', as the audit log has it. */
async function result(page, user, name) {
  const plain = `${name} is deactivated.`;
  if (!mayReadTraces(page.session)) return plain;
  try {
    const last = lastDeactivation(await read(`${pathOf(page, user)}/timeline?limit=10`, page.signal));
    return last ? `${name} is deactivated: ${ended(last.detail)}.` : plain;
  } catch {
    return plain;
  }
}

export function lastDeactivation({ items }) {
  return items.find((line) => line.action === 'user.deactivated') ?? null;
}

/** What a deactivation ended and how long that took, in words. */
export function ended({ ended: counts = {}, took_ms: took }) {
  const parts = [['sessions', 'session'], ['tokens', 'API token'], ['invitations', 'invitation']]
    .filter(([key]) => counts[key] > 0)
    .map(([key, noun]) => plural(counts[key], noun));
  const what = parts.length ? `${parts.length > 1 ? `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}` : parts[0]} ended` : 'nothing was open';
  return took === undefined || took === null ? what : `${what}${parts.length ? ' in ' : ', seen to in '}${milliseconds(took)}`;
}

export function milliseconds(took) {
  if (took < 1) return 'under 1 ms';
  return took < 10_000 ? `${Math.round(took).toLocaleString('en')} ms` : `${Math.round(took / 1000).toLocaleString('en')} s`;
}

/** What stands above a user who is switched off. */
export function inactiveNotice(last) {
  return notice('plain', h('p', 'Inactive: cannot sign in, has no session. The account, its link and its groups are kept.'),
    last && h('p', 'Deactivated ', when(last.at), ` by ${last.actor.name}: ${ended(last.detail)}.`));
}
