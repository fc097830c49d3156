// The mock's brake: the limits of each organization; it holds nothing.
import { json } from './state.mjs';

const ORDINARY = { armed: true, share: 20, people: 10, window_s: 600 };
const limits = new Map();

export function brake(method, body, organization) {
  const before = limits.get(organization.slug) ?? ORDINARY;
  const settings = method === 'PATCH' ? { ...before, ...body } : before;
  limits.set(organization.slug, settings);
  return json(200, { settings, total: 0, items: [], next: null });
}
