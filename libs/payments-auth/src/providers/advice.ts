import { ownCopy } from '../own-properties.js';
import type { ProviderAdvice, ProviderDefinition } from './provider-definition.js';

/** What went wrong: the facts that choose an advice. */
export interface Symptom {
  /** The step that failed. `load` and `save` are functions of the application, so no provider has advice for them. */
  readonly on: ProviderAdvice['on'] | 'load' | 'save';
  /** The words of the provider, or of the operating system. */
  readonly what: string;
  readonly status?: number;
  /** The provider itself says that the credential is not valid. */
  readonly isOwn?: boolean;
  /** The code of the error that callers got, where it is known. */
  readonly code?: string;
}

interface GeneralAdvice extends Pick<ProviderAdvice, 'cause' | 'fix'> {
  /** @param holdsKey calls carry a key, and not a token from a login */
  readonly fits: (symptom: Symptom, holdsKey: boolean) => boolean;
}

/** Failures that any provider can cause, or a proxy or gateway in front of it. */
const GENERAL: readonly GeneralAdvice[] = [
  {
    fits: ({ on, what }) => on === 'load' && what.includes('resolver'),
    cause: "the application's own function for the credentials failed, or did not answer in time",
    fix: 'check what the function asks: the secret manager, the database; the error has its cause',
  },
  {
    fits: ({ on }) => on === 'load',
    cause: "the application's credentials cannot be used",
    fix: 'correct what the error names: in the database, in the file, or in the function that returns the credentials',
  },
  {
    fits: ({ on }) => on === 'save',
    cause: "the application's own save() fails, so that the new refresh token is in memory only",
    fix: 'bring the database back before this process ends; the library repeats the save by itself',
  },
  {
    fits: ({ what }) => what.startsWith('the option providers.'),
    cause: "the application's own signer fails, and nothing was sent",
    fix: 'correct the signer, or what it asks: the KMS, the HSM',
  },
  {
    fits: ({ what }) => what === 'rate limited',
    cause:
      'this process may not send another login yet: a documented limit, or what the provider has asked for',
    fix: 'wait; a fleet behind one address should share its tokens',
  },
  {
    fits: ({ what }) => what.startsWith('more logins wait') || what.startsWith('no caller waits'),
    cause: 'more logins at once than the token endpoint serves in time, or an endpoint that has become slow',
    fix: "look at the durations of the logins in the metrics; if they have grown, see the provider's status page",
  },
  {
    fits: ({ what }) => what.startsWith('this machine could not'),
    cause: 'this machine lacks a resource, and nothing was sent to the provider',
    fix: 'check the limits of this machine: open files, memory, ports, network',
  },
  {
    fits: ({ on, status }) => on === 'call' && status === 429,
    cause: 'the provider has had enough requests for now',
    fix: 'wait, then check again; make fewer calls at once, or ask the provider for a higher quota',
  },
  {
    fits: ({ status }) => status === 429,
    cause: 'the provider has had enough requests for now',
    fix: 'wait, then check again; a fleet behind one address should share its tokens',
  },
  {
    fits: ({ status = 0 }) => status >= 500,
    cause: 'the provider has a failure of its own',
    fix: "check again in a minute; if it stays, see the provider's status page",
  },
  {
    fits: ({ status = 0 }) => status >= 300 && status < 400,
    cause: 'a redirect; redirects are not followed, because the credential would go to the new address',
    fix: 'set the base URL to the address of the API itself',
  },
  {
    fits: ({ status }) => status === 404,
    cause: 'there is no such path at this host',
    fix: 'check the base URL: the host, and the path that it must end in',
  },
  {
    fits: ({ on, status, isOwn }, holdsKey) =>
      holdsKey && on === 'call' && isOwn === true && (status === 401 || status === 403),
    cause:
      'the provider refuses the key on calls: wrong, rotated, suspended, or not allowed to make this call',
    fix: "compare it with the provider's dashboard; the library tries a changed key at once, unless the log says that the key cannot be read",
  },
  {
    fits: ({ on, status, isOwn }) => on === 'call' && isOwn === true && (status === 401 || status === 403),
    cause:
      'the provider refuses the credential on calls: suspended, revoked, or not allowed to make this call',
    fix: 'ask the provider about this merchant; if logins succeed, a new token does not help',
  },
  {
    fits: ({ on, isOwn }) => on === 'login' && isOwn === true,
    cause: 'the provider says that the secret is wrong: mistyped, rotated, or of the other environment',
    fix: "compare it with the provider's dashboard; the library tries a changed secret at once",
  },
  {
    fits: ({ on, status, what }) =>
      on === 'call' && (status === 401 || status === 403) && what !== `HTTP ${status}`,
    cause:
      'the answer refuses the call in words that the definition does not know: the merchant may lack a permission, or a gateway has answered',
    fix: "read the answer's words; ask the provider whether this merchant and this server may make the call",
  },
  {
    fits: ({ status }) => status === 401 || status === 403,
    cause:
      'the answer is not in the words of the provider: it may come from a firewall, a proxy or an IP allow-list',
    fix: 'ask the provider whether the address of this server is allowed; check the proxy settings',
  },
  {
    fits: ({ on, status = 0 }) => on === 'login' && status >= 200 && status < 300,
    cause: 'an answer without a usable token: a page of a proxy, or an outage with the status 200',
    fix: 'check the base URL, then check again in a minute',
  },
  {
    fits: ({ what }) => what === 'timeout' || what.startsWith('no answer within'),
    cause: 'no whole answer came in time',
    fix: "see the provider's status page, then the network and the firewall; if the provider is slow, allow more time (in check: --timeout 30)",
  },
  {
    fits: ({ what }) => /^E(NOTFOUND|AI_AGAIN)$/.test(what),
    cause: 'the name of the host cannot be looked up',
    fix: 'check the base URL for a typing mistake, then the DNS of this machine',
  },
  {
    fits: ({ what }) => what === 'ECONNREFUSED',
    cause: 'nothing listens at this address',
    fix: 'check host and port of the base URL',
  },
  {
    fits: ({ what }) => /CERT|SIGNATURE|ALTNAME/.test(what),
    cause:
      'the certificate is not trusted: it has ended, a proxy decrypts the traffic, or the clock of this machine is wrong',
    fix: "check the clock; for a proxy of your own, NODE_EXTRA_CA_CERTS or the provider's option http.ca",
  },
  {
    fits: ({ what }) => /^(E[A-Z_]+|network)$/.test(what),
    cause: 'the connection was cut',
    fix: 'check the network, the firewall and the proxy settings, then check again',
  },
  {
    fits: ({ on }) => on === 'settings',
    cause: 'the settings are incomplete or wrong',
    fix: 'npx --no nestjs-payments-auth env PROVIDER prints a template',
  },
];

