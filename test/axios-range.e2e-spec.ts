import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { HttpService } from '@nestjs/axios';

/** The package that replaces `axios` in this Jest project. */
declare const AXIOS: string;

const root = new URL('../', import.meta.url);

async function manifest(path: string): Promise<{ version: string; peerDependencies: { axios: string } }> {
  return JSON.parse(await readFile(new URL(path, root), 'utf8')) as never;
}

it('the suites of destinations, leaks and calls run with both ends of the range of axios', async () => {
  const { peerDependencies } = await manifest('libs/payments-auth/package.json');
  const name = typeof AXIOS === 'undefined' ? 'axios' : AXIOS;
  const { version } = await manifest(`node_modules/${name}/package.json`);
  expect((new HttpService().axiosRef as unknown as { VERSION: string }).VERSION).toBe(version);
  const { version: oldest } = await manifest('node_modules/axios-oldest/package.json');
  expect(`^${oldest}`).toBe(peerDependencies.axios);
});
