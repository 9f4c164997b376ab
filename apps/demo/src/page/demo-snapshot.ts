import type { StatusPageRow, StatusPageSnapshot } from 'nestjs-payments-auth/status-page';
import type { Sandbox } from 'payments-sandbox';
import { keyOf, type PaymentAction } from '../payments/payment-action.js';
import { BUTTONS, misbehaviourOf } from './sandbox-buttons.js';

/** The parts that the page of the library shows in addition to its own: buttons, notes and figures. */
export interface DemoSnapshot extends Omit<StatusPageSnapshot, 'rows'> {
  readonly rows: readonly (StatusPageRow & {
    readonly scheme: string;
    readonly actions: readonly {
      readonly name: string;
      readonly label: string;
      readonly title: string;
      readonly done: string;
      readonly url: string;
    }[];
    /** The text above the buttons. */
    readonly actionsLabel: string;
    readonly note?: { readonly tone: 'calm' | 'warn'; readonly words: string };
  })[];
  readonly page: {
    readonly totals: readonly {
      readonly name: string;
      readonly value: number;
      readonly label: string;
      readonly tone: string;
    }[];
  };
}

/** The snapshot of the library, with the facts that only the sandbox knows: its faults, and payments that were made twice. */
export function demoSnapshot(
  snapshot: StatusPageSnapshot,
  sandbox: Sandbox,
  actions: readonly PaymentAction[],
): DemoSnapshot {
  const executedTwice = sandbox.names
    .map((name) => sandbox.provider(name).counts.executedTwice)
    .reduce((total, each) => total + each, 0);
  return {
    ...snapshot,
    rows: snapshot.rows.map((row) => ({ ...row, ...ofSandbox(row, sandbox, actions) })),
    page: {
      totals: [
        {
          name: 'twice',
          value: executedTwice,
          label: 'payments twice',
          tone: executedTwice > 0 ? 'bad' : '',
        },
      ],
    },
  };
}

function ofSandbox({ status }: StatusPageRow, sandbox: Sandbox, actions: readonly PaymentAction[]) {
  const { provider, account } = status;
  const scheme = actions.find((each) => keyOf(each) === keyOf(status))?.scheme ?? '';
  const name = sandbox.names.find((each) => each === provider);
  const actionsLabel = 'Make the sandbox misbehave';
  if (name === undefined) return { scheme, actions: [], actionsLabel };
  const misbehaviour = misbehaviourOf(sandbox.provider(name));
  const isKey = scheme.startsWith('static');
  const buttons = Object.entries(BUTTONS).filter(([, { alsoForKeys }]) => alsoForKeys || !isKey);
  return {
    scheme,
    actionsLabel,
    // A provider has its buttons once. They apply to its merchants too.
    actions:
      account !== undefined
        ? []
        : buttons.map(([button, { label, title, done }]) => ({
            name: button,
            label,
            title,
            done,
            url: `/sandbox/${provider}/${button}`,
          })),
    ...(misbehaviour === undefined
      ? {}
      : { note: { tone: 'warn' as const, words: `the sandbox ${misbehaviour}` } }),
  };
}