/** Errors that this library raises itself. The provider has not caused them. */
const OWN_ERRORS: ReadonlyMap<string, Pick<ProviderAdvice, 'cause' | 'fix'>> = new Map([
  [
    'DEFINITION_FAULT',
    {
      cause: 'a function of the definition failed, or does not know what the provider answers',
      fix: 'correct the definition, or the value or option that the words name; waiting does not help',
    },
  ],
  [
    'SIGNING_FAILED',
    {
      cause: 'calls cannot be signed, and are not sent',
      fix: "correct what the words name: the value, the application's signer or what it asks, or sign in the definition",
    },
  ],
  [
    'INSECURE_DESTINATION',
    {
      cause:
        'the application makes a call to an address where this credential must not go, so it was not sent',
      fix: 'find the call in the application, by the stack of its error; if the address is right, set it as the base URL',
    },
  ],
  [
    'INVALID_REQUEST',
    {
      cause: 'the application makes a call that is not valid, so it was not sent',
      fix: 'correct the call in the application, by the stack of its error',
    },
  ],
]);

/** The cause of `symptom` and what to do. The advice of the provider itself comes first. */
export function adviceFor(
  definition: ProviderDefinition,
  seen: Symptom,
): Pick<ProviderAdvice, 'cause' | 'fix'> {
  const symptom = ownCopy(seen);
  const own = OWN_ERRORS.get(symptom.code ?? '');
  if (own !== undefined) return own;
  const { cause, fix } = definition.advice?.find((advice) => isFor(advice, symptom)) ??
    GENERAL.find(({ fits }) => fits(symptom, definition.token === undefined)) ?? {
      cause: 'an answer that is not documented',
      fix: `see ${definition.docs}, or ask the provider, with these words`,
    };
  return { cause, fix: fix.replace('PROVIDER', definition.name) };
}

function isFor(advice: ProviderAdvice, { on, what, status }: Symptom): boolean {
  if (advice.on !== on) return false;
  if (advice.says !== undefined && !what.toLowerCase().includes(advice.says)) return false;
  return advice.status === undefined || [advice.status].flat().includes(status ?? 0);
}
