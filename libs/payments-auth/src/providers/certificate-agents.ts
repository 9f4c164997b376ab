import { createHmac, randomBytes, X509Certificate } from 'node:crypto';
import { Agent, type AgentOptions } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import { isJsonObject } from '../building-blocks/json-value.js';
import { ownCopy } from '../own-properties.js';
import { called, DefinitionFault } from '../strategies/definition-fault.js';
import { kindOf } from '../strategies/header-text.js';
import type { Credentials } from '../strategies/strategy.js';
import { watchedCredentials } from '../strategies/watched-credentials.js';
import { certificateProblem, type FieldProblem, inLines } from './certificate-problems.js';
import type { ClientCertificate, ProviderDefinition } from './provider-definition.js';

/** How many agents are kept. Calls that are under way on a dropped agent go on. */
const MOST_REMEMBERED = 10_000;

/** This long before its end, a certificate is reported once a day, because it takes people days to get a new one. */
const SOON_MS = 14 * 24 * 60 * 60_000;
const TOLD_AGAIN_AFTER_MS = 24 * 60 * 60_000;

/** The certificate that a definition has made from credentials, and the fields that it has read. */
interface Made {
  readonly certificate: ClientCertificate;
  readonly read: readonly string[];
}

/** When the certificate of an agent ends, and when that was last reported. Both on the wall clock. */
interface End {
  readonly atMs: number;
  toldAtMs?: number;
}

/**
 * The agents for the connections of one provider, where the client shows a certificate. There is one agent per
 * certificate, made at its first use. Calls and logins of different credentials never share a connection.
 *
 * No agent is ever destroyed, because calls may be under way on it. Node closes the idle connections of an agent that
 * is no longer used.
 */
export class CertificateAgents {
  readonly #definition: ProviderDefinition;
  readonly #environment: string | undefined;
  readonly #ca: AgentOptions['ca'];
  /** A function that is called again and again may return the same certificate in different objects. */
  readonly #byCertificate = new Map<string, Agent>();
  readonly #byCredentials = new WeakMap<Credentials, Agent>();
  readonly #ends = new WeakMap<Agent, End>();
  readonly #key = randomBytes(32);

  /** @param ca the trusted authorities, where the definition names none */
  constructor(definition: ProviderDefinition, environment: string | undefined, ca: unknown) {
    this.#definition = definition;
    this.#environment = environment;
    this.#ca = ca as AgentOptions['ca'];
  }

  /**
   * @returns `undefined` where the definition says that these credentials have no certificate
   * @throws DefinitionFault when there is no usable certificate
   */
  agentOf(credentials: Credentials): Agent | undefined {
    const known = this.#byCredentials.get(credentials);
    if (known !== undefined) return known;
    const options = this.#optionsOf(credentials);
    if (options === undefined) return undefined;
    const certificate = createHmac('sha256', this.#key).update(inWords(options)).digest('base64');
    const agent = this.#byCertificate.get(certificate) ?? this.#made(options, credentials);
    this.#byCertificate.delete(certificate);
    this.#byCertificate.set(certificate, agent);
    if (this.#byCertificate.size > MOST_REMEMBERED) {
      const [oldest] = this.#byCertificate.keys();
      this.#byCertificate.delete(oldest as string);
    }
    this.#byCredentials.set(credentials, agent);
    return agent;
  }

  /** When the client certificate of `credentials` ends, on the wall clock; `undefined` where that cannot be known. */
  endsAtMs(credentials: Credentials): number | undefined {
    return this.#endOf(credentials)?.atMs;
  }

  /** The end of the certificate, if it is soon. Returned once a day. */
  endingSoon(credentials: Credentials, nowMs: number): number | undefined {
    const end = this.#endOf(credentials);
    if (end === undefined || end.atMs - nowMs > SOON_MS) return undefined;
    if (end.toldAtMs !== undefined && nowMs - end.toldAtMs < TOLD_AGAIN_AFTER_MS) return undefined;
    end.toldAtMs = nowMs;
    return end.atMs;
  }

  #endOf(credentials: Credentials): End | undefined {
    try {
      const agent = this.agentOf(credentials);
      return agent && this.#ends.get(agent);
    } catch {
      // The next call reports what is wrong with the certificate.
      return undefined;
    }
  }

