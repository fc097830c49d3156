// A real browser walks the console, from break-glass to the first pushed group, against the mock or
// the executable. Fails on the first step that does not hold, on any console error or CSP violation,
// and on anything serious that axe finds.
//
// Steps for which nothing was pushed, that need a part of the API which the server does not have, or
// that only the mock can lend (MOCK=1) are skipped, and said to be.
//
//   BASE_URL=https://localhost:8443 BREAK_GLASS_USERNAME=.. BREAK_GLASS_PASSWORD=.. node walk.mjs [output folder]
import { createHash, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { open } from './browser.mjs';
import { appliance } from './appliance.mjs';
import { brake } from './brake.mjs';
import { look } from './look.mjs';
import { offered } from './offered.mjs';
import { push, respond } from './okta.mjs';
import { people, settings } from './people.mjs';
import { keys, requests } from './requests.mjs';
import { liveTest, response } from './sign-ins.mjs';

const BASE = needed('BASE_URL').replace(/\/$/, '');
const USERNAME = needed('BREAK_GLASS_USERNAME');
const PASSWORD = needed('BREAK_GLASS_PASSWORD');
const OUT = process.argv[2] ?? fileURLToPath(new URL('out/', import.meta.url));
const METADATA = fileURLToPath(new URL('fixtures/okta-metadata.xml', import.meta.url));
const SLUG = `walk-${Date.now().toString(36)}`;
const DOMAIN = `${SLUG}.example`;
const IGNORE = (process.env.IGNORE_CONSOLE ?? '').split('|').filter(Boolean);

const counts = { passed: 0, failed: 0, skipped: 0 };
const browser = await open();
const { page, complaints, expecting } = browser;
const seen = { slug: SLUG, domain: DOMAIN, username: USERNAME };
const server = { there: {}, missing: [] };

/** A step that the walk cannot go on without. */
async function step(name, work) {
  try {
    await work();
    const unexpected = complaints.splice(0).filter((text) => !IGNORE.some((part) => text.includes(part)) && !server.missing.some((address) => address.test(text)));
    if (unexpected.length) throw new Error(unexpected.join('\n  '));
    counts.passed += 1;
    console.log(`ok    ${name}`);
  } catch (error) {
    counts.failed += 1;
    console.log(`FAIL  ${name}\n  ${error.message}`);
    await page.screenshot({ path: `${OUT}/failed.png`, fullPage: true }).catch(() => {});
    await finish();
  }
}

/** A step for which something must have been pushed or signed in first. */
async function stepIf(condition, name, work) {
  if (condition()) return step(name, work);
  counts.skipped += 1;
  console.log(`skip  ${name}${condition.part ? ` (needs ${condition.part})` : ''}`);
}

/** Whether the server has these parts of the API, for stepIf. */
function needs(...parts) {
  return Object.assign(() => parts.every((part) => server.there[part]), { part: parts.join(', ') });
}

/** Pictures and axe; what is wrong is counted, the walk goes on. QUICK=1 does without. */
async function pictures(name, which = page) {
  if (process.env.QUICK) return;
  const wrong = await look(which, name, OUT);
  if (wrong.length) {
    counts.failed += 1;
    console.log(`FAIL  how ${name} looks\n  ${wrong.join('\n  ')}`);
  } else {
    counts.passed += 1;
    console.log(`ok    how ${name} looks`);
  }
}

async function finish() {
  await browser.close();
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  process.exit(counts.failed ? 1 : 0);
}

const heading = (text) => page.getByRole('heading', { level: 1, name: text }).waitFor();
const tab = (name) => page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
const at = (...rest) => `${BASE}/console/organizations/${[SLUG, ...rest].join('/')}`;
const copied = (name) => page.locator('.copyable', { has: page.getByRole('button', { name: `Copy ${name}`, exact: true }) }).locator('code').first().innerText();

Object.assign(server, await offered(page.request, BASE));
const mocked = () => Boolean(process.env.MOCK);
const walk = { base: BASE, page, at, heading, tab, copied, expecting, step, stepIf, needs, pictures, mocked, seen, password: PASSWORD, metadata: METADATA, ...await other() };

// The door.
await step('sign-in asks for the e-mail first', async () => {
  await page.goto(`${BASE}/login`);
  await page.getByLabel('E-mail').waitFor();
  if (await page.getByLabel('Password').count()) throw new Error('a password is asked for at once');
});
await pictures('login');
await step('break-glass is a small link away and says that it is recorded', async () => {
  await page.getByRole('link', { name: 'Break-glass sign-in' }).click();
  await heading('Break-glass sign-in');
  await page.getByText('recorded and announced').waitFor();
});
await pictures('break-glass');
await step('break-glass signs in', async () => {
  await page.getByLabel('Username').fill(USERNAME);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in with break-glass' }).click();
  await page.waitForURL((url) => !url.pathname.startsWith('/break-glass'));
  await page.goto(`${BASE}/console`);
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
});

// The organization.
await step('an organization is refused without a name, beside the field', async () => {
  await page.goto(`${BASE}/console/create-organization`);
  await page.getByRole('button', { name: 'Create organization' }).click();
  await page.getByText('Type the name of the company or team.').waitFor();
});
await pictures('create-organization');
await step('a short name that is not allowed is refused beside its field', async () => {
  await page.getByLabel('Name', { exact: true }).fill('Walk');
  await page.getByLabel('Short name').fill('Under_Score');
  await expecting([400, 409, 422], async () => {
    await page.getByRole('button', { name: 'Create organization' }).click();
    await page.locator('#main .error:not(:empty)').first().waitFor();
  });
  if (await page.getByLabel('Short name').getAttribute('aria-invalid') !== 'true') throw new Error('the error is not beside the short name: does the problem name its field?');
});
await step('an organization is created and its checklist opens', async () => {
  await page.getByLabel('Name', { exact: true }).fill('Walk & Sons <b>');
  await page.getByLabel('Short name').fill(SLUG);
  await page.getByRole('button', { name: 'Create organization' }).click();
  await heading('Set up Walk & Sons <b>');
});
await pictures('setup');
await step('every tab opens empty, and says what it is for', async () => {
  for (const [name, title] of [['Users', 'No users yet'], ['Groups', 'No groups yet'], ['Identity Providers', 'No identity provider yet']]) {
    await tab(name);
    await page.getByRole('heading', { name: title }).waitFor();
  }
});
await pictures('providers-empty');
await step('the empty groups carry the warning about Admin', async () => {
  await tab('Groups');
  await page.getByText('All groups are given Admin permission').waitFor();
});
await pictures('groups-empty');

// The provider.
await step('Add Okta Provider shows the two URLs', async () => {
  await tab('Identity Providers');
  await page.getByRole('link', { name: 'Add Okta Provider' }).first().click();
  await heading('Add Okta Provider');
});
await pictures('provider-add');
await stepIf(needs('kinds'), 'other products are offered, each with its own page', async () => {
  await tab('Identity Providers');
  await page.getByRole('link', { name: 'Another product' }).first().click();
  await heading('Which product is it?');
  await page.getByRole('link', { name: 'Other SAML 2.0 provider' }).click();
  await heading('Add SAML provider');
  await page.goto(at('providers', 'new'));
  await heading('Add Okta Provider');
});
await step('Add Provider', async () => {
  await page.getByLabel('Domain').fill(DOMAIN);
  await page.getByRole('button', { name: 'Add Provider' }).click();
  await page.getByRole('heading', { name: 'Enter the SAML settings' }).waitFor();
  seen.acs = await copied('Single sign-on URL');
  seen.entity = await copied('Audience URI (SP Entity ID)');
  if (!/\/saml\/[a-z0-9]+\/acs$/.test(seen.acs)) throw new Error(`Single sign-on URL is ${seen.acs}`);
  if (!seen.entity.startsWith('http')) throw new Error(`Audience URI is ${seen.entity}`);
});
await pictures('provider-draft');
await step('Try another way refuses what is no certificate, beside the field', async () => {
  await page.getByRole('radio', { name: 'Try another way' }).check();
  await page.getByLabel('Sign on URL').fill('https://acme.okta.test/app/acme_portcullis_1/exk1/sso/saml');
  await page.getByLabel('Issuer').fill('http://www.okta.com/exk1');
  await page.getByLabel('Certificate').fill('this is no certificate');
  await expecting([400, 409, 422], async () => {
    await page.getByRole('button', { name: 'Submit' }).click();
    await page.locator('#main .error:not(:empty)').first().waitFor();
  });
});
await pictures('provider-another-way');
await step('a metadata file makes it active, and it waits for a sign-in', async () => {
  await page.getByRole('radio', { name: 'Upload a file' }).check();
  await page.getByLabel('Metadata file').setInputFiles(METADATA);
  await page.getByRole('button', { name: 'Submit' }).click();
  await page.getByText('Waiting for a sign-in…').waitFor();
  await page.locator('h1 .badge', { hasText: 'active' }).waitFor();
});
await pictures('provider-active');
await step('a response that is refused turns the wait into its explanation', async () => {
  seen.refusal = await browser.context.newPage();
  await respond(seen.refusal, local(seen.acs), { SAMLResponse: Buffer.from('<not-saml/>').toString('base64'), RelayState: 'none' });
  await seen.refusal.getByText('Reference', { exact: true }).waitFor();
  await page.bringToFront();
  await page.getByText('Refused', { exact: true }).first().waitFor();
});
await pictures('provider-refused');
await pictures('failed', seen.refusal);
await seen.refusal.close();
await liveTest({ ...walk, context: browser.context, acs: local(seen.acs) });

await stepIf(needs('kinds'), 'the attributes of a provider are changed', async () => {
  await page.getByRole('button', { name: 'Change attributes' }).click();
  await page.getByRole('dialog').getByLabel('E-mail').fill('workMail, NameID');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByText('workMail').waitFor();
});
await stepIf(needs('kinds'), 'groups are taken from an attribute', async () => {
  await page.getByRole('button', { name: 'Change groups' }).click();
  await page.getByRole('dialog').getByLabel('Groups attribute').fill('memberOf');
  await page.getByRole('dialog').getByLabel('Levels').fill('staff = editor');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByText('memberOf').waitFor();
  await page.getByText('staff', { exact: true }).waitFor();
});
if (needs('kinds')()) await pictures('provider-attributes');

await requests(walk);
await step('the provider is opened from its card', async () => {
  await page.locator('.cards h2 a').first().click();
  await page.locator('h1 .badge', { hasText: 'active' }).waitFor();
});

await stepIf(needs('deletion'), 'requiring SSO is refused, with what is missing', async () => {
  await page.getByRole('button', { name: 'Require SSO' }).click();
  await page.getByText('from signing in by any other way').waitFor();
  await expecting([409], async () => {
    await page.getByRole('dialog').getByRole('button', { name: 'Require SSO' }).click();
    await page.getByRole('dialog').locator('.error:not(:empty)').waitFor();
  });
});
if (needs('deletion')()) await pictures('enforcement-refused');
await stepIf(needs('deletion'), 'what is missing stays beside the switch', async () => {
  await page.keyboard.press('Escape');
  await page.locator('#require-sso .unmet').first().waitFor();
});

// SCIM.
await step('Configure SCIM shows the endpoint', async () => {
  await tab('Groups');
  await page.getByRole('link', { name: 'Configure SCIM' }).first().click();
  await heading('Configure SCIM');
  seen.endpoint = await copied('SCIM Endpoint URL');
  if (!seen.endpoint.endsWith(`/scim/v2/${SLUG}`)) throw new Error(`the endpoint is ${seen.endpoint}`);
});
await step('Generate token shows it once', async () => {
  await page.getByRole('button', { name: 'Generate token' }).click();
  await page.getByText('shown only this once').waitFor();
  seen.token = await copied('SCIM token');
  if (!seen.token.startsWith('ptc_scim_')) throw new Error('this is no SCIM token');
  await page.getByText('Waiting for Okta’s test…').waitFor();
});
await pictures('scim');
await step('Okta’s test turns the wait green', async () => {
  seen.pushed = await push(local(seen.endpoint), seen.token, DOMAIN);
  await page.getByText('Okta’s request arrived').waitFor();
});
await pictures('scim-tested');
await step('a token is not shown twice', async () => {
  await page.reload();
  await heading('Configure SCIM');
  if ((await page.content()).includes(seen.token)) throw new Error('the token is still on the page');
});

// People and groups.
await stepIf(() => seen.pushed, 'pushed users are listed with their level and where it comes from', async () => {
  await page.goto(at('users'));
  await page.getByRole('link', { name: 'Ada Lovelace' }).waitFor();
});
await pictures('users');
await stepIf(() => seen.pushed, 'a search keeps its place in the URL', async () => {
  await page.getByRole('searchbox').fill('gr');
  await page.getByRole('button', { name: 'Search' }).click();
  await page.waitForURL(/q=gr/);
  await page.getByRole('link', { name: 'Grace Hopper' }).waitFor();
  await page.goto(at('users'));
});
await stepIf(() => seen.pushed, 'Escape leaves the deactivation as it was', async () => {
  await page.getByRole('button', { name: 'Deactivate Grace Hopper' }).click();
  await page.getByRole('heading', { name: 'Deactivate Grace Hopper?' }).waitFor();
});
if (seen.pushed) await pictures('user-deactivate');
await stepIf(() => seen.pushed, 'a user is deactivated, and the row says so', async () => {
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'Grace Hopper' }).click();
  await heading('Grace Hopper');
  await page.getByRole('button', { name: 'Deactivate Grace Hopper' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Deactivate' }).click();
  await page.locator('h1 .badge', { hasText: 'inactive' }).waitFor();
});
if (seen.pushed) await pictures('user');
await stepIf(() => seen.pushed, 'the cog says that nobody loses what another group gives', async () => {
  await page.goto(at('groups'));
  await page.getByRole('button', { name: 'Change the level of Engineering' }).click();
  await page.getByRole('radio', { name: /^Viewer/ }).check();
  if (server.there.levels) await page.getByText('Nobody gains or loses').waitFor();
});
await stepIf(() => seen.pushed, 'the new level stands in the list', async () => {
  await page.getByRole('button', { name: 'Save level' }).click();
  await page.getByRole('row', { name: /Engineering/ }).getByText('Viewer').waitFor();
});
if (seen.pushed) await pictures('groups');
const losing = Object.assign(() => seen.pushed && server.there.levels, { part: 'levels' });
await stepIf(losing, 'the cog names who loses before it counts', async () => {
  await page.getByRole('button', { name: /^Change the level of Everyone/ }).click();
  await page.getByRole('radio', { name: /^Viewer/ }).check();
  await page.getByRole('heading', { name: '4 people lose' }).waitFor();
  await page.getByText('Admin → Viewer').first().waitFor();
});
if (losing()) await pictures('group-level');
await stepIf(losing, 'Escape leaves the level as it was', async () => {
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('row', { name: /^Everyone/ }).getByText('Admin').waitFor();
});
await stepIf(() => seen.pushed, 'a group shows its members', async () => {
  await page.getByRole('link', { name: 'Engineering' }).click();
  await heading(/^Engineering/);
  await page.getByRole('link', { name: 'Ada Lovelace' }).waitFor();
});
if (seen.pushed) await pictures('group');

await people(walk);

// Settings and activity.
await step('settings are saved and stay', async () => {
  await page.goto(at('settings'));
  await page.getByLabel('Name', { exact: true }).fill('Walk and Sons');
  await page.getByLabel('Level of newly pushed groups').selectOption('viewer');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  await page.goto(at('settings'));
  if (await page.getByLabel('Level of newly pushed groups').inputValue() !== 'viewer') throw new Error('the level was not kept');
});
await pictures('settings');
await settings(walk);
await brake({ ...walk, endpoint: () => local(seen.endpoint) });
await step('activity lists what happened', async () => {
  await tab('Activity');
  await heading('Activity');
  await page.getByRole('row').nth(1).waitFor();
});
await pictures('activity');
await step('a refused sign-in explains itself', async () => {
  await page.goto(`${at('activity')}?kind=saml&outcome=refused`);
  await page.getByRole('row').nth(1).getByRole('link').click();
  await page.getByRole('heading', { name: 'Exchange' }).waitFor();
});
await response(walk);
await pictures('trace');

// What is destructive, and out.
await step('a token is revoked', async () => {
  await page.goto(at('settings', 'tokens'));
  await page.getByRole('button', { name: 'Revoke Okta' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke token' }).click();
  await page.getByRole('row', { name: /^Okta/ }).getByText('revoked').waitFor();
});
await stepIf(needs('deletion'), 'deleting the provider names it and its consequence', async () => {
  await tab('Identity Providers');
  await page.locator('.cards h2 a').first().click();
  await page.getByRole('button', { name: 'Delete Okta Provider' }).click();
  await page.getByRole('heading', { name: /^Delete Okta provider .+\?/ }).waitFor();
});
if (needs('deletion')()) await pictures('provider-delete');
await stepIf(needs('deletion'), 'the provider is deleted', async () => {
  await page.getByRole('dialog').getByRole('button', { name: 'Delete Okta Provider' }).click();
  await page.getByRole('heading', { name: 'No identity provider yet' }).waitFor();
});
await step('the operator sees all organizations', async () => {
  await page.goto(`${BASE}/console/organizations`);
  await page.getByRole('link', { name: 'Walk and Sons' }).first().waitFor();
});
await pictures('organizations');
await appliance(walk);
await keys(walk);
await step('the keyboard alone finds the content and the theme', async () => {
  await page.goto(at('users'));
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  await page.keyboard.press('Tab');
  const first = await page.evaluate(() => document.activeElement.textContent);
  if (first !== 'Skip to content') throw new Error(`the first stop is ${first}`);
  await page.getByRole('button', { name: /^Colours/ }).press('Enter');
  await page.getByRole('button', { name: /^Colours/ }).press('Enter');
  const theme = await page.evaluate(() => document.documentElement.dataset.theme);
  if (theme !== 'dark') throw new Error(`the theme is ${theme}`);
  await page.getByRole('button', { name: /^Colours/ }).press('Enter');
});
await step('an unknown page says so', async () => {
  await page.goto(`${BASE}/console/nothing-here`);
  await heading('No such page');
});
await step('sign out ends the session', async () => {
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('E-mail').waitFor();
  await expecting([401], async () => {
    await page.goto(`${BASE}/console`);
    await page.getByLabel('E-mail').waitFor();
  });
});

// Pages that the walk reaches only where the mock lends it a user's session.
await stepIf(mocked, 'the portal says who I am', async () => {
  await signIn('viewer');
  await page.goto(`${BASE}/`);
  await heading('Ada Lovelace');
});
if (mocked()) await pictures('portal');
await stepIf(mocked, 'a message has one way on', async () => {
  await page.goto(`${BASE}/message`);
  await heading('Signed out');
});
if (mocked()) await pictures('message');
await stepIf(mocked, 'a viewer reads everything and is offered no change', async () => {
  for (const place of ['users', 'groups', 'groups/scim', 'providers', 'settings', 'settings/sign-in', 'settings/tokens']) {
    await page.goto(at(...place.split('/')));
    await page.getByRole('heading', { level: 1 }).waitFor();
    const offered = await page.locator('#main').getByRole('button', { name: /Deactivate|Change|Save|Generate|Revoke|Delete|Invite|Switch|Require|\b(End|New|Make)\b/ }).count()
      + await page.locator('#main').getByRole('link', { name: /Add Okta|Setup|Configure/ }).count();
    if (offered) throw new Error(`${place} offers a viewer ${offered} changes`);
  }
});
if (mocked()) await pictures('settings-viewer');
await stepIf(mocked, 'a provider that people use is deleted only with its number of people', async () => {
  await signOut();
  await signIn(USERNAME);
  await page.goto(at('providers', 'new'));
  await page.getByLabel('Domain').fill(DOMAIN);
  await page.getByRole('button', { name: 'Add Provider' }).click();
  const acs = await copied('Single sign-on URL');
  await page.getByRole('radio', { name: 'Upload a file' }).check();
  await page.getByLabel('Metadata file').setInputFiles(METADATA);
  await page.getByRole('button', { name: 'Submit' }).click();
  await page.getByText('Waiting for a sign-in…').waitFor();
  const other = await browser.context.newPage();
  await respond(other, local(acs), { SAMLResponse: 'accepted' });
  await other.close();
  await page.getByText('Signed in', { exact: true }).waitFor();
});
if (mocked()) await pictures('provider-signed-in');
await stepIf(mocked, 'after a sign-in and a drill, SSO is required', async () => {
  await page.request.post(`${BASE}/api/v1/mock-drill`, { data: { name: USERNAME, passed: true } });
  await page.reload();
  await page.getByRole('button', { name: 'Require SSO' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Require SSO' }).click();
  await page.locator('h1 .badge', { hasText: 'SSO required' }).waitFor();
});
if (mocked()) await pictures('provider-enforced');
await stepIf(mocked, 'its deletion says what ends and what is left', async () => {
  await page.getByRole('button', { name: 'Delete Okta Provider' }).click();
  await page.getByText('1 person signs in through it').waitFor();
  await page.getByText('Still open:').waitFor();
});
if (mocked()) await pictures('provider-delete-used');
await stepIf(mocked, 'a user’s sessions are listed and ended', async () => {
  await page.keyboard.press('Escape');
  await page.goto(at('users'));
  await page.getByRole('link', { name: 'Ada Lovelace' }).click();
  await page.getByText('Firefox on Linux').first().waitFor();
});
if (mocked()) await pictures('user-sessions');
await stepIf(mocked, 'all of them end at once', async () => {
  await page.getByRole('button', { name: 'End all sessions' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'End all sessions' }).click();
  await page.getByText('All sessions of Ada Lovelace are ended.').waitFor();
  await page.goto(`${BASE}/console/operator/drills`);
  await page.getByText('passed', { exact: true }).waitFor();
});
if (mocked()) await pictures('drills-passed');
await stepIf(mocked, 'an editor invites, and does not make admins', async () => {
  await signOut();
  await signIn('editor');
  await page.goto(at('users'));
  await page.getByRole('button', { name: 'Invite user' }).click();
  const offered = await page.getByRole('dialog').getByLabel('Level').locator('option').allInnerTexts();
  if (offered.some((text) => text.startsWith('Admin'))) throw new Error('an editor is offered to make an admin');
  await page.keyboard.press('Escape');
  await page.goto(`${BASE}/console/operator/break-glass`);
  await heading('For the operator only');
  await signOut();
  await signIn(USERNAME);
  await page.goto(at('providers'));
});
await stepIf(mocked, 'its list and its deletion name them', async () => {
  await tab('Identity Providers');
  await page.getByText('1 person signs in through it').waitFor();
});
if (mocked()) await pictures('providers');
await finish();

async function signOut() {
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('E-mail').waitFor();
}

async function signIn(name) {
  await page.goto(`${BASE}/break-glass`);
  await page.getByLabel('Username').fill(name);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in with break-glass' }).click();
  await page.waitForURL((url) => !url.pathname.startsWith('/break-glass'));
}

/** A certificate that no provider has yet. */
async function other() {
  const certificate = await readFile(fileURLToPath(new URL('fixtures/other-certificate.pem', import.meta.url)), 'utf8');
  return { certificate, fingerprint: createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex') };
}

/** The public address may be another one than the one the walk uses. */
function local(address) {
  const { pathname } = new URL(address);
  return BASE + pathname;
}

function needed(name) {
  const value = process.env[name];
  if (value) return value;
  console.error(`${name} is not set`);
  process.exit(2);
}
