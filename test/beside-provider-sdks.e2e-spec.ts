import { afterEach, expect, it } from '@jest/globals';
import { type SandboxProvider, startSandbox } from 'payments-sandbox';
import { startProcess } from './support/processes.js';
import { startTlsFront } from './support/tls.js';

let ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.toReversed()) await end();
  ends = [];
});

it("starts an application beside the providers' own SDKs, whose calls end as before", async () => {
  const names = ['stripe', 'square', 'adyen', 'paypal'] as const;
  const sandbox = await startSandbox({ providers: names, seed: 'beside SDKs' });
  ends.push(() => sandbox.close());
  const of = (name: (typeof names)[number]) => sandbox.provider(name) as unknown as SandboxProvider;
  const front = await startTlsFront(of('paypal').baseUrl);
  const adyenFront = await startTlsFront(of('adyen').baseUrl);
  ends.push(front.close, adyenFront.close);
  const child = startProcess(new URL('./support/sdk-application.ts', import.meta.url), {
    args: [
      JSON.stringify({
        stripe: of('stripe').baseUrl,
        square: of('square').baseUrl,
        adyen: adyenFront.url,
        paypal: front.url,
        adyenCa: adyenFront.ca,
        paypalCa: front.ca,
      }),
    ],
    env: Object.assign({}, ...names.map((name) => of(name).environment)),
  });
  ends.push(() => child.kill());

  const { before } = await child.next<{ before: object }>();
  expect(before).toEqual({
    stripe: 'balance',
    square: expect.anything(),
    adyen: [],
    paypal: 201,
  });
  const requests = () => names.map((name) => [name, of(name).counts.calls + of(name).counts.tokenRequests]);
  // PayPal's SDK logs in for itself.
  expect(of('paypal').counts.tokenRequests).toBe(1);

  const { after, configured } = await child.next<{ after: object; configured: unknown[] }>();
  expect(after).toEqual(before);
  expect(configured).toEqual([]);
  // Besides that login, only one call of each SDK has arrived. So the library has sent nothing.
  expect(requests()).toEqual([
    ['stripe', 2],
    ['square', 2],
    ['adyen', 2],
    ['paypal', 3],
  ]);

  const { beside, own, withAuthenticate } = await child.next<{
    beside: object;
    own: object;
    withAuthenticate: string;
  }>();
  expect(beside).toEqual(before);
  expect(own).toEqual({ stripe: 200, square: 200, adyen: 200, paypal: 200 });
  expect(withAuthenticate).toBe('string');
  for (const name of names) expect(of(name).counts).toMatchObject({ refusals: 0, loginsRefused: 0 });
  expect(of('stripe').counts.executions).toBe(1);
  expect(await child.ended).toEqual({ code: 0, signal: null });
});
