import { isJsonObject } from '../building-blocks/json-value.js';
import { ownCopy } from '../own-properties.js';
import { DefinitionFault } from './definition-fault.js';
import { isHeaderText, kindOf } from './header-text.js';
import { namedValuesProblem, sendableHeaders } from './header-values.js';
import type { HeaderValues, RequestBody, TokenRequest } from './strategy.js';

/** The parts of a token request, before they are serialised. */
export interface TokenRequestParts {
  readonly method?: TokenRequest['method'];
  readonly path: string;
  readonly headers?: HeaderValues;
  /** Absent: an empty body without a content type. */
  readonly body?: RequestBody;
}

/**
 * Serialises a token request. The request asks for JSON, unless `headers` name another type.
 *
 * @param at the path in the definition of the functions that made headers and body: `token`
 * @throws DefinitionFault for a part that cannot be sent, with the path of the function that made it
 */
export function tokenRequest(parts: TokenRequestParts, at = 'token'): TokenRequest {
  const { method = 'POST', path, headers, body } = ownCopy(parts);
  const sent = body === undefined ? undefined : serialised(body, `${at}.body`);
  return ownCopy({
    method,
    path,
    headers: {
      Accept: 'application/json',
      ...(sent === undefined ? {} : { 'Content-Type': sent.contentType }),
      ...sendableHeaders(headers, `${at}.headers`),
    },
    ...(sent === undefined ? {} : { body: sent.text }),
  });
}

const KINDS = ['json', 'form', 'text'] as const;
const EXPECTED = 'expected { json: … }, { form: { … } } or { text: …, contentType: … }';

/** @param at the function that made the body */
function serialised(body: RequestBody, at: string): { text: string; contentType: string } {
  const given: unknown = body;
  if (!isJsonObject(given)) throw new DefinitionFault(at, `returned ${kindOf(given)}; ${EXPECTED}`);
  const kinds = KINDS.filter((kind) => Object.hasOwn(given, kind));
  const stranger = Object.keys(given).find(
    (name) =>
      !(KINDS as readonly string[]).includes(name) && !(name === 'contentType' && kinds[0] === 'text'),
  );
  if (kinds.length === 0)
    throw new DefinitionFault(
      at,
      `returned ${kindOf(given)} without json, form or text (it has ${namesOf(given)}); ${EXPECTED}`,
    );
  if (kinds.length > 1)
    throw new DefinitionFault(at, `returned ${kinds.join(' and ')} together; return only one of them`);
  if (stranger !== undefined)
    throw new DefinitionFault(at, `returned "${stranger}" beside ${kinds[0] as string}; ${EXPECTED}`);
  const { json, form, text, contentType } = ownCopy(given);
  switch (kinds[0]) {
    case 'form':
      return { text: formOf(form, at), contentType: 'application/x-www-form-urlencoded' };
    case 'text':
      if (typeof text !== 'string' || !isHeaderText(contentType))
        throw new DefinitionFault(at, 'returned text without a contentType; expected both, as texts');
      return { text, contentType };
    default:
      return { text: jsonOf(json, at), contentType: 'application/json' };
  }
}

function jsonOf(json: unknown, at: string): string {
  const text = inJson(json);
  if (text === undefined)
    throw new DefinitionFault(
      at,
      `returned json that is ${kindOf(json)} and cannot be written as JSON; ${EXPECTED}`,
    );
  return text;
}

/**
 * The text of the JSON. `undefined` for a function, a bigint, an object that refers back to itself, or an object that
 * contains such a value.
 */
function inJson(json: unknown): string | undefined {
  try {
    return JSON.stringify(json);
  } catch {
    return undefined;
  }
}

function formOf(form: unknown, at: string): string {
  const problem = namedValuesProblem(form);
  if (problem !== undefined) throw new DefinitionFault(at, `returned a form that is ${problem}`);
  return new URLSearchParams(texts(form as Readonly<Record<string, unknown>>, at)).toString();
}

/** The fields of a form, without those that are `undefined`. @param at the function that made them */
export function texts(values: Readonly<Record<string, unknown>>, at: string): Record<string, string> {
  const there = Object.entries(values).filter(([, value]) => value !== undefined);
  for (const [name, value] of there)
    if (typeof value !== 'string')
      throw new DefinitionFault(at, `returned ${kindOf(value)} for the field "${name}"; expected a text`);
    else if (value === 'undefined' || value === '[object Object]')
      throw new DefinitionFault(
        at,
        `returned "${value}" for the field "${name}", as if a value were missing; leave the field out then`,
      );
  return Object.fromEntries(there) as Record<string, string>;
}

function namesOf(given: object): string {
  const names = Object.keys(given).slice(0, 5);
  return names.length === 0 ? 'nothing' : names.join(', ');
}
