import type { Credentials } from '../strategies/strategy.js';
import {
  checkLoadable,
  type FoundSource,
  credentialsSource,
  isLoadable,
  handedOver,
  isThereAtBoot,
} from './credentials-source.js';
import type { ProviderScope } from './provider-scope.js';
import { kindOf } from '../strategies/header-text.js';
import { ownCopy } from '../own-properties.js';
import { isRecord } from './record.js';

/** On a function of the testing kit, which gives every application accounts, whether it has any or not. */
const TAKES_UNNAMED = Symbol.for('nestjs-payments-auth.takes-unnamed');

/** The credentials of many merchants. A record is checked at boot; what a function answers is checked when it is asked. */
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
  if (!isRecord(accounts)) {
    scope.findings.problem(
      at,
      `must be a record of credentials by account, a function (id) => credentials, or { load, save }, and is ${kindOf(accounts)}`,
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

/** Promises that are there already are taken in this many steps of the microtask queue. */
const STEPS = 8;

async function pause(): Promise<void> {
  for (let step = 0; step < STEPS; step += 1) await Promise.resolve();
}

/**
 * Begins each only when the one before has had the time to hand over what it has at once: a function that fills one
 * object for every merchant and promises it would have filled it for the next one before it is copied. None waits for
 * what takes longer.
 */
function oneAfterAnother(): <T>(begin: () => Promise<T>) => Promise<T> {
  let before: Promise<void> = Promise.resolve();
  return (begin) => {
    const begun = before.then(() => ({ answer: begin() }));
    before = begun.then(pause);
    return begun.then(({ answer }) => answer);
  };
}
