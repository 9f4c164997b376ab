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
      ? ['refusal.challenged: works only together with sign; add sign, or leave this out']
      : []),
    ...[...PREDICATES, 'scope'].flatMap((name) => answerProblems(refusal, name)),
  ];
}

/** Calls a function of `refusal` with answers that every provider may give. */
function answerProblems(refusal: Fields, name: string): Problems {
  const predicate = refusal[name];
  if (typeof predicate !== 'function') return [];
  const path = `refusal.${name}`;
  const judgement = judgementOf((answer) => predicate.call(refusal, answer) as unknown);
  if (judgement.problem !== undefined) return [`${path}: ${judgement.problem}`];
  if (name === 'scope') return scopeAnswerProblems(path, judgement);
  const success = Boolean(ofEmptySuccess(judgement));
  if (success)
    return [`${path}: returns true for a 200 with an empty body. Check the provider's words as well`];
  if (name === 'incurable')
    return saysYesTo(401, judgement)
      ? [
          `${path}: returns true for a 401 without the provider's own words. A credential that has ended would then never be replaced. Check the provider's words as well`,
        ]
      : [];
  if (refusal['bare401'] !== true && saysYesTo(401, judgement)) return [`${path}: ${BARE_401}`];
  const outages = outagesIn(judgement);
  return outages === undefined
    ? []
    : [
        `${path}: returns true for a ${outages} without the provider's own words. Each outage or limit would then cost ${name === 'refused' ? 'a login and ' : ''}a second request. Check the provider's words as well`,
      ];
}

const BARE_401 =
  "returns true for a 401 without the provider's own words. A gateway may send such a 401 after the payment was made, and the payment would then be sent twice. Check the provider's words as well (textAt(body, 'error.code') === '…'), or set bare401: true if the provider documents a 401 without words";

/** The problem with a `bare401` that has no effect. The author means another status, or the flag is left over. */
function flagWithoutEffect(refusal: Fields): Problems {
  if (refusal['bare401'] !== true) return [];
  const maySayYes = ['refused', 'challenged'].some((name) => {
    const predicate = refusal[name];
    if (typeof predicate !== 'function') return false;
    const judgement = judgementOf((answer) => predicate.call(refusal, answer) as unknown);
    // A 401 without words may have a header by which it differs from one of a gateway.
    return judgement.readsHeaders || saysYesTo(401, judgement);
  });
  return maySayYes
    ? []
    : [
        'refusal.bare401: has no effect, because neither refused nor challenged returns true for a 401 without words; return true for it in one of them (status === 401), or leave bare401 out',
      ];
}

/** `scope` returns scopes, and not true or false. */
function scopeAnswerProblems(path: string, { said }: Judgement): Problems {
  return said.every(({ value }) => value === undefined || isScopes(value))
    ? []
    : [
        `${path}: expected { required, held }, each a list of scopes, or undefined where the answer names no scopes`,
      ];
}

function isScopes(value: unknown): boolean {
  return isJsonObject(value) && Array.isArray(value['required']) && Array.isArray(value['held']);
}
