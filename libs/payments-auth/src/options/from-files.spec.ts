import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createCertificate } from '../../../../test/support/certificate.js';
import { fromFiles, readsFiles, troubleOf } from './from-files.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'payments-auth-pair-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const pair = () =>
  fromFiles({ certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key'), id: join(folder, 'id') });

/** The reason why the earlier content of the files is still used. */
const whyOld = (load: object) => (readsFiles(load) ? troubleOf(load) : 'no files');

describe('fromFiles', () => {
  it('takes a new certificate and its key only when they fit, and uses the old ones until then', async () => {
    const [first, second] = [createCertificate(['one.test']), createCertificate(['two.test'])];
    write('id', 'client-1\n');
    write('tls.crt', first.cert);
    write('tls.key', first.key);
    const load = pair();
    const before = await load();
    expect(before).toEqual({ certificate: first.cert.trimEnd(), key: first.key.trimEnd(), id: 'client-1' });
    write('tls.crt', second.cert);
    expect(await load()).toBe(before);
    expect(whyOld(load)).toMatch(/the certificate in the file .*tls\.crt .* do not fit together/);
    write('tls.key', second.key);
    expect(await load()).toEqual({
      certificate: second.cert.trimEnd(),
      key: second.key.trimEnd(),
      id: 'client-1',
    });
    expect(whyOld(load)).toBeUndefined();
  });

  it('needs no key for the certificate of an authority, and no certificate for a key that signs', async () => {
    const authority = createCertificate(['authority.test'], { isAuthority: true });
    const [first, second] = [1, 2].map((each) => createCertificate([`${each}.test`], { by: authority })) as [
      { cert: string; key: string },
      { cert: string; key: string },
    ];
    const files = { certificate: 'tls.crt', key: 'tls.key', signs: 'signs.key', authority: 'ca.crt' };
    const load = fromFiles(
      Object.fromEntries(Object.entries(files).map(([field, name]) => [field, join(folder, name)])),
    );
    write('ca.crt', authority.cert);
    write('signs.key', second.key);
    write('tls.crt', first.cert);
    write('tls.key', first.key);
    const before = await load();
    expect(Object.keys(before)).toEqual(Object.keys(files));
    write('tls.crt', createCertificate(['3.test'], { by: authority }).cert);
    expect(await load()).toBe(before);
  });

  it('says what is wrong where nothing has fitted yet', async () => {
    write('id', 'client-1');
    write('tls.crt', createCertificate(['one.test']).cert);
    write('tls.key', createCertificate(['two.test']).key);
    await expect(pair()()).rejects.toThrow(
      /the certificate in the file .*tls\.crt and the private keys in the others do not fit together/,
    );
    rmSync(join(folder, 'tls.key'));
    await expect(pair()()).rejects.toThrow(/tls\.key cannot be read \(ENOENT\)/);
  });

  it.each<[unknown, string]>([
    ['/run/secrets/key', 'was given a text; .*For a single file, write fromFile$'],
    [undefined, 'was given undefined; '],
    [null, 'was given null; '],
    [['/run/secrets/key'], 'was given a list; '],
    [{}, 'was given no file; '],
    [{ key: undefined }, 'was given undefined as the path of "key"; '],
    [{ key: '' }, 'was given an empty text as the path of "key"; '],
    [{ key: { path: 'x' } }, 'was given an object as the path of "key"; '],
  ])('takes no %j in the place of paths, and says at once what it takes', async (paths, said) => {
    const expected = "expected the path of a file for each credential field, as in fromFiles\\(\\{ key: '";
    const load = fromFiles(paths as never);
    await expect(load()).rejects.toThrow(new RegExp(said));
    await expect(load()).rejects.toThrow(new RegExp(`^fromFiles was given .*; ${expected}`));
  });
});
