// The JSON API, as any script could use it. Errors are RFC 9457 problem details and arrive as
// Problem, so that a form can put them beside their field. What needs a recent sign-in is asked for
// again once there is one.
import { stepUp } from './step-up.js';

export class Problem extends Error {
  constructor(status, body = {}) {
    super(body.detail || body.title || `The server answered ${status}.`);
    this.name = 'Problem';
    this.status = status;
    this.code = body.code ?? null;
    this.title = body.title ?? null;
    this.field = body.field ?? null;
    this.reference = body.reference ?? null;
    this.address = body.address ?? null;
  }
}

export const read = (path, signal) => call('GET', path, undefined, signal);
export const create = (path, body) => call('POST', path, body);
export const change = (path, body) => call('PATCH', path, body);
export const remove = (path) => call('DELETE', path);

/** The address of one organization's part of the API. */
export function of(slug, ...rest) {
  return ['/api/v1/organizations', slug, ...rest].map((part, index) => (index ? encodeURIComponent(part) : part)).join('/');
}

async function call(method, path, body, signal, again = false) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      signal,
      credentials: 'same-origin',
      headers: { Accept: 'application/json', ...(method === 'GET' ? {} : { 'Content-Type': 'application/json' }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(0, { title: 'No answer', detail: 'Portcullis does not answer. Is it running, and are you still connected?' });
  }
  if (answer.status === 204) return null;
  const parsed = await answer.json().catch(() => null);
  if (answer.ok && parsed !== null) return parsed;
  if (answer.status === 401) leave();
  const problem = new Problem(answer.status, parsed ?? {});
  if (problem.code === 'step-up-required' && problem.address && !again && await stepUp(problem.address)) {
    return call(method, path, body, signal, true);
  }
  throw problem;
}

/** The session is over: back to the door, and from there back here. */
function leave() {
  location.assign(`/login?return_to=${encodeURIComponent(location.pathname + location.search)}`);
}
