import { describe, expect, it } from '@jest/globals';
import { darajaPassword } from './daraja-password.js';

const parts = { shortCode: '600000', passkey: 'invented-passkey', timestamp: '20260101000000' };

describe('darajaPassword', () => {
  it('is the base64 of short code, passkey and timestamp', () => {
    expect(darajaPassword(parts)).toBe('NjAwMDAwaW52ZW50ZWQtcGFzc2tleTIwMjYwMTAxMDAwMDAw');
  });

  it.each([
    [{ timestamp: '2026-01-01T00:00:00Z' }, '14 digits'],
    [{ timestamp: '' }, '14 digits'],
    [{ shortCode: '' }, 'shortCode'],
    [{ passkey: '' }, 'passkey'],
  ])('refuses %j, and does not repeat the passkey', (wrong, words) => {
    expect(() => darajaPassword({ ...parts, ...wrong })).toThrow(words);
    expect(() => darajaPassword({ ...parts, ...wrong })).toThrow(/^(?!.*invented)/);
  });
});
