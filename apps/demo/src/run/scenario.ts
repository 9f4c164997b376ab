import { setTimeout as wait } from 'node:timers/promises';
import { BUILT_IN_PROVIDERS, type ProviderDefinition } from 'nestjs-payments-auth';
import type { Sandbox } from 'payments-sandbox';

/** A change at the providers while calls go on, and its time: from 0 (start) to 1 (end of the run). */
export interface Turn {
  readonly at: number;
  readonly words: string;
  play(sandbox: Sandbox): void;
}

const TOKEN_PROVIDERS = ['pesapal', 'clickpesa', 'wakapay', 'cryptofuse'] as const;

/** The faults of one bad day at the six providers. */
export const SIX_PROVIDERS_DAY: readonly Turn[] = [
  {
    at: 0.3,
    words: 'All tokens are revoked while calls are in flight.',
    play: (sandbox) => {
      for (const name of TOKEN_PROVIDERS) sandbox.provider(name).revokeTokens();
    },
  },
  {
    at: 0.5,
    words: "Kashier's secret key is rotated; the old key ends at once.",
    play: (sandbox) => {
      sandbox.provider('kashier').rotate();
    },
  },
  {
    at: 0.6,
    words:
      "Cashfin's key is rotated; for 2 s Cashfin does not know the new key, and the old key is still accepted.",
    play: (sandbox) => {
      sandbox.provider('cashfin').rotate({ newWorksAfterMs: 2_000 });
    },
  },
  {
    at: 0.75,
    words: 'The login endpoints of PesaPal and WakaPay fail twice each.',
    play: (sandbox) => {
      for (const name of ['pesapal', 'wakapay'] as const)
        sandbox.provider(name).misbehave({ fault: 'server-error', on: 'token', times: 2 });
    },
  },
  {
    at: 0.9,
    words: 'All tokens are revoked once more.',
    play: (sandbox) => {
      for (const name of TOKEN_PROVIDERS) sandbox.provider(name).revokeTokens();
    },
  },
];

const named = (some: readonly ProviderDefinition[]) => some.map(({ title }) => title).join(', ');

/**
 * The faults of such a day for any providers. Tokens are revoked and keys rotated only where the provider documents how it
 * refuses a call. With other providers a refused payment is not sent again, so the call would fail, as the rules want.
 */
export function dayOf(sandbox: Sandbox): readonly Turn[] {
  const definitions = (BUILT_IN_PROVIDERS as readonly ProviderDefinition[]).filter(({ name }) =>
    sandbox.names.some((each) => each === name),
  );
  const of = (some: readonly ProviderDefinition[], play: (name: (typeof sandbox.names)[number]) => void) => {
    for (const name of sandbox.names) if (some.some((each) => each.name === name)) play(name);
  };
  const withToken = definitions.filter(({ token }) => token !== undefined);
  const known = withToken.filter(({ refusal }) => refusal !== undefined);
  const keys = definitions.filter(
    (each) => each.token === undefined && each.refusal !== undefined && each.sign === undefined,
  );
  const turns: (Turn & { readonly who: readonly ProviderDefinition[] })[] = [
    {
      at: 0.3,
      who: known,
      words: `All tokens of ${named(known)} are revoked while calls are in flight.`,
      play: () => of(known, (name) => sandbox.provider(name).revokeTokens()),
    },
    {
      at: 0.5,
      who: keys,
      words: `The keys of ${named(keys)} are rotated; the old keys end at once.`,
      play: () => of(keys, (name) => sandbox.provider(name).rotate()),
    },
    {
      at: 0.7,
      who: withToken,
      words: `The login endpoints of ${named(withToken)} fail twice each.`,
      play: () =>
        of(withToken, (name) =>
          sandbox.provider(name).misbehave({ fault: 'server-error', on: 'token', times: 2 }),
        ),
    },
  ];
  return turns.filter(({ who }) => who.length > 0);
}

/** Plays the scenario over `durationMs`, and reports each change as it happens. */
export async function playScenario(
  sandbox: Sandbox,
  turns: readonly Turn[],
  durationMs: number,
  tell: (words: string) => void,
): Promise<void> {
  const startedAtMs = performance.now();
  const until = (part: number) => wait(Math.max(0, part * durationMs - (performance.now() - startedAtMs)));
  for (const turn of turns) {
    await until(turn.at);
    tell(turn.words);
    turn.play(sandbox);
  }
  await until(1);
}
