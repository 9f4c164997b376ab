import { EventEmitter, once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type CredentialBed,
  failure,
  fixed,
  issuing,
  SECRET,
  configured,
  startCredentialBed,
  until,
} from '../../../../../test/support/credential-bed.js';
import { MemoryTokenStore } from '../../../../../test/support/memory-token-store.js';
import { AxiosTokenTransport } from '../../strategies/axios-token-transport.js';
import { refuse, spend } from '../../../../../test/support/spending.js';
import { outwaited, quiet } from '../../../../../test/support/waiting.js';
import type { CredentialSpender } from '../credential-spender.js';
import { CredentialRegistry } from '../credential.registry.js';

const HOUR = 3_600_000;

/** One call. It is refused as long as it carries a dead token. */
async function call(spender: CredentialSpender, dead: ReadonlySet<string>): Promise<'served' | 'refused'> {
  const answer = ({ token }: { token: string }) => (dead.has(token) ? 401 : 200);
  return (await spend(spender, bed.clock, { answer })).refused ? 'refused' : 'served';
}

/** Two processes of a fleet, over one store and one clock. */
let bed: CredentialBed;
let store: MemoryTokenStore;
let other: CredentialRegistry;

/** Starts one more process of the fleet. */
function startOther(): CredentialRegistry {
  const { clock } = bed;
  const provider = configured({ hosts: { api: bed.server.url }, own: fixed(() => [SECRET]) });
  return new CredentialRegistry([provider], {
    clock,
    store,
    transport: () => new AxiosTokenTransport({ clock }),
    emit: (event) => bed.events.push(event),
  });
}

beforeEach(async () => {
  store = new MemoryTokenStore();
  bed = await startCredentialBed({}, { store });
  store.now = () => bed.clock.monotonic();
  other = startOther();
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
    await call(spender, new Set());
    await bed.clock.advance(1_000);
    await bed.registry.service('acme').refresh();
    await bed.clock.advance(1_000);
  });

  it('takes over their token without a login when its own is refused', async () => {
    expect(spender.peek()?.token).toBe('t1');
    expect(await call(spender, new Set(['t1']))).toBe('served');
    expect(bed.logins).toHaveLength(2);
  });

  it.each([1, 2, 10, 100])(
    'logs in once when their token is dead as well, and %d calls are served',
    async (calls) => {
      const dead = new Set(['t1', 't2']);
      const outcomes = await Promise.all(Array.from({ length: calls }, () => call(spender, dead)));
      expect(new Set(outcomes)).toEqual(new Set(['served']));
      expect(bed.logins).toHaveLength(3);
      expect(bed.eventsOf('renewals-paused')).toEqual([]);
    },
  );

  it('pauses renewals when the token of its login is refused as well', async () => {
    const dead = new Set(['t1', 't2', 't3']);
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => call(spender, dead)));
    expect(new Set(outcomes)).toEqual(new Set(['refused']));
    expect(bed.logins).toHaveLength(3);
    // The provider might not know so new a token yet. Its refusal counts once the token is 2 s old.
    expect(bed.eventsOf('renewals-paused')).toEqual([]);
    await bed.clock.advance(2_000);
    const [proof] = [await spender.obtain()];
    await refuse(spender, bed.clock, proof, { status: 401, own: true, replayable: false });
    // The pause begins with the login that this refusal forces behind it.
    await until(() => bed.eventsOf('renewals-paused').length > 0);
    const pauses = bed.eventsOf('renewals-paused').map(({ durationMs }) => durationMs > 0);
    expect(pauses).toEqual([true]);
  });
});

describe('a process of a fleet that has just taken over a token', () => {
  it('does not treat an old token as young, and replaces a dead one at once', async () => {
    await bed.registry.service('acme').get();
    await bed.clock.advance(5_000);
    expect(await call(other.spenders('acme').spender(undefined, undefined), new Set(['t1']))).toBe('served');
    expect(bed.logins).toHaveLength(2);
  });
});

describe('a process of a fleet whose new token has died together with its predecessor', () => {
  it('replaces both with one login, and serves the call that was refused with both', async () => {
    const spender = other.spenders('acme').spender(undefined, undefined);
    await call(spender, new Set());
    await other.service('acme').refresh();
    await call(spender, new Set());
    expect(spender.peek()?.token).toBe('t2');
    await bed.clock.advance(100);
    expect(await call(spender, new Set(['t1', 't2']))).toBe('served');
    expect(bed.logins).toHaveLength(3);
  });
});

