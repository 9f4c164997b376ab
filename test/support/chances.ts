import { createHash, randomBytes } from 'node:crypto';
import * as fc from 'fast-check';

const said = process.env['TEST_SEED'] ?? '1';

/**
 * What every test starts from that leaves something to chance. It is the same in every run, so that a test fails because
 * of a change and never by bad luck. `TEST_SEED=random` tries other chances; the titles of the tests say which, and
 * `TEST_SEED=<that>` repeats them.
 */
export const TEST_SEED = said === 'random' ? randomBytes(6).toString('hex') : said;

fc.configureGlobal({ seed: createHash('sha256').update(TEST_SEED).digest().readInt32BE() });

export { fc };
