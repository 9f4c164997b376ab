import type { HttpService } from '@nestjs/axios';
import { suggestion } from '../nearest.js';
import type { Clock } from '../payments-auth.clock.js';
import { ownCopy } from '../own-properties.js';
import { PaymentsAuthError } from '../payments-auth.errors.js';
import type { ConfiguredProvider } from '../providers/configured-provider.js';
import type { CredentialsInForce } from '../providers/credentials-in-force.js';
import { BUILT_IN_PROVIDERS } from '../providers/index.js';
import { notConfigured } from '../providers/not-configured.js';
import type { CredentialField } from '../providers/provider-definition.js';
import type { ReceivedMessage, WebhookRefusal } from '../providers/webhooks/received-message.js';
import { provesEnough } from '../providers/webhooks/webhook-proof.js';
import {
  type SchemeCredentials,
  type SchemeGiven,
  type SchemeWork,
  setsOf,
  type WebhookScheme,
} from '../providers/webhooks/webhook-scheme.js';
import { type Examination, examineUnasked, examineWebhook, type NamedScheme } from './examine-webhook.js';
import { FetchedKeys } from './published-keys.js';
import { SigningCredentials } from './signing-credentials.js';
import type { KeysTroubleSink, WebhookKeysTrouble } from './webhook-keys-trouble.js';
import { sealedDelivery } from './webhook-delivery.js';
import type { VerifiedRequest } from './webhook-request.js';
import type { WebhookRoute } from './webhook-route.js';

/** One provider, with everything that is needed to judge its messages. */
interface Signer {
  readonly provider: ConfiguredProvider;
  readonly credentials: SigningCredentials;
  readonly keys: FetchedKeys;
}

/** A genuine message. */
export interface VerifiedMessage extends VerifiedRequest {
  readonly refusal: undefined;
  /** The parsed body, for the handler; `undefined` where the message has none. */
  readonly body: unknown;
}

/** The account that the message names, and the schemes that count. */
export interface VerifyOptions {
  readonly account?: string;
  readonly schemes?: readonly string[];
}

/** Whether a message of a provider is genuine: its schemes, its secrets, its published keys. */
export class WebhookVerifier {
  readonly #signers: ReadonlyMap<string, Signer>;
  readonly #http: (name: string, account: string | undefined) => HttpService;
  readonly #names: readonly string[];
  readonly clock: Clock;

