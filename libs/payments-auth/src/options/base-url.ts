import { isLoopback } from '../strategies/loopback.js';
import { headerTextProblem } from '../strategies/header-text.js';

/** The reason why credentials may not be sent to the base URL `value`; `undefined` when they may. */
export function baseUrlProblem(value: unknown, insecureHosts: readonly string[]): string | undefined {
  const problem = headerTextProblem(value);
  if (problem !== undefined) return `${problem}; expected a URL such as https://api.example.com`;
  let url: URL;
  try {
    url = new URL(value as string);
  } catch {
    return 'not a URL; expected one such as https://api.example.com';
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https://';
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or a password';
  if (url.search !== '' || url.hash !== '') return 'must not have a query or a fragment';
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !insecureHosts.includes(url.hostname))
    return 'plain http would send credentials in clear: use https, or name the host in insecureHosts if it is a sandbox of your own';
  return undefined;
}

/** The URL without a trailing slash, so that a path can be appended as it is. */
export function withoutTrailingSlash(url: string): string {
  return new URL(url).href.replace(/\/+$/, '');
}
