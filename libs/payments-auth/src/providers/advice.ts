import { ownCopy } from '../own-properties.js';
import type { ProviderAdvice, ProviderDefinition } from './provider-definition.js';

/** What went wrong, as far as it matters for what helps. */
export interface Symptom {
  /** `load` and `save` are functions of the application: no provider has advice for them. */
  readonly on: ProviderAdvice['on'] | 'load' | 'save';
  /** The provider's words, or the system's. */
  readonly what: string;
  readonly status?: number;
  /** The provider itself says that the credential is no good. */
  readonly isOwn?: boolean;
}

interface GeneralAdvice extends Pick<ProviderAdvice, 'cause' | 'fix'> {
  /** @param holdsKey calls carry a key, and no token that a login has brought */
  readonly fits: (symptom: Symptom, holdsKey: boolean) => boolean;
}

/** Failures that any provider can cause, or a proxy or gateway in front of it. */
const GENERAL: readonly GeneralAdvice[] = [
  {
    fits: ({ on, what }) => on === 'load' && what.includes('resolver'),
    cause: "the application's own function for the credentials failed, or did not answer in time",
    fix: 'look at what it asks: the secret manager, the database; the error has its cause',
  },
  {
    fits: ({ on }) => on === 'load',
    cause: 'what the application handed over as credentials cannot be used',
    fix: 'put right what the words name: in the database, the file, or the function that hands it over',
  },
  {
    fits: ({ on }) => on === 'save',
    cause: "the application's own save() fails, so that the new refresh token is in memory only",
    fix: 'bring the database back before this process ends; it is saved again and again by itself',
  },
  {
    fits: ({ what }) => what === 'rate limited',
    cause:
      'this process may not send another login yet: a documented limit, or what the provider has asked for',
    fix: 'wait; a fleet behind one address should share its tokens',
  },
  {
    fits: ({ what }) => what.startsWith('more logins wait') || what.startsWith('nobody waits'),
    cause: 'more logins at once than the token endpoint serves in time, or an endpoint that has become slow',
    fix: "see the durations of the logins in the metrics; if they have grown, the provider's status page",
  },
  {
    fits: ({ what }) => what.startsWith('this machine could not'),
    cause: 'this machine is short of something, and nothing was sent to the provider',
    fix: 'look at its limits: open files, memory, ports, network',
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
    cause: 'a redirect, which is not followed because a credential would follow it',
    fix: 'set the base URL to where the API really is',
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
    fix: "compare it with the provider's dashboard; a changed one is tried at once, unless the log says that it cannot be read",
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
    fix: "compare it with the provider's dashboard; a changed one is tried at once",
  },
  {
    fits: ({ on, status, what }) =>
      on === 'call' && (status === 401 || status === 403) && what !== `HTTP ${status}`,
    cause:
      'a refusal in words that the definition does not know: a call that this merchant may not make, or a gateway',
    fix: 'read the words; ask the provider whether this merchant may make this call, and whether this server may',
  },
  {
    fits: ({ status }) => status === 401 || status === 403,
    cause: "not the provider's own way of saying no: a firewall, a proxy or an IP allow-list",
    fix: 'ask the provider whether the address of this server is allowed; check the proxy settings',
  },
  {
    fits: ({ on, status = 0 }) => on === 'login' && status >= 200 && status < 300,
    cause: 'an answer without a usable token: a page of a proxy, or an outage that says 200',
    fix: 'check the base URL, then check again in a minute',
  },
  {
    fits: ({ what }) => what === 'timeout' || what.startsWith('no answer within'),
    cause: 'no whole answer came in time',
    fix: "see the provider's status page, then the network and the firewall; if it is slow, allow more time (in check: --timeout 30)",
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
      'the certificate is not trusted: a proxy that looks into traffic, or a wrong clock on this machine',
    fix: "check the clock; for a proxy of your own, NODE_EXTRA_CA_CERTS or the provider's option http.ca",
  },
  {
    fits: ({ what }) => /^(E[A-Z_]+|network)$/.test(what),
    cause: 'the connection was cut',
    fix: 'check the network, the firewall and the proxy settings, then check again',
  },
  {
    fits: ({ on }) => on === 'settings',
    cause: 'the settings are not what they have to be',
    fix: 'npx --no nestjs-payments-auth env PROVIDER prints a template',
  },
];

/** The cause of `symptom` and what to do. The advice of the provider itself comes first. */
export function adviceFor(
  definition: ProviderDefinition,
  seen: Symptom,
): Pick<ProviderAdvice, 'cause' | 'fix'> {
  const symptom = ownCopy(seen);
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
