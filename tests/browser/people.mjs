// The part of the walk about people and settings: invitations, levels, timelines, tokens, the log.
import { readFile } from 'node:fs/promises';

export async function people(walk) {
  const { page, at, heading, copied, expecting, step, stepIf, needs, pictures, seen } = walk;
  const mail = `margaret@${seen.domain}`;
  const dialog = page.getByRole('dialog');

  await stepIf(needs('people'), 'an invitation asks for an address, beside its field', async () => {
    await page.goto(at('users'));
    await page.getByRole('button', { name: 'Invite user' }).click();
    await dialog.getByRole('button', { name: 'Invite' }).click();
    await page.getByText('Type their e-mail address.').waitFor();
    await dialog.getByLabel('E-mail').fill('margaret');
    await dialog.getByLabel('Name').fill('Margaret Hamilton');
    await expecting([400, 409, 422], async () => {
      await dialog.getByRole('button', { name: 'Invite' }).click();
      await dialog.locator('.field .error:not(:empty)').waitFor();
    });
  });
  if (needs('people')()) await pictures('user-invite');
  await stepIf(needs('people'), 'the link of an invitation is shown once', async () => {
    await dialog.getByLabel('E-mail').fill(mail);
    await dialog.getByLabel('Level').selectOption('runner');
    await dialog.getByRole('button', { name: 'Invite' }).click();
    await page.getByText('shown only this once').waitFor();
    seen.invitation = await copied('Invitation link');
    if (!/\/join\/[\w-]{40,}$/.test(seen.invitation)) throw new Error(`the link is ${seen.invitation}`);
  });
  if (needs('people')()) await pictures('user-invited');
  await stepIf(needs('people'), 'the invited user has a page, an open invitation and no link to see', async () => {
    await dialog.getByRole('button', { name: 'Done' }).click();
    await heading('Margaret Hamilton');
    await page.locator('.badge', { hasText: 'open' }).waitFor();
    if ((await page.content()).includes(seen.invitation)) throw new Error('the link is still on the page');
  });
  await stepIf(needs('people'), 'a direct level is given, and says that it is one', async () => {
    await page.getByRole('button', { name: 'Change direct level' }).click();
    await dialog.getByLabel('Level').selectOption('editor');
    await dialog.getByRole('button', { name: 'Save level' }).click();
    await page.getByRole('listitem').filter({ hasText: 'Given directly' }).getByText('Editor').waitFor();
  });
  await stepIf(needs('people'), 'a local user’s name is changed', async () => {
    await page.getByRole('button', { name: 'Change profile' }).click();
    await dialog.getByLabel('Name').fill('Margaret H. Hamilton');
    await dialog.getByRole('button', { name: 'Save profile' }).click();
    await heading('Margaret H. Hamilton');
  });
  if (needs('people')()) await pictures('user-local');
  await stepIf(needs('people', 'timeline'), 'the timeline tells what was done, newest first', async () => {
    const first = page.locator('.timeline li').first();
    await first.getByText('User changed').waitFor();
    await first.getByText('Margaret H. Hamilton').waitFor();
  });
  await stepIf(needs('people', 'past levels'), 'a user is shown as they were, and not before they were there', async () => {
    const past = page.locator('details', { hasText: 'As they were at a time' });
    await past.locator('summary').click();
    await past.getByLabel('At').fill('2020-01-31T09:00:00');
    await expecting([404], async () => {
      await past.getByRole('button', { name: 'Show' }).click();
      if (walk.mocked()) await past.getByText(/^On 31 Jan 2020/).waitFor();
      else await past.getByText('There was no such user').waitFor();
    });
    await page.waitForTimeout(1100);
    await past.getByLabel('At').fill(await page.evaluate(() => new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 19)));
    await past.getByRole('button', { name: 'Show' }).click();
    await past.getByRole('listitem').filter({ hasText: 'Given directly' }).getByText('Editor').waitFor();
  });
  if (needs('people', 'past levels')()) await pictures('user-past');
  await stepIf(needs('people'), 'deactivating says what it ended', async () => {
    await page.getByRole('button', { name: /^Deactivate Margaret/ }).click();
    await dialog.getByRole('button', { name: 'Deactivate' }).click();
    await page.getByText('1 invitation ended').first().waitFor();
    await page.locator('.badge', { hasText: 'revoked' }).waitFor();
  });
  if (needs('people')()) await pictures('user-deactivated');
  await stepIf(needs('people', 'deprovisioning'), 'the report of deactivations counts it', async () => {
    await page.goto(at('settings', 'deprovisioning'));
    await page.getByText('Last deactivations').first().waitFor();
    await page.getByRole('row', { name: /Margaret|margaret/ }).waitFor();
  });
  if (needs('people', 'deprovisioning')()) await pictures('deprovisioning');
  await stepIf(needs('people'), 'deleting a local user names them and what goes', async () => {
    await page.goto(at('users'));
    await page.getByRole('link', { name: /^Margaret/ }).click();
    await page.getByRole('button', { name: /^Delete Margaret/ }).click();
    await page.getByRole('heading', { name: /^Delete Margaret .+\?/ }).waitFor();
  });
  if (needs('people')()) await pictures('user-delete');
  await stepIf(needs('people'), 'a deleted user is gone from the list', async () => {
    await dialog.getByRole('button', { name: 'Delete user' }).click();
    await page.getByText('is deleted.').first().waitFor();
    if (await page.getByRole('link', { name: /^Margaret/ }).count()) throw new Error('still listed');
  });
}

