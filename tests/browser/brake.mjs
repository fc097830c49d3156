// The brake on SCIM in the walk: the limits, what is held, the banner, an answer.
import { request } from 'playwright-core';

/** Switches people off as Okta does; the status of each. */
async function deactivate(base, token, names) {
  const scim = await request.newContext({ ignoreHTTPSErrors: true, extraHTTPHeaders: { Authorization: `Bearer ${token}`, Accept: 'application/scim+json', 'Content-Type': 'application/scim+json', 'User-Agent': 'Okta SCIM Client 1.0.0' } });
  const statuses = [];
  for (const name of names) {
    const found = await (await scim.get(`${base}/Users`, { params: { filter: `userName eq "${name}"` } })).json();
    const answer = await scim.patch(`${base}/Users/${found.Resources[0].id}`, { data: { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: [{ op: 'replace', value: { active: false } }] } });
    statuses.push(answer.status());
  }
  await scim.dispose();
  return statuses;
}

export async function brake({ page, at, heading, stepIf, needs, pictures, mocked, seen, endpoint }) {
  const held = Object.assign(() => !mocked() && seen.pushed && needs('brake')(), { part: 'brake' });
  await stepIf(needs('brake'), 'the limits of the brake are changed', async () => {
    await page.goto(at('brake'));
    await page.getByRole('heading', { name: 'Nothing is held' }).waitFor();
    await page.getByLabel('Over percent of people').fill('1');
    await page.getByLabel('And over this many people').fill('1');
    await page.getByRole('button', { name: 'Save limits' }).click();
    await page.getByText('The limits are saved.').waitFor();
  });
  await pictures('brake-empty');
  await stepIf(held, 'a burst is held, and a banner says so everywhere', async () => {
    const names = ['radia.perlman', 'katherine.johnson', 'barbara.liskov'].map((name) => `${name}@${seen.domain}`);
    const statuses = await deactivate(endpoint(), seen.token, names);
    if (statuses.join() !== '200,429,429') throw new Error(`the burst was answered ${statuses.join()}`);
    await page.goto(at('users'));
    await page.getByText('are held: the token').waitFor();
  });
  if (held()) await pictures('brake-banner');
  await stepIf(held, 'the banner leads to whom it would take access from', async () => {
    await page.getByRole('link', { name: 'Look and answer' }).click();
    await page.getByRole('heading', { name: 'Too many people at once' }).waitFor();
    await page.getByRole('link', { name: 'Katherine Johnson' }).waitFor();
    await page.getByRole('link', { name: 'Barbara Liskov' }).waitFor();
  });
  if (held()) await pictures('brake-held');
  await stepIf(held, 'allowing it says first what that means', async () => {
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByRole('dialog').getByText('Their sessions end at once').waitFor();
  });
  if (held()) await pictures('brake-allow');
  await stepIf(held, 'refusing it keeps everybody, and the banner goes', async () => {
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Keep refusing' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Keep refusing' }).click();
    await page.getByText('Refused for an hour.').waitFor();
    await page.getByText('are held: the token').waitFor({ state: 'detached' });
    const statuses = await deactivate(endpoint(), seen.token, [`katherine.johnson@${seen.domain}`]);
    if (statuses.join() !== '403') throw new Error(`what was refused was answered ${statuses.join()}`);
  });
  if (held()) await pictures('brake-refused');
  await stepIf(held, 'what was refused is a list of its own', async () => {
    await page.goto(at('activity', 'refused'));
    await page.getByRole('row', { name: /brake-held/ }).first().waitFor();
    await page.getByRole('row', { name: /brake-refused/ }).getByRole('link').click();
    await heading(/^Change user/);
  });
  if (held()) await pictures('refused-trace');
  await stepIf(held, 'and so it looks', async () => {
    await page.goto(at('activity', 'refused'));
    await page.getByRole('row').nth(1).waitFor();
  });
  if (held()) await pictures('refused');
}
