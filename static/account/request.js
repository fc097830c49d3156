// A DELETE that has to prove something in its body, which the console's `remove` never has.
import { Problem } from '/static/console/api.js';

export async function removeWith(path, body) {
  const answer = await fetch(path, {
    method: 'DELETE',
    credentials: 'same-origin',
    headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Problem(answer.status, (await answer.json().catch(() => null)) ?? {});
}
