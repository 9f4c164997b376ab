import { suggestion } from '../nearest.js';
import { disinherited, parsedJson } from '../own-properties.js';
import type { ApiAnswer } from './strategy.js';

/** The statuses of limits and outages. No other credential or signature helps against them. */
const OUTAGES: readonly number[] = [429, 500, 502, 503, 504];
const WITHOUT_WORDS = [400, 401, 403, ...OUTAGES];

/** An object without headers. A property that other code has set on `Object.prototype` cannot be read from it. */
const NO_HEADERS = disinherited({}) as ApiAnswer['headers'];

/** A success with an empty JSON object. */
const EMPTY_SUCCESS: ApiAnswer = { status: 200, headers: NO_HEADERS, body: parsedJson('{}'), text: '{}' };

const PARTS = ['status', 'headers', 'body', 'text'];

/** The results of a function of a definition for answers that every provider may give. */
export interface Judgement {
  /** Why the function cannot be used: it reads a part that answers do not have, throws, or returns a promise. */
  readonly problem?: string;
  /**
   * Whether the problem is that the function throws. `always`: before it reads the answer. `at times`: because of what
   * it reads.
   */
  readonly throws: 'never' | 'always' | 'at times';
  /** Whether the function reads headers. The invented answers have none, so it may return another result for a real answer. */
  readonly readsHeaders: boolean;
  /** The result for each answer. Empty where there is a problem. */
  readonly said: readonly { readonly answer: ApiAnswer; readonly value: unknown }[];
}

/**
 * Calls a function that judges answers with those that anybody can send: a gateway, a firewall, the provider in an
 * outage.
 */
export function judgementOf(judge: (answer: ApiAnswer) => unknown): Judgement {
  return asked(judge, [...successes(), ...WITHOUT_WORDS.flatMap(bare), ...WITHOUT_WORDS.map(withOtherWords)]);
}

/** Calls a function that only gets successes. */
export function judgementOfSuccess(judge: (answer: ApiAnswer) => unknown): Judgement {
  return asked(judge, successes());
}

/** The result for a success with an empty JSON object. */
export function ofEmptySuccess({ said }: Judgement): unknown {
  return said.find(({ answer }) => answer === EMPTY_SUCCESS)?.value;
}

/** Whether the function returns `true` for this status without the provider's own words. */
export function saysYesTo(status: number, { said }: Judgement): boolean {
  return said.some(
    ({ answer, value }) => answer.status === status && answer.body === undefined && Boolean(value),
  );
}

/**
 * The statuses of outages for which the function returns `true`, as in `429, 502 or 503`; `undefined` where there is
 * none.
 */
export function outagesIn(judgement: Judgement): string | undefined {
  const statuses = OUTAGES.filter((status) => saysYesTo(status, judgement));
  if (statuses.length < 2) return statuses[0]?.toString();
  return `${statuses.slice(0, -1).join(', ')} or ${statuses.at(-1)}`;
}

function asked(judge: (answer: ApiAnswer) => unknown, answers: readonly ApiAnswer[]): Judgement {
  const misread: string[] = [];
  let hasRead = false;
  let readsHeaders = false;
  const said: { answer: ApiAnswer; value: unknown }[] = [];
  const thrown: string[] = [];
  for (const answer of answers) {
    try {
      const value = judge(
        watched(answer, (name, what) => {
          hasRead = true;
          readsHeaders ||= name === 'headers';
          if (what !== undefined) misread.push(what);
        }),
      );
      said.push({ answer, value });
    } catch (error) {
      thrown.push(
        `throws for an answer ${answer.body === undefined ? 'without a body' : 'with another body'} (${sayError(error)}); read the body with textAt or valueAt, and check whether a header is there`,
      );
    }
  }
  const promises = said.map(({ value }) => value).filter((value) => value instanceof Promise);
  for (const promise of promises) promise.catch(() => undefined);
  const late = promises.length > 0 ? ['returns a promise; it must return its result directly'] : [];
  // Where the function read a part that is not there, that is the cause of its error. So it comes first.
  const [problem] = [...misread, ...thrown, ...late];
  if (problem === undefined) return { said, readsHeaders, throws: 'never' };
  const throws = !thrown.includes(problem) ? 'never' : hasRead ? 'at times' : 'always';
  return { problem, said: [], readsHeaders, throws };
}

function successes(): ApiAnswer[] {
  return [...bare(200), EMPTY_SUCCESS];
}

/**
 * A failure with an empty JSON object, perhaps from a gateway. A function may return `true` for one: the provider may
 * answer in the same way.
 */
function withOtherWords(status: number): ApiAnswer {
  return { ...EMPTY_SUCCESS, status };
}

/** Two answers of this status: with an empty body, and with the page of a gateway. */
function bare(status: number): ApiAnswer[] {
  const title = status === 401 ? '401 Authorization Required' : 'Service Unavailable';
  return ['', `<html><head><title>${title}</title></head></html>`].map((text) => ({
    status,
    headers: NO_HEADERS,
    body: undefined,
    text,
  }));
}

/**
 * The same answer, which reports what a function reads of it.
 *
 * @param notice called for each part that is read. It gets a problem where answers do not have the part: `data`, as
 *   axios calls the body, or a header in upper case
 */
function watched(answer: ApiAnswer, notice: (part: string, what?: string) => void): ApiAnswer {
  const headers = noticing(answer.headers, (name) => {
    if (/[A-Z]/.test(name))
      notice('headers', `reads headers["${name}"]; the names of headers are in lower case there`);
  });
  return noticing({ ...answer, headers }, (name) => {
    const called = name === 'data' ? 'The parsed JSON is called body.' : suggestion(name, PARTS);
    notice(
      name,
      PARTS.includes(name) ? undefined : `reads ${name}, which an answer does not have. ${called}`,
    );
  });
}

function noticing<T extends object>(target: T, notice: (name: string) => void): T {
  return new Proxy(target, {
    get: (of, name) => {
      const isAsked =
        typeof name === 'string' && !(name in Object.prototype) && !OF_ANY_OBJECT.includes(name);
      if (isAsked) notice(name);
      return Reflect.get(of, name) as unknown;
    },
  });
}

/** JavaScript reads these of every object that is awaited or printed. */
const OF_ANY_OBJECT = ['then', 'toJSON'];

/** What went wrong in a function of a definition, in one line. */
export function sayError(error: unknown): string {
  return error instanceof Error
    ? `${error.name}: ${(error.message.split('\n')[0] as string).replace(/\.$/, '')}`
    : 'a value that is not an Error';
}
