import type { Credential } from '../credentials/credential.js';
import { PaymentsAuthError } from '../payments-auth.errors.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import { plainCause, told } from '../scrubbing.js';
import { DefinitionFault } from '../strategies/definition-fault.js';
import type { Destination } from './destination.js';

/**
 * Calls a function of the definition for one attempt.
 *
 * @throws PaymentsAuthError DEFINITION_FAULT when it throws, without a secret in it
 */
export function calledFor<T>(
  call: () => T,
  { name }: Pick<ConfiguredProvider, 'name'>,
  { id, account, token, signing }: Credential,
  { hostname: host }: Pick<Destination, 'hostname'>,
): T {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof DefinitionFault)) throw error;
    const secrets = [token, ...Object.values(signing ?? {}).flat()];
    const [reason, cause] = [told(error.message, secrets), plainCause(error.cause, secrets)];
    throw new PaymentsAuthError(
      'DEFINITION_FAULT',
      `A request to provider "${name}"${account === undefined ? '' : `, account "${told(account)}",`} was not sent: ${reason}. Correct the definition, or the value where one is named; waiting does not help.`,
      {
        provider: name,
        ...(account === undefined ? {} : { account }),
        credential: id,
        host,
        reason,
        ...(cause === undefined ? {} : { cause }),
      },
    );
  }
}
