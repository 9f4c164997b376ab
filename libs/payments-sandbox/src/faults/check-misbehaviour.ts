import {
  type Check,
  checkFields,
  either,
  InvalidInputError,
  isAnything,
  isListOf,
  isNull,
  isNumber,
  isOneOf,
  isText,
  isWholeNumber,
  type Optional,
  optional,
} from '../core/checks.js';
import { ENVELOPES } from '../core/refusal-envelope.js';
import type { FaultName, Misbehaviour } from './fault.js';

type Fields = Readonly<Record<string, Check | Optional>>;

const ENVELOPE: Fields = { envelope: optional(isOneOf(...ENVELOPES)) };
const RETRY_AFTER = either(isText, isNumber(0));
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** The fields of each fault, besides those that all faults have. */
const FIELDS: Readonly<Record<FaultName, Fields>> = {
  slow: { delayMs: isNumber(0, LONGEST_DELAY_MS) },
  drip: { intervalMs: optional(isNumber(0, LONGEST_DELAY_MS)) },
  hang: {},
  drop: { when: optional(isOneOf('before', 'after', 'mid-answer')) },
  'rate-limit': { retryAfter: optional(either(RETRY_AFTER, isNull)) },
  'server-error': { status: optional(isWholeNumber(500, 599)), retryAfter: optional(RETRY_AFTER) },
  garbage: {},
  html: { status: optional(isWholeNumber(200, 599)) },
  'error-in-2xx': {},
  'no-content': {},
  'wrong-content-type': { contentType: optional(isText) },
  redirect: { status: optional(isOneOf(301, 302, 303, 307, 308)), to: optional(isText) },
  huge: { bytes: optional(isWholeNumber(1, 2 ** 30)) },
  endless: {},
  refuse: ENVELOPE,
  'execute-then-refuse': ENVELOPE,
  'expire-token': {},
  'revoke-token': {},
  forbid: {},
  'rotate-key': {},
  'malformed-token': {
    token: isOneOf(
      'missing',
      'null',
      'empty',
      'number',
      'object',
      'array',
      'long',
      'line-break',
      'control-character',
      'not-ascii',
    ),
  },
  'absurd-expiry': { expiry: optional(isAnything) },
};

const TRIGGER: Fields = {
  on: optional(isOneOf('token', 'call', 'any')),
  times: optional(isWholeNumber(1)),
  probability: optional(isNumber(0, 1)),
  account: optional(either(isText, isListOf(isText))),
  method: optional(isText),
  host: optional(isText),
  path: optional(isText),
};

export const FAULT_NAMES = Object.keys(FIELDS) as readonly FaultName[];

/** Checks a fault that comes from outside. @throws {InvalidInputError} naming every wrong field */
export function checkMisbehaviour(value: unknown): Misbehaviour {
  const name = (value as { readonly fault?: unknown } | null | undefined)?.fault;
  if (!FAULT_NAMES.includes(name as FaultName))
    throw new InvalidInputError([`"fault" must be one of ${FAULT_NAMES.join(', ')}`]);
  checkFields(value, { fault: isText, ...FIELDS[name as FaultName], ...TRIGGER });
  return value as unknown as Misbehaviour;
}
