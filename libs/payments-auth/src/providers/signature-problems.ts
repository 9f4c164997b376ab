import { isJsonObject } from '../building-blocks/json-value.js';

/** What is wrong with how outgoing bodies are said to be signed. */
export function bodySignatureProblems(signature: unknown, credentials: unknown): string[] {
  if (signature === undefined) return [];
  if (!isJsonObject(signature)) return ['bodySignature: expected an object'];
  return [
    ...(signature['algorithm'] === 'hmac-sha256' ? [] : ['bodySignature.algorithm: expected hmac-sha256']),
    ...knownField('bodySignature.key', signature['key'], credentials),
    ...text('bodySignature.field', signature['field'], 'the name of a field'),
    ...formatProblems('bodySignature.format', signature['format'], credentials),
  ];
}

function formatProblems(path: string, format: unknown, credentials: unknown): string[] {
  if (!isJsonObject(format) || !['canonical', 'legacy'].includes(String(format['default']))) {
    return [`${path}.default: expected 'canonical' or 'legacy'`];
  }
  const { credential } = format;
  return credential === undefined ? [] : knownField(`${path}.credential`, credential, credentials);
}

function knownField(path: string, field: unknown, credentials: unknown): string[] {
  return typeof field === 'string' && isJsonObject(credentials) && Object.hasOwn(credentials, field)
    ? []
    : [`${path}: there is no such credential`];
}

function text(path: string, value: unknown, expected: string): string[] {
  return typeof value === 'string' && value !== '' ? [] : [`${path}: expected ${expected}`];
}