  #made(options: AgentOptions, credentials: Credentials): Agent {
    const context = secureContext(options, () => this.problemOf(credentials));
    const agent = new Agent(options);
    const atMs = endOf(options, context);
    if (atMs !== undefined) this.#ends.set(agent, { atMs });
    return agent;
  }

  #optionsOf(credentials: Credentials): AgentOptions | undefined {
    const certificate = this.#certificateOf(credentials)?.certificate;
    if (certificate === undefined) return undefined;
    const ca = certificate.ca ?? this.#ca;
    return {
      ...withLineBreaks(certificate),
      ...(ca === undefined ? {} : { ca: ca as AgentOptions['ca'] }),
      keepAlive: true,
    };
  }

  #certificateOf(credentials: Credentials): Made | undefined {
    const environment = this.#environment;
    const { view, all: read } = watchedCredentials(this.#definition, credentials);
    const given = ownCopy({
      credentials: view,
      ...(environment === undefined ? {} : { environment }),
    });
    const returned: unknown = called('tls', () => this.#definition.tls?.(given), given);
    if (returned === undefined) return undefined;
    if (!isJsonObject(returned))
      throw new DefinitionFault('tls', `returned ${kindOf(returned)}; expected { cert, key } or { pfx }`);
    return { certificate: ownCopy(returned as unknown as ClientCertificate), read };
  }

  /** The problem with the certificate of `credentials`, with the field that it is about. */
  problemOf(credentials: Credentials): FieldProblem | undefined {
    let made: Made | undefined;
    try {
      made = this.#certificateOf(credentials);
    } catch {
      // An error of the definition is not a mistake in the credentials. The first call reports it.
    }
    return made && certificateProblem(made.certificate, credentials, made.read);
  }
}

function withLineBreaks(certificate: ClientCertificate): AgentOptions {
  if ('pfx' in certificate) {
    const { pfx, passphrase } = certificate;
    if (!(pfx instanceof Uint8Array))
      throw new DefinitionFault('tls', `returned a pfx that is ${kindOf(pfx)}; expected bytes`);
    return { pfx: Buffer.from(pfx), ...(passphrase === undefined ? {} : { passphrase }) };
  }
  const { cert, key } = certificate as { cert?: string; key?: string };
  if (typeof cert !== 'string' || typeof key !== 'string')
    throw new DefinitionFault('tls', 'returned no { cert, key } and no { pfx }');
  return { ...certificate, cert: inLines(cert), key: inLines(key), ca: undefined };
}

const FITTING = 'expected { cert, key } in PEM that fit together, or { pfx }';

/**
 * @param problemOf returns what is wrong with the credentials; called when the options cannot be used
 * @throws DefinitionFault, in words that repeat nothing of the key
 */
function secureContext(options: AgentOptions, problemOf: () => FieldProblem | undefined): SecureContext {
  try {
    // Without this check, the first connection would find a key that does not fit its certificate. That failure would
    // look like an outage.
    return createSecureContext(options);
  } catch (error) {
    const { code } = error as { code?: unknown };
    const why = typeof code === 'string' ? ` (${code})` : '';
    const problem = problemOf();
    throw new DefinitionFault(
      'tls',
      problem === undefined
        ? `returned a certificate or key that no connection can use${why}; ${FITTING}`
        : `returned a certificate or key that no connection can use: ${problem.field === undefined ? problem.what : `the credential "${problem.field}" ${problem.what}`}; ${FITTING}`,
    );
  }
}

/** The first certificate is the client's own, and those after it are of its issuers. */
function endOf({ cert }: AgentOptions, { context }: SecureContext): number | undefined {
  try {
    // Node offers no other way to read a PKCS#12 file.
    const own = cert ?? (context as { getCertificate?: () => Uint8Array }).getCertificate?.();
    const atMs = own === undefined ? NaN : Date.parse(new X509Certificate(own as string).validTo);
    return Number.isNaN(atMs) ? undefined : atMs;
  } catch {
    return undefined;
  }
}

function inWords(options: AgentOptions): string {
  return JSON.stringify(options, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  );
}
