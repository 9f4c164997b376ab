import { isJsonObject } from '../building-blocks/json-value.js';
import { ownCopy } from '../own-properties.js';
import { suggestion } from '../nearest.js';
import { PaymentsAuthError } from '../payments-auth.errors.js';

/** The parts that one of the two factories of assertions takes. */
export interface AssertionShape {
  readonly factory: 'privateKeyJwt' | 'clientSecretJwt';
  readonly algorithms: readonly string[];
  /** Whether the algorithm has to be given. */
  readonly isAlgorithmRequired: boolean;
  readonly functions: readonly string[];
}

const HOUR_MS = 60 * 60_000;
const AT = 'token.authentication';

/**
 * Finds the mistakes in the description of a client's JWT when it is created.
 *
 * @throws PaymentsAuthError INVALID_OPTIONS, whose `problems` name every wrong part as `token.authentication.…`
 */
export function checkAssertionSpec(shape: AssertionShape, spec: unknown): void {
  const problems = isJsonObject(spec)
    ? problemsOf(shape, ownCopy(spec))
    : [`${AT}: ${shape.factory} expects an object`];
  if (problems.length === 0) return;
  throw new PaymentsAuthError(
    'INVALID_OPTIONS',
    `${shape.factory}({ … }) of a provider definition is not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    { problems },
  );
}

function problemsOf(
  { factory, algorithms, isAlgorithmRequired, functions }: AssertionShape,
  spec: Readonly<Record<string, unknown>>,
): string[] {
  const { algorithm, audience, lifetimeMs } = spec;
  const known = ['algorithm', 'audience', 'lifetimeMs', ...functions];
  const isKnownAlgorithm =
    algorithm === undefined ? !isAlgorithmRequired : algorithms.includes(algorithm as string);
  const isLifetime = typeof lifetimeMs === 'number' && lifetimeMs >= 1_000 && lifetimeMs <= HOUR_MS;
  return [
    ...Object.keys(spec)
      .filter((name) => !known.includes(name))
      .map((name) => `${AT}.${name}: not a part of ${factory}. ${suggestion(name, known)}`),
    ...(isKnownAlgorithm
      ? []
      : [`${AT}.algorithm: expected ${algorithms.map((each) => `'${each}'`).join(' or ')}`]),
    ...functions
      .filter((name) => spec[name] !== undefined && typeof spec[name] !== 'function')
      .map((name) => `${AT}.${name}: expected a function from { credentials, … }`),
    ...(audience === undefined || (typeof audience === 'string' && audience !== '')
      ? []
      : [`${AT}.audience: expected a text; leave it out for the URL of the token endpoint`]),
    ...(lifetimeMs === undefined || isLifetime
      ? []
      : [`${AT}.lifetimeMs: expected milliseconds, from a second (1_000) to an hour`]),
  ];
}
