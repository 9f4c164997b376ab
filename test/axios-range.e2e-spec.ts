import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { HttpService } from '@nestjs/axios';

/** Which package stands in for `axios` in this project of Jest's. */
declare const AXIOS: string | undefined;

const root = new URL('../', import.meta.url);

async function manifest(path: string): Promise<{ version: string; peerDependencies: { axios: string } }> {
  return JSON.parse(await readFile(new URL(path, root), 'utf8')) as never;
}

it('the suites of destinations, leaks and calls run with both ends of the range of axios', async () => {
  const { peerDependencies } = await manifest('libs/payments-auth/package.json');
  const isOldest = typeof AXIOS !== 'undefined';
  const { version } = await manifest(`node_modules/${isOldest ? AXIOS : 'axios'}/package.json`);
  expect((new HttpService().axiosRef as unknown as { VERSION: string }).VERSION).toBe(version);
  if (isOldest) expect(`^${version}`).toBe(peerDependencies.axios);
});
