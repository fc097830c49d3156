// What Okta's side does in the walk: send a response to the ACS, push people and groups.
import { request } from 'playwright-core';

/** The connection test, then people, then groups with their members. False where pushing is not possible yet. */
export async function push(base, token, domain) {
  const scim = await request.newContext({ ignoreHTTPSErrors: true, extraHTTPHeaders: { Authorization: `Bearer ${token}`, Accept: 'application/scim+json', 'Content-Type': 'application/scim+json; charset=utf-8', 'User-Agent': 'Okta SCIM Client 1.0.0' } });
  const test = await scim.get(`${base}/Users?startIndex=1&count=2`);
  if (!test.ok()) throw new Error(`the connection test was answered ${test.status()}: ${await test.text()}`);
  const people = [['Ada', 'Lovelace'], ['Grace', 'Hopper'], ['Barbara', 'Liskov'], ['Katherine', 'Johnson'], ['Radia', 'Perlman']];
  const members = [];
  for (const [givenName, familyName] of people) {
    const email = `${givenName}.${familyName}@${domain}`.toLowerCase();
    const answer = await scim.post(`${base}/Users`, { data: { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName: email, name: { givenName, familyName }, emails: [{ primary: true, value: email, type: 'work' }], displayName: `${givenName} ${familyName}`, externalId: `00u${email}`, groups: [], active: true } });
    if (answer.status() !== 201) return false;
    members.push({ value: (await answer.json()).id, display: email });
  }
  for (const [displayName, who] of [['Portcullis Admins', members.slice(0, 1)], ['Engineering', members.slice(0, 4)], ['Everyone at Walk & Sons, with a name that is long', members]]) {
    const answer = await scim.post(`${base}/Groups`, { data: { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], displayName, members: who } });
    if (answer.status() !== 201) return false;
  }
  await scim.dispose();
  return true;
}

/** Posts a form from a page of the same origin, as a browser that comes back from Okta does. */
export async function respond(tab, action, values) {
  await tab.goto(new URL('/console/posting', action).href);
  await Promise.all([
    tab.waitForURL((url) => !url.pathname.startsWith('/console/posting')),
    tab.evaluate(([to, fields]) => {
      const form = document.createElement('form');
      form.method = 'post';
      form.action = to;
      for (const [name, value] of Object.entries(fields)) {
        const input = document.createElement('input');
        input.type = 'hidden';
        input.name = name;
        input.value = value;
        form.append(input);
      }
      document.body.append(form);
      form.submit();
    }, [action, values]),
  ]);
}
