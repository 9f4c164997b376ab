import { ownCopy } from '../own-properties.js';
import { pickCredentials } from '../providers/credential-value.js';
import { type KeyUser, triesKeys, unfitKeys } from '../providers/unfit-keys.js';
import { type FoundSource, isThereAtBoot } from './credentials-source.js';
import type { ProviderScope } from './provider-scope.js';

/**
 * Tries the keys and certificates that are there at boot. Without this check, the first login would find a key of the
 * wrong kind, one that does not fit, or one that cannot be opened, and nobody would look for that mistake in the
 * options.
 */
export async function checkKeys(
  { definition, findings, path }: ProviderScope,
  { certificates, environment }: Omit<KeyUser, 'definition'>,
  { own, accounts }: { own: FoundSource | undefined; accounts: FoundSource | undefined },
): Promise<void> {
  const user = ownCopy({ definition, certificates, environment }) as KeyUser;
  if (!triesKeys(user)) return;
  const check = async (at: string, source: FoundSource, account?: string) => {
    const list = (await source.resolve(account)) ?? [];
    for (const [index, given] of list.entries())
      for (const { field, what } of unfitKeys(user, pickCredentials(definition, given))) {
        const where = list.length > 1 ? `${at}[${index}]` : at;
        findings.problem(field === undefined ? where : `${where}.${field}`, what);
      }
  };
  if (own !== undefined && isThereAtBoot(own)) await check(`${path}.credentials`, own);
  for (const account of accounts?.thereAtBoot ?? [])
    await check(`${path}.accounts[${JSON.stringify(account)}]`, accounts as FoundSource, account);
}
