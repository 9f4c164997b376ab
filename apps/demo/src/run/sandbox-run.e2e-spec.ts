import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { startProcess } from '../../../../test/support/processes.js';

const DEMO = new URL('../main.ts', import.meta.url);
/** `npm start`, which builds the demo first. */
const START = new URL('../../../../scripts/start.mjs', import.meta.url);

describe('the demo, with providers of the user', () => {
  it('runs them through a bad day, and reports how their calls ended', async () => {
    const demo = startProcess(DEMO, {
      args: ['--once', '--seconds', '1', '--providers', 'daraja,paystack,pesapal'],
    });
    const end = await demo.ended;
    expect(demo.stdout).toContain('Payment providers on this machine: daraja, paystack, pesapal.');
    expect(demo.stdout).toContain('The keys of Paystack are rotated');
    // On a busy machine a call of a short run may time out, so a failed call does not fail this test.
    for (const name of ['daraja', 'paystack', 'pesapal'])
      expect(demo.stdout).toMatch(new RegExp(`^${name} .* [1-9]\\d* +[1-9]\\d* `, 'm'));
    expect(demo.stdout).toMatch(/carried out [1-9]\d* payments, 0 of them twice\./);
    expect(end.signal).toBeNull();
  });

  it.each([
    [DEMO, []],
    [DEMO, ['--providers', 'wakapay']],
    [START, []],
  ])('says how to choose another port, and builds nothing before: %s %j', async (file, args) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const demo = startProcess(file, { args: ['--port', String(port), ...args] });
    const end = await demo.ended;
    await new Promise((resolve) => other.close(resolve));
    expect(end).toEqual({ code: 2, signal: null });
    expect(demo.stderr).toMatch(new RegExp(`^Port ${port} is in use\\. .*npm start -- --port N`));
    // One sentence, and no stack.
    expect(demo.stderr.trim().split('\n')).toHaveLength(1);
    expect(demo.stdout).not.toMatch(/^ +at /m);
  });

  it('names a provider that does not exist', async () => {
    const demo = startProcess(DEMO, { args: ['--once', '--providers', 'darajah'] });
    expect(await demo.ended).toEqual({ code: 2, signal: null });
    expect(demo.stderr).toContain('There is no provider "darajah" here. Did you mean "daraja"?');
  });
});
