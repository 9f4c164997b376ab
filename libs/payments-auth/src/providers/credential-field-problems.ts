import { isJsonObject } from '../building-blocks/json-value.js';
import { urlValueProblem } from '../strategies/placeholders.js';
import { sayError } from '../strategies/made-up-answers.js';
import { madeUpValue } from './made-up-values.js';
import { headerTextProblem, kindOf } from '../strategies/header-text.js';
import { suggestion } from '../nearest.js';
import { pemProblem } from './credential-value.js';
import { type Fields, functionProblems, patternProblems, type Problems } from './definition-checks.js';

const KNOWN = ['variable', 'optional', 'secret', 'format', 'inUrl', 'default', 'belongsTo', 'suspect'];

/** The problems with the fields of a provider's static credentials. */
export function credentialProblems(credentials: unknown, environments: unknown): Problems {
  if (credentials !== undefined && !isJsonObject(credentials))
    return ['credentials: expected an object of fields, as in { apiKey: { variable: "ACME_API_KEY" } }'];
  const fields = Object.entries(credentials ?? {});
  const noField = fields.filter(([, spec]) => !isJsonObject(spec));
  if (noField.length > 0)
    return noField.map(
      ([field]) =>
        `credentials.${field}: expected an object, which may be empty, as in { variable: "ACME_API_KEY" }`,
    );
  const required = fields.some(([, spec]) => isJsonObject(spec) && spec['optional'] !== true);
  if (!required) return ['credentials: expected at least one that is not optional'];
  const known = isJsonObject(environments) ? Object.keys(environments) : [];
  return fields.flatMap(([field, spec]) => {
    const path = `credentials.${field}`;
    if (!/^[A-Za-z_$][\w$]*$/.test(field)) return [`${path}: expected a field name of letters and digits`];
    return isJsonObject(spec)
      ? fieldProblems(path, spec, known)
      : [`${path}: expected an object, which may be empty`];
  });
}

function fieldProblems(path: string, spec: Fields, environments: readonly string[]): Problems {
  const { belongsTo = {}, suspect, format, inUrl, default: value } = spec;
  const patterns = isJsonObject(belongsTo) ? Object.entries(belongsTo) : [];
  return [
    ...Object.keys(spec)
      .filter((name) => !KNOWN.includes(name))
      .map((name) => `${path}.${name}: not a part of a field. ${suggestion(name, KNOWN)}`),
    ...['optional', 'secret'].flatMap((name) =>
      spec[name] === undefined || typeof spec[name] === 'boolean'
        ? []
        : [`${path}.${name}: expected true or false`],
    ),
    ...(format === undefined || format === 'text' || format === 'pem'
      ? []
      : [`${path}.format: expected 'text' or 'pem'`]),
    ...(inUrl === undefined ? [] : patternProblems(`${path}.inUrl`, inUrl)),
    ...(inUrl !== undefined && format === 'pem'
      ? [`${path}.inUrl: a PEM cannot stand in a URL; leave one of the two out`]
      : []),
    ...(value === undefined ? [] : defaultProblems(`${path}.default`, value, spec)),
    ...(isJsonObject(belongsTo) && !(belongsTo instanceof RegExp)
      ? []
      : [`${path}.belongsTo: expected a pattern per environment, as in { live: /^sk_live_/ }`]),
    ...patterns.flatMap(([environment, pattern]) => [
      ...(environments.includes(environment)
        ? []
        : [`${path}.belongsTo.${environment}: there is no such environment`]),
      ...patternProblems(`${path}.belongsTo.${environment}`, pattern),
    ]),
    ...functionProblems(`${path}.suspect`, suspect),
    ...suspicionProblems(`${path}.suspect`, spec),
  ];
}

/** Calls `suspect` with a text that it does not expect, because an application may give any text. */
function suspicionProblems(path: string, spec: Fields): Problems {
  const { suspect } = spec;
  if (typeof suspect !== 'function') return [];
  const unexpected = madeUpValue('value');
  let said: unknown;
  try {
    said = suspect.call(spec, unexpected) as unknown;
  } catch (error) {
    return [
      `${path}: throws for a text that it does not expect (${sayError(error)}); it must return a text or undefined for any value`,
    ];
  }
  if (said instanceof Promise) {
    said.catch(() => undefined);
    return [`${path}: returns a promise; it is called at boot, and must return its result directly`];
  }
  if (typeof said !== 'string')
    return said
      ? [`${path}: returns ${kindOf(said)}; expected a text that says what looks wrong, or undefined`]
      : [];
  return said.includes(unexpected)
    ? [
        `${path}: returns a text that repeats the value, and a warning would print it; say what looks wrong without the value`,
      ]
    : [];
}

function defaultProblems(path: string, value: unknown, { inUrl, format }: Fields): Problems {
  if (typeof value !== 'string' || value === '') return [`${path}: expected a text`];
  const what =
    format === 'pem'
      ? pemProblem(value)
      : (headerTextProblem(value) ?? (inUrl instanceof RegExp ? urlValueProblem(value, inUrl) : undefined));
  return what === undefined ? [] : [`${path}: ${what}`];
}
