import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { root, textOf } from './support/markdown.js';

/** The suites that SECURITY.md names beside its promises. */
const named = [...textOf('SECURITY.md').matchAll(/`([\w/.*-]+\.(?:e2e-)?spec\.ts)`/g)].map(
  ([, path = '']) => path,
);

describe('SECURITY.md', () => {
  it('names suites that exist', () => {
    expect(named.length).toBeGreaterThan(20);
    const missing = named.filter((path) => {
      const place = path.startsWith('test/') ? path : `libs/payments-auth/src/${path}`;
      return !existsSync(join(root, place.replace('*.spec.ts', '')));
    });
    expect(missing).toEqual([]);
  });

  it('names every suite of attacks', () => {
    const attacks = readdirSync(join(root, 'test/attacks')).filter((file) => file.endsWith('.e2e-spec.ts'));
    expect(attacks.filter((file) => !named.includes(`test/attacks/${file}`))).toEqual([]);
  });

  it('has a suite beside every promise', () => {
    const [, table = ''] = textOf('SECURITY.md').split('## What is promised');
    const rows = (table.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('| **'));
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter((row) => !/spec\.ts`[^|]*\|\s*$/.test(row))).toEqual([]);
  });
});
