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
  sayError,
  strangerProblems,
} from './definition-checks.js';
import { environmentProblems, placeholderProblems, variableProblems } from './environment-problems.js';
import { headerNameProblem, isHeaderText } from '../strategies/header-text.js';
import { headerProblems, repeatedHeaderProblems } from './header-problems.js';
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

/** What a part was called in 0.1, and what says it now. */
const RENAMED: Readonly<Record<string, string>> = {
  bodySignature: 'is said by sign now: sign: ({ body, … }) => ({ body: checksumField(body, { … }) })',
  callHeaders: 'are said by sign now: sign: ({ method, path, … }) => ({ headers: { … } })',
  dashboard: 'is called credentialsPage now',
  strategy: 'is called token now, and is absent for a static key',
  webhook: 'is called webhooks now, and holds schemes by name: { signature: hmacWebhook({ … }) }',
};

/** Everything that is wrong with a provider definition, each named by its field; an empty list when nothing is. */
export function definitionProblems(definition: unknown): Problems {
  if (!isJsonObject(definition)) return ['a definition is an object'];
  const hosts = hostNames(definition['environments']);
  const credentials = credentialProblems(definition['credentials'], definition['environments']);
  const problems = [
    ...unknownParts(definition),
    ...(matches(definition['name'], /^[a-z][a-z0-9-]{0,63}$/)
      ? []
      : ['name: expected lower case, as in "acme-pay"']),
    ...(matches(definition['title'], /\S/) ? [] : ['title: expected the name as the provider writes it']),
    ...(isUrl(definition['docs']) ? [] : ["docs: expected the URL of the provider's page on authentication"]),
    ...(definition['region'] === undefined || REGIONS.includes(definition['region'] as string)
      ? []
      : [`region: expected one of ${REGIONS.join(', ')}`]),
    ...textProblems('basedOn', definition['basedOn'], 'the date of the documents, as in "2026-11-02"'),
    ...textProblems('credentialsPage', definition['credentialsPage'], 'where the keys are shown'),
    ...environmentProblems(definition['environments'], hosts, definition['credentials']),
    ...variableProblems(definition, hosts),
    ...credentials,
    ...tokenProblems(definition, hosts, { mayCall: credentials.length === 0 }),
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
      ? ['scopes: there is no token to ask them for; leave this out']
      : []),
    ...listProblems('scopes', scopes, /^[\x21\x23-\x5b\x5d-\x7e]+$/, 'scope names without spaces'),
    ...(scopesVariable !== undefined && scopes === undefined
      ? ['scopes: expected the default scopes, because scopesVariable replaces them']
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
    ...(json === undefined || isJson(json) ? [] : ['probe.json: has no form in JSON; write what is sent']),
  ];
}

/** Answers that do not show that a credential is accepted: of a gateway, and of an outage. */
const NOT_ACCEPTED = [401, 503].map((status) => ({ status, headers: {}, body: undefined, text: '' }));

function acceptedProblems(accepted: unknown): Problems {
  if (typeof accepted !== 'function') return [];
  const at = 'probe.accepted';
  try {
    const said = NOT_ACCEPTED.map((answer) => accepted(answer) as unknown);
    if (said.some((each) => each instanceof Promise)) {
      for (const each of said) if (each instanceof Promise) each.catch(() => undefined);
      return [`${at}: returns a promise; what it says is needed at once`];
    }
    return said.some(Boolean)
      ? [`${at}: says yes to a 401 or a 503 without a word; name what shows that the credential is accepted`]
      : [];
  } catch (error) {
    return [
      `${at}: throws for an answer without a body (${sayError(error)}); read the body with textAt or valueAt`,
    ];
  }
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
        headerNameProblem(name) ?? (isHeaderText(value) ? undefined : 'expected a text that can be sent');
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
      ...([status ?? 200].flat().every((each) => Number.isInteger(each))
        ? []
        : [`${at}.status: expected a status or a list of them`]),
      ...(matches(cause, /\S/) ? [] : [`${at}.cause: expected what is behind it`]),
      ...(matches(fix, /\S/) ? [] : [`${at}.fix: expected what helps`]),
    ];
  });
}
