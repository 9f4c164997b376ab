import type { Sandbox } from 'payments-sandbox';
import { table } from '../run/table.js';
import type { WebhookLog } from './webhook-log.js';

const SIGNING = ['cashfin', 'kashier', 'clickpesa', 'wakapay'] as const;

const PROOFS = {
  payload: 'every field that the handler gets',
  values: 'the values, but not the field that each belongs to',
  sender: 'that the sender has seen one of your webhooks: ask the provider before you act on it',
  nothing: 'nothing: ask the provider before you act on it',
} as const;

/** Makes every provider that signs send a genuine and a forged message. Reports the answers. */
export async function exchangeWebhooks(
  sandbox: Sandbox,
  log: WebhookLog,
  url: string,
): Promise<{ words: string; succeeded: boolean }> {
  const rows: string[][] = [];
  let succeeded = true;
  for (const name of SIGNING) {
    const to = `${url}/webhooks/${name}`;
    const forged = await sandbox.provider(name).sendWebhook(to, { forge: 'wrong-key' });
    const wasKeptOut = forged.status === 401 && log.latest(name) === undefined;
    const genuine = await sandbox.provider(name).sendWebhook(to);
    const delivery = log.latest(name);
    succeeded &&= wasKeptOut && genuine.status === 200 && delivery !== undefined;
    rows.push([
      name,
      wasKeptOut ? 'refused' : `accepted (${forged.status})`,
      delivery === undefined ? `refused (${genuine.status})` : 'handled',
      delivery === undefined ? '' : PROOFS[delivery.proves],
    ]);
  }
  const unsigned = await sandbox.provider('pesapal').sendWebhook(`${url}/webhooks/pesapal`);
  const delivery = log.latest('pesapal');
  succeeded &&= unsigned.status === 200 && delivery?.proves === 'nothing';
  rows.push([
    'pesapal',
    'is not signed',
    delivery === undefined ? `refused (${unsigned.status})` : 'handled',
    PROOFS.nothing,
  ]);
  return {
    words: table([['webhook of', 'forged one', 'genuine one', 'what it proves'], ...rows]),
    succeeded,
  };
}
