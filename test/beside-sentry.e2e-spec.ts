import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startProcess, type TestProcess } from './support/processes.js';

/** A bound for a busy machine. Nothing is measured by it. */
const STARTING_MS = 60_000;

/** Invented secrets, under names that no tool knows to be secret. */
const env = {
  WEBHOOK_SECRET: 'test-invented-shared-thing',
  BODY_SECRET: 'test-invented-in-the-body',
  QUERY_SECRET: 'test-invented-in-the-query',
};

interface Traced {
  readonly status: number;
  /** Everything that Sentry would have sent. */
  readonly sent: string;
  readonly clientId: string;
}

describe('Sentry beside the library', () => {
  const children: TestProcess[] = [];
  let traced: { readonly byDefault: Traced; readonly asDocumented: Traced };

  beforeAll(async () => {
    const application = new URL('./support/traced-application.ts', import.meta.url);
    for (const args of [[], ['as-documented']]) children.push(startProcess(application, { args, env }));
    const [byDefault, asDocumented] = await Promise.all(children.map((child) => child.next<Traced>()));
    traced = { byDefault: byDefault as Traced, asDocumented: asDocumented as Traced };
  }, STARTING_MS);
  afterAll(() => Promise.all(children.map((child) => child.kill())));

  const held = ({ sent, clientId }: Traced) =>
    [...Object.values(env), clientId].map((secret) => sent.includes(secret));

  it("records by default the token, body and parameters of a webhook, and ClickPesa's client-id", () => {
    expect(traced.byDefault.status).toBe(500);
    expect(held(traced.byDefault)).toEqual([true, true, true, true]);
  });

  it('records none of them with the documented setting, and its spans and errors as before', () => {
    expect(traced.asDocumented.status).toBe(500);
    expect(held(traced.asDocumented)).toEqual([false, false, false, false]);
    expect(traced.asDocumented.sent).toContain('/third-parties/generate-token');
    expect(traced.asDocumented.sent).toContain('something of the application');
  });
});
