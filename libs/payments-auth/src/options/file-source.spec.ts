import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { BUILT_IN_PROVIDERS } from '../providers/index.js';
import { fromFile } from './file-source.js';
import { fromFiles } from './from-files.js';
import { resolveOptions } from './options.resolver.js';

const SECRET = 'test-secret-not-real-0001';

const inSandbox = (credentials: unknown) => ({ environment: 'sandbox', credentials });

async function configure(provider: 'cashfin' | 'pesapal', options: object) {
  const { providers } = await resolveOptions(
    { providers: { [provider]: options } },
    { builtIns: BUILT_IN_PROVIDERS, variables: () => undefined },
  );
  return providers[0];
}

const ttlMs = async (options: object) => {
  const { own, accounts } = (await configure('cashfin', options)) ?? {};
  return { own: own?.ttlMs, accounts: accounts?.ttlMs };
};

describe('fromFile', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'payments-auth-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it.each([
    ['no newline', SECRET, SECRET],
    ['one newline', `${SECRET}\n`, SECRET],
    ['the newline of another system', `${SECRET}\r\n`, SECRET],
    ['two newlines, of which one stays', `${SECRET}\n\n`, `${SECRET}\n`],
  ])('takes the text of a file that ends in %s', async (_, content, expected) => {
    await writeFile(at('secret'), content);
    expect(await fromFile(at('secret')).text()).toBe(expected);
  });

  it('gives one field, and reads the file again each time that it is asked', async () => {
    await writeFile(at('secret'), `${SECRET}\n`);
    const cashfin = await configure('cashfin', { credentials: { clientSecret: fromFile(at('secret')) } });
    expect(cashfin?.own?.isDynamic).toBe(true);
    expect(await cashfin?.own?.resolve()).toEqual([{ clientSecret: SECRET }]);
    // Container platforms replace a file in this way: the new file takes the name of the old one.
    await writeFile(at('next'), 'test-secret-not-real-0002\n');
    await rename(at('next'), at('secret'));
    expect(await cashfin?.own?.resolve()).toEqual([{ clientSecret: 'test-secret-not-real-0002' }]);
  });

  it('gives all credentials, from a JSON object or from a list of them', async () => {
    const older = { consumerKey: 'test-key-not-real-1', consumerSecret: SECRET };
    const newer = { ...older, consumerKey: 'test-key-not-real-2' };
    await writeFile(at('one.json'), `${JSON.stringify(older)}\n`);
    await writeFile(at('list.json'), JSON.stringify([newer, older], undefined, 2));
    const one = await configure('pesapal', inSandbox(fromFile(at('one.json'))));
    expect(await one?.own?.resolve()).toEqual([older]);
    const list = await configure('pesapal', inSandbox(fromFile(at('list.json'))));
    expect(await list?.own?.resolve()).toEqual([newer, older]);
    const files = await configure(
      'pesapal',
      inSandbox([fromFile(at('list.json')), fromFile(at('one.json'))]),
    );
    expect(await files?.own?.resolve()).toEqual([newer, older, older]);
  });

  it('gives the secrets of accounts too', async () => {
    await writeFile(at('shop'), SECRET);
    const cashfin = await configure('cashfin', {
      accounts: { shop: { clientSecret: fromFile(at('shop')) } },
    });
    expect(cashfin?.accounts?.isDynamic).toBe(true);
    expect(await cashfin?.accounts?.resolve('shop')).toEqual([{ clientSecret: SECRET }]);
  });

  it('stops the boot when the file is missing or not usable, and shows nothing of its content', async () => {
    await writeFile(at('broken.json'), `{ "clientSecret": ${SECRET}`);
    await writeFile(at('wrong.json'), JSON.stringify({ secret: SECRET }));
    await writeFile(at('two'), `${SECRET}\n\n`);
    for (const [credentials, problem] of [
      [fromFile(at('absent')), `the file ${at('absent')} cannot be read (ENOENT)`],
      [fromFile(at('broken.json')), `the file ${at('broken.json')} is not JSON`],
      [fromFile(at('wrong.json')), `clientSecret: missing (in the file ${at('wrong.json')})`],
      [{ clientSecret: fromFile(at('two')) }, 'clientSecret: has a line break in it'],
      [fromFile(undefined as never), 'fromFile was given undefined; expected the path of a file'],
      [{ clientSecret: fromFile('') }, 'fromFile was given an empty text; expected the path of a file'],
      [
        fromFiles('text' as never),
        'credentials: fromFiles was given a text; expected the path of a file for',
      ],
    ] as const) {
      const error: unknown = await configure('cashfin', { credentials }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'INVALID_OPTIONS' });
      expect((error as Error).message).toContain(problem);
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(SECRET);
    }
  });

  it('keeps the last content while the file is missing or half written', async () => {
    const quiet = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    try {
      await writeFile(at('secret'), SECRET);
      const cashfin = await configure('cashfin', { credentials: { clientSecret: fromFile(at('secret')) } });
      for (const spoil of [() => rm(at('secret')), () => writeFile(at('secret'), '')]) {
        await spoil();
        expect(await cashfin?.own?.resolve()).toEqual([{ clientSecret: SECRET }]);
      }
      const words = quiet.mock.calls.map(([line]) => String(line));
      expect(words).toEqual([
        expect.stringContaining(`the file ${at('secret')} cannot be read (ENOENT)`),
        expect.stringContaining(`the file ${at('secret')} is empty`),
      ]);
      expect(words.join()).not.toContain(SECRET);
      await writeFile(at('secret'), 'test-secret-not-real-0002');
      expect(await cashfin?.own?.resolve()).toEqual([{ clientSecret: 'test-secret-not-real-0002' }]);
    } finally {
      quiet.mockRestore();
    }
  });

  it('keeps an optional field while its file is empty, because a new value may be on its way', async () => {
    const quiet = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    try {
      const credentials = { clientSecret: SECRET, webhookSecret: fromFile(at('webhook')) };
      await writeFile(at('webhook'), 'test-webhook-not-real\n');
      const cashfin = await configure('cashfin', { credentials });
      await writeFile(at('webhook'), '\n');
      expect(await cashfin?.own?.resolve()).toEqual([
        { clientSecret: SECRET, webhookSecret: 'test-webhook-not-real' },
      ]);
      await expect(configure('cashfin', { credentials })).rejects.toThrow(
        `the file ${at('webhook')} is empty`,
      );
    } finally {
      quiet.mockRestore();
    }
  });

  it('is asked again after 5 s unless the application says otherwise', async () => {
    await writeFile(at('secret'), SECRET);
    const credentials = { clientSecret: fromFile(at('secret')) };
    expect(await ttlMs({ credentials })).toMatchObject({ own: 5_000 });
    expect(await ttlMs({ credentials, credentialsTtlMs: 60_000 })).toMatchObject({ own: 60_000 });
    const asks = () => ({ clientSecret: SECRET });
    expect(await ttlMs({ credentials: asks })).toMatchObject({ own: 300_000 });
    // A file beside a function is no reason to wait longer, nor to ask the function more often.
    expect(await ttlMs({ credentials, accounts: asks })).toEqual({ own: 5_000, accounts: 300_000 });
    expect(await ttlMs({ credentials: asks, accounts: { shop: credentials } })).toEqual({
      own: 300_000,
      accounts: 5_000,
    });
  });
});
