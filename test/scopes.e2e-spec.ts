import { afterEach, describe, expect, it } from '@jest/globals';
import { OWN_ACCOUNT } from 'nestjs-payments-auth';
import { AxiosError } from 'axios';
import { failure } from './support/waiting.js';
import { type ProviderBed, startProviderBed } from './support/sandbox-bed.js';

const times = <T>(count: number, each: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => each(index));

let bed: ProviderBed<'cryptofuse'>;

afterEach(() => bed.close());

const logins = () =>
  bed.provider.requests
    .filter(({ kind }) => kind === 'token')
    .map(({ body }) => new URLSearchParams(body).get('scope'));
/** The scopes of the token that each call carried. */
const scopesCarried = () => {
  const scopes = new Map(
    bed.provider.tokens.map((token) => [`Bearer ${token.value}`, token.scopes.join(' ')]),
  );
  return bed.provider.requests
    .filter(({ kind }) => kind === 'call')
    .map(({ headers }) => scopes.get(String(headers.authorization)));
};
const WHOSE: readonly (string | typeof OWN_ACCOUNT)[] = [OWN_ACCOUNT, 'one', 'two'];
const read = (scopes?: string[], account?: string | typeof OWN_ACCOUNT) =>
  bed.send({
    url: '/payments/',
    paymentsAuth: { ...(scopes && { scopes }), ...(account !== undefined && { account }) },
  });
const write = (scopes?: string[]) =>
  bed.send({ url: '/payments/', method: 'POST', data: {}, paymentsAuth: scopes ? { scopes } : {} });

describe('scopes', () => {
  it('have one token for each set, in whatever order they are named, however many calls come', async () => {
    bed = await startProviderBed('cryptofuse');
    const sets = [['read'], ['write', 'read'], undefined, ['read', 'write'], ['read', 'read']];
    await Promise.all(times(100, (index) => read(sets[index % 5])));
    expect(new Set(logins())).toEqual(new Set(['read', 'read write']));
    expect(logins()).toHaveLength(2);
    expect(scopesCarried().filter((scopes) => scopes === 'read')).toHaveLength(40);
    expect(scopesCarried().filter((scopes) => scopes === 'read write')).toHaveLength(60);
  });

  it('of one account are not those of another', async () => {
    bed = await startProviderBed('cryptofuse', {
      options: { accounts: (id: string) => ({ ...bed.provider.credentialsOf(id) }) },
    });
    for (const id of ['one', 'two']) bed.provider.addAccount(id);
    await Promise.all(times(60, (index) => read(['read'], WHOSE[index % 3])));
    expect(logins()).toEqual(['read', 'read', 'read']);
    expect(new Set(bed.provider.tokens.map(({ account }) => account))).toEqual(
      new Set(['own', 'one', 'two']),
    );
    expect(bed.provider.counts).toMatchObject({ accepted: 60, refusals: 0 });
  });

  it('are named by the AxiosError when a token lacks them, without a replay or a login', async () => {
    bed = await startProviderBed('cryptofuse');
    const errors = await Promise.all(times(20, () => failure(write(['read']))));
    for (const error of errors) {
      expect(error).toBeInstanceOf(AxiosError);
      expect(error).toMatchObject({
        response: {
          status: 403,
          data: { error: { code: 'permission_denied' } },
          paymentsAuth: {
            attempts: 1,
            replayed: false,
            reason: 'scope',
            required: ['write'],
            held: ['read'],
          },
        },
      });
    }
    expect(bed.provider.counts).toMatchObject({ tokenRequests: 1, calls: 20, replays: 0, executions: 0 });
    // The token is still in use.
    await read(['read']);
    await write();
    expect(logins()).toEqual(['read', 'read write']);
    expect(bed.credentials.status().counters.refusals).toBe(0);
  });

  it('are renewed and replaced separately', async () => {
    bed = await startProviderBed('cryptofuse');
    await Promise.all([read(['read']), write()]);
    const narrow = bed.provider.tokens.find(({ scopes }) => scopes.length === 1)?.value;
    bed.provider.misbehave({ fault: 'revoke-token', times: 1 });
    expect((await read(['read'])).paymentsAuth).toEqual({ attempts: 2, replayed: true, firstStatus: 401 });
    expect((await write()).paymentsAuth).toEqual({ attempts: 1, replayed: false });
    expect(logins().filter((scopes) => scopes === 'read')).toHaveLength(2);
    expect(logins()).toHaveLength(3);
    expect(bed.provider.tokens.find(({ value }) => value === narrow)?.state).toBe('revoked');
  });

  it('are all given back by revoke(), and all dropped by rotate()', async () => {
    bed = await startProviderBed('cryptofuse');
    await Promise.all([read(['read']), write()]);
    await bed.credentials.revoke();
    expect(bed.provider.tokens.map(({ state }) => state)).toEqual(['revoked', 'revoked']);
    await Promise.all([read(['read']), write()]);
    await bed.credentials.rotate(bed.provider.rotate());
    await Promise.all([read(['read']), write()]);
    expect(bed.provider.counts).toMatchObject({ refusals: 0, tokensIssued: 6, revocations: 2 });
  });
});
