import { nearest } from '../nearest.js';
import { isJsonObject } from '../building-blocks/json-value.js';
import { credentialProblems } from './credential-field-problems.js';
import {
  type Fields,
  functionProblems,
  hostNames,
  hostProblems,
  isUrl,
  listProblems,
  matches,
  pathProblems,
  type Problems,
  strangerProblems,
} from './definition-checks.js';
import { environmentProblems, placeholderProblems, variableProblems } from './environment-problems.js';
import { placeholdersIn } from '../strategies/placeholders.js';
import { headerNameProblem, isHeaderText } from '../strategies/header-text.js';
import { headerProblems, repeatedHeaderProblems } from './header-problems.js';
import { judgementOf, outagesIn, saysYesTo } from '../strategies/made-up-answers.js';
import { refusalProblems } from './refusal-problems.js';
import { tokenProblems } from './token-problems.js';
import { schemeProblems } from './webhooks/scheme-problems.js';

const PROBE = ['method', 'host', 'path', 'needs', 'headers', 'json', 'accepted'];
const ADVICE = ['on', 'status', 'says', 'cause', 'fix'];
const REGIONS = ['Africa', 'Americas', 'Asia', 'Europe', 'Worldwide'];

/** Every part of a definition. */
const KNOWN = [
  'name',
  'title',
  'docs',
  'region',
  'basedOn',
  'credentialsPage',
  'environments',
  'environmentVariable',
  'baseUrlVariable',
  'credentials',
  'token',
  'headers',
  'defaultHeaders',
  'sign',
  'tls',
  'refusal',
  'scopes',
  'scopesVariable',
  'secretResponseFields',
  'probe',
  'advice',
  'webhooks',
];

/** The names of parts in 0.1, and the parts that replace them. */
const RENAMED: Readonly<Record<string, string>> = {
  bodySignature: 'is replaced by sign: sign: ({ body, … }) => ({ body: checksumField(body, { … }) })',
  callHeaders: 'are replaced by sign: sign: ({ method, path, … }) => ({ headers: { … } })',
  dashboard: 'is called credentialsPage now',
  strategy: 'is called token now; leave it out for a static key',
  webhook: 'is called webhooks now, and contains schemes by name: { signature: hmacWebhook({ … }) }',
};

/** All problems with a provider definition, each with its field. An empty list when there is none. */
export function definitionProblems(definition: unknown): Problems {
  if (!isJsonObject(definition)) return ['expected an object with the parts of a definition'];
  const hosts = hostNames(definition['environments']);
  const credentials = credentialProblems(definition['credentials'], definition['environments']);
  const environments = environmentProblems(definition['environments'], hosts, definition['credentials']);
  const token = tokenProblems(definition, hosts, { mayCall: credentials.length === 0 });
  const mayCompare = [credentials, environments, token].every(({ length }) => length === 0);
  const problems = [
    ...unknownParts(definition),
    ...(matches(definition['name'], /^[a-z][a-z0-9-]{0,63}$/)
      ? []
      : ['name: expected lower case, as in "acme-pay"']),
    ...(matches(definition['title'], /^[^\p{Cc}]*[^\s\p{Cc}][^\p{Cc}]*$/u)
      ? []
      : ['title: expected the name as the provider writes it, in one line']),
    ...(isUrl(definition['docs']) && /^https?:/i.test(definition['docs'])
      ? []
      : ["docs: expected the URL of the provider's page on authentication"]),
    ...(definition['region'] === undefined || REGIONS.includes(definition['region'] as string)
      ? []
      : [`region: expected one of ${REGIONS.join(', ')}`]),
    ...textProblems('basedOn', definition['basedOn'], 'the date of the documents, as in "2026-11-02"'),
    ...textProblems('credentialsPage', definition['credentialsPage'], 'where the keys are shown'),
    ...environments,
    ...variableProblems(definition, hosts),
    ...credentials,
    ...(mayCompare ? unusedInUrls(definition) : []),
    ...token,
    ...headerProblems(definition, { mayCall: credentials.length === 0 }),
    ...refusalProblems(definition['refusal'], definition['sign'] !== undefined),
    ...scopeProblems(definition),
    ...listProblems(
      'secretResponseFields',
      definition['secretResponseFields'],
      /^[^.\s]+$/,
      'field names without dots: a field of that name is hidden at any depth',
    ),
    ...probeProblems(definition['probe'], hosts, definition['credentials']),
    ...adviceProblems(definition['advice']),
    ...schemeProblems(definition['webhooks'], definition),
  ];
  // A mistake in a value that is used in several places is found in each of them.
  return [...new Set(problems)];
}

/** Finds a field that a URL may contain and that no URL contains: the placeholder is missing, or has another name. */
function unusedInUrls({ credentials, environments, token, probe }: Fields): Problems {
  const bases = Object.values(isJsonObject(environments) ? environments : {}).flatMap((base) =>
    isJsonObject(base) ? Object.values(base) : [base],
  );
  const { path, revokePath } = isJsonObject(token) ? token : {};
  const texts = [...bases, path, revokePath, isJsonObject(probe) ? probe['path'] : undefined];
  const used = texts.flatMap((text) => (typeof text === 'string' ? placeholdersIn(text) : []));
  return Object.entries(isJsonObject(credentials) ? credentials : {})
    .filter(([name, spec]) => isJsonObject(spec) && spec['inUrl'] !== undefined && !used.includes(name))
    .map(
      ([name]) =>
        `credentials.${name}.inUrl: no URL contains this field; write {${name}} into environments or a path, or leave inUrl out`,
    );
}

