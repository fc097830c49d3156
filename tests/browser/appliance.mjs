// The part of the walk about the appliance: break-glass accounts, drills, webhooks, the audit log of
// everything, and what is announced.

export async function appliance(walk) {
  const { base, page, heading, copied, expecting, stepIf, needs, pictures, seen } = walk;
  const dialog = page.getByRole('dialog');
  const here = (...rest) => [`${base}/console/operator`, ...rest].join('/');
  const name = `safe-${Date.now().toString(36)}`;

  await stepIf(needs('notices'), 'the use of break-glass stands above every page', async () => {
    await page.goto(here('notices'));
    await heading('Announcements');
    await page.locator('#notices').getByText(seen.username).first().waitFor();
  });
  if (needs('notices')()) await pictures('notices');
  await stepIf(needs('domains'), 'where no domain waits, the page says what for', async () => {
    await page.goto(here('domains'));
    await page.getByRole('heading', { name: 'No domain waits' }).waitFor();
  });
  await stepIf(needs('domains'), 'domains that an admin has added wait for the operator', async () => {
    seen.claim = await page.evaluate(claim, [seen.slug, [`a.${seen.domain}`, `b.${seen.domain}`]]);
    await page.reload();
    await page.getByRole('row', { name: `a.${seen.domain}` }).getByText('pending').waitFor();
  });
  if (needs('domains')()) await pictures('domains');
  await stepIf(needs('domains'), 'one is approved, and the question says what that does', async () => {
    await page.getByRole('button', { name: `Approve a.${seen.domain}` }).click();
    await dialog.getByText('sign in to').waitFor();
  });
  if (needs('domains')()) await pictures('domain-approve');
  await stepIf(needs('domains'), 'the other is refused, and then none waits', async () => {
    await dialog.getByRole('button', { name: 'Approve domain' }).click();
    await page.getByText(`a.${seen.domain} counts for`).waitFor();
    await page.getByRole('button', { name: `Refuse b.${seen.domain}` }).click();
    await dialog.getByRole('button', { name: 'Refuse domain' }).click();
    await page.getByRole('heading', { name: 'No domain waits' }).waitFor();
  });
  await stepIf(needs('domains'), 'domains that count are listed', async () => {
    await page.getByRole('link', { name: 'Domains that count' }).click();
    await page.getByRole('row', { name: `a.${seen.domain}` }).getByText('active').waitFor();
    if (await page.getByText(`b.${seen.domain}`).count()) throw new Error('the refused one is listed');
    await page.evaluate((path) => fetch(path, { method: 'DELETE' }), seen.claim);
  });
  await stepIf(needs('break-glass'), 'a break-glass account is made, its password shown once', async () => {
    await page.goto(here('break-glass'));
    await page.getByRole('button', { name: 'New break-glass account' }).click();
    await dialog.getByLabel('Username').fill(name);
    await dialog.getByRole('button', { name: 'Create account' }).click();
    await page.getByText('shown only this once').waitFor();
    seen.password = await copied('Password');
    if (seen.password.length < 12) throw new Error('the password is short');
  });
  if (needs('break-glass')()) await pictures('break-glass-new');
  await stepIf(needs('break-glass'), 'a network that is none is refused beside its field', async () => {
    await dialog.getByRole('button', { name: 'Done' }).click();
    await heading(new RegExp(`^${name}`));
    if ((await page.content()).includes(seen.password)) throw new Error('the password is still on the page');
    await page.getByRole('button', { name: 'Change networks' }).click();
    await dialog.getByLabel('Networks').fill('the office');
    await expecting([400, 409, 422], async () => {
      await dialog.getByRole('button', { name: 'Save networks' }).click();
      await dialog.locator('.field .error:not(:empty)').waitFor();
    });
  });
  if (needs('break-glass')()) await pictures('break-glass-networks');
  await stepIf(needs('break-glass'), 'networks are saved', async () => {
    await dialog.getByLabel('Networks').fill('10.0.0.0/8\n2001:db8::/32');
    await dialog.getByRole('button', { name: 'Save networks' }).click();
    await page.getByText('2001:db8::/32').first().waitFor();
  });
  await stepIf(needs('break-glass'), 'an account that needs arming shows the command that arms it', async () => {
    await page.getByRole('button', { name: 'Needs arming' }).click();
    await dialog.getByRole('button', { name: 'Needs arming' }).click();
    const command = await copied('arm command');
    if (!command.startsWith(`portcullis break-glass arm ${name} --hours`)) throw new Error(command);
  });
  await stepIf(needs('second-factor'), 'a second factor shows its picture and refuses a wrong code beside its field', async () => {
    await page.getByRole('button', { name: 'Add second factor' }).click();
    const picture = dialog.getByRole('img', { name: /^QR code/ });
    await picture.waitFor();
    if (!await picture.evaluate((image) => image.complete && image.naturalWidth > 0)) throw new Error('the picture does not load');
    await dialog.getByLabel('Code').fill('000000');
    await expecting([400, 401, 403, 409, 422], async () => {
      await dialog.getByRole('button', { name: 'Confirm' }).click();
      await dialog.locator('.error:not(:empty)').waitFor();
    });
  });
  if (needs('second-factor')()) await pictures('second-factor');
  await stepIf(walk.mocked, 'the recovery codes are shown once', async () => {
    await dialog.getByLabel('Code').fill('123456');
    await dialog.getByRole('button', { name: 'Confirm' }).click();
    await page.getByRole('heading', { name: 'Recovery codes' }).waitFor();
  });
  if (walk.mocked()) await pictures('recovery-codes');
  await stepIf(needs('second-factor'), 'the dialog is left', async () => {
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  });
  if (needs('break-glass')()) await pictures('break-glass-account');
  await stepIf(needs('break-glass'), 'an account is disabled, and the list says so', async () => {
    await page.getByRole('button', { name: 'Disable' }).click();
    await dialog.getByRole('button', { name: 'Disable' }).click();
    await page.locator('h1 .badge', { hasText: 'disabled' }).waitFor();
    await page.goto(here('break-glass'));
    await page.getByRole('row', { name: new RegExp(name) }).getByText('disabled').waitFor();
  });
  if (needs('break-glass')()) await pictures('break-glass-accounts');
  await stepIf(needs('drills'), 'drills say what they are for and how to run one', async () => {
    await page.goto(here('drills'));
    await heading('Drills');
    await copied('drill command');
  });
  if (needs('drills')()) await pictures('drills');
  await stepIf(needs('webhooks'), 'a webhook refuses plain http, beside its field', async () => {
    await page.goto(here('webhooks'));
    await page.getByRole('button', { name: 'Add webhook' }).first().click();
    await dialog.getByLabel('Address').fill('http://hooks.example.com/');
    await expecting([400, 409, 422], async () => {
      await dialog.getByRole('button', { name: 'Add webhook' }).click();
      await dialog.locator('.field .error:not(:empty)').waitFor();
    });
  });
  await stepIf(needs('webhooks'), 'a webhook’s signing secret is shown once', async () => {
    await dialog.getByLabel('Address').fill('https://hooks.example.com/services/a-rather-long-path/portcullis');
    await dialog.getByRole('checkbox', { name: /signed in/ }).check();
    await dialog.getByRole('button', { name: 'Add webhook' }).click();
    seen.secret = await copied('Signing secret');
    if (!seen.secret.startsWith('whsec_')) throw new Error('this is no signing secret');
  });
  await stepIf(needs('webhooks'), 'a webhook is listed', async () => {
    await dialog.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('row', { name: /hooks\.example\.com/ }).waitFor();
  });
  if (needs('webhooks')()) await pictures('webhooks');
  await stepIf(needs('webhooks'), 'a webhook is deleted', async () => {
    await page.getByRole('button', { name: /^Delete webhook/ }).click();
    await dialog.getByRole('button', { name: 'Delete webhook' }).click();
    await page.getByRole('heading', { name: 'No webhook yet' }).waitFor();
  });
  await stepIf(needs('verify'), 'the log is verified', async () => {
    await page.goto(here('audit'));
    await page.getByRole('button', { name: 'Verify', exact: true }).click();
    await page.getByText('The chain holds.').waitFor();
  });
  if (needs('verify')()) await pictures('audit-verified');
  await stepIf(needs('verify'), 'a checkpoint is taken', async () => {
    await page.getByRole('button', { name: 'Checkpoint', exact: true }).click();
    const { seq, hash } = JSON.parse(await copied('Checkpoint'));
    if (!seq || !hash) throw new Error('it has no number or no hash');
  });
  await stepIf(needs('verify'), 'what is no checkpoint is refused beside its field', async () => {
    seen.checkpoint = await copied('Checkpoint');
    await page.getByRole('button', { name: 'Verify against a checkpoint' }).click();
    await dialog.getByLabel('Checkpoint').fill('line 7');
    await dialog.getByRole('button', { name: 'Verify' }).click();
    await dialog.locator('.field .error:not(:empty)').waitFor();
  });
  if (needs('verify')()) await pictures('audit-checkpoint');
  await stepIf(needs('verify'), 'the log is held to a checkpoint', async () => {
    await dialog.getByLabel('Checkpoint').fill(seen.checkpoint);
    await dialog.getByRole('button', { name: 'Verify' }).click();
    await page.getByText('The chain holds.').waitFor();
  });
  await stepIf(needs('retention'), 'how long lines are kept is changed, and changed back', async () => {
    for (const [days, said] of [['400', '400 days'], ['', 'for good']]) {
      await page.getByRole('button', { name: 'Change', exact: true }).click();
      await dialog.getByLabel('Days').fill(days);
      await dialog.getByRole('button', { name: 'Save' }).click();
      await page.getByText(said).first().waitFor();
    }
  });
  if (needs('retention')()) await pictures('audit-appliance');
  await stepIf(needs('api-tokens'), 'the appliance has tokens of its own', async () => {
    await page.goto(here('tokens'));
    await page.getByText('No API token yet').waitFor();
  });
}

/** In the page: adds domains as an admin would, by a token of the organization; the provider's address. */
async function claim([slug, domains]) {
  const base = `/api/v1/organizations/${slug}`;
  const post = async (path, body, headers, credentials) => {
    const answer = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, credentials, body: JSON.stringify(body) });
    return answer.json();
  };
  const { token } = await post(`${base}/api-tokens`, { name: 'walk', scopes: ['admin'] }, {}, 'same-origin');
  const { id } = await post(`${base}/providers`, { kind: 'okta', domains }, { Authorization: `Bearer ${token}` }, 'omit');
  return `${base}/providers/${id}`;
}
