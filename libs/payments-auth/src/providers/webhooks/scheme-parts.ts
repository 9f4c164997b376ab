import { isJsonObject } from '../../building-blocks/json-value.js';
import { suggestion } from '../../nearest.js';
import { deepOwnCopy } from '../../own-properties.js';
import { kindOf } from '../../strategies/header-text.js';
import { unreadableParts } from '../../strategies/unreadable-parts.js';
import { signatureOptions } from './public-keys.js';
import { Refused } from './received-message.js';
import { isProof } from './webhook-proof.js';
import { commonWork, schemeMadeOf, schemeOf, type WebhookScheme } from './webhook-scheme.js';

/** The problems with one part of a description, each as `path: what`. An empty list when there is none. */
type Check = (value: unknown, at: string) => string[];
type Parts = Readonly<Record<string, Check>>;

/** The parts that one of the builders takes. */
export interface SchemeShape {
  readonly builder: string;
  readonly parts: Parts;
  /** The parts that have to be there. */
  readonly required: readonly string[];
}

/** Checks a part with `isFit`. */
function expecting(what: string, isFit: (value: unknown) => boolean): Check {
  return (value, at) => (isFit(value) ? [] : [`${at}: expected ${what}`]);
}

/** Checks a part with `isFit`. The problem names the kind of a wrong value. */
function ofKind(what: string, isFit: (value: unknown) => boolean): Check {
  return (value, at) => (isFit(value) ? [] : [`${at}: expected ${what}, and it is ${kindOf(value)}`]);
}

function oneOf(...words: readonly string[]): Check {
  const known = words.map((word) => `'${word}'`);
  const what = known.length === 1 ? known.join('') : `${known.slice(0, -1).join(', ')} or ${known.at(-1)}`;
  return (value, at) =>
    typeof value === 'string' && words.includes(value) ? [] : [`${at}: expected ${what}`];
}

/** An object of parts. */
function objectOf(parts: Parts, required: readonly string[] = []): Check {
  return (value, at) => {
    if (!isJsonObject(value))
      return [`${at}: expected { ${Object.keys(parts).join(', ')} }, and it is ${kindOf(value)}`];
    return partProblems({ builder: at, parts, required }, value, at);
  };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(isText);
const isTextsByName = (value: unknown): boolean =>
  isJsonObject(value) && Object.keys(value).length > 0 && Object.values(value).every(isText);

const flag: Check = (value, at) => (value === true ? [] : [`${at}: expected true, or leave it out`]);
const text = ofKind('a text that is not empty', isText);
const anyText = ofKind('a text', (value) => typeof value === 'string');
const texts = ofKind('a list of texts', isTexts);
const credential = ofKind('the name of a credential field', isText);
const credentials = ofKind('a list of credential fields', isTexts);
const header: Check = (value, at) =>
  isText(value) && /^[\w!#$%&'*+.^`|~-]+$/.test(value) ? [] : [`${at}: expected the name of a header`];
const path: Check = (value, at) =>
  isText(value) && /^(?!\$\.|\/)\S+$/.test(value)
    ? []
    : [`${at}: expected a path of field names with dots between them, as in 'data.id'`];
const paths: Check = (value, at) =>
  isTexts(value) ? [] : [`${at}: expected a list of the paths of fields, as in ['id', 'data.amount']`];
const template: Check = (value, at) =>
  isText(value) && /\{[^{}]+\}/.test(value)
    ? []
    : [
        `${at}: expected a template, as in '{header:x-id}' or '{field:id}'; a text without braces is the same for every message`,
      ];
const confirmWith = expecting('the call that says what really happened, as in "GET /payments/{id}"', isText);

const LEAST_TOLERANCE_MS = 1_000;
const tolerance: Check = (value, at) => {
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0)
    return [`${at}: expected a number of milliseconds above 0`];
  return value < LEAST_TOLERANCE_MS
    ? [
        `${at}: expected milliseconds, and clocks differ by more than ${value} of them; for seconds, write ${value} * 1_000`,
      ]
    : [];
};

/** The signed text: a template, or one of three objects, which differ in their parts. */
const signed: Check = (value, at) => {
  if (typeof value === 'string') return [];
  const shapes: readonly (readonly [part: string, check: Check])[] = [
    ['canonicalJson', objectOf({ canonicalJson: flag, without: ofKind('a list of texts', isListOfTexts) })],
    ['fields', objectOf({ fields: paths, separator: anyText, empty: anyText }, ['fields'])],
    ['listedIn', objectOf({ listedIn: path, of: path, required: paths }, ['listedIn', 'of', 'required'])],
  ];
  const shape = shapes.find(([part]) => isJsonObject(value) && Object.hasOwn(value, part));
  return shape === undefined
    ? [
        `${at}: expected a template as in '{timestamp}.{body}', { canonicalJson: true }, { fields } or { listedIn, of, required }`,
      ]
    : shape[1](value, at);
};

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every(isText);
}

