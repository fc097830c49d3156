// One exchange in words: what was asked, of whom, by whom, and what it changed.
import { plural } from './show.js';

const THINGS = { Users: 'user', Groups: 'group' };
const VERBS = { POST: 'Create', PUT: 'Replace', PATCH: 'Change', DELETE: 'Delete', GET: 'Read', HEAD: 'Read' };

/** 'Change user ann@acme.com', 'Look up users: userName eq "ann@acme.com"'. */
export function asked(trace) {
  const { kind, method, summary, detail } = trace;
  if (kind !== 'scim' || !method || !detail?.path) return summary && summary[0].toUpperCase() + summary.slice(1);
  const [room, id] = detail.path.split('/').filter(Boolean).slice(3);
  const thing = THINGS[room];
  if (!thing) return room === 'Bulk' ? 'Several changes at once' : `${VERBS[method] ?? method} ${room ?? 'the endpoint'}`;
  if (id === '.search') return `Search ${thing}s`;
  if (!id && method !== 'POST') return `Look up ${thing}s${filter(detail.query)}`;
  const name = detail.name ?? detail.changes?.[0]?.name ?? detail.body?.userName ?? detail.body?.displayName;
  return `${VERBS[method] ?? method} ${thing} ${typeof name === 'string' ? name : id ?? ''}`.trim();
}

function filter(query) {
  const text = new URLSearchParams(query ?? '').get('filter');
  return text ? `: ${text}` : '';
}

/** Who asked: the token's name, a person's, or the address. */
export function asker({ detail }) {
  return detail?.token?.name ?? detail?.person ?? detail?.client ?? '';
}

/** What a SCIM exchange changed, a phrase for each thing. */
export function changed({ detail }) {
  return (detail?.changes ?? []).map(phrase);
}

function phrase({ action, attributes, added, removed, ended }) {
  const [noun, verb] = String(action).split('.');
  const more = [
    attributes?.length && attributes.join(', '),
    added && `${plural(added, 'member')} added`,
    removed && `${plural(removed, 'member')} removed`,
    ended?.sessions && `${plural(ended.sessions, 'session')} ended`,
    ended?.tokens && `${plural(ended.tokens, 'API token')} ended`,
  ].filter(Boolean);
  return `${noun} ${verb.replace(/-/g, ' ')}${more.length ? `: ${more.join(', ')}` : ''}`;
}
