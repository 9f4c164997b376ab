import { suggestion } from '../nearest.js';
import { disinherited, parsedJson } from '../own-properties.js';
import type { ApiAnswer } from './strategy.js';

/** Statuses that a limit or an outage answers with. No credential and no signature cures one. */
const OUTAGES: readonly number[] = [429, 500, 502, 503, 504];
const WITHOUT_WORDS = [400, 401, 403, ...OUTAGES];

/** Nothing can be read of it that somebody has put on `Object.prototype`. */
const NO_HEADERS = disinherited({}) as ApiAnswer['headers'];

/** A success that says nothing. */
const EMPTY_SUCCESS: ApiAnswer = { status: 200, headers: NO_HEADERS, body: parsedJson('{}'), text: '{}' };
const SUCCESSES = [...bare(200), EMPTY_SUCCESS];
/** The JSON of somebody else, a gateway perhaps. A yes to it is no mistake: the provider itself may answer so. */
const WITH_OTHER_WORDS = WITHOUT_WORDS.map((status) => ({ ...EMPTY_SUCCESS, status }));

const PARTS = ['status', 'headers', 'body', 'text'];

/** What a function of a definition says of answers that every author has to expect. */
export interface Judgement {
  /** Why it cannot be asked: it reads what no answer has, throws, or does not answer at once. */
  readonly problem?: string;
  /** Whether the problem is that it throws: `always`, without a look at the answer, or because of what it reads. */
  readonly throws: 'never' | 'always' | 'at times';
  /** Whether it looks at the headers. The made-up answers have none, so that it may say something else of a real one. */
  readonly readsHeaders: boolean;
  /** What it says, answer by answer. Empty where there is a problem. */
  readonly said: readonly { readonly answer: ApiAnswer; readonly value: unknown }[];
}

/** Asks a function that judges answers about those that anybody can send: a gateway, a firewall, the provider in an outage. */
export function judgementOf(judge: (answer: ApiAnswer) => unknown): Judgement {
  return asked(judge, [...SUCCESSES, ...WITHOUT_WORDS.flatMap(bare), ...WITH_OTHER_WORDS]);
}

/** Asks a function that is asked about successes alone. */
export function judgementOfSuccess(judge: (answer: ApiAnswer) => unknown): Judgement {
  return asked(judge, SUCCESSES);
}

/** What it says of a success that says nothing. */
export function ofEmptySuccess({ said }: Judgement): unknown {
  return said.find(({ answer }) => answer === EMPTY_SUCCESS)?.value;
}

/** Whether it says yes to this status without a word. */
export function saysYesTo(status: number, { said }: Judgement): boolean {
  return said.some(
    ({ answer, value }) => answer.status === status && answer.body === undefined && Boolean(value),
  );
}

/** The statuses of outages that it says yes to, as in `429, 502 or 503`; `undefined` where there is none. */
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
        `throws for an answer ${answer.body === undefined ? 'without a body' : 'with another body'} (${sayError(error)}); read the body with textAt or valueAt, and look whether a header is there`,
      );
    }
  }
  const promises = said.map(({ value }) => value).filter((value) => value instanceof Promise);
  for (const promise of promises) promise.catch(() => undefined);
  const late = promises.length > 0 ? ['returns a promise; what it says is needed at once'] : [];
  // What was read in vain is the cause of what was thrown.
  const [problem] = [...misread, ...thrown, ...late];
  if (problem === undefined) return { said, readsHeaders, throws: 'never' };
  const throws = !thrown.includes(problem) ? 'never' : hasRead ? 'at times' : 'always';
  return { problem, said: [], readsHeaders, throws };
}

/** With an empty body, and with the page of a gateway. */
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
 * The same answer.
 *
 * @param notice hears of each part that is read, and what is wrong with it where no answer has it: `data`, as axios calls the body, or
 *   a header in upper case
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

/** Asked of any object that is awaited or printed. */
const OF_ANY_OBJECT = ['then', 'toJSON'];

/** What went wrong in a function of a definition, in one line. */
export function sayError(error: unknown): string {
  return error instanceof Error
    ? `${error.name}: ${(error.message.split('\n')[0] as string).replace(/\.$/, '')}`
    : 'something that is no error';
}