const status = expecting(
  'a status from 200 to 399',
  (value) => Number.isInteger(value) && (value as number) >= 200 && (value as number) < 400,
);
const json = expecting('a value that can be written as JSON', (value) => {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
});

const aFunction = ofKind('a function', (value) => typeof value === 'function');

/** The parts that all schemes have. */
const COMMON: Parts = {
  onlyWhenNamed: flag,
  body: oneOf('json', 'form', 'text'),
  id: template,
  items: path,
  acknowledge: objectOf({ status, text: anyText, json }),
};
/** The place of a signature. */
const PLACE: Parts = { header, field: path, query: text };
const SIGNATURE: Parts = {
  ...PLACE,
  prefix: anyText,
  list: objectOf({ signature: text, timestamp: text, separator: text, assign: text, keyIdBefore: text }, [
    'signature',
  ]),
  encoding: oneOf('hex', 'base64', 'base64url'),
  timestamp: objectOf({
    at: template,
    unit: oneOf('seconds', 'milliseconds', 'iso'),
    toleranceMs: tolerance,
  }),
  signed,
};

const KEYS: Parts = {
  credential,
  environments: ofKind('one key in PEM for each environment', isTextsByName),
  jwks: ofKind('one URL of a key set for each environment', isTextsByName),
  certificate: objectOf({ header, allow: texts }, ['header', 'allow']),
};
const publicKey: Check = (value, at) => {
  const given = isJsonObject(value) ? Object.keys(value).filter((name) => value[name] !== undefined) : [];
  return given.length === 1 && given.every((name) => Object.hasOwn(KEYS, name))
    ? objectOf(KEYS)(value, at)
    : [`${at}: expected one of { credential }, { environments }, { jwks } and { certificate }`];
};

export const HMAC: SchemeShape = {
  builder: 'hmacWebhook',
  parts: {
    ...COMMON,
    ...SIGNATURE,
    key: credential,
    hash: oneOf('sha1', 'sha256', 'sha512', 'sha3-512'),
    keyEncoding: oneOf('text', 'hex', 'base64'),
    confirmWith,
  },
  required: ['key'],
};

export const HASH: SchemeShape = {
  builder: 'hashWebhook',
  parts: {
    ...COMMON,
    ...SIGNATURE,
    secrets: credentials,
    hash: oneOf('md5', 'sha256', 'sha384', 'sha512'),
    confirmWith,
  },
  required: ['secrets', 'hash'],
};

export const PUBLIC_KEY: SchemeShape = {
  builder: 'publicKeyWebhook',
  parts: {
    ...COMMON,
    ...SIGNATURE,
    algorithm: oneOf(...Object.keys(signatureOptions)),
    key: publicKey,
    jws: objectOf({ signedHeaders: text, trailingSlash: oneOf('either') }),
    confirmWith,
  },
  required: ['algorithm', 'key'],
};

