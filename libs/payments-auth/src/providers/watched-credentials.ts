import { suggestion } from '../nearest.js';
import { ownCopy } from '../own-properties.js';
import type { Credentials } from '../strategies/strategy.js';
import type { ProviderDefinition } from './provider-definition.js';

/** A name that a field can have. */
const FIELD_NAME = /^[A-Za-z]\w*$/;
/** Names that are read from any object when it is awaited, printed or compared, as a test does. */
const ASKED_OF_ANYTHING = new Set(
  (
    'then catch finally toJSON inspect size length nodeType nodeName tagName hasAttribute isEqualNode outerHTML ' +
    'asymmetricMatch getMockName'
  ).split(' '),
);

const watched = new WeakMap<Credentials, Credentials>();

/**
 * Credentials as `sign` sees them, which cannot be tried with made-up ones: it may ask a KMS or an HSM. Nothing can be written into
 * them, and a field that the definition does not have cannot be read: it is most likely a misspelt one, and what is signed
 * without a key would be refused by the provider, in words that say nothing of it.
 */
export function watchedCredentials(
  { credentials: fields }: Pick<ProviderDefinition, 'credentials'>,
  credentials: Credentials,
): Credentials {
  let view = watched.get(credentials);
  if (view === undefined) {
    view = new Proxy(Object.freeze(ownCopy(credentials)), {
      get: (target, name) => {
        const value = Reflect.get(target, name) as string | undefined;
        if (value !== undefined || typeof name !== 'string' || Object.hasOwn(fields, name)) return value;
        if (name in Object.prototype || ASKED_OF_ANYTHING.has(name) || !FIELD_NAME.test(name))
          return undefined;
        throw new TypeError(
          `sign reads credentials.${name}, which is no field. ${suggestion(name, Object.keys(fields))}`,
        );
      },
    });
    watched.set(credentials, view);
  }
  return view;
}
