import { Logger } from '@nestjs/common';
import { UnusableCredentialsError } from '../credentials/credential-errors.js';
import type { CredentialsSource, SourceTrouble } from '../providers/configured-provider.js';
import { pickCredentials } from '../providers/credential-value.js';
import type { ProviderDefinition } from '../providers/provider-definition.js';
import type { Credentials } from '../strategies/strategy.js';
import { fieldProblems, fieldWarnings, strangerFields } from './credential-fields.js';
import { ownCopy } from '../own-properties.js';
import { kindOf } from '../strategies/header-text.js';
import { FileSource } from './file-source.js';
import type { Findings } from './findings.js';
import { readsFiles, troubleOf } from './from-files.js';
import type { ProviderScope } from './provider-scope.js';
import { isRecord } from './record.js';

/** Where static credentials come from, checked as far as that can be done at boot. */
export interface FoundSource extends Omit<CredentialsSource, 'ttlMs'> {
  /** Whether the source reads files. Reading them every few seconds is cheap. */
  readonly inFiles: boolean;
  /** The accounts of a record, as far as their credentials are there at boot. */
  readonly thereAtBoot?: readonly string[];
}

/** Objects and files are read at boot; functions are asked when their credentials are needed. */
export function isThereAtBoot({ isDynamic, inFiles }: FoundSource): boolean {
  return !isDynamic || inFiles;
}

/**
 * Makes a source of what the application gave: an object, a list, files, or a function. Whatever is there at boot is
 * checked at boot; what functions and files give later is checked when they are asked.
 *
 * The secrets end up in the closure of `resolve` and nowhere else (R14).
 */
export async function credentialsSource(
  input: unknown,
  at: string,
  scope: ProviderScope,
  environment: string | undefined,
): Promise<FoundSource | undefined> {
  const { definition, findings } = scope;
  if (typeof input === 'function') {
    const resolve = () => handedOver(() => input() as unknown) as Promise<Credentials[]>;
    if (!readsFiles(input)) return { isDynamic: true, inFiles: false, resolve };
    const isSound = await areSound(resolve, at, scope);
    if (!isSound) return undefined;
    const troubles = new FileTroubles(definition);
    return {
      isDynamic: true,
      inFiles: true,
      trouble: () => troubles.last,
      resolve: async () => {
        const list = await resolve();
        troubles.now(troubleOf(input));
        return list;
      },
    };
  }
  const other = otherThanCredentials(input, definition);
  if (other !== undefined) {
    findings.problem(`${at}${other.below}`, other.what);
    return undefined;
  }
  if (isLoadable(input)) {
    checkLoadable(input, at, findings);
    return {
      isDynamic: true,
      inFiles: false,
      resolve: () => handedOver(() => input.load()) as Promise<Credentials[]>,
      ...(input.save === undefined
        ? {}
        : { save: async (_: string | undefined, ...swap) => (await input.save?.(...swap)) !== false }),
    };
  }

  let given: readonly unknown[];
  try {
    given = await load(input);
  } catch (error) {
    if (!(error instanceof UnusableCredentialsError)) throw error;
    findings.problem(at, `${error.message}. Check the path, and that the secret is mounted`);
    return undefined;
  }
  if (given.length === 0) {
    findings.problem(at, 'an empty list; give at least one set of credentials, newest first');
    return undefined;
  }
  const problemsBefore = findings.problems.length;
  given.forEach((each, index) => {
    const where = Array.isArray(input) ? `${at}[${index}]` : at;
    const fromFile = input instanceof FileSource ? ` (in the file ${input.path})` : '';
    const problems = [...fieldProblems(definition, each), ...strangerFields(definition, each)];
    for (const { field, what } of problems)
      findings.problem(
        field === undefined ? where : `${where}.${field}`,
        `${what}${fromFile}${field === undefined ? '' : remedy(definition, field, what)}`,
      );
  });
  if (findings.problems.length > problemsBefore) return undefined;

  const list = Object.freeze(
    given.map((each) => pickCredentials(definition, each as Record<string, unknown>)),
  );
  for (const { field, what } of list.flatMap((each) => fieldWarnings(definition, each, environment)))
    findings.warning(`${at}.${field}`, what);
  return holdsFiles(input)
    ? { isDynamic: true, inFiles: true, ...lastGood(input, definition, list) }
    : { isDynamic: false, inFiles: false, resolve: () => list };
}

/**
 * The problem with a value that is no credentials, but a promise, or an object whose `load` is no function. Without this check,
 * the error would list every credential field as missing.
 */
function otherThanCredentials(
  input: unknown,
  { credentials }: ProviderDefinition,
): { below: string; what: string } | undefined {
  if (isThenable(input))
    return {
      below: '',
      what: 'is a promise; give the function that makes it, as in () => loadCredentials()',
    };
  const isMistaken =
    isRecord(input) &&
    Object.hasOwn(input, 'load') &&
    !Object.hasOwn(credentials, 'load') &&
    !isLoadable(input);
  return isMistaken
    ? { below: '.load', what: `must be a function that gives the credentials, and is ${kindOf(input.load)}` }
    : undefined;
}

/** Reads several files, and says what is wrong with their contents. */
async function areSound(
  resolve: () => Promise<Credentials[]>,
  at: string,
  { definition, findings }: ProviderScope,
): Promise<boolean> {
  try {
    const [given] = await resolve();
    const problems = [...fieldProblems(definition, given), ...strangerFields(definition, given)];
    for (const { field, what } of problems)
      findings.problem(field === undefined ? at : `${at}.${field}`, what);
    return problems.length === 0;
  } catch (error) {
    if (!(error instanceof UnusableCredentialsError)) throw error;
    findings.problem(at, `${error.message}. Check the paths, and that the secrets are mounted`);
    return false;
  }
}

