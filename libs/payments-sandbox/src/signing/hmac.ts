import { createHmac } from 'node:crypto';

export function hmacSha256(key: string, message: string | Buffer): string {
  return createHmac('sha256', key).update(message).digest('hex');
}
