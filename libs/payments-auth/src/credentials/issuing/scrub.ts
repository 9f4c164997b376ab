import type { Credentials } from '../../strategies/strategy.js';

const MOST_CHARACTERS = 200;

/**
 * A provider's own words, made safe to log: without the credentials that were sent (some providers repeat what they
 * did not accept), without control characters, and not long.
 */
export function scrub(words: string, credentials: Credentials): string {
  let clean = words;
  for (const secret of Object.values(credentials)) {
    if (secret === undefined || secret.length < 4) continue;
    for (const form of [secret, encodeURIComponent(secret)]) clean = clean.split(form).join('[hidden]');
  }
  // eslint-disable-next-line no-control-regex -- control characters are exactly what must not reach a log line
  clean = clean.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
  return clean.length > MOST_CHARACTERS ? `${clean.slice(0, MOST_CHARACTERS)}…` : clean;
}