/** Settings: local sign-in, session lengths, tokens. */
export async function settings(walk) {
  const { page, at, copied, expecting, stepIf, needs, pictures, seen } = walk;
  const dialog = page.getByRole('dialog');

  await stepIf(needs('people'), 'local sign-in is switched off, after saying whom that shuts out', async () => {
    await page.goto(at('settings', 'sign-in'));
    await page.getByRole('button', { name: 'Switch off' }).click();
    await page.getByText('Whoever has only a password').waitFor();
    await dialog.getByRole('button', { name: 'Switch off local sign-in' }).click();
    await page.getByText('Local sign-in is switched off.').waitFor();
  });
  await stepIf(needs('sessions'), 'session lengths are saved and stay', async () => {
    await page.goto(at('settings', 'sign-in'));
    await page.getByLabel('Admin: without use').selectOption({ label: '15 minutes' });
    await page.getByRole('button', { name: 'Save session lengths' }).click();
    await page.getByText('Session lengths are saved.').waitFor();
    await page.goto(at('settings', 'sign-in'));
    if (await page.getByLabel('Admin: without use').inputValue() !== '900') throw new Error('not kept');
  });
  if (needs('sessions')()) await pictures('settings-sign-in');
  await stepIf(needs('people'), 'local sign-in is switched on again', async () => {
    await page.getByRole('button', { name: 'Switch on' }).click();
    await dialog.getByRole('button', { name: 'Switch on local sign-in' }).click();
    await page.getByText('Local sign-in is switched on.').waitFor();
  });
  await stepIf(needs('api-tokens'), 'an API token needs a scope, said beside the choice', async () => {
    await page.goto(at('settings', 'tokens'));
    await page.getByRole('button', { name: 'New API token' }).click();
    await dialog.getByLabel('Token name').fill('nightly export');
    await dialog.getByRole('checkbox', { name: /^read/ }).uncheck();
    await dialog.getByRole('button', { name: 'Create token' }).click();
    await page.getByText('Choose at least one.').waitFor();
  });
  if (needs('api-tokens')()) await pictures('api-token-new');
  await stepIf(needs('api-tokens'), 'an API token is shown once', async () => {
    await dialog.getByRole('checkbox', { name: /^audit/ }).check();
    await dialog.getByRole('button', { name: 'Create token' }).click();
    await page.getByText('shown only this once').waitFor();
    seen.apiToken = await copied('API token');
    if (!seen.apiToken.startsWith('ptc_api_')) throw new Error('this is no API token');
  });
  if (needs('api-tokens')()) await pictures('api-token-shown');
  await stepIf(needs('api-tokens'), 'an API token is revoked', async () => {
    await dialog.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'Revoke API token nightly export' }).click();
    await dialog.getByRole('button', { name: 'Revoke token' }).click();
    await page.getByRole('row', { name: /nightly export/ }).getByText('revoked').waitFor();
    if ((await page.content()).includes(seen.apiToken)) throw new Error('the token is still on the page');
  });
  if (needs('api-tokens')()) await pictures('settings-tokens');
  await stepIf(needs('audit'), 'the audit log lists what was done, and a filter keeps its place in the URL', async () => {
    await page.goto(at('audit'));
    await page.getByRole('row').nth(1).waitFor();
    await page.getByLabel('Action').fill('organization.changed');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.waitForURL(/action=organization\.changed/);
    await page.getByRole('row').nth(1).getByText('Organization changed').waitFor();
  });
  await stepIf(needs('audit'), 'the audit log is exported as JSON lines', async () => {
    const saving = page.waitForEvent('download');
    await page.getByRole('link', { name: 'JSON lines' }).click();
    const lines = (await readFile(await (await saving).path(), 'utf8')).trim().split('\n').map((line) => JSON.parse(line));
    if (lines.length < 2) throw new Error(`${lines.length} lines`);
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByRole('row').nth(2).waitFor();
  });
  if (needs('audit')()) await pictures('audit');
  await stepIf(needs('audit'), 'an action that is none is refused beside the filters', async () => {
    await page.getByLabel('Action').fill('nonsense');
    await expecting([400, 409, 422], async () => {
      await page.getByRole('button', { name: 'Filter' }).click();
      await page.locator('.listing .error').waitFor();
    });
  });
  await stepIf(needs('past levels'), 'who was what is answered for a time, too', async () => {
    await page.goto(at('audit', 'levels'));
    await page.getByLabel('Level').selectOption('runner');
    await page.waitForURL(/level=runner/);
    await page.getByText('Nothing matches.').waitFor();
    await page.getByLabel('Level').selectOption('admin');
    await page.waitForURL(/level=admin/);
    await page.getByRole('row').nth(1).waitFor();
  });
  if (needs('past levels')()) await pictures('levels-at');
}
