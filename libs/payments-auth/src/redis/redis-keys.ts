import type { EndpointKey, TokenKey } from '../index.js';

const MOST_ACCOUNT_CHARACTERS = 64;

/** The Redis keys of one credential. They share a hash tag, so that one script may touch all of them in a cluster. */
export function credentialKeys(prefix: string, { provider, account, hash }: TokenKey) {
  const whose = `${readable(provider)}:${readable(account ?? '')}:${hash.slice(0, 32)}`;
  const name = (what: string) => `${prefix}:{${whose}}:${what}`;
  return {
    token: name('token'),
    lock: name('lock'),
    version: name('version'),
    rejection: name('rejection'),
    note: name('note'),
  };
}

/** The Redis keys of one token endpoint: pauses, who was told to pause last, and one for each limit. */
export function endpointKeys(prefix: string, { provider, hash }: EndpointKey) {
  const tag = `${prefix}:{${readable(provider)}:${hash.slice(0, 32)}}`;
  return {
    pause: `${tag}:pause`,
    lastTold: `${tag}:told`,
    pauseOf: (credential: string) => `${tag}:pause:${credential.slice(0, 32)}`,
    limit: (index: number, credential: string) =>
      credential === '' ? `${tag}:limit:${index}` : `${tag}:limit:${index}:${credential.slice(0, 32)}`,
  };
}

/** A name as it stands in a key. The application chooses the names, which can hold braces and line breaks. */
function readable(name: string): string {
  return encodeURIComponent(Buffer.from(name).toString()).slice(0, MOST_ACCOUNT_CHARACTERS);
}
