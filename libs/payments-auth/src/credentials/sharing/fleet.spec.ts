import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type CredentialBed,
  failure,
  fixed,
  SECRET,
  configured,
  startCredentialBed,
  until,
} from '../../../../../test/support/credential-bed.js';
import { MemoryTokenStore } from '../../../../../test/support/memory-token-store.js';
import { AxiosTokenTransport } from '../../strategies/axios-token-transport.js';
import type { CredentialSpender } from '../credential-spender.js';
import { CredentialRegistry } from '../credential.registry.js';

const HOUR = 3_600_000;
const REFUSED = { status: 401, own: true };

/** One call: spends, and is replayed once when it was refused. */
async function call(spender: CredentialSpender, dead: ReadonlySet<string>): Promise<'served' | 'refused'> {
  const first = spender.peek() ?? (await spender.obtain());
  if (!dead.has(first.token)) return 'served';
  const other = await spender.replace(first, REFUSED);
  if (other === undefined) return 'refused';
  const refusedAgain = dead.has(other.token);
  spender.replayed(other, { firstStatus: 401, status: refusedAgain ? 401 : 200, refusedAgain });
  return refusedAgain ? 'refused' : 'served';
}

/** Two processes of a fleet, over one store and one clock. */
let bed: CredentialBed;
let store: MemoryTokenStore;
let other: CredentialRegistry;

beforeEach(async () => {
  store = new MemoryTokenStore();
  bed = await startCredentialBed({}, { store });
  const { clock } = bed;
  store.now = () => clock.monotonic();
  const provider = configured({ hosts: { api: bed.server.url }, own: fixed(() => [SECRET]) });
  other = new CredentialRegistry([provider], {
    clock,
    store,
    transport: () => new AxiosTokenTransport({ clock }),
    emit: (event) => bed.events.push(event),
  });
});
afterEach(async () => {
  other.close();
  await bed.close();
});

describe('a process of a fleet that holds an older token than the others', () => {
  let spender: CredentialSpender;

  beforeEach(async () => {
    spender = other.spenders('acme').spender(undefined, undefined);
    await bed.registry.service('acme').get();
    await spender.obtain();
    await bed.clock.advance(1_000);
    await bed.registry.service('acme').refresh();
    await bed.clock.advance(1_000);
  });

  it('takes theirs over when its own is refused, without a login', async () => {
    expect(spender.peek()?.token).toBe('t1');
    expect(await call(spender, new Set(['t1']))).toBe('served');
    expect(bed.logins).toHaveLength(2);
  });

  it('logs in with the next refusal when theirs is dead as well: nobody has tried that yet', async () => {
    const dead = new Set(['t1', 't2']);
    // Only a call that was refused with both hears of it.
    expect(await call(spender, dead)).toBe('refused');
    expect(await call(spender, dead)).toBe('served');
    expect(bed.logins).toHaveLength(3);
    expect(bed.eventsOf('renewals-paused')).toEqual([]);
  });

  it('takes what a login brings that is refused as well for the proof it is', async () => {
    const dead = new Set(['t1', 't2', 't3']);
    for (let calls = 0; calls < 20; calls += 1) expect(await call(spender, dead)).toBe('refused');
    expect(bed.logins).toHaveLength(3);
    expect(bed.eventsOf('renewals-paused')).toHaveLength(1);
  });
});

const revoked = () => bed.server.to('/revoke').map(({ body }) => body.toString());

describe('a process that has lost the store', () => {
  it('renews at once what has died while the machine slept', async () => {
    const service = bed.registry.service('acme');
    await service.get();
    store.lost = true;
    // A clock that stands still in the meantime does not know of it.
    bed.clock.jump(2 * HOUR);
    bed.registry.renewals.runDue();
    await until(() => bed.eventsOf('credential-obtained').length === 2);
    expect(service.status().state).toBe('fresh');
  });
});

describe('revoke() in one process of a fleet', () => {
  it('takes the token away from the others, and gives it back, where this process has none', async () => {
    const service = bed.registry.service('acme');
    await service.get();
    await other.service('acme').revoke();
    expect(revoked()).toEqual(['t1']);
    const tokens = [await service.get(), await other.service('acme').get()].map(({ token }) => token);
    expect(tokens).toEqual(['t2', 't2']);
  });

  it('gives back what it holds, and what the others have in its place', async () => {
    await other.service('acme').get();
    await bed.registry.service('acme').get();
    await bed.registry.service('acme').refresh();
    await other.service('acme').revoke();
    expect(revoked().toSorted()).toEqual(['t1', 't2']);
    expect(store.tokens).toEqual([]);
  });

  it('says that a token could not be given back, and has taken it from the others all the same', async () => {
    await bed.registry.service('acme').get();
    await bed.server.close();
    const error = await failure(other.service('acme').revoke());
    expect(error).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
    expect(store.tokens).toEqual([]);
  });
});