  constructor(
    providers: readonly ConfiguredProvider[],
    parts: {
      readonly inForce: (name: string) => CredentialsInForce;
      readonly http: (name: string, account: string | undefined) => HttpService;
      readonly clock: Clock;
      readonly events: KeysTroubleSink;
      /** Names that an application may have, configured or not, besides the built-in ones. */
      readonly names?: readonly string[];
    },
  ) {
    const { clock, events, inForce, http, names = [] } = parts;
    this.clock = clock;
    this.#names = [...BUILT_IN_PROVIDERS.map((each): string => each.name), ...names];
    this.#http = http;
    this.#signers = new Map(
      providers.map((provider) => {
        const { name } = provider;
        const tell = (trouble: WebhookKeysTrouble) =>
          events.emit({ provider: name, atMs: clock.now(), ...trouble });
        const credentials = new SigningCredentials(provider, inForce(name), { clock, tell });
        return [name, { provider, credentials, keys: new FetchedKeys(provider, { clock, tell }) }];
      }),
    );
  }

  /** @throws PaymentsAuthError PROVIDER_NOT_CONFIGURED */
  signer(name: string): Signer {
    const signer = this.#signers.get(name);
    if (signer !== undefined) return signer;
    throw notConfigured(name, this.#signers.keys());
  }

  /** Whether any of the schemes reads the bytes of the body. */
  needsBytes(name: string, schemes?: readonly string[]): boolean {
    return this.#schemes(name, schemes).some(([, scheme]) => workOf(scheme).needsBytes);
  }

  /** Whether any of the schemes gives one delivery for each item of a message. */
  sendsBatches(name: string, schemes?: readonly string[]): boolean {
    return this.#schemes(name, schemes).some(([, scheme]) => workOf(scheme).isBatch);
  }

  /**
   * @throws PaymentsAuthError PROVIDER_NOT_CONFIGURED; INVALID_OPTIONS when a secret is missing;
   *   CREDENTIALS_UNAVAILABLE when a secret or a key cannot be had now
   */
  async examine(
    name: string,
    message: ReceivedMessage,
    { account, schemes: named }: VerifyOptions,
  ): Promise<VerifiedMessage | { readonly refusal: WebhookRefusal }> {
    const { provider, credentials, keys } = this.signer(name);
    const schemes = this.#worthAsking(credentials.isDynamic(account), this.#schemes(name, named), message);
    if (!isList(schemes)) return schemes;
    const examine = async (candidates: readonly SchemeCredentials[]): Promise<Examination> => {
      const usable = this.#usable(name, schemes, candidates);
      if (usable instanceof PaymentsAuthError) {
        // The sender of a message names the merchant. The answer does not show which merchants exist.
        if (account !== undefined) return { refusal: 'no-secret' };
        throw usable;
      }
      const given: SchemeGiven = {
        message,
        candidates,
        nowMs: this.clock.now(),
        environment: provider.environment,
        keys,
        http: () => this.#http(name, account),
      };
      return examineWebhook(usable, given);
    };
    // Where nothing is signed, no secret is needed.
    const known = schemes.some(([, scheme]) => workOf(scheme).needsBytes)
      ? await credentials.get(account)
      : [];
    let examination = await examine(known);
    if (isCuredByOthers(examination) && credentials.isDynamic(account)) {
      const fresh = await credentials.get(account, true);
      if (fresh !== known) examination = await examine(fresh);
    }
    return examination.refusal === undefined
      ? deliveriesOf(name, account, message, examination)
      : examination;
  }

  /**
   * Names the problems because of which a route could never take a message, as far as they can be known without
   * asking a resolver: names that do not exist, proofs that are not enough, secrets that are missing.
   *
   * @throws PaymentsAuthError when the provider is known but not configured here, or its secrets cannot be had now
   */
  async routeProblems(route: WebhookRoute): Promise<readonly string[]> {
    const { provider: name, proof = 'payload', schemes: named, url, account } = route;
    this.#requireKnown(name);
    const { provider, credentials } = this.signer(name);
    const schemes = this.#schemes(name, named);
    const problems = [
      ...proofProblems(name, proof, named, schemes),
      ...schemes.flatMap(([scheme, { '~work': work }]) => [
        ...(work?.needsUrl === true && url === undefined
          ? [`its scheme "${scheme}" signs the URL that the provider was told. Say it: { url: 'https://…' }`]
          : []),
        ...(work?.needsEnvironment === true && provider.environment === undefined
          ? [`the key of its scheme "${scheme}" differs by environment. Give the provider an \`environment\``]
          : []),
      ]),
    ];
    if (schemes.every(([, scheme]) => workOf(scheme).fields.length === 0)) return problems;
    const perAccount = account !== undefined;
    if ((perAccount ? provider.accounts : provider.own) === undefined) {
      return [
        ...problems,
        perAccount
          ? `Provider "${name}" has no accounts. Leave \`account\` out of the decorator`
          : `Provider "${name}" has only accounts. Say which one a message is for: { account: (request) => … }`,
      ];
    }
    if (perAccount || credentials.isDynamic(undefined)) return problems;
    const usable = this.#usable(name, schemes, await credentials.get(undefined));
    return usable instanceof PaymentsAuthError ? [...problems, usable.message.replace(/\.$/, '')] : problems;
  }

  /** @throws PaymentsAuthError INVALID_OPTIONS that names the field and its variable */
  missing(name: string, field: string, what = 'is missing'): PaymentsAuthError {
    const fields: Readonly<Record<string, CredentialField | undefined>> =
      this.signer(name).provider.definition.credentials;
    const variable = fields[field]?.variable;
    const where = `credentials.${field}${variable === undefined ? '' : ` (${variable})`}`;
    const remedy =
      what === 'is missing'
        ? `without ${where}. Add it to the provider's credentials.`
        : `with ${where} as it is: it ${what}.`;
    return new PaymentsAuthError(
      'INVALID_OPTIONS',
      `Messages of "${name}" cannot be signed or verified ${remedy}`,
      { provider: name, problems: [`providers.${name}.${where} ${what}`] },
    );
  }

  /**
   * Returns the schemes that could prove a message with the right secrets, before a resolver is asked for the secrets.
   */
  #worthAsking(
    isDynamic: boolean,
    schemes: readonly NamedScheme[],
    message: ReceivedMessage,
  ): readonly NamedScheme[] | { readonly refusal: WebhookRefusal } {
    return isDynamic ? examineUnasked(schemes, { message, nowMs: this.clock.now() }) : schemes;
  }

  /** The schemes that a route names. Where it names none, all schemes but those that have to be named. */
  #schemes(name: string, named: readonly string[] | undefined): readonly NamedScheme[] {
    const all = Object.entries(this.signer(name).provider.definition.webhooks ?? {});
    if (all.length === 0)
      throw new PaymentsAuthError(
        'INVALID_OPTIONS',
        `Provider "${name}" is not known to send webhooks. Describe them in its definition: defineProvider({ webhooks }).`,
        { provider: name },
      );
    for (const wanted of named ?? []) {
      if (all.some(([scheme]) => scheme === wanted)) continue;
      const known = all.map(([scheme]) => scheme);
      throw new PaymentsAuthError(
        'INVALID_OPTIONS',
        `Provider "${name}" has no webhook scheme "${wanted}". ${suggestion(wanted, known)}`,
        { provider: name },
      );
    }
    const active = all.filter(([scheme, each]) =>
      named === undefined ? !workOf(each).onlyWhenNamed : named.includes(scheme),
    );
    if (active.length > 0) return active;
    throw new PaymentsAuthError(
      'INVALID_OPTIONS',
      `Provider "${name}" has no webhook scheme that counts unless it is named. Name one: { schemes: ['${all[0]?.[0]}'] }.`,
      { provider: name },
    );
  }

  /**
   * The schemes whose secrets are configured. One is enough, because a merchant chooses one of them at the provider.
   * For an account that does not exist, no secret is reported as missing, and its messages are refused like any forged
   * message. Where no scheme can be used, the result names the missing secrets.
   */
  #usable(
    name: string,
    schemes: readonly NamedScheme[],
    candidates: readonly SchemeCredentials[],
  ): readonly NamedScheme[] | PaymentsAuthError {
    if (candidates.length === 0) return schemes;
    const problems = schemes.map(([, scheme]) => this.#secretProblem(name, workOf(scheme), candidates));
    const usable = schemes.filter((_, at) => problems[at] === undefined);
    return usable.length > 0 ? usable : (problems[0] as PaymentsAuthError);
  }

  #secretProblem(
    name: string,
    { fields, keyProblem }: SchemeWork,
    candidates: readonly SchemeCredentials[],
  ): PaymentsAuthError | undefined {
    for (const field of fields) {
      const values = setsOf(candidates, [field]).map((set) => set[field] as string);
      if (values.length === 0) return this.missing(name, field);
      const wrong = values.map((value) => keyProblem(field, value)).find((each) => each !== undefined);
      if (wrong !== undefined) return this.missing(name, field, wrong);
    }
    return setsOf(candidates, fields).length === 0 ? this.missing(name, fields[0] as string) : undefined;
  }

  /** A built-in provider may be left out of this deployment. An unknown name is a misspelling. */
  #requireKnown(name: string): void {
    if (this.#signers.has(name) || this.#names.includes(name)) return;
    throw new PaymentsAuthError(
      'INVALID_OPTIONS',
      `There is no provider "${name}". ${suggestion(name, [...new Set([...this.#signers.keys(), ...this.#names])])}`,
      { provider: name },
    );
  }
}

