import { execSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { root } from './support/markdown.js';

const FOLDERS = { 'nestjs-payments-auth': 'libs/payments-auth', 'payments-sandbox': 'libs/payments-sandbox' };
const FIELDS = ['repository', 'homepage', 'bugs'];

let copy: string;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'release-'));
  const manifests = Object.values(FOLDERS).map((folder) => `${folder}/package.json`);
  for (const file of [
    'package.json',
    ...manifests,
    'CHANGELOG.md',
    'scripts/release.mjs',
    'scripts/pack.mjs',
  ]) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
});

afterAll(() => rmSync(copy, { recursive: true }));

/** The manifests and fields that the release command reports. Without a tag it reports, and builds nothing. */
function reported(): string[] {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/release.mjs'], {
    cwd: copy,
    encoding: 'utf8',
  });
  expect(stderr).toContain('Add --tag v1.2.3.');
  expect(status).toBe(1);
  return [...stderr.matchAll(/^(\S+) has no "(\w+)" in its package\.json/gm)].map(
    ([, name, field]) => `${name} ${field}`,
  );
}

describe('the manifests of a release', () => {
  it('lack three fields, and the release command names each field that is missing', () => {
    expect(reported().toSorted()).toEqual(
      Object.keys(FOLDERS)
        .flatMap((name) => FIELDS.map((field) => `${name} ${field}`))
        .toSorted(),
    );
  });

  it('get these fields from the release workflow before the release command runs', () => {
    const workflow = readFileSync(join(root, '.github/workflows/release.yml'), 'utf8');
    const step = /- run: >-\n((?: {10}\S.*\n)+)[\s\S]*npm run release/.exec(workflow)?.[1] ?? '';
    expect(step).toContain('npm pkg set');
    const env = {
      ...process.env,
      GITHUB_SERVER_URL: 'https://code.example',
      GITHUB_REPOSITORY: 'payments/library',
    };
    execSync(step.replaceAll(/\s+/g, ' '), { cwd: copy, env });
    expect(reported()).toEqual([]);
    for (const folder of Object.values(FOLDERS))
      expect(JSON.parse(readFileSync(join(copy, folder, 'package.json'), 'utf8'))).toMatchObject({
        repository: { type: 'git', url: 'git+https://code.example/payments/library.git' },
        homepage: 'https://code.example/payments/library#readme',
        bugs: { url: 'https://code.example/payments/library/issues' },
      });
  });
});
