import type { CredentialStatus } from 'nestjs-payments-auth';
import type { Sandbox } from 'payments-sandbox';
import { keyOf, type PaymentAction } from '../payments/payment-action.js';
import { table } from './table.js';
import type { Tally } from './tally.js';

/** The result of the run, as text for people. */
export function report(
  actions: readonly PaymentAction[],
  tally: Tally,
  status: readonly CredentialStatus[],
  sandbox: Sandbox,
): string {
  const rows = actions.map((action) => {
    const key = keyOf(action);
    const counts = tally.of(key);
    const { tokenRequests = 0, earlyRenewals = 0 } =
      status.find((each) => keyOf(each) === key)?.counters ?? {};
    const { payments, calls, refusalsSurvived, failed } = counts;
    return [key, action.scheme, calls, payments, tokenRequests, earlyRenewals, refusalsSurvived, failed];
  });
  const heading = [
    'provider',
    'scheme',
    'calls',
    'payments',
    'token requests',
    'early renewals',
    'refusals survived',
    'failed calls',
  ];
  const seen = sandbox.names.map((name) => sandbox.provider(name).counts);
  const total = (pick: (counts: (typeof seen)[number]) => number) =>
    seen.reduce((sum, counts) => sum + pick(counts), 0);
  return [
    table([heading, ...rows]),
    '',
    `The providers carried out ${total((counts) => counts.executions)} payments, ` +
      `${total((counts) => counts.executedTwice)} of them twice.`,
  ].join('\n');
}
