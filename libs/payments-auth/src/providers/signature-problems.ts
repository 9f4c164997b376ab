import { isJsonObject } from '../building-blocks/json-value.js';

/**
 * What is wrong with how messages are said to be signed. Above all what the types let pass, and what would then verify
 * less than its author believes.
 */
export function webhookProblems(webhook: unknown, credentials: unknown): string[] {
  if (webhook === undefined) return [];
  if (!isJsonObject(webhook)) return ['webhook: expected an object'];
  switch (webhook['algorithm']) {
    case 'none':
      return [
        ...names('webhook.fields', webhook['fields']),
        ...text('webhook.confirmWith', webhook['confirmWith'], 'the call that says what really happened'),
      ];
    case 'sha256-constant':
      return [
        ...names('webhook.of', webhook['of']),
        ...(Array.isArray(webhook['of'])
          ? webhook['of'].flatMap((field) => knownField('webhook.of', field, credentials))
          : []),
        ...locationProblems(webhook['signature']),
      ];
    case 'hmac-sha256':
    case 'hmac-sha512':
      return keyedProblems(webhook, credentials);
    default:
      return ['webhook.algorithm: expected hmac-sha256, hmac-sha512, sha256-constant or none'];
  }
}

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

function keyedProblems(webhook: Readonly<Record<string, unknown>>, credentials: unknown): string[] {
  const { signature, signed, timestamp } = webhook;
  const template = isJsonObject(signed) ? signed['template'] : undefined;
  const inBody = isJsonObject(signature) ? signature['field'] : undefined;
  const isJson = isJsonObject(signed) && 'json' in signed;
  return [
    ...knownField('webhook.key', webhook['key'], credentials),
    ...locationProblems(signature),
    ...signedProblems(signed, credentials),
    ...(inBody !== undefined && (signed === 'raw-body' || template !== undefined)
      ? ['webhook.signature.field: a signature inside the body cannot cover the whole body']
      : []),
    ...(inBody !== undefined && isJson && !listOf(signed['without']).includes(inBody)
      ? ["webhook.signed.without: expected the signature's own field among them"]
      : []),
    ...(timestamp === undefined ? [] : timestampProblems(timestamp, signature, template)),
  ];
}

function signedProblems(signed: unknown, credentials: unknown): string[] {
  if (signed === 'raw-body') return [];
  if (!isJsonObject(signed))
    return ["webhook.signed: expected 'raw-body', a template, JSON or listed fields"];
  if ('template' in signed) {
    return String(signed['template']).includes('{body}')
      ? []
      : ['webhook.signed.template: expected {body} in it, or the body could be changed'];
  }
  if ('json' in signed) return formatProblems('webhook.signed.json', signed['json'], credentials);
  return [
    ...text('webhook.signed.fieldsOf', signed['fieldsOf'], 'the name of a field'),
    ...text('webhook.signed.listedIn', signed['listedIn'], 'the name of a field'),
    ...names('webhook.signed.required', signed['required']),
  ];
}

function timestampProblems(timestamp: unknown, signature: unknown, template: unknown): string[] {
  if (!isJsonObject(timestamp)) return ['webhook.timestamp: expected an object'];
  const stands = timestamp['header'] !== undefined || (isJsonObject(signature) && 'list' in signature);
  const toleranceMs = timestamp['toleranceMs'];
  return [
    ...(String(template).includes('{timestamp}')
      ? []
      : ['webhook.timestamp: expected {timestamp} in webhook.signed.template, or it could be changed']),
    ...(stands
      ? []
      : ['webhook.timestamp.header: expected its header, or a signature that is a list with it']),
    ...(typeof toleranceMs === 'number' && toleranceMs > 0
      ? []
      : ['webhook.timestamp.toleranceMs: expected a number of milliseconds']),
  ];
}

function locationProblems(signature: unknown): string[] {
  const stands = isJsonObject(signature) ? (signature['header'] ?? signature['field']) : undefined;
  return text('webhook.signature', stands, 'a header or a field of the body');
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

function names(path: string, list: unknown): string[] {
  return listOf(list).length > 0 && listOf(list).every((name) => typeof name === 'string' && name !== '')
    ? []
    : [`${path}: expected a list of names`];
}

function text(path: string, value: unknown, expected: string): string[] {
  return typeof value === 'string' && value !== '' ? [] : [`${path}: expected ${expected}`];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
