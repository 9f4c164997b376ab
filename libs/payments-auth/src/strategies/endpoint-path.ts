import { isBelow } from './base-path.js';

/**
 * A path that a URL parser does not change: without blanks, control characters, backslashes and letters beyond ASCII.
 */
const PLAIN_PATH = /^[\x21-\x5b\x5d-\x7e]+$/;

/** The reason why a text of a definition is not a path below the base URL; `undefined` when it is one. */
export function pathProblem(path: unknown): string | undefined {
  if (typeof path !== 'string') return 'expected a text, as in "/oauth/token"';
  if (/^[a-z]+:\/\//i.test(path)) return 'expected a path below the base URL, and this is a whole URL';
  if (!/^\/(?:[^/]|$)/.test(path)) return 'expected a path that begins with one "/"';
  if (path.includes('\\')) return 'has a backslash in it, which a URL takes for a slash; write "/"';
  if (path.includes('#')) return 'has a "#" in it, and the text after that is never sent; leave it out';
  if (!PLAIN_PATH.test(path)) return 'has a character in it that a URL cannot contain; percent-encode it';
  const base = 'https://invented.test/base';
  return isBelow('/base', new URL(base + path.replace(/\{[^{}]*\}/g, 'x')))
    ? undefined
    : 'leads upwards with "..", and out of the base URL; write the path below it';
}
