// Who is signed in, and what the console offers them. The server decides again on every request;
// this only hides buttons that would be refused.

export const LEVELS = [
  { level: 'admin', name: 'Admin', may: 'manages users, groups, providers and this organization' },
  { level: 'editor', name: 'Editor', may: 'reads everything, changes local users' },
  { level: 'runner', name: 'Runner', may: 'uses applications, sees only their own profile' },
  { level: 'viewer', name: 'Viewer', may: 'reads users, groups and providers' },
];

export function levelName(level) {
  if (level === 'operator') return 'Operator';
  return LEVELS.find((known) => known.level === level)?.name ?? level ?? 'None';
}

/** Levels add up: what one of them allows is allowed. */
const has = (session, level) => (session.levels ?? [session.level]).includes(level);

export const isOperator = (session) => session.level === 'operator';
export const mayChange = (session) => isOperator(session) || has(session, 'admin');
export const mayReadTraces = (session) => mayChange(session) || has(session, 'editor');
export const mayRead = (session) => mayReadTraces(session) || has(session, 'viewer');
export const mayInvite = mayReadTraces;

/** An editor changes people who were made here and are no admins; the others are the admins'. */
export function mayChangeUser(session, user) {
  return mayChange(session) || (has(session, 'editor') && user.origin === 'local' && user.level !== 'admin');
}

/** The levels that this session may give to somebody. */
export function levelsToGive(session) {
  return mayChange(session) ? LEVELS : LEVELS.filter(({ level }) => level !== 'admin');
}

export function displayName(session) {
  if (session.operator && isOperator(session)) return session.operator.name;
  return session.user?.displayName || session.user?.userName || session.operator?.name || '';
}
