import { randomBytes } from 'node:crypto';
import { ControlServer } from './control/control-server.js';
import { InvalidInputError } from './core/checks.js';
import { Elsewhere } from './core/elsewhere.js';
import type { ProviderSettings } from './core/provider-settings.js';
import { type SandboxClock, systemClock } from './core/sandbox-clock.js';
import { SeededRandom } from './core/seeded-random.js';
import {
  type AnyProviderName,
  behaviourOf,
  type CredentialsByProvider,
  isProviderName,
  PROVIDER_NAMES,
} from './providers/index.js';
import { similarProvider } from './providers/unknown-provider.js';
import { SandboxProvider } from './sandbox-provider.js';

export interface SandboxOptions {
  /** The providers to start, also those of the catalogue. @default the six of `PROVIDER_NAMES` */
  readonly providers?: readonly AnyProviderName[];
  /** How long every token lives, in milliseconds. @default what each provider documents */
  readonly tokenLifetimeMs?: number;
  /** Fixed ports: by provider, and for its further hosts by both names (`'kashier.fep'`). @default any free ones */
  readonly ports?: Readonly<Partial<Record<AnyProviderName | `${AnyProviderName}.${string}`, number>>>;
  /** The same seed gives exactly the same credentials, tokens and random faults. @default a new one at every start */
  readonly seed?: string;
  /** The clock for expiry, rotation and rate limits. @default the system's clock */
  readonly clock?: SandboxClock;
  /** The settings of a provider at the start. `reset()` restores them. */
  readonly settings?: Readonly<Partial<Record<AnyProviderName, Partial<ProviderSettings>>>>;
  /** Also opens the HTTP control API, on a free port unless a port is given. @default false */
  readonly control?: boolean | { readonly port: number };
  /** How many requests each provider remembers. @default 1000 */
  readonly logSize?: number;
}

/** The running providers, by name. */
export type SandboxProviders = {
  readonly [N in AnyProviderName]: SandboxProvider<CredentialsByProvider[N], N>;
};

/** A running sandbox: the authentication of payment providers on loopback ports. */
export class Sandbox {
  readonly #providers: ReadonlyMap<AnyProviderName, SandboxProvider>;
  readonly #elsewhere: Elsewhere;
  #control: ControlServer | undefined = undefined;

  /** Use {@link startSandbox}. */
  constructor(
    /** The seed of this run. Give it to `startSandbox` to repeat the run. */
    readonly seed: string,
    providers: ReadonlyMap<AnyProviderName, SandboxProvider>,
    elsewhere: Elsewhere,
  ) {
    this.#providers = providers;
    this.#elsewhere = elsewhere;
  }

  /** The names of the providers that run. */
  get names(): readonly AnyProviderName[] {
    return [...this.#providers.keys()];
  }

  /** Every running provider, without the type of its credentials. */
  get running(): readonly SandboxProvider[] {
    return [...this.#providers.values()];
  }

  /** A running provider. @throws when it was not started */
  provider<N extends AnyProviderName>(name: N): SandboxProviders[N] {
    const provider = this.#providers.get(name);
    if (provider === undefined)
      throw new InvalidInputError([
        `Provider "${name}" does not run here. Name it in startSandbox({ providers }).`,
      ]);
    return provider as unknown as SandboxProviders[N];
  }

  /** Every environment variable that an application needs to use these providers. */
  get environment(): Record<string, string> {
    return Object.assign({}, ...this.running.map(({ environment }) => environment)) as Record<string, string>;
  }

  /** Another server on a port of its own, to which redirects lead, and the requests that arrived there. */
  get elsewhere(): Pick<Elsewhere, 'url' | 'requests'> {
    return this.#elsewhere;
  }

  /** The URL of the HTTP control API, if it is open. */
  get controlUrl(): string | undefined {
    return this.#control?.url;
  }

  /** Opens the HTTP control API. @param port 0 for any free one */
  async openControl(port = 0): Promise<string> {
    const control = new ControlServer(this);
    await control.listen(port);
    this.#control = control;
    return control.url;
  }

  /** Ends faults, and clears counts and logs. Merchants and their tokens stay. */
  reset(): void {
    for (const provider of this.#providers.values()) provider.reset();
    this.#elsewhere.reset();
  }

  /** Ends every server and connection. */
  async close(): Promise<void> {
    await Promise.all([
      this.#control?.close(),
      this.#elsewhere.close(),
      ...this.running.map((provider) => provider.close()),
    ]);
  }
}

/** Starts providers on loopback ports, and resolves when all of them listen. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { providers: names = PROVIDER_NAMES, ports = {}, clock = systemClock, logSize = 1_000 } = options;
  const seed = options.seed ?? randomBytes(8).toString('hex');
  const random = new SeededRandom(seed);
  const elsewhere = new Elsewhere();
  const lifetime = options.tokenLifetimeMs === undefined ? {} : { tokenLifetimeMs: options.tokenLifetimeMs };
  const providers = new Map<AnyProviderName, SandboxProvider>();
  const told = new Map<string, string>();
  for (const name of names) {
    if (!isProviderName(name))
      throw new InvalidInputError([
        `There is no provider "${String(name)}" here.${similarProvider(String(name))} "npx payments-sandbox --help" lists all of them.`,
      ]);
    const settings = { ...lifetime, ...options.settings?.[name] };
    const provider = new SandboxProvider(behaviourOf(name), {
      clock,
      random,
      settings,
      logSize,
      elsewhere,
      told,
    });
    providers.set(name, provider);
  }
  const sandbox = new Sandbox(seed, providers, elsewhere);
  try {
    for (const [name, provider] of providers) {
      const taken = provider.hosts.map((host, index) => {
        const key: keyof typeof ports = index === 0 ? name : `${name}.${host}`;
        return [host, ports[key] ?? 0] as const;
      });
      await provider.listen(Object.fromEntries(taken));
    }
    // Servers on free ports start last. Otherwise they could take a fixed port.
    const { control = false } = options;
    if (control !== false) await sandbox.openControl(control === true ? 0 : control.port);
    await elsewhere.listen(0);
  } catch (error) {
    await sandbox.close();
    throw error;
  }
  return sandbox;
}
