// What an admin does about a sign-in that failed: the live test of a provider, the trace, the
// response behind it shown, replayed, and put together for support.
import { readFile } from 'node:fs/promises';
import { respond } from './okta.mjs';

const NOT_SAML = Buffer.from('<not-saml/>').toString('base64');

/** On the page of an active provider, whose ACS is `acs`. */
export async function liveTest({ page, stepIf, needs, pictures, mocked, acs, context }) {
  const real = Object.assign(() => !mocked() && needs('tests')(), { part: 'tests' });
  await stepIf(real, 'a test is started in another tab and shows what failed, step by step', async () => {
    // The identity provider, as far as it is needed here: it is come to.
    await context.route('https://acme.okta.test/**', (route) => route.fulfill({ contentType: 'text/html', body: '<title>Okta</title>' }));
    const opened = context.waitForEvent('page');
    await page.getByRole('button', { name: 'Test sign-in' }).click();
    const tab = await opened;
    await tab.waitForURL(/acme\.okta\.test/);
    await page.bringToFront();
    await page.getByText('Opened. Waiting for the identity provider’s answer…').waitFor();
    const state = new URL(tab.url()).searchParams.get('RelayState');
    await respond(tab, acs, { SAMLResponse: NOT_SAML, RelayState: state });
    await tab.getByRole('heading', { name: 'The test failed' }).waitFor();
    await page.bringToFront();
    await page.getByText('The test failed', { exact: true }).waitFor();
    await page.getByRole('heading', { name: 'Kind of document' }).waitFor();
    await pictures('test-page', tab);
    await tab.close();
    await context.unroute('https://acme.okta.test/**');
  });
  if (real()) await pictures('provider-test');
}

/** On the page of a refused sign-in's trace. */
export async function response({ page, stepIf, needs, pictures, mocked }) {
  const real = Object.assign(() => !mocked() && needs('replay')(), { part: 'replay' });
  await stepIf(real, 'the response is shown as it came', async () => {
    await page.getByRole('button', { name: 'Show response' }).click();
    await page.locator('pre', { hasText: '<not-saml/>' }).waitFor();
  });
  await stepIf(real, 'a support bundle is saved, without what came', async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Support bundle' }).click(),
    ]);
    const bundle = JSON.parse(await readFile(await download.path(), 'utf8'));
    if (bundle.format !== 'portcullis-trace-bundle-1' || bundle.provider.kind !== 'okta') throw new Error(JSON.stringify(bundle));
    await page.getByText('are not in it').waitFor();
  });
  await stepIf(real, 'a replay sets then and today side by side', async () => {
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.getByText('It was refused at').waitFor();
    await page.getByRole('columnheader', { name: 'Then' }).waitFor();
    await page.getByRole('row', { name: /Kind of document/ }).getByText('failed').nth(1).waitFor();
  });
}
