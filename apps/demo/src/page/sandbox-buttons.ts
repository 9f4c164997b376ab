import type { Sandbox } from 'payments-sandbox';

type AnyProvider = ReturnType<Sandbox['provider']>;

/** What the buttons of the page make a provider do. */
export const BUTTONS = {
  revoke: (provider: AnyProvider) => void provider.revokeTokens(),
  rotate: (provider: AnyProvider) => void provider.rotate(),
  slow: (provider: AnyProvider) => void provider.misbehave({ fault: 'slow', delayMs: 800, on: 'any' }),
  fail: (provider: AnyProvider) => void provider.misbehave({ fault: 'server-error', on: 'token' }),
  recover: (provider: AnyProvider) => provider.behave(),
} as const;

export type Button = keyof typeof BUTTONS;

export function isButton(name: string): name is Button {
  return Object.hasOwn(BUTTONS, name);
}
