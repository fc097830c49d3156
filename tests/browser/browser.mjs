// A headless Chromium of the system's, with a profile of its own, that writes down everything a page
// complains about.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const ARGUMENTS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

/** {page, context, complaints, expecting, close}. complaints: console errors, CSP violations, exceptions. */
export async function open() {
  const profile = await mkdtemp(join(tmpdir(), 'portcullis-walk-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: ARGUMENTS,
    ignoreHTTPSErrors: true,
    locale: 'en-GB',
    viewport: { width: 1280, height: 800 },
  });
  const complaints = [];
  let expected = [];
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      console.error(`Content-Security-Policy: ${event.violatedDirective} refused ${event.blockedURI} in ${event.sourceFile}:${event.lineNumber}`);
    });
  });
  const page = context.pages()[0] ?? await context.newPage();
  page.setDefaultTimeout(10_000);
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    const status = /status of (\d+)/.exec(message.text())?.[1];
    if (status && expected.includes(Number(status))) return;
    complaints.push(`console: ${message.text()} (${message.location().url})`);
  });
  return {
    page,
    context,
    complaints,
    /** Answers of these statuses are what the step is about, so they are no complaint. */
    async expecting(statuses, step) {
      expected = statuses;
      await step();
      expected = [];
    },
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
