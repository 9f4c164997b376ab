/**
 * An application in a process of its own, whose `Object.prototype` is polluted. One message in, one out: what its servers
 * were asked meanwhile.
 */
import type { AxiosRequestConfig } from 'axios';
import { firstValueFrom } from 'rxjs';
import {
  BUILT_IN_PROVIDERS,
  defineProvider,
  login,
  OWN_ACCOUNT,
  PaymentsSignaturesService,
} from 'nestjs-payments-auth';
import { resolveOptions } from '../../libs/payments-auth/src/options/options.resolver.js';
import { startApplication } from '../support/application.js';
import { json, startLoopbackServer } from '../support/loopback-server.js';

interface Asked {
  readonly url: string;
  readonly headers: readonly string[];
  readonly body: string;
}

interface Keys {
  id: string;
  key: string;
}
/** It may be logged in to as often as the test wants. */
const acme = defineProvider<Keys, 'acme'>({
  name: 'acme',
  title: 'Acme',
  docs: 'https://docs.acme.test',
  environments: { live: 'https://api.acme.test' },
  credentials: { id: { secret: false }, key: {} },
  token: login<Keys>({
    path: '/token',
    body: ({ credentials: { id, key } }) => ({ json: { id, key } }),
    answer: { token: 'token' },
    documentedLifetimeMs: 3_600_000,
    rejected: ({ status }) => status === 401,
  }),
  headers: ({ credentials, token }) => ({ Authorization: `Bearer ${token}`, 'X-Client': credentials.id }),
  refusal: { refused: () => false },
});

const attacker = await startLoopbackServer((_, response) => json(response, 200, { token: 'attacker' }));
const server = await startLoopbackServer((request, response) => {
  if (request.url === '/token')
    json(response, 200, { token: `t-of-${(JSON.parse(request.body.toString()) as Keys).id}` });
  else json(response, 200, { ok: true });
});
const { port } = new URL(attacker.url);

const options = () => ({
  providers: {
    cashfin: {
      baseUrl: server.url,
      credentials: { clientSecret: 'cs_own' },
      accounts: { B: { clientSecret: 'cs_B' } },
    },
    acme: {
      provider: acme,
      baseUrl: server.url,
      keepWarm: 'when-used' as const,
      credentials: { id: 'own', key: 'test-own' },
      accounts: (id: string) =>
        id === 'nobody' ? undefined : { id: id.replace(/\d+$/, ''), key: `test-${id}` },
    },
    clickpesa: {
      baseUrl: server.url,
      keepWarm: 'when-used' as const,
      credentials: { clientId: 'own', apiKey: 'test-own', checksumKey: 'CHK-own' },
      accounts: { B: { clientId: 'B', apiKey: 'test-B', checksumKey: 'CHK-B' } },
    },
  },
});
const application = await startApplication(options());
const { paymentsAuth } = application;
const signatures = application.app.get(PaymentsSignaturesService);

/** What somebody can put on every object with nothing but JSON. */
const values = (name: string): unknown[] => [
  'B',
  { host: '127.0.0.1', port: Number(port), protocol: 'http' },
  attacker.url,
  ['B'],
  true,
  1,
  { [name]: 'B', api: attacker.url, secretKey: 'x' },
  '/{secretKey}',
];

function told(): Asked[] {
  return server.requests.splice(0).map(({ url, rawHeaders, body }) => ({
    url,
    // Node itself leaves a header out of `headers` that a prototype has already.
    headers: rawHeaders.filter((_, at) =>
      /authorization|client|key|^host$/i.test(rawHeaders[at - (at % 2)] ?? ''),
    ),
    body: body.toString().replace(/test-B\d+/, 'test-B'),
  }));
}

let merchants = 0;

async function calls(): Promise<unknown> {
  const post = (name: 'cashfin' | 'acme', config: AxiosRequestConfig) =>
    firstValueFrom(
      paymentsAuth.http(name).request({ method: 'POST', url: '/x', data: { amount: '1' }, ...config }),
    );
  await post('cashfin', { paymentsAuth: { account: OWN_ACCOUNT } });
  const forgotten = [
    await post('cashfin', {}).catch((error: { code: string }) => error.code),
    await post('cashfin', { paymentsAuth: {} }).catch((error: { code: string }) => error.code),
  ];
  await post('cashfin', { paymentsAuth: { account: 'B' } });
  // Somebody new each time: whoever fails once is left alone for a while.
  const account = `B${(merchants += 1)}`;
  await post('acme', { paymentsAuth: { account } });
  const { token } = await paymentsAuth.credentials('acme', account).get();
  const checksum = await signatures
    .bodySignature('clickpesa', { amount: '1' })
    .catch((error: { code: string }) => error.code);
  const signedFor = await signatures.bodySignature('clickpesa', { amount: '1' }, { account: 'B' });
  return { token, forgotten, checksum, signedFor, told: told() };
}

/** What the boot makes of options, without the functions. */
async function boot(): Promise<unknown> {
  const { providers } = await resolveOptions(options(), {
    builtIns: BUILT_IN_PROVIDERS,
    variables: () => undefined,
  });
  return Promise.all(
    providers.map(async (provider) => ({
      ...provider,
      definition: provider.definition.name,
      http: { ...provider.http() },
      own: await provider.own?.resolve(),
      accounts: await provider.accounts?.resolve('B'),
      unknown: await provider.accounts?.resolve('C'),
    })),
  );
}

async function outcome(run: () => Promise<unknown>): Promise<string> {
  try {
    return JSON.stringify(await run());
  } catch (error) {
    return `failed: ${(error as Error).stack ?? String(error)}`;
  }
}

async function polluted(name: string, value: unknown, run: () => Promise<unknown>): Promise<string> {
  // oxlint-disable-next-line no-extend-native -- that is the attack
  Object.defineProperty(Object.prototype, name, {
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  });
  try {
    return await outcome(run);
  } finally {
    Reflect.deleteProperty(Object.prototype, name);
  }
}

process.on('message', (message: { names: string[] }) => {
  void (async () => {
    await outcome(calls);
    const before = { boot: await outcome(boot), calls: await outcome(calls) };
    const different: string[] = [];
    let tried = 0;
    for (const name of message.names) {
      for (const value of values(name)) {
        for (const [what, run] of [
          ['boot', boot],
          ['calls', calls],
        ] as const) {
          tried += 1;
          const after = await polluted(name, value, run);
          if (after !== before[what])
            different.push(`${name} = ${JSON.stringify(value)}, ${what}: ${after.slice(0, 1500)}`);
          server.requests.splice(0);
        }
      }
    }
    const stolen = attacker.requests.map(({ url, headers }) => `${url} ${headers.authorization ?? ''}`);
    process.send?.({ before, different, tried, stolen });
  })();
});
process.send?.('ready');
