/**
 * Measures the memory of idle accounts, in a process of its own (`--expose-gc`), and prints it as JSON. Arguments: the number
 * of accounts, and the bytes of a token.
 */
import { CredentialRegistry } from '../../libs/payments-auth/src/credentials/credential.registry.js';
import { ManualClock } from '../../libs/payments-auth/src/testing/manual-clock.js';
import { changing, configured } from './credential-bed.js';

const [accounts = 100_000, tokenBytes = 800] = process.argv.slice(2).map(Number);
const clock = new ManualClock();
let issued = 0;

const ofMerchant = (account: string) => [{ key: account, secret: `test-secret-of-${account}` }];

/** Answers like a token endpoint, without sockets. The library keeps the same memory afterwards. */
const registry = new CredentialRegistry(
  [
    configured({
      accounts: changing(ofMerchant),
    }),
  ],
  {
    clock,
    transport: () => ({
      send: async () => {
        issued += 1;
        const token = String(issued).padStart(tokenBytes, 'x');
        return {
          status: 200,
          headers: {},
          body: JSON.parse(`{"token":"${token}","expiresInMs":3600000}`) as unknown,
          text: '',
          requestedAtMs: clock.now(),
          requestedAtMonotonicMs: clock.monotonic(),
        };
      },
    }),
  },
);

function heapUsed(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

/** Each account makes one call, so that the engine stores its header as one flat text. */
async function spend(ids: readonly string[]): Promise<void> {
  for (let at = 0; at < ids.length; at += 500) {
    await Promise.all(
      ids.slice(at, at + 500).map(async (id) => {
        const { authorization } = await registry.service('acme', id).headers();
        Buffer.from(authorization as string);
      }),
    );
  }
}

await spend(Array.from({ length: 2_000 }, (_, index) => `w${index}`));
const ids = Array.from({ length: accounts }, (_, index) => `m${index}`);
const beforeCredentials = heapUsed();
const credentials = ids.map((id) => {
  const [own] = ofMerchant(id);
  Buffer.from(own?.secret ?? '');
  return own;
});
const before = heapUsed();
const credentialBytes = (before - beforeCredentials) / credentials.length;
await spend(ids);
const each = (heapUsed() - before) / accounts;
/** The number of characters of a merchant's credentials, without the objects that hold them. */
const textBytes = Object.values(ofMerchant(`m${accounts - 1}`)[0] ?? {}).join('').length;
const beside = each - tokenBytes - textBytes;
process.stdout.write(JSON.stringify({ each, credentialBytes, textBytes, beside }));
registry.close();
