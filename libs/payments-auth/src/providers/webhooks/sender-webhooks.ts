import { createHash } from 'node:crypto';
import { deepOwnCopy } from '../../own-properties.js';
import {
  isDigest,
  placeProblems,
  type PresentedSignature,
  presentedSignature,
  type SignatureSpec,
} from './presented-signature.js';
import { postOf } from './drafted-message.js';
import { type ReadBody, Refused } from './received-message.js';
import { canonicalJson } from './exact-json.js';
import { sameText } from '../../building-blocks/same-text.js';
import { HASH_OF_CREDENTIALS, schemeAs, SHARED_TOKEN, UNSIGNED } from './scheme-parts.js';
import { itemsAt, picked, sourceOf, valueOf, withoutPath } from './signed-text.js';
import {
  commonProblems,
  commonWork,
  deliveryIdOf,
  fieldProblems,
  forgeableProblems,
  schemeOf,
  type SchemeSpec,
  setsOf,
  soleSet,
  type WebhookScheme,
} from './webhook-scheme.js';

type Secrets = Readonly<Record<string, string>>;

/** A webhook that carries a secret as it is. The secret is the same in every message, and proves no content. */
export function sharedToken<const F extends string>(
  given: SchemeSpec & {
    /** The credential field that holds the secret. */
    readonly key: F;
    /** The header that holds it. One of `header` and `field` has to be there. */
    readonly header?: string;
    /** The path of the field of the body that holds it. */
    readonly field?: string;
    /** The text in front of it: `Bearer `. */
    readonly prefix?: string;
    /** The call that tells what really happened. */
    readonly confirmWith: string;
  },
): WebhookScheme<F> {
  return schemeAs(SHARED_TOKEN, given, (spec) =>
    constantScheme(
      // The token is compared as it is. Its encoding does not matter.
      { ...spec, encoding: 'base64' },
      [spec.key],
      (secrets) => secrets[spec.key] as string,
      ({ text }) => text !== '',
    ),
  );
}

/** A webhook that carries a hash of credentials alone. The hash is the same in every message, and proves no content. */
export function hashOfCredentials<const F extends string>(
  given: SchemeSpec &
    SignatureSpec & {
      /** The credential fields that are hashed, in this order. */
      readonly of: readonly F[];
      readonly hash: 'sha256' | 'sha512';
      /** The text between them. @default ':' */
      readonly separator?: string;
      /** The call that tells what really happened. */
      readonly confirmWith?: string;
    },
): WebhookScheme<F> {
  return schemeAs(HASH_OF_CREDENTIALS, given, (spec) => {
    const { of, hash, separator = ':', encoding = 'hex' } = spec;
    const expected = (secrets: Secrets) =>
      createHash(hash)
        .update(of.map((field) => secrets[field]).join(separator))
        .digest(encoding);
    return constantScheme(spec, of, expected, (signature) => isDigest(signature, hash, encoding));
  });
}

interface UnsignedSpec extends SchemeSpec {
  /** The fields of the body, or of the query, that name the payment to ask about. A message has to have all of them. */
  readonly fields: readonly string[];
  /** The call that asks the provider. Make it before you act on a message. */
  readonly confirmWith: string;
}

/** A webhook that is not signed. It is only a reason to ask the provider. */
export function unsignedWebhook(given: UnsignedSpec): WebhookScheme<never> {
  return schemeAs(UNSIGNED, given, unsignedScheme);
}

