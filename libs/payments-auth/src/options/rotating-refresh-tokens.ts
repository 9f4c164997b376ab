import type { ConfiguredProvider } from '../providers/configured-provider.js';
import { refreshTokenStrategy } from '../strategies/refresh-token.strategy.js';
import { strategyOf } from '../strategies/strategy.js';
import type { Findings } from './findings.js';

/**
 * Refuses options with which merchants would be lost: a refresh token that is valid for one use, where the next one
 * is not saved, or where several processes do not share it.
 *
 * @param store the store that the processes of the application share
 */
export function checkRotatingRefreshTokens(
  providers: readonly (ConfiguredProvider | undefined)[],
  store: unknown,
  findings: Findings,
): void {
  for (const provider of providers) {
    if (provider === undefined) continue;
    const { name, definition, own, accounts, share, singleProcess } = provider;
    if (refreshTokenStrategy(strategyOf(definition))?.rotates !== true) continue;
    const path = `providers.${name}`;
    const why = `each use of a refresh token of ${definition.title} replaces it`;
    for (const [option, source] of [
      ['credentials', own],
      ['accounts', accounts],
    ] as const)
      if (source !== undefined && source.save === undefined)
        findings.problem(
          `${path}.${option}`,
          `${why}, so the next one has to be kept: give { load, save }, and no fixed values or files`,
        );
    if (!share)
      findings.problem(`${path}.share`, `${why}, so processes have to share its tokens; leave this out`);
    if (singleProcess === true) continue;
    if (store === undefined)
      findings.problem(
        `${path}.singleProcess`,
        `${why}, and no process may spend it beside another: give the module a store, or say true if there is only one`,
      );
    else if (typeof (store as { setNote?: unknown }).setNote !== 'function')
      findings.problem('store', `${why}, and this store keeps no notes of that; it needs note and setNote`);
  }
}
