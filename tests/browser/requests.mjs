// The part of the walk about what a provider is asked for, what is taken from it, and its published
// metadata: the controls of its page, with the warnings that stand beside them.

export async function requests(walk) {
  const { page, at, expecting, step, stepIf, needs, pictures } = walk;
  const dialog = page.getByRole('dialog');
  const panel = page.locator('#requests');
  const save = async (said) => {
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText(said).waitFor();
  };

  await stepIf(needs('requests'), 'how requests are sent is changed', async () => {
    await panel.getByText('HTTP-Redirect, not signed').waitFor();
    await page.getByRole('button', { name: 'Change sending' }).click();
    await dialog.getByLabel('Binding').selectOption('post');
    await dialog.getByLabel('Signature').selectOption('true');
    await dialog.getByLabel('Address that a person typed').selectOption('LoginHint');
  });
  if (needs('requests')()) await pictures('provider-sending');
  await stepIf(needs('requests'), 'the panel says how they are sent now', async () => {
    await save('Requests are sent like that from now on');
    await panel.getByText('HTTP-POST, signed').waitFor();
    await panel.getByText('LoginHint').waitFor();
  });
  await stepIf(needs('requests'), 'a class that is no URI is refused beside its field', async () => {
    await page.getByRole('button', { name: 'Change what is asked' }).click();
    await dialog.getByLabel('New sign-in each time').selectOption('true');
    await dialog.getByLabel('Ways to sign in').fill('PasswordProtectedTransport');
    await expecting([400, 409, 422], async () => {
      await dialog.getByRole('button', { name: 'Save' }).click();
      await dialog.locator('.field .error:not(:empty)').waitFor();
    });
    if (await dialog.getByLabel('Ways to sign in').getAttribute('aria-invalid') !== 'true') throw new Error('the error is not beside the classes');
  });
  if (needs('requests')()) await pictures('provider-asked');
  await stepIf(needs('requests'), 'what is asked for stands in the panel', async () => {
    await dialog.getByLabel('Ways to sign in').fill('urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport\nhttps://refeds.org/profile/mfa');
    await dialog.getByLabel('NameID format').selectOption('urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress');
    await save('The next sign-in asks for that');
    await panel.getByText('PasswordProtectedTransport').waitFor();
    await panel.getByText('emailAddress').waitFor();
  });
  if (needs('requests')()) await pictures('provider-requests');
  await stepIf(needs('requests'), 'a new sign-in each time and responses that nobody asked for do not go together', async () => {
    await page.getByRole('button', { name: 'Switch on: Take responses that nobody asked for' }).click();
    await dialog.getByText('Nothing binds such a response').waitFor();
    await expecting([409], async () => {
      await dialog.getByRole('button', { name: 'Take them' }).click();
      await dialog.locator('.error:not(:empty)').waitFor();
    });
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Change what is asked' }).click();
    await dialog.getByLabel('New sign-in each time').selectOption('false');
    await dialog.getByLabel('Ways to sign in').fill('');
    await dialog.getByLabel('NameID format').selectOption('');
    await save('The next sign-in asks for that');
  });
  await stepIf(needs('requests'), 'responses that nobody asked for are taken, and the page warns of it', async () => {
    await page.getByRole('button', { name: 'Switch on: Take responses that nobody asked for' }).click();
    await dialog.getByRole('button', { name: 'Take them' }).click();
    await page.locator('#rules').getByText('Nothing binds them to a browser').waitFor();
  });
  await stepIf(needs('requests'), 'SHA-1 is taken until a day, and the page warns of it', async () => {
    await page.getByRole('button', { name: 'Switch on: Take SHA-1 signatures' }).click();
    await dialog.getByLabel('Take them until').fill(new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10));
  });
  if (needs('requests')()) await pictures('provider-sha1');
  await stepIf(needs('requests'), 'both stand among the rules', async () => {
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('SHA-1 signatures, which can be forged, are taken').waitFor();
  });
  if (needs('requests')()) await pictures('provider-rules');
  await stepIf(() => needs('requests')() && !walk.mocked(), 'both are found, and stand with the provider in the list', async () => {
    await page.goto(at('providers'));
    const card = page.locator('.cards li');
    await card.getByText('may sign with SHA-1').first().waitFor();
    await card.getByText('Responses that nobody asked for are taken from').first().waitFor();
    await page.goBack();
    await page.locator('#rules').waitFor();
  });
  await stepIf(needs('requests'), 'both are switched off again', async () => {
    await page.getByRole('button', { name: 'Change: Take SHA-1 signatures' }).click();
    await dialog.getByLabel('Take them until').fill('');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Switch on: Take SHA-1 signatures' }).waitFor();
    await page.getByRole('button', { name: 'Switch off: Take responses that nobody asked for' }).click();
    await dialog.getByRole('button', { name: 'Switch off' }).click();
    await page.getByRole('button', { name: 'Switch on: Take responses that nobody asked for' }).waitFor();
  });

  await stepIf(needs('metadata'), 'how published metadata is followed is changed', async () => {
    const mode = page.getByLabel('New certificates');
    await mode.selectOption('off');
    await page.waitForFunction(() => document.querySelector('select[aria-label="New certificates"]')?.value === 'off');
    await page.getByLabel('New certificates').selectOption('ask');
    await page.waitForFunction(() => document.querySelector('select[aria-label="New certificates"]')?.value === 'ask');
  });
  await stepIf(needs('metadata'), 'a key that is none is refused beside its field', async () => {
    await page.getByRole('button', { name: 'Choose a key' }).click();
    await dialog.getByLabel('Certificate').fill('no certificate');
    await expecting([400, 409, 422], async () => {
      await dialog.getByRole('button', { name: 'Save' }).click();
      await dialog.locator('.field .error:not(:empty)').waitFor();
    });
  });
  if (needs('metadata')()) await pictures('provider-trust');
  await stepIf(needs('metadata'), 'metadata must be signed with a key from now on', async () => {
    await dialog.getByLabel('Certificate').fill(walk.certificate);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Change the key' }).waitFor();
  });
  await stepIf(needs('metadata'), 'any key is enough again', async () => {
    await page.getByRole('button', { name: 'Change the key' }).click();
    await dialog.getByLabel('Certificate').fill('');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Choose a key' }).waitFor();
  });
  await stepIf(needs('metadata'), 'a second certificate is laid in, and taken away', async () => {
    await page.getByRole('button', { name: 'Add a certificate' }).click();
    await dialog.getByLabel('Certificate').fill(walk.certificate);
    await dialog.getByRole('button', { name: 'Add' }).click();
    await page.getByRole('button', { name: 'Remove', exact: true }).nth(1).waitFor();
  });
  await stepIf(() => needs('metadata')() && !walk.mocked(), 'metadata that is entered again removes none, and what it has not is marked', async () => {
    const again = page.locator('details', { hasText: 'enter again' });
    await again.locator('summary').click();
    await again.getByRole('radio', { name: 'Upload a file' }).check();
    await again.getByLabel('Metadata file').setInputFiles(walk.metadata);
    await again.getByRole('button', { name: 'Submit' }).click();
    await page.locator('tr', { hasText: walk.fingerprint }).getByText('not published').waitFor();
    if (await page.getByText('not published').count() !== 1) throw new Error('what is published is marked, too');
  });
  if (needs('metadata')()) await pictures('provider-certificates');
  await stepIf(needs('metadata'), 'one certificate is left', async () => {
    await page.locator('tr', { hasText: walk.fingerprint }).getByRole('button', { name: 'Remove' }).click();
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('button', { name: 'Remove', exact: true }).first().waitFor({ state: 'detached' });
  });
  await step('the provider page is left as it was', () => page.goto(at('providers')));
}