/** Does not look for `refusal`, because lists would inherit one that somebody has put on `Object.prototype`. */
function isList(schemes: readonly NamedScheme[] | object): schemes is readonly NamedScheme[] {
  return Array.isArray(schemes);
}

/** Whether other secrets can help. A secret may have been rotated or added since the resolver was asked. */
function isCuredByOthers({ refusal }: Examination): boolean {
  return refusal === 'wrong-signature' || refusal === 'no-secret';
}

function deliveriesOf(
  provider: string,
  account: string | undefined,
  message: ReceivedMessage,
  { scheme, proves, evidence, work }: Extract<Examination, { refusal: undefined }>,
): VerifiedMessage {
  const secret = new Set(work.secretHeaders);
  const headers = Object.fromEntries(
    Object.entries(message.allHeaders).filter(([name]) => !secret.has(name)),
  );
  const rawBody = message.bytes ?? new Uint8Array();
  const deliveries = evidence.map((each) => {
    const { payload, deliveryId, signedAtMs } = ownCopy(each);
    return sealedDelivery(
      {
        provider,
        scheme,
        ...(account === undefined ? {} : { account }),
        payload,
        proves,
        ...(work.confirmWith === undefined ? {} : { confirmWith: work.confirmWith }),
        deliveryId,
        ...(signedAtMs === undefined ? {} : { signedAtMs }),
      },
      { rawBody, headers },
    );
  });
  return {
    refusal: undefined,
    deliveries,
    isBatch: work.isBatch,
    acknowledge: work.acknowledge,
    body: rawBody.byteLength === 0 ? undefined : message.plain(work.body).body,
  };
}

