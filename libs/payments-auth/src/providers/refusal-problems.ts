import { isJsonObject } from '../building-blocks/json-value.js';
import { suggestion } from '../nearest.js';
import { type Fields, flagProblems, functionProblems, type Problems, sayError } from './definition-checks.js';
import type { ApiAnswer } from '../strategies/strategy.js';

const KNOWN = ['refused', 'incurable', 'challenged', 'scope', 'alsoOnSuccess', 'bare401'];
const PREDICATES = ['refused', 'incurable', 'challenged'];

/** What a gateway says in front of a provider: a status, and nothing or a page of its own. */
const BARE: readonly ApiAnswer[] = [
  '',
  '<html><head><title>401 Authorization Required</title></head></html>',
].map((text) => ({ status: 401, headers: {}, body: undefined, text }));
/** The answer of an outage. A new credential does not end an outage. */
const OUTAGE: ApiAnswer = { status: 503, headers: {}, body: undefined, text: '' };
const EMPTY_SUCCESS: ApiAnswer = { status: 200, headers: {}, body: {}, text: '{}' };

/** What is wrong with how a provider is said to say no to a call. */
export function refusalProblems(refusal: unknown, hasSign: boolean): Problems {
  if (refusal === undefined) return [];
  if (!isJsonObject(refusal)) return ['refusal: expected { refused }, or leave it out'];
  if (typeof refusal['refused'] !== 'function')
    return ['refusal.refused: expected a function of { status, headers, body, text }'];
  return [
    ...Object.keys(refusal)
      .filter((name) => !KNOWN.includes(name))
      .map((name) => `refusal.${name}: not a part of a refusal. ${suggestion(name, KNOWN)}`),
    ...['incurable', 'challenged', 'scope'].flatMap((name) =>
      functionProblems(
        `refusal.${name}`,
        refusal[name],
        'expected a function of { status, headers, body, text }',
      ),
    ),
    ...flagProblems('refusal.bare401', refusal['bare401']),
    ...(refusal['alsoOnSuccess'] === undefined || typeof refusal['alsoOnSuccess'] === 'boolean'
      ? []
      : ['refusal.alsoOnSuccess: expected true or false']),
    ...(refusal['challenged'] !== undefined && !hasSign
      ? ['refusal.challenged: nothing is signed anew without sign; add sign, or leave this out']
      : []),
    ...[...PREDICATES, 'scope'].flatMap((name) => answerProblems(refusal, name)),
  ];
}

/** Asks a predicate what it says of answers that every author has to expect. */
function answerProblems(refusal: Fields, name: string): Problems {
  const predicate = refusal[name];
  if (typeof predicate !== 'function') return [];
  const path = `refusal.${name}`;
  let said: unknown[];
  try {
    said = [...BARE, EMPTY_SUCCESS, OUTAGE].map((answer) => predicate.call(refusal, answer) as unknown);
  } catch (error) {
    return [
      `${path}: throws for an answer without a body (${sayError(error)}); read the body with textAt or valueAt`,
    ];
  }
  if (said.some((each) => each instanceof Promise))
    return [`${path}: returns a promise; what it says is needed at once`];
  // `scope` answers with scopes, and not with yes or no.
  if (name === 'scope') return [];
  const [bare, page, success, outage] = said;
  // `bare401: true` allows a yes to a bare 401, and to no other answer without words.
  const isBare = name === 'refused' && refusal['bare401'] !== true && (bare || page);
  return [
    ...(isBare
      ? [
          `${path}: says yes to a 401 that anybody could have sent, a gateway after the payment was made included, and the call would be sent twice; ask for the provider's own words as well (textAt(body, 'error.code') === '…'), or write bare401: true where its documents say that there are none`,
        ]
      : []),
    ...(outage && !success && !isBare && name !== 'incurable'
      ? [
          `${path}: says yes to a 503 without a word, and each outage would cost a login and a second sending; name what the provider says`,
        ]
      : []),
    ...(success ? [`${path}: says yes to a 200 with an empty body; name what the provider says`] : []),
  ];
}
