import type { Sandbox } from 'payments-sandbox';

type AnyProvider = ReturnType<Sandbox['provider']>;

export type Button = 'revoke' | 'rotate' | 'slow' | 'fail' | 'refuse' | 'recover';

/** A button of the page, and the behaviour that it gives a provider. */
interface SandboxButton {
  readonly label: string;
  readonly title: string;
  /** The words on the page after the button was pressed. */
  readonly done: string;
  /** Whether the button has an effect on a provider with static keys. */
  readonly alsoForKeys: boolean;
  press(provider: AnyProvider): void;
}

export const BUTTONS: Readonly<Record<Button, SandboxButton>> = {
  revoke: {
    label: 'Revoke tokens',
    title: 'end every token of this provider now',
    done: 'every token is ended: the next call is refused, and sent again with a new one',
    alsoForKeys: false,
    press: (provider) => void provider.revokeTokens(),
  },
  rotate: {
    label: 'Rotate key',
    title: 'give the merchant a new secret',
    done: 'there is a new secret, and the application finds it by itself',
    alsoForKeys: true,
    press: (provider) => void provider.rotate(),
  },
  slow: {
    label: 'Slow down',
    title: 'answer everything 0.8 s late',
    done: 'every answer comes 0.8 s late',
    alsoForKeys: true,
    press: (provider) => void provider.misbehave({ fault: 'slow', delayMs: 800, on: 'any' }),
  },
  fail: {
    label: 'Fail logins',
    title: 'answer every login with an error',
    done: 'every login fails: calls go on until the token ends, and fail from then on',
    alsoForKeys: false,
    press: (provider) => void provider.misbehave({ fault: 'server-error', on: 'token' }),
  },
  refuse: {
    label: 'Fail calls',
    title: 'answer every call with an error',
    done: 'every call fails with HTTP 503',
    alsoForKeys: true,
    press: (provider) => void provider.misbehave({ fault: 'server-error', on: 'call' }),
  },
  recover: {
    label: 'Recover',
    title: 'end all misbehaviour',
    done: 'the provider answers as usual again; a paused login is made within 30 s',
    alsoForKeys: true,
    press: (provider) => {
      provider.behave();
    },
  },
};

export function isButton(name: string): name is Button {
  return Object.hasOwn(BUTTONS, name);
}

/** The faults of a provider, in words. `undefined` while it has none. */
export function misbehaviourOf(provider: AnyProvider): string | undefined {
  const planned = provider.faults
    .filter(({ misbehaviour, struck }) => struck < (misbehaviour.times ?? Infinity))
    .map(({ misbehaviour: { fault, on } }) => {
      if (fault === 'slow') return 'answers late';
      if (fault === 'server-error') return on === 'call' ? 'fails every call' : 'fails every login';
      return fault;
    });
  return planned.length === 0 ? undefined : [...new Set(planned)].join(' and ');
}
