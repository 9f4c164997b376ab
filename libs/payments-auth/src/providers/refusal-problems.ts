import { isJsonObject } from '../building-blocks/json-value.js';
import { suggestion } from '../nearest.js';
import {
  judgementOf,
  type Judgement,
  ofEmptySuccess,
  outagesIn,
  saysYesTo,
} from '../strategies/made-up-answers.js';
import { type Fields, flagProblems, functionProblems, type Problems } from './definition-checks.js';

const KNOWN = ['refused', 'incurable', 'challenged', 'scope', 'alsoOnSuccess', 'bare401'];
const PREDICATES = ['refused', 'incurable', 'challenged'];

/** The problems with the description of a provider's refusals. */
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

/** Calls a predicate with answers that every author has to expect. */
function answerProblems(refusal: Fields, name: string): Problems {
  const predicate = refusal[name];
  if (typeof predicate !== 'function') return [];
  const path = `refusal.${name}`;
  const judgement = judgementOf((answer) => predicate.call(refusal, answer) as unknown);
  if (judgement.problem !== undefined) return [`${path}: ${judgement.problem}`];
  if (name === 'scope') return scopeAnswerProblems(path, judgement);
  const success = Boolean(ofEmptySuccess(judgement));
  const isSentAgain = name !== 'incurable';
  // `bare401: true` allows a yes to a bare 401, and to no outage.
  const isBare = isSentAgain && refusal['bare401'] !== true && saysYesTo(401, judgement);
  const outages = outagesIn(judgement);
  return [
    ...(isBare
      ? [
          `${path}: says yes to a 401 that anybody could have sent, a gateway after the payment was made included, and the call would be sent twice; ask for the provider's own words as well (textAt(body, 'error.code') === '…'), or write bare401: true where its documents say that there are none`,
        ]
      : []),
    ...(outages !== undefined && !success && !isBare && isSentAgain
      ? [
          `${path}: says yes to a ${outages} without a word, and each outage or limit would cost ${name === 'refused' ? 'a login and ' : ''}a second sending; name what the provider says`,
        ]
      : []),
    ...(success ? [`${path}: says yes to a 200 with an empty body; name what the provider says`] : []),
  ];
}

/** `scope` returns scopes, and not true or false. */
function scopeAnswerProblems(path: string, { said }: Judgement): Problems {
  return said.every(({ value }) => value === undefined || isScopes(value))
    ? []
    : [
        `${path}: expected { required, held }, each a list of scopes, or undefined where the answer is about none`,
      ];
}

function isScopes(value: unknown): boolean {
  return isJsonObject(value) && Array.isArray(value['required']) && Array.isArray(value['held']);
}
