import { createHash, randomBytes } from 'node:crypto';
import * as fc from 'fast-check';

const said = process.env['TEST_SEED'] ?? '1';

/**
 * The seed of every test with random values. It is the same in every run, so that a test fails because of a change and
 * never by bad luck. `TEST_SEED=random` takes another seed. The titles of the tests say which one, and
 * `TEST_SEED=<seed>` repeats it.
 */
export const TEST_SEED = said === 'random' ? randomBytes(6).toString('hex') : said;

fc.configureGlobal({ seed: createHash('sha256').update(TEST_SEED).digest().readInt32BE() });

export { fc };
