import { setMaxListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { CONTENDERS, keepAliveAgent, OURS } from '../contenders/index.mjs';
import { Load, paced, settled } from '../support/load.mjs';
import { manyMerchants } from '../support/many-merchants.mjs';
import { startProvider } from '../support/provider.mjs';
import { count, figure } from '../support/targets.mjs';

const CALL = { url: '/payments/' };
/** Calls that are under way when a scenario ends may take this long. */
const LAST_CALLS_MS = 5_000;

/** Tokens that their provider refuses while they are new. */
export async function youngTokens({ quick }) {
  const [lifetimeMs, durationMs] = quick ? [3_000, 9_000] : [10_000, 60_000];
  const tookMs = [];
  const rows = await sideBySide(async (client, provider) => {
    const startedAtMs = performance.now();
    await provider.set({ lifetimeMs, youngMs: 300 });
    const load = new Load();
    const calls = [];
    await paced(20, durationMs, () => calls.push(load.call(() => client.request(CALL))));
    await settled(calls, LAST_CALLS_MS);
    const { tokenRequests } = await provider.counts();
    tookMs.push(performance.now() - startedAtMs);
    return outcome(load, { 'token requests': tokenRequests });
  });
  // A token is renewed in the last fifth of its life. Up to a tenth of this window is taken off at random. A busy machine needs more time.
  const lifetimes = Math.ceil(Math.min(...tookMs) / (lifetimeMs * 0.78)) + 1;
  const ours = ofOurs(rows);
  return {
    title: 'New tokens are refused for 300 ms',
    note: `Tokens live ${lifetimeMs / 1_000} s; 50 calls a second for ${durationMs / 1_000} s.`,
    rows,
    targets: [
      none('failed calls with young tokens', ours.failed),
      atMost('token requests with young tokens', lifetimes, ours['token requests']),
    ],
  };
}

/** Every token ends while a login is under way, and the token of this login is dead too. */
export async function revokedDuringLogin() {
  const rows = await sideBySide(async (client, provider) => {
    await provider.set({ lifetimeMs: 4_000, tokenDelayMs: 300 });
    const load = new Load();
    const end = new AbortController();
    const caller = async () => {
      while (!end.signal.aborted) {
        await load.call(() => client.request(CALL));
        await wait(5);
      }
    };
    const callers = Array.from({ length: 5 }, caller);
    await wait(1_500);
    // The next tokens outlive the scenario. So a token request after the revocation is not an ordinary renewal.
    await provider.set({ killsWithNext: true, lifetimeMs: 60_000 });
    await wait(4_000);
    end.abort();
    await settled(callers, LAST_CALLS_MS);
    const { tokenRequests } = await provider.counts();
    return outcome(load, { 'token requests from then on': tokenRequests });
  });
  const ours = ofOurs(rows);
  return {
    title: 'All tokens die during a login, the new one included',
    note: 'Five callers send calls, each one after the other. A login takes 300 ms, and the first token lives 4 s.',
    rows,
    targets: [
      none('failed calls when a revocation meets a login', ours.failed),
      atMost('token requests when a revocation meets a login', 2, ours['token requests from then on']),
    ],
  };
}

/** The provider allows all calls of a merchant except one, which it always refuses. Then the token is revoked. */
export async function forbiddenCall({ quick }) {
  const durationMs = quick ? 8_000 : 60_000;
  const rows = await sideBySide(async (client, provider) => {
    const load = new Load();
    const calls = [];
    await load.call(() => client.request(CALL));
    await paced(50, durationMs, (turn) => {
      calls.push(load.call(() => client.request(CALL)));
      if (turn % 40 === 20) calls.push(client.request({ url: '/forbidden/' }).catch(() => undefined));
    });
    await settled(calls, LAST_CALLS_MS);
    const before = await provider.counts();
    await provider.revoke();
    await paced(50, 4_000, () => calls.push(load.call(() => client.request(CALL))));
    await settled(calls, LAST_CALLS_MS);
    const after = await provider.counts();
    return outcome(load, {
      'token requests before': before.tokenRequests,
      'for the revocation': after.tokenRequests - before.tokenRequests,
    });
  });
  const ours = ofOurs(rows);
  return {
    title: 'A call that is not allowed, then a revocation',
    note: `Every two seconds a call is refused in the words of a dead token, among 20 a second that are allowed, for ${durationMs / 1_000} s. Then the token is revoked. Allowed calls are counted. If a call is still refused after a login, one more refused call does not cause the next login, and two of them do.`,
    rows,
    targets: [
      atMost('failed calls beside a forbidden one and a revocation', 2, ours.failed),
      atMost('token requests beside a forbidden call', 4, ours['token requests before']),
      count(
        'token requests for the revocation',
        '1',
        ours['for the revocation'],
        ours['for the revocation'] === 1,
      ),
    ],
  };
}

/** The token endpoint tells one of 41 merchants to wait. */
export async function limitedMerchant({ quick }) {
  const durationMs = quick ? 8_000 : 40_000;
  const others = names('merchant', 40);
  const rows = await inTurn(quick, [...others, 'limited'], async (client, provider) => {
    await provider.set({ lifetimeMs: 5_000, tokenDelayMs: 20, limited: 'limited' });
    const load = new Load();
    const calls = [];
    await paced(500, durationMs, () => {
      calls.push(client.request('limited', CALL).catch(() => undefined));
      for (const each of others) calls.push(load.call(() => client.request(each, CALL)));
    });
    await settled(calls, LAST_CALLS_MS);
    const { tokenRequests } = await provider.counts();
    return outcome(load, { 'token requests': tokenRequests });
  });
  return {
    title: 'The logins of one merchant of 41 get 429',
    note: `The token endpoint answers one merchant with 429 and "Retry-After: 30". The other 40 make two calls a second each for ${durationMs / 1_000} s, with tokens of 5 s. The table counts the calls of the 40.`,
    rows,
    targets: [none('failed calls of the other merchants', ofOurs(rows).failed)],
  };
}

/** Many merchants come at once, and a login takes seconds. */
export async function slowLogins({ quick }) {
  const [tokenDelayMs, durationMs] = quick ? [400, 60_000] : [8_000, 60_000];
  const merchants = names('merchant', 300);
  const possible = Math.min(merchants.length, 32 * Math.floor(durationMs / tokenDelayMs));
  const rows = await inTurn(quick, merchants, async (client, provider) => {
    await provider.set({ tokenDelayMs });
    const end = new AbortController();
    setMaxListeners(0, end.signal);
    const load = new Load();
    const untilServed = async (merchant) => {
      while (!end.signal.aborted) {
        const error = await load.call(() => client.request(merchant, CALL));
        if (error === undefined) return;
        const waitMs = Math.min(error.retryAfterMs ?? 1_000, 5_000);
        await wait(waitMs, undefined, { signal: end.signal }).catch(() => undefined);
      }
    };
    const all = merchants.map(untilServed);
    await settled(all, durationMs);
    const { served, mostAtOnce, abortedLogins, tokenRequests } = await provider.counts();
    end.abort();
    return {
      served,
      'token requests': tokenRequests,
      'logins at once': mostAtOnce,
      'aborted logins': abortedLogins,
    };
  });
  const ours = ofOurs(rows);
  const enough = Math.floor(possible * 0.95);
  return {
    title: `300 merchants come at once, a login takes ${tokenDelayMs / 1_000} s`,
    note: `32 logins at once serve ${possible} merchants in ${durationMs / 1_000} s. A contender that does not limit its logins serves all of them here, because this provider has no limit; a real one answers 429.`,
    rows,
    targets: [
      count('merchants served through slow logins', `≥ ${enough}`, ours.served, ours.served >= enough),
      none('aborted logins', ours['aborted logins']),
      atMost('logins at once', 32, ours['logins at once']),
    ],
  };
}

/** The logins of many merchants are never answered. */
export async function hangingMerchants({ quick }) {
  const durationMs = quick ? 12_000 : 60_000;
  const hanging = names('hanging', 200);
  const healthy = names('healthy', 40);
  const fresh = names('new', Math.ceil(durationMs / 500));
  const rows = await inTurn(quick, [...hanging, ...healthy, ...fresh], async (client, provider) => {
    await provider.set({ lifetimeMs: 5_000, tokenDelayMs: 20, hanging: 'hanging' });
    const load = new Load();
    // Counts the second half, when the library knows which merchants hang.
    const first = new Load();
    await Promise.all(healthy.map((each) => load.call(() => client.request(each, CALL))));
    const waiting = new Set();
    const calls = [];
    await paced(500, durationMs, (turn) => {
      for (const each of hanging) {
        if (waiting.has(each)) continue;
        waiting.add(each);
        const end = () => waiting.delete(each);
        client.request(each, CALL).then(end, end);
      }
      for (const each of healthy) calls.push(load.call(() => client.request(each, CALL)));
      const newcomer = fresh[turn];
      if (newcomer !== undefined && turn >= fresh.length / 2)
        calls.push(first.call(() => client.request(newcomer, CALL)));
    });
    const unanswered = await settled(calls, LAST_CALLS_MS);
    return {
      ...outcome(load, { unanswered }),
      'new merchants that failed': first.failed,
      'longest wait of a new one, ms': Math.round(first.longestWaitMs),
    };
  });
  const ours = ofOurs(rows);
  const longest = ours['longest wait of a new one, ms'];
  return {
    title: 'The logins of 200 merchants hang, 40 others work',
    note: `The 40 make two calls a second each for ${durationMs / 1_000} s, with tokens of 5 s. In the second half a new merchant makes its first call every half second. A merchant whose login hangs calls again when its call has failed.`,
    rows,
    targets: [
      none('failed calls of healthy merchants', ours.failed),
      figure('longest wait of a new merchant', '≤ 1 s', `${longest} ms`, longest <= 1_000),
    ],
  };
}

/** The wall clock steps forward by an hour, as a correction of the system time does. */
export async function clockStep({ quick }) {
  const merchants = names('merchant', quick ? 100 : 1_500);
  const realNow = Date.now;
  try {
    const rows = await inTurn(quick, merchants, async (client, provider) => {
      await provider.set({ lifetimeMs: 30 * 60_000, tokenDelayMs: 20 });
      await Promise.allSettled(merchants.map((each) => client.request(each, CALL)));
      await provider.reset();
      Date.now = () => realNow() + 60 * 60_000;
      const load = new Load();
      for (let turn = 0; turn < 3; turn += 1) {
        await Promise.all(merchants.map((each) => load.call(() => client.request(each, CALL))));
        await wait(500);
      }
      // Waits for the renewals in the background.
      await wait(3_000);
      Date.now = realNow;
      const { tokenRequests, mostAtOnce } = await provider.counts();
      return {
        calls: load.calls,
        failed: load.failed,
        'token requests': tokenRequests,
        'logins at once': mostAtOnce,
        'longest call, ms': Math.round(load.longestWaitMs),
      };
    });
    const ours = ofOurs(rows);
    return {
      title: `The wall clock steps forward by an hour, ${merchants.length.toLocaleString('en')} merchants`,
      note: 'Tokens live 30 minutes, and the clock of the provider does not step: all tokens are still valid.',
      rows,
      targets: [
        none('failed calls after the step', ours.failed),
        atMost('token requests after the step', merchants.length, ours['token requests']),
        atMost('logins at once after the step', 32, ours['logins at once']),
      ],
    };
  } finally {
    Date.now = realNow;
  }
}

function peers() {
  return CONTENDERS.filter(({ role }) => role !== 'floor');
}

function ofOurs(rows) {
  return rows.find(({ name }) => name === OURS);
}

/** All contenders run at the same time, each with its own provider, so that a disturbance affects all of them. */
async function sideBySide(scenario) {
  return Promise.all(
    peers().map((contender) =>
      withProvider(contender, async (provider, target) => {
        const client = await contender.create(target);
        try {
          return await scenario(client, provider);
        } finally {
          await client.close?.();
        }
      }),
    ),
  );
}

/** Every contender in turn, because hundreds of merchants fill a processor; in a quick run this library alone. */
async function inTurn(quick, clients, scenario) {
  const rows = [];
  for (const contender of peers().filter(({ name }) => !quick || name === OURS))
    rows.push(
      await withProvider(contender, async (provider, target) => {
        const client = await manyMerchants(contender, target, clients);
        try {
          return await scenario(client, provider);
        } finally {
          await client.close();
        }
      }),
    );
  return rows;
}

async function withProvider({ name, role }, use) {
  const provider = await startProvider();
  const agent = keepAliveAgent();
  try {
    return { name, role, ...(await use(provider, { url: provider.url, agent })) };
  } finally {
    agent.destroy();
    await provider.close();
  }
}

function outcome(load, more) {
  return {
    calls: load.calls,
    failed: load.failed,
    ...more,
    'longest time without success, ms': load.longestGapMs,
  };
}

function names(what, howMany) {
  return Array.from({ length: howMany }, (_, index) => `${what}-${index}`);
}

function none(what, value) {
  return count(what, '0', value, value === 0);
}

function atMost(what, limit, value) {
  return count(what, `≤ ${limit}`, value, value <= limit);
}
