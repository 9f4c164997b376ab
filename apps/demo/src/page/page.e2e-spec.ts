/// <reference lib="dom" />
// For the functions that run in the page.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Browser, Page } from 'playwright-core';
import { type Sandbox, startSandbox } from 'payments-sandbox';
import { launchChromium } from '../../../../test/support/chromium.js';
import { DemoModule } from '../demo.module.js';
import type { PaymentAction } from '../payments/payment-action.js';
import { Tally } from '../run/tally.js';
import { Traffic } from '../run/traffic.js';
import { EVERY_ACTION } from '../sandbox.tokens.js';

/** What was seen is kept, for whoever wants to look. */
const ARTEFACTS = join(process.cwd(), '.artifacts');
/** A browser on a busy machine takes its time; nothing here is decided by how long. */
const PATIENCE_MS = 60_000;

function figure(page: Page, key: string, field: string) {
  return page.locator(`[data-key="${key}"] [data-field="${field}"]`);
}

describe('the live page', () => {
  let sandbox: Sandbox;
  let application: INestApplication;
  let traffic: Traffic;
  let browser: Browser;
  let url: string;

  beforeAll(async () => {
    mkdirSync(ARTEFACTS, { recursive: true });
    sandbox = await startSandbox({ tokenLifetimeMs: 3_600_000 });
    application = await NestFactory.create(DemoModule.withSandbox(sandbox), {
      logger: ['error'],
      forceCloseConnections: true,
      rawBody: true,
    });
    await application.listen(0, '127.0.0.1');
    url = (await application.getUrl()).replace('[::1]', '127.0.0.1');
    traffic = new Traffic(application.get<PaymentAction[]>(EVERY_ACTION), application.get(Tally));
    traffic.start(2, 200);
    browser = await launchChromium();
  }, PATIENCE_MS);

  afterAll(async () => {
    await browser?.close();
    await traffic?.stop();
    await application?.close();
    await sandbox?.close();
  }, PATIENCE_MS);

  async function open(width: number, height: number): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height } });
    page.setDefaultTimeout(PATIENCE_MS / 2);
    await page.goto(url);
    await page.waitForSelector('[data-key="wakapay/shop-2"][data-state="fresh"]');
    return page;
  }

  it(
    'has a row for each provider and each account, with the life of its token in words',
    async () => {
      const page = await open(1_200, 1_000);
      const names = await page.locator('article .name').allTextContents();
      expect(names.toSorted()).toEqual(
        [
          'cashfin',
          'clickpesa',
          'cryptofuse',
          'kashier',
          'pesapal',
          'wakapay',
          'wakapay · shop-1',
          'wakapay · shop-2',
        ].toSorted(),
      );
      const life = page.locator('[data-key="cryptofuse"] .life');
      // The provider says when it ends: what was on the way for a second or two is not in it.
      const [, left, whole] = /(\d+\.\d) s of (\d+) s left/.exec((await life.textContent()) ?? '') ?? [];
      expect(Number(whole)).toBeGreaterThan(3_540);
      expect(Number(whole)).toBeLessThanOrEqual(3_600);
      expect(Number(left)).toBeLessThanOrEqual(Number(whole) + 0.5);
      expect(Number(await life.getAttribute('aria-valuenow'))).toBeGreaterThan(0);
      await page.close();
    },
    PATIENCE_MS,
  );

  it(
    'shows that a revoked token is replaced, and that no call fails for it',
    async () => {
      const page = await open(1_200, 1_000);
      const before = Number(await figure(page, 'wakapay', 'tokenRequests').textContent());
      await page.click('[data-key="wakapay"] [data-button="revoke"]');
      await page.waitForFunction(
        ({ than }) =>
          Number(
            document.querySelector('[data-key="wakapay"] [data-field="tokenRequests"]')?.textContent ?? 0,
          ) > than &&
          Number(
            document.querySelector('[data-key="wakapay"] [data-field="refusalsSurvived"]')?.textContent ?? 0,
          ) > 0,
        { than: before },
      );
      expect(await figure(page, 'wakapay', 'failed').textContent()).toBe('0');
      expect(await figure(page, 'wakapay', 'tokenRequests').textContent()).toBe(String(before + 1));
      await page.screenshot({ path: join(ARTEFACTS, 'live-page.png') });
      await page.close();
    },
    PATIENCE_MS,
  );

  it(
    'makes a provider misbehave, says so, and makes it recover',
    async () => {
      const page = await open(1_200, 1_000);
      const fault = page.locator('[data-key="clickpesa"] .fault');
      await page.click('[data-key="clickpesa"] [data-button="slow"]');
      await fault.filter({ hasText: 'slow' }).waitFor();
      await page.click('[data-key="clickpesa"] [data-button="recover"]');
      await fault.filter({ hasText: 'behaves' }).waitFor();
      expect(await figure(page, 'clickpesa', 'failed').textContent()).toBe('0');
      await page.close();
    },
    PATIENCE_MS,
  );

  it(
    'fits on a phone without scrolling sideways',
    async () => {
      const page = await open(390, 844);
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow).toBe(0);
      await page.screenshot({ path: join(ARTEFACTS, 'live-page-phone.png') });
      await page.close();
    },
    PATIENCE_MS,
  );

  it('refuses a button and a provider that do not exist, and says which there are', async () => {
    const answer = await fetch(`${url}/sandbox/wakapay/explode`, { method: 'POST' });
    expect(answer.status).toBe(404);
    expect(await answer.text()).toMatch(/revoke, rotate, slow, fail, recover/);
    expect((await fetch(`${url}/sandbox/nobody/revoke`, { method: 'POST' })).status).toBe(404);
  });
});
