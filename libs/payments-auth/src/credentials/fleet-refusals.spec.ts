import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type CredentialBed,
  SECRET,
  configured,
  startCredentialBed,
} from '../../../../test/support/credential-bed.js';
import { MemoryTokenStore } from '../../../../test/support/memory-token-store.js';
import { AxiosTokenTransport } from '../strategies/axios-token-transport.js';
import type { CredentialSpender } from './credential-spender.js';
import { CredentialRegistry } from './credential.registry.js';

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

describe('a process of a fleet that holds an older token than the others', () => {
  let bed: CredentialBed;
  let behind: CredentialRegistry;
  let spender: CredentialSpender;

  beforeEach(async () => {
    const store = new MemoryTokenStore();
    bed = await startCredentialBed({}, { store });
    const { clock } = bed;
    store.now = () => clock.monotonic();
    const provider = configured({ hosts: { api: bed.server.url }, ownCredentials: () => [SECRET] });
    behind = new CredentialRegistry([provider], {
      clock,
      store,
      transport: () => new AxiosTokenTransport({ clock }),
      emit: (event) => bed.events.push(event),
    });
    spender = behind.spenders('acme').spender(undefined, undefined);
    await bed.registry.service('acme').get();
    await spender.obtain();
    await clock.advance(1_000);
    await bed.registry.service('acme').refresh();
    await clock.advance(1_000);
  });
  afterEach(async () => {
    behind.close();
    await bed.close();
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