/**
 * Reads the files again each time. A file that is missing or half written for a moment, as when a mount is swapped,
 * fails no call. Its last content is used until the file has another one, or the provider refuses it.
 */
function lastGood(
  input: unknown,
  definition: ProviderDefinition,
  first: readonly Credentials[],
): Pick<CredentialsSource, 'resolve' | 'trouble'> {
  const troubles = new FileTroubles(definition);
  let good = first;
  return {
    trouble: () => troubles.last,
    resolve: async () => {
      const { list, trouble } = await reread(input, definition);
      troubles.now(trouble);
      return (good = list ?? good);
    },
  };
}

/**
 * The problem with secret files while their earlier contents are used. It is logged once, and kept for code that asks
 * for it.
 */
class FileTroubles {
  readonly #logger = new Logger('PaymentsAuth');
  readonly #title: string;
  last: SourceTrouble | undefined = undefined;

  constructor({ title }: ProviderDefinition) {
    this.#title = title;
  }

  /** @param reason `undefined` where the files are in order */
  now(reason: string | undefined): void {
    if (reason === this.last?.reason) return;
    this.last = reason === undefined ? undefined : { reason, sinceMs: Date.now() };
    if (reason !== undefined)
      this.#logger.warn(`${this.#title}: ${reason}. What was read before is used until this is corrected.`);
  }
}

async function reread(
  input: unknown,
  definition: ProviderDefinition,
): Promise<{ list?: readonly Credentials[]; trouble?: string }> {
  try {
    const given = await load(input);
    const [problem] = given.flatMap((each) => fieldProblems(definition, each));
    if (given.length === 0 || problem !== undefined)
      return {
        trouble: `a secret file changed, and ${problem?.field ?? 'its content'} is ${problem?.what ?? 'empty'}`,
      };
    return { list: given.map((each) => pickCredentials(definition, each as Record<string, unknown>)) };
  } catch (error) {
    if (error instanceof UnusableCredentialsError) return { trouble: error.message };
    throw error;
  }
}

/**
 * The answer of a function of the application, copied in the same turn in which it is returned. Otherwise a function
 * that fills the same object for each account would give one merchant's key to the calls of another.
 */
export function handedOver(answer: () => unknown): Promise<readonly unknown[] | undefined> {
  let given: unknown;
  try {
    given = answer();
  } catch (error) {
    return Promise.reject(error);
  }
  return isThenable(given) ? Promise.resolve(given).then(loadCopy) : loadCopy(given);
}

async function loadCopy(given: unknown): Promise<readonly unknown[] | undefined> {
  return given === undefined || given === null ? undefined : load(copied(given));
}

export function isThenable(given: unknown): given is PromiseLike<unknown> {
  return typeof (given as { then?: unknown } | null | undefined)?.then === 'function';
}

function copied(given: unknown): unknown {
  if (Array.isArray(given)) return given.map(copied);
  return isRecord(given) && !(given instanceof FileSource) ? ownCopy(given) : given;
}

/** A source of credentials that are known already. */
export function fixedSource(credentials: Credentials): FoundSource {
  const list = Object.freeze([credentials]);
  return { isDynamic: false, inFiles: false, resolve: () => list };
}

/** An object that loads credentials, and saves the refresh token that replaces another one. */
export interface Loadable {
  load(...account: string[]): unknown;
  save?(...swap: unknown[]): unknown;
}

/** Whether an object has the function `load`. No credential is a function, so its fields are no credentials. */
export function isLoadable(input: unknown): input is Loadable {
  return isRecord(input) && typeof input.load === 'function';
}

export function checkLoadable(input: Loadable, at: string, findings: Findings): void {
  for (const name of Object.keys(input))
    if (name !== 'load' && name !== 'save')
      findings.problem(`${at}.${name}`, 'unknown; expected load and save, and nothing else');
  if (input.save !== undefined && typeof input.save !== 'function')
    findings.problem(`${at}.save`, 'must be a function that replaces the refresh token');
}

/**
 * Turns one set of credentials, several sets, or files of them into a list, and reads the files. A field that holds a
 * list (several webhook secrets, the newest first) makes a set of credentials for each value of it.
 *
 * @throws {UnusableCredentialsError}
 */
async function load(input: unknown): Promise<readonly unknown[]> {
  const whole = input instanceof FileSource ? await input.json() : input;
  if (Array.isArray(whole)) return (await Promise.all(whole.map(load))).flat();
  if (!isRecord(whole)) return [whole];
  let sets: readonly Record<string, unknown>[] = [{}];
  for (const [field, value] of Object.entries(whole)) {
    const values = await Promise.all(
      (Array.isArray(value) && value.length > 0 ? value : [value]).map(textOf),
    );
    sets = sets.flatMap((set) => values.map((each) => ({ ...set, [field]: each }))).slice(0, MOST_SETS);
  }
  return sets.map(ownCopy);
}

/** Lists in several fields make one set for each combination of their values. */
const MOST_SETS = 64;

async function textOf(value: unknown): Promise<unknown> {
  return value instanceof FileSource ? value.text() : value;
}

function holdsFiles(input: unknown): boolean {
  if (input instanceof FileSource) return true;
  if (Array.isArray(input)) return input.some(holdsFiles);
  return isRecord(input) && Object.values(input).some(holdsFiles);
}

function remedy(definition: ProviderDefinition, field: string, what: string): string {
  const variable = (definition.credentials as Record<string, { variable?: string }>)[field]?.variable;
  if (variable === undefined || (what !== 'missing' && what !== 'empty')) return '';
  return `; give it, or leave the credentials out altogether and set ${variable}`;
}
