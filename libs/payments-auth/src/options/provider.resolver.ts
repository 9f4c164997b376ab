import type {
  ConfiguredProvider,
  CredentialsSource,
  HttpSettings,
  KeepWarm,
  ReplayPolicy,
} from '../providers/configured-provider.js';
import { CertificateAgents } from '../providers/certificate-agents.js';
import { fieldsInUrls } from '../providers/account-hosts.js';
import type { ProviderDefinition } from '../providers/provider-definition.js';
import { mayUseAudience } from '../providers/token-problems.js';
import { ownCopy } from '../own-properties.js';
import { scopeListProblem, scopeSet, scopesIn } from '../strategies/scope-set.js';
import { type SecretWay, strategyOf } from '../strategies/strategy.js';
import { accountCredentials } from './account-credentials.js';
import { type FoundSource, isThereAtBoot } from './credentials-source.js';
import { checkKeys } from './key-problems.js';
import { ownRecord } from './record.js';
import { suggestion } from '../nearest.js';
import { ownCredentials } from './own-credentials.js';
import { resolvePlace } from './place.js';
import type { ProviderScope } from './provider-scope.js';
import {
  aFunction,
  type Check,
  durationMs,
  hostNameList,
  httpProblems,
  oneOf,
  onlyTrue,
  plainText,
  tokenRequestSettings,
  yesOrNo,
} from './settings.js';

const REFRESH_BEFORE_MS = 60_000;
const CREDENTIALS_TTL_MS = 5 * 60_000;
/** How soon a changed secret in a mounted file is noticed. Reading a small file costs almost nothing. */
const FILES_TTL_MS = 5_000;
/** axios's own default is to wait for ever. */
const TIMEOUT_MS = 30_000;

/** Every option of a provider, with the check of its value alone. */
const CHECKS: Readonly<Record<string, Check | undefined>> = {
  provider: undefined,
  environment: undefined,
  baseUrl: undefined,
  credentials: undefined,
  accounts: undefined,
  http: undefined,
  scopes: scopeListProblem,
  refreshBeforeMs: durationMs,
  keepWarm: oneOf('always', 'when-used'),
  replay: oneOf('always', 'safe-methods', 'never'),
  credentialsTtlMs: durationMs,
  clientAuthentication: oneOf('client_secret_basic', 'client_secret_post'),
  share: yesOrNo,
  audience: (value) =>
    value === '' ? 'empty; leave it out where the login asks for none' : plainText(value),
  signer: aFunction,
  tokenRequest: tokenRequestSettings,
  singleProcess: onlyTrue,
  insecureHosts: hostNameList,
};

/**
 * Returns one provider, checked and with every default filled in. It reports problems to the findings of the scope.
 * The result may be used only when there are no problems.
 */
export async function resolveProvider(scope: ProviderScope): Promise<ConfiguredProvider | undefined> {
  const { definition, findings, name, options, path } = scope;
  checkSettings(scope);
  const insecureHosts = setting(scope, 'insecureHosts') ?? [];
  if (insecureHosts.length > 0)
    findings.warning(
      `${path}.insecureHosts`,
      `credentials may travel in clear to ${insecureHosts.join(', ')}; never do this in production`,
    );
  const place = resolvePlace(
    scope,
    insecureHosts.map((host) => host.toLowerCase()),
  );
  const own = await ownCredentials(scope, place?.environment);
  const accounts = await accountCredentials(scope, place?.environment);
  if (place === undefined) return undefined;
  await checkFieldsInUrls(scope, place.hosts, { own, accounts });

  const http = Object.freeze(ownCopy({ timeout: TIMEOUT_MS, ...(options.http as HttpSettings | undefined) }));
  const keepWarm = setting(scope, 'keepWarm');
  const configured: ConfiguredProvider = ownCopy({
    name,
    definition,
    ...place,
    ...(own === undefined ? {} : { own: sourceOf(scope, own) }),
    ...(accounts === undefined ? {} : { accounts: sourceOf(scope, accounts) }),
    scopes: scopesOf(scope),
    clientAuthentication:
      setting(scope, 'clientAuthentication') ?? clientAuthentications(definition)[0] ?? 'client_secret_basic',
    refreshBeforeMs: setting(scope, 'refreshBeforeMs') ?? REFRESH_BEFORE_MS,
    ...(keepWarm === undefined ? {} : { keepWarm }),
    replay: setting(scope, 'replay') ?? 'always',
    share: setting(scope, 'share') ?? true,
    ...present({
      audience: setting(scope, 'audience'),
      signer: setting(scope, 'signer'),
      tokenRequest: setting(scope, 'tokenRequest'),
      singleProcess: setting(scope, 'singleProcess'),
    }),
    insecureHosts: insecureHosts.map((host) => host.toLowerCase()),
    ...(definition.tls === undefined
      ? {}
      : { certificates: new CertificateAgents(definition, place.environment, http.ca) }),
    http: () => http,
  });
  await checkKeys(scope, configured, { own, accounts });
  return Object.freeze(configured);
}

