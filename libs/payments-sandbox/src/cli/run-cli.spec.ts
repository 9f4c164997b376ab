import { EventEmitter, once } from 'node:events';
import { parseDuration } from './duration.js';
import { runCli } from './run-cli.js';

const running: { stop(): void; exitCode: Promise<number> }[] = [];

/** Runs the command in this process, until `stop` is called, or to the end of the test. */
function run(...argv: string[]) {
  const signals = new EventEmitter();
  const errors: string[] = [];
  const output = once(signals, 'output').then(([text]) => String(text));
  const exitCode = runCli({
    argv,
    out: (text) => signals.emit('output', text),
    error: (text) => errors.push(text),
    stopped: once(signals, 'stop').then(() => undefined),
  });
  const command = { output, errors, exitCode, stop: () => void signals.emit('stop') };
  running.push(command);
  return command;
}

describe('payments-sandbox', () => {
  afterEach(async () => {
    for (const command of running.splice(0)) {
      command.stop();
      await command.exitCode;
    }
  });

  it('prints where everything listens, and ends with 0 when it is stopped', async () => {
    const command = run();
    const output = await command.output;

    expect(output).toMatch(/kashier \(fep\) {2,}http:\/\/127\.0\.0\.1:\d+\n/);
    expect(output).toMatch(/control API {2,}http:\/\/127\.0\.0\.1:\d+\n/);
    expect(output).toMatch(/^KASHIER_SECRET_KEY='[0-9a-f]{32}\$[0-9a-f]{96}'$/m);
    command.stop();
    expect(await command.exitCode).toBe(0);
  });

  it('prints one JSON object', async () => {
    const command = run('--json', '--provider', 'wakapay', '--token-lifetime', '5s', '--seed', 'same');
    const { seed, providers, environment, controlUrl } = JSON.parse(await command.output) as Record<
      string,
      any
    >;

    expect(seed).toBe('same');
    expect(Object.keys(providers)).toEqual(['wakapay']);
    expect(environment.WAKAPAY_BASE_URL).toBe(providers.wakapay.baseUrls.api);
    const state = (await (await fetch(`${controlUrl}/state`)).json()) as Record<string, any>;
    expect(state['providers'].wakapay.settings.tokenLifetimeMs).toBe(5_000);
  });

  it('prints an .env file', async () => {
    const command = run('--env', '--provider', 'cashfin', '--provider', 'pesapal');
    const lines = (await command.output).trimEnd().split('\n');

    expect(command.errors).toEqual([
      expect.stringMatching(/^The sandbox runs.*http:\/\/127.*Ctrl\+C ends it\.\n$/),
    ]);
    expect(lines).toHaveLength(6);
    expect(lines.every((line) => /^[A-Z_]+='[^']+'$/.test(line))).toBe(true);
  });

  it('starts the listed providers, with settings, faults and further merchants', async () => {
    const command = run(
      '--json',
      '--providers',
      'wakapay, cashfin',
      '--account',
      'shop-2',
      '--set',
      'tokensRefusedForMs=300',
      '--set',
      'nodesDisagreeForMs=always',
      '--fault',
      '{"fault":"hang","on":"token","account":"shop-2"}',
    );
    const { controlUrl } = JSON.parse(await command.output) as { controlUrl: string };
    const state = (await (await fetch(`${controlUrl}/state`)).json()) as Record<string, any>;

    expect(Object.keys(state['providers'])).toEqual(['wakapay', 'cashfin']);
    expect(state['providers'].wakapay).toMatchObject({
      accounts: ['own', 'shop-2'],
      settings: { tokensRefusedForMs: 300, nodesDisagreeForMs: 'always' },
      faults: [{ misbehaviour: { fault: 'hang', on: 'token', account: 'shop-2' }, struck: 0 }],
    });
  });

  it('prints its help', async () => {
    const command = run('--help');

    expect(await command.output).toMatch(/^Usage: payments-sandbox/);
    expect(await command.exitCode).toBe(0);
  });

  it.each([
    [['--token-lifetime', '5'], '--token-lifetime must be a time such as 500ms, 5s, 2m or 1h, and is "5"'],
    [['--port', '70000'], '--port must be a number from 1 to 65528, and is "70000"'],
    [['--providers', 'cashfin,nobody'], '--providers: there is no provider "nobody". Try --help.'],
    [
      ['--providers', 'daraja,Paystak'],
      '--providers: there is no provider "Paystak". Did you mean "paystack"?',
    ],
    [['--providers', 'dajara'], '--providers: there is no provider "dajara". Did you mean "daraja"?'],
    [['--providers', ' ,'], '--providers must name at least one provider'],
    [['--set', 'skewMs'], '--set takes NAME=VALUE, and got "skewMs"'],
    [['--set', 'skewMs=late'], '--set: "skewMs" must be a number'],
    [['--fault', '{"fault":"slow"}'], '--fault: "delayMs" must be a number'],
    [['--json', '--env'], '--json and --env exclude each other'],
    [['--prot', '1'], "Unknown option '--prot'"],
    [['extra'], "Unexpected argument 'extra'"],
    [['--port'], "Option '--port <value>' argument missing"],
  ])('refuses %j with exit code 2', async (argv, message) => {
    const command = run(...argv);

    expect(await command.exitCode).toBe(2);
    expect(command.errors.join('')).toContain(message);
    expect(command.errors.join('')).toContain('Try --help.');
  });

  it('says which port is in use, with exit code 1', async () => {
    const first = run('--json', '--provider', 'wakapay');
    const { controlUrl } = JSON.parse(await first.output) as { controlUrl: string };
    const { port } = new URL(controlUrl);
    const second = run('--port', port, '--provider', 'cashfin');

    expect(await second.exitCode).toBe(1);
    // Another port of the first sandbox may be in use too, and be found first.
    expect(second.errors.join('')).toMatch(/port \d+ is in use\. Choose another --port\./);
  });
});

it.each([
  ['500ms', 500],
  ['5s', 5_000],
  ['1.5s', 1_500],
  ['2m', 120_000],
  ['1h', 3_600_000],
  ['0s', undefined],
  ['5', undefined],
  ['-5s', undefined],
  ['5 s', undefined],
  ['', undefined],
])('reads %j as %j milliseconds', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});