/** The operator's keys with what is found, and the window that makes a sign-in recent. */
export async function keys(walk) {
  const { base, page, heading, copied, expecting, stepIf, needs, pictures, seen } = walk;
  const dialog = page.getByRole('dialog');
  await stepIf(needs('keys'), 'our own keys are shown', async () => {
    await page.goto(`${base}/console/operator/keys`);
    await heading('Keys and findings');
    await page.getByRole('heading', { name: 'Signing' }).waitFor();
  });
  await stepIf(needs('keys'), 'the signing key is rolled, with its steps', async () => {
    await page.getByRole('button', { name: 'Roll the signing key' }).click();
    await dialog.getByText('Until then upload its certificate').waitFor();
    await dialog.getByLabel('Days until the new key signs').fill('7');
    await dialog.getByRole('button', { name: 'Roll' }).click();
    await page.getByText('Counts from').waitFor();
    if (!(await copied('Signing certificate')).includes('BEGIN CERTIFICATE')) throw new Error('the certificate cannot be copied');
    if (!await page.getByRole('button', { name: 'Roll the signing key' }).isDisabled()) throw new Error('a second roll is offered');
  });
  if (needs('keys')()) await pictures('keys');

  await stepIf(needs('step-up'), 'the operator sees which actions need a recent sign-in', async () => {
    await page.goto(`${base}/console/operator/recent-sign-in`);
    await heading('Recent sign-in');
    await page.getByText('30 minutes').waitFor();
  });
  if (needs('step-up')()) await pictures('recent-sign-in');
  // A walk has no half hour: the server's refusal is lent to it, once. All the rest is real.
  await stepIf(needs('step-up'), 'an old sign-in is asked for again before it is changed', async () => {
    await page.route('**/api/v1/step-up', (route) => route.fulfill({
      status: 403, contentType: 'application/problem+json',
      body: JSON.stringify({ status: 403, code: 'step-up-required', detail: 'Your sign-in is too old for this.', address: '/step-up' }),
    }), { times: 1 });
    await page.getByRole('button', { name: 'Change', exact: true }).click();
    await dialog.getByLabel('Minutes').fill('20');
    await expecting([403], async () => {
      await dialog.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
    });
  });
  if (needs('step-up')()) await pictures('step-up-asked');
  await stepIf(needs('step-up'), 'a window of its own asks for the password', async () => {
    const opening = page.waitForEvent('popup');
    await page.getByRole('button', { name: 'Open the window' }).click();
    seen.window = await opening;
    await seen.window.getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
    await seen.window.getByText(seen.username).first().waitFor();
  });
  if (needs('step-up')()) await pictures('step-up', seen.window);
  await stepIf(needs('step-up'), 'and then what was asked for goes on by itself', async () => {
    const closed = seen.window.waitForEvent('close');
    await seen.window.getByLabel('Password').fill(walk.password);
    await seen.window.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('20 minutes').waitFor();
    await closed;
  });
  await stepIf(needs('step-up'), 'it is changed back', async () => {
    await page.getByRole('button', { name: 'Change', exact: true }).click();
    await dialog.getByLabel('Minutes').fill('30');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('30 minutes').waitFor();
  });
}