/**
 * Credentials that are known at boot must have the fields of which the URLs of this environment are made. Other
 * credentials are checked when they are used.
 */
async function checkFieldsInUrls(
  { definition, findings, path }: ProviderScope,
  hosts: ConfiguredProvider['hosts'],
  { own, accounts }: { own: FoundSource | undefined; accounts: FoundSource | undefined },
): Promise<void> {
  const fields = fieldsInUrls({ definition, hosts });
  if (fields.length === 0) return;
  const check = async (at: string, source: FoundSource, account?: string) => {
    const list = (await source.resolve(account)) ?? [];
    for (const name of fields.filter((each) => list.some((credentials) => credentials[each] === undefined)))
      findings.problem(`${at}.${name}`, 'missing; it is a part of the URL of this environment');
  };
  if (own !== undefined && isThereAtBoot(own)) await check(`${path}.credentials`, own);
  for (const account of accounts?.thereAtBoot ?? [])
    await check(`${path}.accounts[${JSON.stringify(account)}]`, accounts as FoundSource, account);
}

/**
 * Files are read again soon. A function of the application may have to ask a remote service, so it is called less
 * often.
 */
function sourceOf(scope: ProviderScope, { inFiles, ...source }: FoundSource): CredentialsSource {
  const ttlMs = source.isDynamic && inFiles ? FILES_TTL_MS : CREDENTIALS_TTL_MS;
  return Object.freeze(ownCopy({ ...source, ttlMs: setting(scope, 'credentialsTtlMs') ?? ttlMs }));
}

