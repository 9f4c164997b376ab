/// <reference lib="dom" />
// The types of the browser, for the functions that run in the page.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
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

/** The screenshots are kept, for a reader of the results. */
const ARTEFACTS = join(process.cwd(), '.artifacts');
/** A browser on a busy machine may be slow. No result here depends on how long it takes. */
const PATIENCE_MS = 180_000;

jest.setTimeout(2 * PATIENCE_MS);

const CARD = (key: string) => `[data-key="${key}"]`;
const DESKTOP = { width: 1_280, height: 900 };
const PHONE = { width: 390, height: 844 };

const shoot = (page: Page, name: string) =>
  page.screenshot({ path: join(ARTEFACTS, `status-page-${name}.png`), fullPage: true });

const fact = async (page: Page, key: string, name: string) =>
  Number((await page.locator(`${CARD(key)} [data-fact="${name}"] dd`).textContent())?.replaceAll(/\D/g, ''));

/** Waits until the page shows the text. */
const says = (page: Page, selector: string, words: string) =>
  page.locator(selector).filter({ hasText: words }).waitFor();

const press = (page: Page, key: string, button: string) =>
  page.click(`${CARD(key)} [data-button="${button}"]`);

describe('the status page of the demo', () => {
  let sandbox: Sandbox;
  let application: INestApplication;
  let traffic: Traffic;
  let browser: Browser;
  let url: string;
  /** The errors that the browser reported, and its requests to other origins. */
  let complaints: string[];

  beforeAll(async () => {
    mkdirSync(ARTEFACTS, { recursive: true });
    complaints = [];
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

  async function open(
    viewport: { width: number; height: number },
    colorScheme: 'light' | 'dark' = 'light',
  ): Promise<Page> {
    const page = await browser.newPage({ viewport, colorScheme });
    page.setDefaultTimeout(PATIENCE_MS / 2);
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('request', (request) => {
      if (!request.url().startsWith(url)) complaints.push(`asked for ${request.url()}`);
    });
    await page.goto(url);
    await page.waitForSelector(`${CARD('wakapay/shop-2')}[data-state="fresh"]`);
    return page;
  }

  it('has a card for each provider and account, with the life of its credential in words', async () => {
    const page = await open(DESKTOP);
    const names = await page.locator('article .name').allTextContents();
    expect(names.toSorted()).toEqual(
      [
        'cashfin',
        'clickpesa',
        'cryptofuse (read write)',
        'kashier',
        'pesapal',
        'wakapay',
        'wakapay · shop-1',
        'wakapay · shop-2',
      ].toSorted(),
    );
    const life = (key: string) => page.locator(`${CARD(key)} .life`).textContent();
    expect(await life('pesapal')).toMatch(/^token [0-9a-f]{8}: \d+ min left of \d+ min$/);
    expect(await life('kashier')).toMatch(/^key [0-9a-f]{8}, which does not expire$/);
    await page.waitForSelector(`${CARD('kashier')} .strip .key`);
    await page.waitForSelector(`${CARD('pesapal')} .strip .token`);
    await page.waitForSelector(`${CARD('pesapal')} .strip .rate`);
    expect(await page.locator(`${CARD('pesapal')} svg`).getAttribute('aria-label')).toMatch(
      /^The last two minutes of pesapal: \d+ calls, 0 failed, 1 new credentials, 0 refusals/,
    );
    await page.close();
  });

  it('says that all is well, and nothing that contradicts it', async () => {
    const page = await open(DESKTOP);
    await says(page, '#verdict', 'Every credential in use serves. No call has failed since the start.');
    expect(await page.locator('#verdict').getAttribute('data-tone')).toBe('calm');
    await page.waitForFunction(
      () => Number(document.querySelector('#totals [data-fact="calls"] dd')?.textContent) > 0,
    );
    const totals = await page.locator('#totals dt').allTextContents();
    expect(totals.map((words) => words.replace(/ \(.*/, ''))).toEqual([
      'calls',
      'failed',
      'sent twice',
      'logins',
      'payments twice',
    ]);
    await page.click('#legend summary');
    expect(await page.locator('#states dt').count()).toBe(5);
    await shoot(page, 'calm');
    await page.close();
  });

  it('shows that a revoked token is replaced, and that no call fails for it', async () => {
    const page = await open(DESKTOP);
    const before = await fact(page, 'wakapay', 'logins');
    await press(page, 'wakapay', 'revoke');
    await says(page, `${CARD('wakapay')} .pressed`, '✓');
    await page.waitForSelector(`${CARD('wakapay')} .mark-refused`);
    await page.waitForSelector(`${CARD('wakapay')} .mark-replayed`);
    await page.waitForFunction(
      (card) => Number(document.querySelector(`${card} [data-fact="sentAgain"] dd`)?.textContent) > 0,
      CARD('wakapay'),
    );
    expect(await fact(page, 'wakapay', 'logins')).toBe(before + 1);
    expect(await fact(page, 'wakapay', 'failed')).toBe(0);
    await says(page, `${CARD('wakapay')} .what`, 'Over: A call was refused');
    await page.close();
  });

  it('shows failed calls in red, and says afterwards that calls succeed again', async () => {
    const page = await open(DESKTOP);
    await press(page, 'clickpesa', 'refuse');
    await says(page, '#verdict', 'Calls fail with clickpesa: the provider has a failure of its own.');
    await says(page, `${CARD('clickpesa')} .state`, 'calls fail; the credential is fresh');
    expect(await page.locator('#verdict').getAttribute('data-tone')).toBe('bad');
    await page.waitForSelector(`${CARD('clickpesa')}[data-tone="bad"] .failed-calls`);
    await says(page, `${CARD('clickpesa')} .why`, 'Cause: the provider has a failure of its own.');
    await says(page, `${CARD('clickpesa')} .life`, 'the sandbox fails every call');
    const red = await page.evaluate(
      (card) =>
        ['[data-fact="failed"] dd', '.failed-calls'].map((selector) => {
          const style = getComputedStyle(document.querySelector(`${card} ${selector}`) as Element);
          return selector.startsWith('.') ? style.fill : style.color;
        }),
      CARD('clickpesa'),
    );
    expect(red).toEqual(['rgb(176, 30, 26)', 'rgb(176, 30, 26)']);
    // The credential in the worst state stands first.
    expect(await page.locator('article').first().getAttribute('data-key')).toBe('clickpesa');
    await press(page, 'clickpesa', 'recover');
    await says(page, `${CARD('clickpesa')} .what`, 'Over: A call failed');
    await says(page, '#verdict', 'Every credential in use serves.');
    await says(page, '#verdict', 'failed earlier; the last trouble was with');
    await page.close();
  });

  it('says that the last call succeeded when every second call fails, and rounds long times', async () => {
    const page = await open(DESKTOP);
    await page.route('**/status.json*', async (route) => {
      const answer = await route.fetch();
      const snapshot = (await answer.json()) as { rows: { status: { provider: string } }[] };
      const lastFailure = { on: 'call', atMs: 0, reason: 'no answer within 15000 ms' };
      const explanation = { state: 'fresh', sinceMs: 0, host: 'x.example', lastFailure };
      const rows = snapshot.rows.map((row) =>
        row.status.provider === 'clickpesa' ? { ...row, trouble: 'failing', explanation } : row,
      );
      const json = { ...snapshot, rows };
      await route.fulfill({ response: answer, json });
    });
    await says(page, `${CARD('clickpesa')} .state`, 'calls failed a moment ago; the last one succeeded');
    await says(page, `${CARD('clickpesa')} .what`, 'no answer within 15 s');
    expect(await page.locator(CARD('clickpesa')).getAttribute('data-tone')).toBe('bad');
    await page.close();
  });

  it('says why calls fail while logins do, and that they go on once logins succeed', async () => {
    const page = await open(DESKTOP);
    const [phone, dark] = [await open(PHONE), await open(DESKTOP, 'dark')];
    await press(page, 'pesapal', 'fail');
    await press(page, 'pesapal', 'revoke');
    // The token has ended, and no new one can be obtained.
    await says(page, '#verdict', 'No calls can be made with pesapal: the provider has a failure of its own.');
    await says(page, `${CARD('pesapal')} .state`, 'calls fail: no token can be had');
    await says(page, `${CARD('pesapal')} .why`, 'Login failed');
    await says(page, `${CARD('pesapal')} .fix`, 'What to do:');
    await page.waitForSelector(`${CARD('pesapal')} .trouble`);
    await page.waitForSelector(`${CARD('pesapal')} .mark-failed`);
    expect(await page.locator(`${CARD('pesapal')} .life`).textContent()).not.toMatch(/does not expire/);
    for (const [each, name] of [
      [page, 'logins-fail'],
      [phone, 'logins-fail-phone'],
      [dark, 'logins-fail-dark'],
    ] as const) {
      await each.waitForSelector(`${CARD('pesapal')}[data-tone="bad"]`);
      await shoot(each, name);
    }
    await press(page, 'pesapal', 'recover');
    await page.waitForSelector(`${CARD('pesapal')}[data-state="fresh"]`, { timeout: PATIENCE_MS });
    await says(page, '#verdict', 'Every credential in use serves.');
    await says(page, `${CARD('pesapal')} .what`, 'Over:');
    await shoot(page, 'recovered');
    expect(Number(await page.locator('#totals [data-fact="twice"] dd').textContent())).toBe(0);
    await Promise.all([page, phone, dark].map((each) => each.close()));
  });

  it('can be used by keyboard, and keeps the focus while figures change', async () => {
    const page = await open(DESKTOP);
    await page.keyboard.press('/');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('search');
    await page.keyboard.type('shop-');
    await page.waitForFunction(() => document.querySelectorAll('article').length === 2);
    await page.keyboard.press('Control+A');
    await page.keyboard.press('Delete');
    await page.waitForFunction(() => document.querySelectorAll('article').length === 8);
    const button = `${CARD('cryptofuse')} [data-button="slow"]`;
    for (let tabs = 0; tabs < 80; tabs += 1) {
      if (await page.evaluate((selector) => document.activeElement?.matches(selector), button)) break;
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await says(page, `${CARD('cryptofuse')} .pressed`, '✓');
    await says(page, `${CARD('cryptofuse')} .life`, 'the sandbox answers late');
    expect(await page.evaluate((selector) => document.activeElement?.matches(selector), button)).toBe(true);
    sandbox.provider('cryptofuse').behave();
    await page.close();
  });

  it('shows only what needs attention, opens a log and the signs, all by keyboard', async () => {
    const page = await open(DESKTOP);
    const focus = async (selector: string) => {
      for (let tabs = 0; tabs < 120; tabs += 1) {
        if (await page.evaluate((each) => document.activeElement?.matches(each), selector)) return;
        await page.keyboard.press('Tab');
      }
      throw new Error(`The Tab key does not reach ${selector}.`);
    };
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.className)).toBe('skip');
    await focus('#legend summary');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#states dt:visible');
    await page.keyboard.press('Enter');
    await focus(`${CARD('clickpesa')} .log summary`);
    await page.keyboard.press('Enter');
    await page.waitForSelector(`${CARD('clickpesa')} .log li:visible`);
    sandbox.provider('clickpesa').misbehave({ fault: 'server-error', on: 'call' });
    await page.keyboard.press('/');
    await focus('#troubled');
    await page.keyboard.press('Space');
    await page.waitForFunction(
      () =>
        Array.from(document.querySelectorAll('article'), ({ dataset }) => dataset['key']).join() ===
        'clickpesa',
    );
    // The first sentence and the totals count every credential, also those that are not shown.
    await says(page, '#verdict', 'Calls fail with clickpesa');
    sandbox.provider('clickpesa').behave();
    await says(page, '#rest', 'Nothing needs attention.');
    await page.keyboard.press('Space');
    await page.waitForFunction(() => document.querySelectorAll('article').length === 8);
    await page.close();
  });

  it('fits on a phone without sideways scrolling, and shows a healthy credential in few lines', async () => {
    const page = await open(PHONE);
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow).toBe(0);
    const height = await page
      .locator(CARD('kashier'))
      .evaluate((card) => card.getBoundingClientRect().height);
    expect(height).toBeLessThan(200);
    await shoot(page, 'phone');
    await page.close();
  });

  it.each(['light', 'dark'] as const)('has enough contrast in %s for every text', async (scheme) => {
    const page = await open(DESKTOP, scheme);
    const faint = await page.evaluate(() => {
      const canvas = document.createElement('canvas').getContext('2d') as CanvasRenderingContext2D;
      const rgb = (color: string) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
      };
      // oxlint-disable-next-line unicorn/consistent-function-scoping -- it runs in the page
      const luminance = (color: number[]) =>
        color.slice(0, 3).reduce((sum, value, at) => {
          const part = value / 255;
          const linear = part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
          return sum + linear * ([0.2126, 0.7152, 0.0722][at] as number);
        }, 0);
      const groundOf = (element: Element | null): number[] => {
        if (element === null) return [255, 255, 255, 255];
        const color = rgb(getComputedStyle(element).backgroundColor);
        return (color[3] ?? 0) > 0 ? color : groundOf(element.parentElement);
      };
      const texts = document.querySelectorAll('h1, h2, p, dt, dd, summary, button, label, figcaption');
      return [...texts].flatMap((element) => {
        if (!element.checkVisibility() || element.textContent?.trim() === '') return [];
        const [a, b] = [luminance(rgb(getComputedStyle(element).color)), luminance(groundOf(element))];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        return contrast < 4.5 ? [`${element.className} "${element.textContent}": ${contrast}`] : [];
      });
    });
    expect(faint).toEqual([]);
    await page.close();
  });

  it('loads nothing from another origin, and the browser reports no error', () => {
    expect(complaints).toEqual([]);
  });

  it('refuses a button and a provider that do not exist, and says which there are', async () => {
    const answer = await fetch(`${url}/sandbox/wakapay/explode`, { method: 'POST' });
    expect(answer.status).toBe(404);
    expect(await answer.text()).toMatch(/revoke, rotate, slow, fail, refuse, recover/);
    expect((await fetch(`${url}/sandbox/nobody/revoke`, { method: 'POST' })).status).toBe(404);
  });

  it('says that it has no answer when the application is gone, and that its figures are old', async () => {
    const page = await open(DESKTOP);
    await traffic.stop();
    await application.close();
    await says(page, '#connection', 'no answer from the application since');
    await says(page, '#verdict', 'What stands below is old.');
    expect(await page.locator('#verdict').getAttribute('data-tone')).toBe('stale');
    await page.close();
  });
});
