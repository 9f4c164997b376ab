import { startProcess, type TestProcess } from './support/processes.js';

const COMMAND = new URL('../libs/payments-sandbox/src/bin/payments-sandbox.ts', import.meta.url);

/** The first line of the command's output, once the line is complete. */
async function firstLine(command: TestProcess): Promise<string> {
  while (!command.stdout.includes('\n')) {
    const ended = await Promise.race([command.ended, new Promise((resolve) => setTimeout(resolve, 10))]);
    if (ended !== undefined) throw new Error(`The command ended: ${command.stderr}`);
  }
  return command.stdout;
}

describe('the command payments-sandbox, as a process', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'serves until %s, and then ends cleanly in spite of open connections',
    async (signal) => {
      const command = startProcess(COMMAND, { args: ['--json', '--token-lifetime', '5s'] });
      const { providers, environment, controlUrl } = JSON.parse(await firstLine(command)) as Record<
        string,
        any
      >;
      const { clientSecret } = providers.cashfin.credentials;
      const answer = await fetch(`${environment.CASHFIN_BASE_URL}/business/product/list`, {
        headers: { authorization: clientSecret },
      });
      await fetch(`${controlUrl}/providers/cashfin/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"fault":"hang"}',
      });
      const hanging = fetch(environment.CASHFIN_BASE_URL).catch(() => 'cut off');

      expect(answer.status).toBe(200);
      await command.kill(signal);
      expect(await command.ended).toEqual({ code: 0, signal: null });
      expect(await hanging).toBe('cut off');
      expect(command.stderr).toBe('');
    },
  );

  it('refuses a wrong command line with exit code 2, and says why', async () => {
    const command = startProcess(COMMAND, { args: ['--token-lifetime', 'soon'] });

    expect(await command.ended).toEqual({ code: 2, signal: null });
    expect(command.stdout).toBe('');
    expect(command.stderr).toBe(
      'payments-sandbox: --token-lifetime must be a time such as 500ms, 5s, 2m or 1h, and is "soon". Try --help.\n',
    );
  });

  it('prints its help, and ends', async () => {
    const command = startProcess(COMMAND, { args: ['--help'] });

    expect(await command.ended).toEqual({ code: 0, signal: null });
    expect(command.stdout).toMatch(/^Usage: payments-sandbox/);
  });
});
