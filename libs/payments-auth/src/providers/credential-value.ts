import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { ownCopy } from '../own-properties.js';
import { headerTextProblem, IN_QUOTES, isQuoted, kindOf } from '../strategies/header-text.js';
import type { Credentials } from '../strategies/strategy.js';
import type { CredentialField, ProviderDefinition } from './provider-definition.js';

/** The value of one field of static credentials, or the problem with it. No problem repeats the value. */
export type CredentialValue =
  | { readonly value: string | readonly string[] | undefined; readonly problem: undefined }
  | { readonly value: undefined; readonly problem: string };

/**
 * Reads one field that an application gave. This is the one rule for options, files, functions and variables (R16): a
 * text that a header can carry, a PEM, or a list of either where the field is a secret of webhooks alone.
 */
export function credentialValue(
  definition: ProviderDefinition,
  name: string,
  given: unknown,
): CredentialValue {
  const field = (definition.credentials as Readonly<Record<string, CredentialField>>)[name] ?? {};
  if (given === undefined || given === null || given === '') {
    if (field.default !== undefined) return oneValue(field, field.default);
    if (field.optional === true) return { value: undefined, problem: undefined };
    return { value: undefined, problem: given === '' ? 'empty' : 'missing' };
  }
  if (!Array.isArray(given)) return oneValue(field, given);
  if (!mayBeList(definition, name))
    return { value: undefined, problem: `must be a string, and is ${kindOf(given)}` };
  if (given.length === 0)
    return { value: undefined, problem: 'an empty list; give at least one value, the newest first' };
  const values: string[] = [];
  for (const [at, each] of given.entries()) {
    const read = oneValue(field, each);
    if (read.problem !== undefined) return { value: undefined, problem: `[${at}]: ${read.problem}` };
    values.push(read.value as string);
  }
  return { value: Object.freeze(values), problem: undefined };
}

/** Several secrets at once can only verify messages. To send or sign, one is needed. */
function mayBeList({ credentials, webhooks = {} }: ProviderDefinition, name: string): boolean {
  const fields = credentials as Readonly<Record<string, CredentialField>>;
  return (
    fields[name]?.optional === true &&
    Object.values(webhooks).some((scheme) => scheme['~work']?.fields.includes(name) === true)
  );
}

function oneValue({ format, inUrl }: CredentialField, given: unknown): CredentialValue {
  if (format === 'pem') return pemValue(given);
  const problem = headerTextProblem(given);
  if (problem !== undefined) return { value: undefined, problem };
  const value = given as string;
  if (inUrl !== undefined && !(LABEL.test(value) && inUrl.test(value)))
    return { value: undefined, problem: 'cannot stand in a URL; expected letters, digits and inner hyphens' };
  return { value, problem: undefined };
}

/** One DNS label, or one segment of a path. */
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** The reason why a text is no PEM; `undefined` when it is one. */
export function pemProblem(given: unknown): string | undefined {
  return pemValue(given).problem;
}

/** Variables and JSON files often hold a PEM in one line, with its line breaks written as `\n`. */
function pemValue(given: unknown): CredentialValue {
  if (typeof given !== 'string')
    return { value: undefined, problem: `must be a PEM, and is ${kindOf(given)}` };
  const value = `${given.replaceAll('\\r', '').replaceAll('\\n', '\n').replaceAll('\r', '').trim()}\n`;
  if (isQuoted(value.trim())) return { value: undefined, problem: IN_QUOTES };
  if (!value.startsWith('-----BEGIN '))
    return { value: undefined, problem: 'not a PEM; expected a text that begins with -----BEGIN' };
  try {
    if (value.startsWith('-----BEGIN CERTIFICATE')) void new X509Certificate(value);
    else if (value.includes('PRIVATE KEY')) createPrivateKey(value);
    else createPublicKey(value);
  } catch (error) {
    // The passphrase is another field, or in the definition. Whether it fits is checked where the key is used.
    if (isEncrypted(value) && hasWholeBlock(value) && lacksPassphrase(error))
      return { value, problem: undefined };
    return {
      value: undefined,
      problem: 'a PEM that cannot be read: it is cut off, damaged, or of an unknown kind',
    };
  }
  return { value, problem: undefined };
}

/** Whether a PEM is a private key that only a passphrase opens (PKCS#8, or the older form of OpenSSL). */
export function isEncrypted(pem: string): boolean {
  return pem.includes('BEGIN ENCRYPTED PRIVATE KEY') || /^Proc-Type: *4, *ENCRYPTED/m.test(pem);
}

function hasWholeBlock(pem: string): boolean {
  return /-----BEGIN ([A-Z0-9 ]+)-----\n[^]+\n-----END \1-----/.test(pem);
}

/** The words of Node's error, and those of OpenSSL when it asks for the passphrase. */
const NO_PASSPHRASE = ['ERR_MISSING_PASSPHRASE', 'ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED'];

function lacksPassphrase(error: unknown): boolean {
  return NO_PASSPHRASE.includes((error as { code?: string } | null)?.code ?? '');
}

/** The static credentials of one account, with the provider's own fields and nothing else. */
export function pickCredentials(
  definition: ProviderDefinition,
  given: Readonly<Record<string, unknown>>,
): Credentials {
  const picked = Object.create(null) as Record<string, string | readonly string[]>;
  const own = ownCopy(given);
  for (const name of Object.keys(definition.credentials)) {
    const { value } = credentialValue(definition, name, own[name]) as {
      value?: string | readonly string[];
    };
    if (value !== undefined) picked[name] = value;
  }
  return Object.freeze(picked);
}