describe('a process of a fleet that takes over a token that died before its first call', () => {
  const dead = new Set(['t1', 't2']);
  let spender: CredentialSpender;

  /** A call whose first attempts arrive one by one, when they are let go on. */
  function slowCall(attempts: number, replayable = true) {
    const gates = Array.from({ length: attempts }, () => new EventEmitter());
    const opened = gates.map((gate) => once(gate, 'open'));
    const outcome = spend(spender, bed.clock, {
      answer: ({ token }) => (dead.has(token) ? 401 : 200),
      replayable,
      onItsWay: async () => void (await opened.shift()),
    });
    const arrive = async () => {
      gates.shift()?.emit('open');
      await quiet();
    };
    return { outcome, arrive };
  }

  beforeEach(async () => {
    spender = other.spenders('acme').spender(undefined, undefined);
    await bed.registry.service('acme').get();
    await call(spender, new Set());
    await bed.clock.advance(5_000);
  });

  it.each([
    ['before', true],
    ['after', false],
  ])(
    'replaces it when a later call shows %s its first refusal that its predecessor is dead',
    async (_, isBefore) => {
      const early = slowCall(2);
      await bed.clock.advance(50);
      await bed.registry.service('acme').refresh();
      await bed.clock.advance(50);
      const late = slowCall(1, false);
      await early.arrive();
      expect([spender.peek()?.token, bed.logins.length]).toEqual(['t2', 2]);
      if (isBefore) await late.arrive();
      await early.arrive();
      if (!isBefore) await late.arrive();
      expect(await late.outcome).toEqual({ attempts: 1, status: 401, refused: true });
      expect(await outwaited(bed.clock, early.outcome)).toEqual({ attempts: 3, status: 200, refused: false });
      expect(bed.logins).toHaveLength(3);
    },
  );
});

describe('two processes of a fleet whose calls are refused at once', () => {
  it('count the login of one of them once each, and so replace the next token that dies early', async () => {
    const registries = [bed.registry, other];
    const both = (dead: ReadonlySet<string>) =>
      outwaited(
        bed.clock,
        Promise.all(
          registries.map((each) => call(each.spenders('acme').spender(undefined, undefined), dead)),
        ),
      );
    const dead = new Set<string>();
    await both(dead);
    for (const renewing of [...registries, ...registries]) {
      await bed.clock.advance(2_100);
      expect(await both(dead)).toEqual(['served', 'served']);
      await renewing.service('acme').refresh();
      await bed.clock.advance(100);
      for (let token = 1; token <= bed.logins.length; token += 1) dead.add(`t${token}`);
      expect(await both(dead)).toEqual(['served', 'served']);
    }
    expect(bed.logins).toHaveLength(1 + 4 + 4);
  });
});

describe('a process of a fleet that may not log in because its last logins did not help', () => {
  let spender: CredentialSpender;
  const loginForRefusal = async (token: string) => {
    await spend(spender, bed.clock, { answer: () => 401, replayable: false });
    await until(() => spender.peek()?.token === token);
    await bed.clock.advance(2_200);
  };

  beforeEach(async () => {
    spender = other.spenders('acme').spender(undefined, undefined);
    await call(spender, new Set());
    // The pause after the second login is 4 s.
    await loginForRefusal('t2');
    await loginForRefusal('t3');
  });

  it('takes over a newer token that the other processes have', async () => {
    const service = bed.registry.service('acme');
    await service.get();
    await service.refresh();
    expect(store.tokens).toEqual(['t4']);
    const dead = new Set(['t1', 't2', 't3']);
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => call(spender, dead)));
    expect(new Set(outcomes)).toEqual(new Set(['served']));
    expect(spender.peek()?.token).toBe('t4');
    expect(bed.logins).toHaveLength(4);
  });

  it('passes the refusal on where they have none, and lets the others log in', async () => {
    expect(await call(spender, new Set(['t3']))).toBe('refused');
    expect(bed.logins).toHaveLength(3);
    const service = bed.registry.service('acme');
    await service.get();
    expect((await service.refresh()).token).toBe('t4');
  });
});

