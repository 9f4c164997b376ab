import { describe, expect, it } from '@jest/globals';
import { scopeSet } from '../../strategies/scope-set.js';
import { credentialKey, type CredentialKeyParts, KeyedHash } from './keyed-hash.js';
import { fc } from '../../../../../test/support/chances.js';

const hash = new KeyedHash(Buffer.alloc(32, 7));
/** Few and short characters, so that two fields often give the same text when they are joined. */
const text = fc.string({ unit: fc.constantFrom('a', 'b', ':', ';', '-', '1', 'é'), maxLength: 4 });
const parts: fc.Arbitrary<CredentialKeyParts> = fc.record({
  provider: text,
  baseUrl: text,
  account: fc.option(text, { nil: undefined }),
  scopes: fc.array(text, { maxLength: 3 }),
  fingerprint: text,
});
const canonical = (each: CredentialKeyParts) => JSON.stringify({ ...each, scopes: scopeSet(each.scopes) });

describe('the key of a credential', () => {
  it('is the same for two requests exactly when everything that shapes the token is the same', () => {
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        const same = canonical(one) === canonical(other);
        expect(credentialKey(hash, one) === credentialKey(hash, other)).toBe(same);
      }),
      { numRuns: 500 },
    );
  });

  it('differs when any one part differs', () => {
    fc.assert(
      fc.property(
        parts,
        parts,
        fc.constantFrom('provider', 'baseUrl', 'account', 'scopes', 'fingerprint'),
        (one, two, part) => {
          const other = { ...one, [part]: two[part as keyof CredentialKeyParts] };
          const same = canonical(one) === canonical(other);
          expect(credentialKey(hash, one) === credentialKey(hash, other)).toBe(same);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('depends on the audience, which is not a scope', () => {
    const rest = { provider: 'p', baseUrl: 'u', account: 'a', fingerprint: 'f' };
    const keys = [
      credentialKey(hash, { ...rest, scopes: [] }),
      credentialKey(hash, { ...rest, scopes: ['x'] }),
      credentialKey(hash, { ...rest, scopes: [], audience: 'x' }),
      credentialKey(hash, { ...rest, scopes: [], audience: 'y' }),
    ];
    expect(new Set(keys).size).toBe(4);
  });

  it('does not depend on the order of scopes, nor on how often one is named', () => {
    const rest = { provider: 'p', baseUrl: 'u', account: undefined, fingerprint: 'f' };
    const messy = credentialKey(hash, { ...rest, scopes: ['b', 'a', 'b'] });
    expect(messy).toBe(credentialKey(hash, { ...rest, scopes: ['a', 'b'] }));
  });
});

describe('the fingerprint of static credentials', () => {
  it('depends on every field by name, and on the key of the hash', () => {
    const both = hash.ofCredentials({ a: '1', b: '2' });
    expect(hash.ofCredentials({ b: '2', a: '1', c: undefined })).toBe(both);
    expect(hash.ofCredentials({ a: '2', b: '1' })).not.toBe(both);
    expect(hash.ofCredentials({ a: '12' })).not.toBe(hash.ofCredentials({ a1: '2' }));
    expect(hash.ofCredentials({ a: '1' })).not.toBe(new KeyedHash().ofCredentials({ a: '1' }));
  });
});