function unknownParts(definition: Fields): Problems {
  return Object.keys(definition)
    .filter((name) => !KNOWN.includes(name))
    .map((name) => `${name}: ${RENAMED[name] ?? `not a part of a definition. ${didYouMean(name)}`}`);
}

function didYouMean(name: string): string {
  const word = nearest(name, KNOWN);
  return word === undefined ? `Known: ${KNOWN.join(', ')}.` : `Did you mean "${word}"?`;
}

function textProblems(path: string, value: unknown, expected: string): Problems {
  return value === undefined || matches(value, /\S/) ? [] : [`${path}: expected ${expected}`];
}

function scopeProblems({ scopes, scopesVariable, token }: Fields): Problems {
  return [
    ...(scopes !== undefined && token === undefined
      ? ['scopes: the definition has no token, and only a login asks for scopes; leave this out']
      : []),
    ...listProblems('scopes', scopes, /^[\x21\x23-\x5b\x5d-\x7e]+$/, 'scope names without spaces'),
    ...(scopesVariable !== undefined && scopes === undefined
      ? ['scopes: expected the default scopes, which the variable in scopesVariable replaces']
      : []),
  ];
}

function probeProblems(probe: unknown, hosts: readonly string[], fields: unknown): Problems {
  if (probe === undefined) return [];
  if (!isJsonObject(probe) || probe['path'] === undefined) return ['probe.path: expected a path'];
  const { method = 'GET', json, needs = [], headers = {} } = probe;
  const isField = (name: unknown) => isJsonObject(fields) && Object.hasOwn(fields, String(name));
  return [
    ...strangerProblems('probe', probe, PROBE, 'a probe'),
    ...(method === 'GET' || method === 'POST' ? [] : ["probe.method: expected 'GET' or 'POST'"]),
    ...(json !== undefined && method === 'GET'
      ? ['probe.json: a GET has no body; leave one of the two out']
      : []),
    ...pathProblems('probe.path', probe['path']),
    ...placeholderProblems('probe.path', probe['path'], fields),
    ...(Array.isArray(needs) && needs.every(isField) ? [] : ['probe.needs: expected names of credentials']),
    ...probeHeaderProblems(headers),
    ...hostProblems('probe.host', probe['host'], hosts),
    ...functionProblems('probe.accepted', probe['accepted']),
    ...acceptedProblems(probe['accepted']),
    ...(json === undefined || isJson(json)
      ? []
      : ['probe.json: cannot be written as JSON; give a value that JSON.stringify accepts']),
  ];
}

function acceptedProblems(accepted: unknown): Problems {
  if (typeof accepted !== 'function') return [];
  const at = 'probe.accepted';
  const judgement = judgementOf((answer) => accepted(answer) as unknown);
  if (judgement.problem !== undefined) return [`${at}: ${judgement.problem}`];
  // The answer of a gateway, or of an outage, does not show that a credential is accepted.
  return saysYesTo(401, judgement) || outagesIn(judgement) !== undefined
    ? [
        `${at}: returns true for a 401 or an outage without the provider's own words. Return true only for an answer that shows that the provider accepts the credential`,
      ]
    : [];
}

function isJson(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}

function probeHeaderProblems(headers: unknown): Problems {
  if (!isJsonObject(headers)) return ['probe.headers: expected an object of texts'];
  return [
    ...repeatedHeaderProblems('probe.headers', Object.keys(headers)),
    ...Object.entries(headers).flatMap(([name, value]) => {
      const problem =
        headerNameProblem(name) ??
        (isHeaderText(value)
          ? undefined
          : 'expected a text of printable ASCII, without a space at its beginning or end');
      return problem === undefined ? [] : [`probe.headers.${name}: ${problem}`];
    }),
  ];
}

function adviceProblems(advice: unknown): Problems {
  if (advice === undefined) return [];
  if (!Array.isArray(advice)) return ['advice: expected a list'];
  return advice.flatMap((entry: unknown, index) => {
    const { on, says, status, cause, fix } = isJsonObject(entry) ? entry : {};
    const at = `advice[${index}]`;
    return [
      ...(isJsonObject(entry) ? strangerProblems(at, entry, ADVICE, 'an advice') : []),
      ...(['settings', 'login', 'call'].includes(on as string)
        ? []
        : [`${at}.on: expected "settings", "login" or "call"`]),
      ...(says === undefined || (typeof says === 'string' && says === says.toLowerCase())
        ? []
        : [`${at}.says: expected words in lower case`]),
      ...([status ?? 200].flat().every(isStatus)
        ? []
        : [`${at}.status: expected a status or a list of them`]),
      ...(matches(cause, /\S/) ? [] : [`${at}.cause: expected a text that says what is wrong`]),
      ...(matches(fix, /\S/) ? [] : [`${at}.fix: expected a text that says what to do`]),
    ];
  });
}

function isStatus(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 100 && (value as number) <= 599;
}