describe('12 processes of a fleet', () => {
  const SIZE = 12;
  let processes: CredentialRegistry[];
  const spenders = () => processes.map((each) => each.spenders('acme').spender(undefined, undefined));
  const oneCallEach = (dead: ReadonlySet<string>) =>
    outwaited(bed.clock, Promise.all(spenders().map((spender) => call(spender, dead))));

  beforeEach(async () => {
    processes = [bed.registry, other, ...Array.from({ length: SIZE - 2 }, startOther)];
    await oneCallEach(new Set());
  });
  afterEach(() => {
    for (const each of processes.slice(2)) each.close();
  });

  it('lose no call over 20 deaths of all tokens, half of them just after an early renewal', async () => {
    const dead = new Set<string>();
    for (let death = 0; death < 20; death += 1) {
      await bed.clock.advance(2_500);
      if (death % 2 === 1) await processes[death % SIZE]?.service('acme').refresh();
      await bed.clock.advance(100);
      for (let token = 1; token <= bed.logins.length; token += 1) dead.add(`t${token}`);
      expect([death, ...(await oneCallEach(dead))]).toEqual([death, ...processes.map(() => 'served')]);
    }
    // The first, 20 that cured, and 10 that were asked for early.
    expect(bed.logins).toHaveLength(1 + 20 + 10);
  });

  it('log in at most 40 times in an hour in which everything is refused although logins succeed', async () => {
    const endsAtMs = bed.clock.monotonic() + HOUR;
    bed.answer = issuing(10 * HOUR);
    await processes[0]?.service('acme').refresh();
    const before = bed.logins.length;
    const calls: Promise<unknown>[] = [];
    while (bed.clock.monotonic() < endsAtMs) {
      for (const spender of spenders()) calls.push(spend(spender, bed.clock, { answer: () => 401 }));
      await bed.clock.advance(500);
      await nextTurn();
    }
    expect(bed.logins.length - before).toBeGreaterThan(10);
    expect(bed.logins.length - before).toBeLessThanOrEqual(40);
  });

  it('take forced renewals out of one bucket of 20, where refusals say different things for ever', async () => {
    const before = bed.logins.length;
    const startedAtMs = bed.clock.monotonic();
    // Every token serves, and then all calls with it are refused.
    for (let round = 0; round < 60; round += 1) {
      const dead = new Set(Array.from({ length: bed.logins.length }, (_, token) => `t${token + 1}`));
      for (let each = 0; each < 4; each += 1) await oneCallEach(dead);
      await oneCallEach(new Set());
    }
    const gained = (bed.clock.monotonic() - startedAtMs) / 10_000;
    expect(bed.logins.length - before).toBeGreaterThan(10);
    expect(bed.logins.length - before).toBeLessThanOrEqual(20 + gained + SIZE / 2);
  });
});

const revoked = () => bed.server.to('/revoke').map(({ body }) => body.toString());

describe('a process that has lost the store', () => {
  it('renews at once a token that ended while the machine slept', async () => {
    const service = bed.registry.service('acme');
    await service.get();
    store.lost = true;
    // The monotonic clock stood still meanwhile, so it cannot show that the token ended.
    bed.clock.jump(2 * HOUR);
    bed.registry.renewals.runDue();
    await until(() => bed.eventsOf('credential-obtained').length === 2);
    expect(service.status().state).toBe('fresh');
  });
});

describe('revoke() in one process of a fleet', () => {
  it('withdraws the token of the others, and gives it back, where this process has none', async () => {
    const service = bed.registry.service('acme');
    await service.get();
    await other.service('acme').revoke();
    expect(revoked()).toEqual(['t1']);
    const tokens = [await service.get(), await other.service('acme').get()].map(({ token }) => token);
    expect(tokens).toEqual(['t2', 't2']);
  });

  it('gives back its own token, and the one that the others use instead', async () => {
    await other.service('acme').get();
    await bed.registry.service('acme').get();
    await bed.registry.service('acme').refresh();
    await other.service('acme').revoke();
    expect(revoked().toSorted()).toEqual(['t1', 't2']);
    expect(store.tokens).toEqual([]);
  });

  it('fails when a token could not be given back, and has withdrawn it from the others anyway', async () => {
    await bed.registry.service('acme').get();
    await bed.server.close();
    const error = await failure(other.service('acme').revoke());
    expect(error).toMatchObject({ code: 'CREDENTIALS_UNAVAILABLE' });
    expect(store.tokens).toEqual([]);
  });
});