/** Names the schemes that prove less than a route asks for, and what to write in the decorator. */
function proofProblems(
  name: string,
  proof: NonNullable<WebhookRoute['proof']>,
  named: readonly string[] | undefined,
  schemes: readonly NamedScheme[],
): string[] {
  const weak = schemes.filter(([, { proves }]) => !provesEnough(proves, proof));
  const [first] = weak;
  if (first === undefined) return [];
  const weakest = weak
    .map(([, { proves }]) => proves)
    .find((each) => weak.every(([, { proves }]) => provesEnough(proves, each)));
  const confirm = weak.map(([, scheme]) => workOf(scheme).confirmWith).find((each) => each !== undefined);
  const strong = schemes.filter((each) => !weak.includes(each)).map(([scheme]) => `'${scheme}'`);
  const options = named === undefined ? '' : `schemes: [${named.map((each) => `'${each}'`).join(', ')}], `;
  const names = weak.map(([scheme]) => `"${scheme}"`).join(' and ');
  return [
    [
      `its scheme ${names} proves ${PROVEN[weakest ?? 'nothing']}, and this route asks for a proof of the ${proof}`,
      `Write @VerifiedWebhook('${name}', { ${options}proof: '${weakest}' }), and ask the provider${confirm === undefined ? '' : ` (${confirm})`} before you act on a message`,
      ...(strong.length === 0 ? [] : [`Or take only what proves more: { schemes: [${strong.join(', ')}] }`]),
    ].join('. '),
  ];
}

const PROVEN = {
  payload: 'the payload',
  values: 'only the values that were signed',
  sender: 'only the sender',
  nothing: 'nothing',
} as const;

function workOf(scheme: WebhookScheme<string>): SchemeWork {
  const work = scheme['~work'];
  if (work !== undefined) return work;
  throw new TypeError('A webhook scheme is made by one of the builders, as in hmacWebhook({ … }).');
}