/** The parts that are not `undefined`. */
function present<T extends object>(parts: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function checkSettings(scope: ProviderScope): void {
  const { definition, findings, options, path } = scope;
  const known = Object.keys(CHECKS);
  for (const [option, value] of Object.entries(options)) {
    if (!known.includes(option)) {
      findings.problem(`${path}.${option}`, `not an option. ${suggestion(option, known)}`);
      continue;
    }
    if (value === undefined) continue;
    const what = CHECKS[option]?.(value);
    if (what !== undefined) findings.problem(`${path}.${option}`, what);
    if (option === 'http')
      for (const [below, problem] of httpProblems(value)) findings.problem(`${path}.http${below}`, problem);
  }
  if (options.clientAuthentication !== undefined && clientAuthentications(definition).length < 2)
    findings.problem(
      `${path}.clientAuthentication`,
      `${definition.title} takes its credentials in one way only; leave this out`,
    );
  const settings = ownRecord(options.http) ?? {};
  for (const name of ['httpsAgent', 'http2Options', 'httpVersion'])
    if (definition.tls !== undefined && settings[name] !== undefined && settings[name] !== 1)
      findings.problem(
        `${path}.http.${name}`,
        `${definition.title} takes a client certificate, and each connection is made with that; leave this out, and give ca where it is needed`,
      );
  if (strategyOf(definition)?.needsSigner === true && options.signer === undefined)
    findings.problem(
      `${path}.signer`,
      `missing: ${definition.title} authenticates the client with a key that is not among the credentials; give a function that signs`,
    );
  if (
    setting(scope, 'signer') !== undefined &&
    definition.sign === undefined &&
    strategyOf(definition)?.needsSigner !== true
  )
    findings.problem(
      `${path}.signer`,
      `${definition.title} needs no signer: its definition has no sign, and no privateKeyJwt that leaves its key to a signer; leave this out`,
    );
  if (setting(scope, 'audience') !== undefined && !mayUseAudience(definition))
    findings.problem(
      `${path}.audience`,
      `${definition.title} ${definition.token === undefined ? 'has no login that could ask for one' : 'asks for no audience in its login'}; leave this out`,
    );
  for (const [option, value] of timesInSeconds(scope))
    findings.warning(
      `${path}.${option}`,
      `is ${value}, and it is in milliseconds; for ${value} s, write ${value} * 1_000`,
    );
  if (options.scopes !== undefined && definition.scopes === undefined)
    findings.problem(`${path}.scopes`, `${definition.title} has no scopes; leave this out`);
}

/**
 * A time below these is most likely meant in seconds. It is only a warning, because a test may want a short time. For
 * logins the limit is 100: a login takes a minute at most, so a larger number cannot be meant in seconds.
 */
const SHORT_MS = { 'tokenRequest.timeoutMs': 100, refreshBeforeMs: 1_000, credentialsTtlMs: 1_000 } as const;

function timesInSeconds(scope: ProviderScope): [option: string, value: number][] {
  const given: Readonly<Record<keyof typeof SHORT_MS, number | undefined>> = {
    'tokenRequest.timeoutMs': setting(scope, 'tokenRequest')?.timeoutMs,
    refreshBeforeMs: setting(scope, 'refreshBeforeMs'),
    credentialsTtlMs: setting(scope, 'credentialsTtlMs'),
  };
  return Object.entries(given).filter(
    (entry): entry is [keyof typeof SHORT_MS, number] =>
      entry[1] !== undefined && entry[1] > 0 && entry[1] < SHORT_MS[entry[0] as keyof typeof SHORT_MS],
  );
}

/** The options whose values can be judged alone. */
interface Settings {
  scopes: string[];
  refreshBeforeMs: number;
  keepWarm: KeepWarm;
  replay: ReplayPolicy;
  credentialsTtlMs: number;
  clientAuthentication: SecretWay;
  share: boolean;
  audience: string;
  signer: NonNullable<ConfiguredProvider['signer']>;
  tokenRequest: NonNullable<ConfiguredProvider['tokenRequest']>;
  singleProcess: true;
  insecureHosts: string[];
}

/** An option that has passed its check; `undefined` otherwise, and then it has been reported. */
function setting<N extends keyof Settings>({ options }: ProviderScope, name: N): Settings[N] | undefined {
  const value = options[name];
  return value === undefined || CHECKS[name]?.(value) !== undefined ? undefined : (value as Settings[N]);
}

/** The ways of client authentication that the provider takes, its default first. */
function clientAuthentications(definition: ProviderDefinition): readonly SecretWay[] {
  return strategyOf(definition)?.authentication ?? [];
}

/** The value in the options; without one, the value of the variable; without both, the provider's own value. */
function scopesOf(scope: ProviderScope): readonly string[] {
  const { definition, findings, variables } = scope;
  const variable = definition.scopesVariable;
  const text = variable === undefined ? undefined : variables(variable);
  const inVariable = text === undefined ? undefined : scopesIn(text);
  if (inVariable !== undefined && scopeListProblem(inVariable) !== undefined)
    findings.problem(variable as string, 'must be scopes separated by spaces, such as "read write"');
  return scopeSet(setting(scope, 'scopes') ?? inVariable ?? definition.scopes ?? []);
}
