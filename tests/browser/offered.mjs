// Which parts of the API the server has, so that a walk skips, by name, what needs the others. PUT
// is no method of any address: one that exists refuses it with 405, one that does not with 404.

const PARTS = {
  notices: '/api/v1/notices',
  people: '/api/v1/organizations/x/users/x/invitations',
  levels: '/api/v1/organizations/x/groups/x/level-change',
  sessions: '/api/v1/organizations/x/users/x/sessions',
  deletion: '/api/v1/organizations/x/providers/x/deletion',
  deprovisioning: '/api/v1/organizations/x/deprovisioning',
  timeline: '/api/v1/organizations/x/users/x/timeline',
  kinds: '/api/v1/provider-kinds',
  requests: '/api/v1/organizations/x/providers/x',
  metadata: '/api/v1/organizations/x/providers/x/metadata',
  keys: '/api/v1/keys',
  'step-up': '/api/v1/step-up',
  audit: '/api/v1/organizations/x/audit',
  'past levels': '/api/v1/organizations/x/levels',
  verify: '/api/v1/audit/verify',
  retention: '/api/v1/audit/retention',
  domains: '/api/v1/domains',
  'api-tokens': '/api/v1/organizations/x/api-tokens',
  'break-glass': '/api/v1/break-glass-accounts',
  'second-factor': '/api/v1/break-glass-accounts/x/second-factor/confirm',
  drills: '/api/v1/drills',
  webhooks: '/api/v1/webhooks',
  tests: '/api/v1/organizations/x/providers/x/tests',
  replay: '/api/v1/organizations/x/traces/x/replay',
  brake: '/api/v1/organizations/x/scim/brake',
};

/** {name: whether it is there}, and the ends of the addresses that are not, for what pages complain about. */
export async function offered(request, base) {
  const there = {};
  const missing = [];
  for (const [name, path] of Object.entries(PARTS)) {
    const answer = await request.fetch(base + path, { method: 'PUT', headers: { Origin: base } });
    there[name] = Boolean(process.env.MOCK) || answer.status() !== 404;
    if (!there[name]) missing.push(new RegExp(path.replace(/\/x(?=\/|$)/g, '/[^/]+').replace(/[.]/g, '\\.') + '($|[?)])'));
  }
  return { there, missing };
}
