import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readEnvFile } from './env-file.js';
import { UsageError } from './usage.error.js';

describe('an .env file', () => {
  let path: string;

  beforeEach(() => {
    path = join(mkdtempSync(join(tmpdir(), 'payments-auth-')), '.env');
  });
  afterEach(() => rmSync(join(path, '..'), { recursive: true }));

  it('is read as it stands: with a byte order mark, line ends of Windows, comments and quotes', () => {
    writeFileSync(path, "\uFEFFA='x$y'\r\nexport B=un # c\r\n# C=no\r\nD=\r\n");
    const { variables } = readEnvFile(path);
    expect(['A', 'B', 'C', 'D'].map(variables)).toEqual(['x$y', 'un', undefined, undefined]);
  });

  it('names the values that a shell would cut at a "$"', () => {
    writeFileSync(path, "A='x$y'\nB=x$y\nexport C=\"x$y\"\n  D = 'x$y'\nE=xy\n");
    expect(readEnvFile(path).expandable).toEqual(['B', 'C']);
  });

  it('is refused when it does not exist', () => {
    expect(() => readEnvFile(path)).toThrow(UsageError);
    expect(() => readEnvFile(path)).toThrow(/--env-file .*\.env cannot be read \(ENOENT\)/);
  });
});
