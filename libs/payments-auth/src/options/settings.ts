import { HTTP2_ROUTING } from '../http/destination.js';
import { ownCopy } from '../own-properties.js';
import { headerTextProblem, isHeaderText, kindOf } from '../strategies/header-text.js';
import { isRecord, ownRecord } from './record.js';

/** Says what is expected instead, or nothing when `value` is right. `undefined` never gets here. */
export type Check = (value: unknown) => string | undefined;

export function oneOf(...words: readonly string[]): Check {
  const expected = words.map((word) => `"${word}"`).join(', ');
  return (value) =>
    typeof value === 'string' && words.includes(value) ? undefined : `must be one of ${expected}`;
}

export const durationMs: Check = (value) => {
  if (typeof value !== 'number') return `must be a number of milliseconds, and is ${kindOf(value)}`;
  return Number.isFinite(value) && value >= 0 ? undefined : 'must be a number of milliseconds, 0 or more';
};

export const yesOrNo: Check = (value) =>
  typeof value === 'boolean' ? undefined : `must be true or false, and is ${kindOf(value)}`;

export const onlyTrue: Check = (value) => (value === true ? undefined : 'must be true, or be left out');

export const aFunction: Check = (value) =>
  typeof value === 'function' ? undefined : `must be a function, and is ${kindOf(value)}`;

export const plainText: Check = headerTextProblem;

const LONGEST_TOKEN_REQUEST_MS = 60_000;

export const tokenRequestSettings: Check = (value) => {
  if (!isRecord(value)) return `must be { timeoutMs, headers }, and is ${kindOf(value)}`;
  const { timeoutMs, headers, ...others } = value;
  const [stranger] = Object.keys(others);
  if (stranger !== undefined) return `has no "${stranger}"; expected timeoutMs and headers`;
  if (
    timeoutMs !== undefined &&
    !(typeof timeoutMs === 'number' && timeoutMs > 0 && timeoutMs <= LONGEST_TOKEN_REQUEST_MS)
  )
    return 'its timeoutMs must be a number of milliseconds, above 0 and at most 60_000';
  if (headers === undefined) return undefined;
  if (!isRecord(headers)) return `its headers must be a record of texts, and are ${kindOf(headers)}`;
  const wrong = Object.keys(headers).find(
    (name) => !isHeaderText(headers[name]) || !/^[\w!#$%&'*+.^`|~-]+$/.test(name),
  );
  return wrong === undefined ? undefined : `its header "${wrong}" cannot be sent`;
};

export const countOf: Check = (value) =>
  typeof value === 'number' && Number.isInteger(value) && value > 0
    ? undefined
    : 'must be a whole number above 0';

/** Host names as they stand in a URL, without scheme and port. */
export const hostNameList: Check = (value) =>
  Array.isArray(value) &&
  value.every((each) => typeof each === 'string' && /^[\w.-]+$|^\[[\da-f:.]+\]$/i.test(each))
    ? undefined
    : 'must be a list of host names without scheme and port, such as ["sandbox"]';

/** The fields of an axios configuration that other options or the call decide. */
const NOT_HERE: Readonly<Record<string, string>> = {
  url: 'it belongs to a request',
  method: 'it belongs to a request',
  data: 'it belongs to a request',
  params: 'it belongs to a request',
  signal: 'it belongs to a request',
  cancelToken: 'it belongs to a request',
  paymentsAuth: 'it belongs to a request',
  baseURL: 'use baseUrl beside http',
  auth: 'it would replace the credential that this library sets',
  socketPath: 'it would send the credential to another destination',
  adapter: 'this library installs its own around the one of axios',
  maxRedirects: 'redirects are not followed, because a credential would follow them',
};

/** When an object that was parsed from JSON has such a key, copying the object changes what the copy inherits. */
const UNSAFE = ['__proto__', 'constructor', 'prototype'];

/** Names the problems of axios settings, by the path below `http`. */
export function httpProblems(value: unknown): [path: string, what: string][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [['', `must be axios settings, and is ${kindOf(value)}`]];
  const problems: [string, string][] = [];
  for (const [name, given] of Object.entries(value)) {
    if (given === undefined) continue;
    if (UNSAFE.includes(name)) problems.push([`.${name}`, 'is no axios setting']);
    if (Object.hasOwn(NOT_HERE, name)) problems.push([`.${name}`, `cannot be set here: ${NOT_HERE[name]}`]);
    if (name === 'timeout') {
      const what = durationMs(given);
      if (what !== undefined) problems.push(['.timeout', what]);
    }
  }
  const settings = ownCopy(value) as Record<string, unknown>;
  if (settings.ca !== undefined && settings.httpsAgent !== undefined)
    problems.push([
      '.ca',
      'the httpsAgent that is given too would not use this ca; give the ca to the agent',
    ]);
  const http2Options = ownRecord(settings.http2Options) ?? {};
  for (const name of HTTP2_ROUTING)
    if (Object.hasOwn(http2Options, name))
      problems.push([`.http2Options.${name}`, 'it would send the credential elsewhere']);
  return problems;
}
