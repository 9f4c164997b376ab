import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromFile, PaymentsSignaturesService } from 'nestjs-payments-auth';
import { startApplication, type ApplicationSettings } from '../support/application.js';
import { failure } from '../support/waiting.js';

/** Texts that no header can carry as they are. */
const UNSENDABLE: [title: string, text: string][] = [
  ['a letter of Latin-1', 'cs_é'],
  ['a euro sign', 'k€'],
  ['a no-break space', 'cs_\u00a0x'],
  ['a line break', 'cs_a\nb'],
  ['a NUL', 'cs_\0'],
  ['a DEL', 'cs_\u007f'],
  ['a control character of Latin-1', 'cs_\u0085x'],
  ['a tab', 'cs_a\tb'],
  ['a space in front', ' cs_a'],
  ['a space behind', 'cs_a '],
  ['a surrogate pair', 'cs_🔑'],
  ['a zero-width space', 'cs_\u200b'],
];

const SENDABLE = ['cs_a b', 'cs_!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', 'x'];

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'payments-auth-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(content: string) {
  const path = join(folder, `secret-${(files += 1)}`);
  await writeFile(path, content);
  return fromFile(path);
}

/** Where a secret can come from, and an application that takes it from there. */
const WAYS: [title: string, use: (clientSecret: string) => Promise<unknown>][] = [
  ['an option', (clientSecret) => use({ credentials: { clientSecret } })],
  ['a list', (clientSecret) => use({ credentials: [{ clientSecret }] })],
  ['a record of accounts', (clientSecret) => use({ accounts: { shop: { clientSecret } } }, 'shop')],
  ['a file', async (text) => use({ credentials: { clientSecret: await file(text) } })],
  ['a JSON file', async (clientSecret) => use({ credentials: await file(JSON.stringify({ clientSecret })) })],
  ['a function', (clientSecret) => use({ credentials: () => ({ clientSecret }) })],
  ['a function of accounts', (clientSecret) => use({ accounts: () => ({ clientSecret }) }, 'shop')],
  [
    'rotate()',
    (clientSecret) => use({ credentials: { clientSecret: 'cs_before' } }, undefined, { clientSecret }),
  ],
  [
    'a variable',
    (text) => use(undefined, undefined, undefined, { variables: { CASHFIN_CLIENT_SECRET: text } }),
  ],
];

/** Returns the headers that calls carry. Rejects with the error of the boot, of `rotate()` or of the headers. */
async function use(
  cashfin: object | undefined,
  account?: string,
  rotated?: { clientSecret: string },
  settings: ApplicationSettings = {},
) {
  const application = await startApplication(cashfin && { providers: { cashfin } }, settings);
  try {
    const own = application.paymentsAuth.credentials('cashfin');
    const credentials = account === undefined ? own : own.account(account);
    if (rotated !== undefined) await credentials.rotate(rotated);
    return await credentials.headers();
  } finally {
    await application.close();
  }
}

describe.each(WAYS)('a secret that comes from %s', (way, secretFrom) => {
  it.each(UNSENDABLE)('is refused where it holds %s', async (_, text) => {
    // A variable cannot hold a NUL: the operating system cuts it off there.
    if (way === 'a variable' && text.includes('\0')) return;
    const error = await failure(secretFrom(text));
    expect(['INVALID_OPTIONS', 'CREDENTIALS_UNAVAILABLE']).toContain(error['code']);
    expect(error.message).toMatch(
      /(clientSecret|CLIENT_SECRET).*(a header cannot contain|line break|space at its beginning or end)/,
    );
    expect(error.message).not.toContain(text);
  });

  it.each(SENDABLE)('is sent as it is where every header can carry it: %s', async (text) => {
    expect(Object.values((await secretFrom(text)) as object).join()).toContain(text);
  });
});

it('one text names a provider that is not configured, wherever the mistake is noticed', async () => {
  const application = await startApplication({
    providers: { cashfin: { credentials: { clientSecret: 'test-not-real' } } },
  });
  try {
    const signatures = application.app.get(PaymentsSignaturesService);
    const said = await Promise.all([
      failure((async () => application.paymentsAuth.http('pesapal'))()),
      failure((async () => application.paymentsAuth.credentials('pesapal'))()),
      failure(signatures.bodySignature('pesapal', {})),
    ]);
    for (const { message } of said)
      expect(message).toMatch(
        /^Provider "pesapal" is not configured\..*PESAPAL_CONSUMER_KEY.*Configured: cashfin\.$/,
      );
  } finally {
    await application.close();
  }
});