function unsignedScheme(spec: UnsignedSpec): WebhookScheme<never> {
  const { fields, confirmWith, items, body: kind = 'json' } = spec;
  const names = (value: unknown) => {
    const payload = picked(fields, value);
    return fields.every((field) => isSaid(valueOf(payload, field))) ? payload : undefined;
  };
  return schemeOf('nothing', {
    ...commonWork(spec),
    confirmWith,
    fields: [],
    needsBytes: false,
    precheck: () => undefined,
    problems: () => commonProblems(spec),
    verify({ message }) {
      const sources: Pick<ReadBody, 'value' | 'exact'>[] = message.parameters.map((value) => ({
        value,
        exact: undefined,
      }));
      if (message.bytes !== undefined) {
        try {
          sources.unshift(message.read(kind));
        } catch {
          // The body that the application has parsed, or the query, may still name the payment to ask about.
        }
      }
      for (const source of sources) {
        const found = partsOf(source, items).map(({ value, exact }) => ({ payload: names(value), exact }));
        if (found.length > 0 && found.every(({ payload }) => payload !== undefined)) {
          return found.map(({ payload, exact }) => ({
            payload,
            deliveryId: deliveryIdOf(spec, sourceOf(message), lastingOf(picked(fields, exact))),
          }));
        }
      }
      throw new Refused('malformed');
    },
    sign: ({ payload, url }) => postOf(kind, { payload, url }),
  });
}

/**
 * The parts that both constants have in common. They show that the sender knows a secret, and the application does
 * not get them.
 */
function constantScheme<F extends string>(
  asWritten: SchemeSpec & SignatureSpec & { readonly confirmWith?: string },
  fields: readonly string[],
  expected: (secrets: Secrets) => string,
  isShaped: (signature: PresentedSignature) => boolean,
): WebhookScheme<F> {
  const spec = deepOwnCopy(asWritten);
  const { header, field, prefix = '', items, body: kind = 'json', confirmWith } = spec;
  return schemeOf('sender', {
    ...commonWork(spec),
    confirmWith,
    fields,
    needsBytes: true,
    secretHeaders: header === undefined ? [] : [header.toLowerCase()],
    problems: (place) => [
      ...fieldProblems(fields, place),
      ...forgeableProblems(fields, place),
      ...placeProblems({ header, field, query: spec.query, signed: { fields: [] } }, []),
      ...commonProblems(spec),
    ],
    precheck({ message }) {
      const body = field === undefined ? undefined : message.read(kind);
      const { signatures } = presentedSignature(spec, sourceOf(message, body));
      if (signatures.length === 0) throw new Refused('unsigned');
      if (!signatures.some(isShaped)) throw new Refused('wrong-signature');
    },
    verify({ message, candidates }) {
      const body = message.read(kind);
      const { signatures } = presentedSignature(spec, sourceOf(message, body));
      let isGenuine = false;
      for (const secrets of setsOf(candidates, fields)) {
        const constant = expected(secrets);
        for (const { text } of signatures) isGenuine = sameText(constant, text) || isGenuine;
      }
      if (!isGenuine) throw new Refused(signatures.length === 0 ? 'unsigned' : 'wrong-signature');
      // The constant is a secret: the application does not get it, and the id of a message does not contain it.
      const path = field?.split('.');
      const said = {
        value: withoutPath(body.value, path),
        exact: withoutPath(body.exact ?? body.value, path),
      };
      return partsOf(said, items).map(({ value, exact }) => ({
        payload: value,
        deliveryId: deliveryIdOf(
          spec,
          sourceOf(message, { bytes: Buffer.alloc(0), value, exact }),
          lastingOf(exact),
        ),
      }));
    },
    sign({ payload, credentials, url }) {
      const constant = prefix + expected(soleSet(credentials, fields));
      return postOf(kind, {
        payload: field === undefined ? payload : { ...(payload as object), [field]: constant },
        url,
        headers: header === undefined ? {} : { [header]: constant },
      });
    },
  });
}

/** The whole body, or each item of a batch. Each comes with a copy that has its numbers as they are written. */
function partsOf(
  { value, exact: written = value }: Pick<ReadBody, 'value' | 'exact'>,
  items: string | undefined,
): { readonly value: unknown; readonly exact: unknown }[] {
  if (items === undefined) return [{ value, exact: written }];
  const exact = itemsAt(written, items);
  return itemsAt(value, items).map((each, at) => ({ value: each, exact: exact[at] }));
}

/** The parts that identify a message without an id of its own. */
function lastingOf(exact: unknown): Buffer {
  return Buffer.from(canonicalJson(exact));
}

function isSaid(value: unknown): boolean {
  return (typeof value === 'string' && value !== '') || typeof value === 'number';
}
