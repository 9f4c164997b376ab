import { createHmac } from 'node:crypto';

/** A JSON Web Token signed with HS256 (RFC 7519). */
export function signJwt(claims: Readonly<Record<string, unknown>>, key: string): string {
  const input = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
