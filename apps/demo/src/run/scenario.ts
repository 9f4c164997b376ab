import { setTimeout as wait } from 'node:timers/promises';
import type { Sandbox } from 'payments-sandbox';

/** Something that happens to the providers while calls go on, at a part of the run from 0 to 1. */
interface Turn {
  readonly at: number;
  readonly words: string;
  play(sandbox: Sandbox): void;
}

const TOKEN_PROVIDERS = ['pesapal', 'clickpesa', 'wakapay', 'cryptofuse'] as const;

/** What an ordinary bad day looks like. */
const SCENARIO: readonly Turn[] = [
  {
    at: 0.3,
    words: 'All tokens are revoked while calls are in flight.',
    play: (sandbox) => {
      for (const name of TOKEN_PROVIDERS) sandbox.provider(name).revokeTokens();
    },
  },
  {
    at: 0.5,
    words: "Kashier's secret key is rotated; the old one is dead at once.",
    play: (sandbox) => {
      sandbox.provider('kashier').rotate();
    },
  },
  {
    at: 0.6,
    words:
      "Cashfin's key is rotated; for a while the new one is not known everywhere, and the old one still works.",
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

/** Plays the scenario over `durationMs`, and tells about each turn as it comes. */
export async function playScenario(
  sandbox: Sandbox,
  durationMs: number,
  tell: (words: string) => void,
): Promise<void> {
  const startedAtMs = performance.now();
  const until = (part: number) => wait(Math.max(0, part * durationMs - (performance.now() - startedAtMs)));
  for (const turn of SCENARIO) {
    await until(turn.at);
    tell(turn.words);
    turn.play(sandbox);
  }
  await until(1);
}