export const STANDARD: SchemeShape = {
  builder: 'standardWebhooks',
  parts: { ...COMMON, key: credential, prefix: oneOf('webhook', 'svix') },
  required: ['key'],
};

export const SHARED_TOKEN: SchemeShape = {
  builder: 'sharedToken',
  parts: { ...COMMON, ...PLACE, key: credential, prefix: anyText, confirmWith },
  required: ['key', 'confirmWith'],
};

export const HASH_OF_CREDENTIALS: SchemeShape = {
  builder: 'hashOfCredentials',
  parts: {
    ...COMMON,
    ...SIGNATURE,
    of: credentials,
    hash: oneOf('sha256', 'sha512'),
    separator: anyText,
    confirmWith,
  },
  required: ['of', 'hash'],
};

export const UNSIGNED: SchemeShape = {
  builder: 'unsignedWebhook',
  parts: { ...COMMON, fields: paths, confirmWith },
  required: ['fields', 'confirmWith'],
};

export const CUSTOM: SchemeShape = {
  builder: 'customWebhook',
  parts: {
    ...COMMON,
    ...PLACE,
    keys: ofKind('a list of credential fields', isListOfTexts),
    proves: expecting("'payload', 'values', 'sender' or 'nothing'", isProof),
    confirmWith,
    needsUrl: flag,
    verify: aFunction,
    sign: aFunction,
  },
  required: ['keys', 'proves', 'verify'],
};

/**
 * A scheme. Where the description is wrong, the scheme proves nothing and holds the problems: `defineProvider` knows
 * the name of the scheme, and reports all problems together. The description is read when the scheme is first used, for
 * example by `defineProvider`.
 *
 * @param make gets a copy of the description, in which no required part is missing
 */
export function schemeAs<F extends string, S>(
  shape: SchemeShape,
  given: S,
  make: (spec: S) => WebhookScheme<F>,
): WebhookScheme<F> {
  return schemeMadeOf(() => checkedScheme(shape, given, make));
}

function checkedScheme<F extends string, S>(
  shape: SchemeShape,
  given: S,
  make: (spec: S) => WebhookScheme<F>,
): WebhookScheme<F> {
  const unreadable = unreadableParts(given);
  if (unreadable.length > 0) return brokenScheme(unreadable);
  const spec = deepOwnCopy(given);
  const problems = isJsonObject(spec)
    ? partProblems(shape, spec)
    : [`${shape.builder} expects an object, and is given ${kindOf(spec)}`];
  return problems.length > 0 ? brokenScheme(problems) : make(spec);
}

function partProblems(
  { builder, parts, required }: SchemeShape,
  given: Readonly<Record<string, unknown>>,
  at?: string,
): string[] {
  const below = (name: string) => (at === undefined ? name : `${at}.${name}`);
  const names = Object.keys(given).filter((name) => given[name] !== undefined);
  return [
    ...required.filter((name) => !names.includes(name)).flatMap((name) => missing(parts, name, below(name))),
    ...names.flatMap((name) =>
      Object.hasOwn(parts, name)
        ? (parts[name] as Check)(given[name], below(name))
        : [`${below(name)}: not a part of ${builder}. ${suggestion(name, Object.keys(parts))}`],
    ),
  ];
}

/** The problem with a part that is missing. */
function missing(parts: Parts, name: string, at: string): string[] {
  return (parts[name] as Check)(undefined, at).map((what) =>
    what.replace(/(?:, and it is undefined)?$/, ', and it is missing'),
  );
}

function brokenScheme<F extends string>(problems: readonly string[]): WebhookScheme<F> {
  return schemeOf('nothing', {
    ...commonWork({}),
    fields: [],
    needsBytes: false,
    problems: () => [...problems],
    precheck: refuse,
    verify: refuse,
  });
}

function refuse(): never {
  throw new Refused('wrong-signature');
}
