import { describe, expect, it } from '@jest/globals';
import { refreshToken, refreshTokenStrategy } from './refresh-token.strategy.js';
import type { TokenStrategy } from './strategy.js';

interface Bundled {
  readonly bundle: string;
}

const strategyThat = (rotates: boolean) =>
  refreshTokenStrategy(
    refreshToken<Bundled>({
      path: '/token',
      client: () => ({ id: 'acme', secret: 'invented' }),
      refreshToken: ({ credentials }) => (JSON.parse(credentials.bundle) as { refresh: string }).refresh,
      rotates,
      documentedLifetimeMs: 600_000,
    }) as TokenStrategy<Bundled>,
  );

describe('A refresh token that is a part of a credential', () => {
  const given = { credentials: { bundle: '{"refresh":"invented-1"}' } };

  it('is not spent where each use replaces it, because the next one has no place', () => {
    expect(() => strategyThat(true)?.refreshToken(given)).toThrow(
      /^token\.refreshToken returned a text that is not the value of a credential; .* return one field unchanged$/,
    );
  });

  it('is spent where it stays as it is', () => {
    expect(strategyThat(false)?.refreshToken(given)).toBe('invented-1');
  });
});
