import type { Credentials } from '../strategies/strategy.js';
import {
  checkLoadable,
  type FoundSource,
  credentialsSource,
  isLoadable,
  handedOver,
  isThenable,
  isThereAtBoot,
} from './credentials-source.js';
import type { ProviderScope } from './provider-scope.js';
import { kindOf } from '../strategies/header-text.js';
import { ownCopy } from '../own-properties.js';
import { isRecord } from './record.js';

/**
 * A mark on the function of the testing kit, which gives every application accounts. It also takes calls without one.
 */
const TAKES_UNNAMED = Symbol.for('nestjs-payments-auth.takes-unnamed');

/**
 * The credentials of many merchants. A record is checked at boot. The answer of a function is checked when the
 * function is called.
 */
export async function accountCredentials(
  scope: ProviderScope,
  environment: string | undefined,
): Promise<FoundSource | undefined> {
  const { accounts } = scope.options;
  const at = `${scope.path}.accounts`;
  if (accounts === undefined) return undefined;
  if (typeof accounts === 'function') {
    const inTurns = oneAfterAnother();
    return {
      isDynamic: true,
      inFiles: false,
      ...(TAKES_UNNAMED in accounts ? { takesUnnamed: true } : {}),
      resolve: (account) =>
        inTurns(() => handedOver(() => accounts(account) as unknown)) as Promise<Credentials[] | undefined>,
    };
  }
  if (isLoadable(accounts)) {
    checkLoadable(accounts, at, scope.findings);
    const inTurns = oneAfterAnother();
    return {
      isDynamic: true,
      inFiles: false,
      resolve: (account) =>
        inTurns(() => handedOver(() => accounts.load(account as string))) as Promise<
          Credentials[] | undefined
        >,
      ...(accounts.save === undefined
        ? {}
        : { save: async (...swap: unknown[]) => (await accounts.save?.(...swap)) !== false }),
    };
  }
  if (!isRecord(accounts) || isThenable(accounts)) {
    scope.findings.problem(
      at,
      `must be a record of credentials by account, a function (id) => credentials, or { load, save }, and is ${isThenable(accounts) ? 'a promise' : kindOf(accounts)}`,
    );
    return undefined;
  }
  const sources = new Map<string, FoundSource>();
  for (const [account, given] of Object.entries(accounts)) {
    const accountAt = `${at}[${JSON.stringify(account)}]`;
    if (account === '') scope.findings.problem(accountAt, 'the name of an account must not be empty');
    const source = await credentialsSource(given, accountAt, scope, environment);
    if (source !== undefined) sources.set(account, source);
  }
  if (Object.keys(accounts).length === 0)
    scope.findings.problem(at, 'empty; name at least one account, or leave it out');
  return {
    isDynamic: [...sources.values()].some(({ isDynamic }) => isDynamic),
    inFiles: [...sources.values()].every(({ isDynamic, inFiles }) => !isDynamic || inFiles),
    thereAtBoot: [...sources].filter(([, source]) => isThereAtBoot(source)).map(([account]) => account),
    resolve: (account) => sources.get(account as string)?.resolve(),
    trouble: (account) => {
      const source = sources.get(account as string);
      return source && ownCopy(source).trouble?.();
    },
  };
}

/** A promise that is resolved already is read within this many steps of the microtask queue. */
const STEPS = 8;

async function pause(): Promise<void> {
  for (let step = 0; step < STEPS; step += 1) await Promise.resolve();
}

/**
 * Begins each call only when the call before it has had the time to return a value that is ready at once. A function
 * may fill one object for every merchant and return a promise of it: otherwise it would fill that object for the next
 * merchant before the object is copied. No call waits for one that takes longer.
 */
function oneAfterAnother(): <T>(begin: () => Promise<T>) => Promise<T> {
  let before: Promise<void> = Promise.resolve();
  return (begin) => {
    const begun = before.then(() => ({ answer: begin() }));
    before = begun.then(pause);
    return begun.then(({ answer }) => answer);
  };
}
