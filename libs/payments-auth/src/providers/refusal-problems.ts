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
  const problems = partProblems(refusal, hasSign);
  return problems.length > 0 ? problems : flagWithoutEffect(refusal);
}

function partProblems(refusal: Fields, hasSign: boolean): Problems {
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
  if (success) return [`${path}: says yes to a 200 with an empty body; name what the provider says`];
  if (name === 'incurable')
    return saysYesTo(401, judgement)
      ? [
          `${path}: says yes to a 401 without a word, so that a credential that has ended would never be replaced; name what the provider says`,
        ]
      : [];
  const allowed = refusal['bare401'] === true ? [403] : [401, 403];
  const bare = allowed.filter((status) => saysYesTo(status, judgement));
  if (bare.length > 0) return [`${path}: says yes to a ${bareProblem(bare)}`];
  const outages = outagesIn(judgement);
  return outages === undefined
    ? []
    : [
        `${path}: says yes to a ${outages} without a word, and each outage or limit would cost ${name === 'refused' ? 'a login and ' : ''}a second sending; name what the provider says`,
      ];
}

/**
 * A gateway or a firewall answers 401 and 403 without a word, also after the payment was made. `bare401: true` allows a yes
 * to a 401 of that kind, and to nothing else.
 */
function bareProblem(bare: readonly number[]): string {
  const remedy = bare.includes(401)
    ? 'or write bare401: true where its documents say that a 401 has none'
    : 'or leave that 403 out: the credential is renewed after it all the same, and only calls that read are sent again';
  return `${bare.join(' or ')} that anybody could have sent, a gateway after the payment was made included, and the call would be sent twice; ask for the provider's own words as well (textAt(body, 'error.code') === '…'), ${remedy}${bare.length > 1 ? '; that is about a 401 alone, so leave the 403 out' : ''}`;
}

/** `bare401` allows a yes that nothing gives: the author has meant another status, or the flag is left over. */
function flagWithoutEffect(refusal: Fields): Problems {
  if (refusal['bare401'] !== true) return [];
  const maySayYes = ['refused', 'challenged'].some((name) => {
    const predicate = refusal[name];
    if (typeof predicate !== 'function') return false;
    const judgement = judgementOf((answer) => predicate.call(refusal, answer) as unknown);
    // A 401 without a word may have a header that tells it from a gateway's.
    return judgement.readsHeaders || saysYesTo(401, judgement);
  });
  return maySayYes
    ? []
    : [
        'refusal.bare401: allows refused to say yes to a 401 without a word, and refused says no to it; let it say yes (status === 401), or leave this out',
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
