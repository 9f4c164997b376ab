import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { advice, programs, provide } from '../scripts/programs.mjs';

/** For each measure, its file and the function that the file exports. Files are loaded late: the contenders are installed first. */
const MEASURES = {
  'hot-path': ['hot-path', 'hotPath'],
  headers: ['hot-path', 'headers'],
  loopback: ['loopback', 'loopback'],
  'first-calls': ['stampedes', 'firstCalls'],
  'refused-together': ['stampedes', 'refusedTogether'],
  'steady-load': ['steady-load', 'steadyLoad'],
  'young-tokens': ['faults', 'youngTokens'],
  'revoked-during-login': ['faults', 'revokedDuringLogin'],
  'forbidden-call': ['faults', 'forbiddenCall'],
  'limited-merchant': ['faults', 'limitedMerchant'],
  'slow-logins': ['faults', 'slowLogins'],
  'hanging-merchants': ['faults', 'hangingMerchants'],
  'clock-step': ['faults', 'clockStep'],
  fleet: ['fleet', 'fleet'],
  'fleet-of-merchants': ['fleet', 'fleetOfMerchants'],
  accounts: ['accounts', 'accounts'],
  'account-memory': ['accounts', 'accountMemory'],
  'account-churn': ['accounts', 'accountChurn'],
  'cold-merchants': ['accounts', 'coldMerchants'],
  boot: ['boot', 'boot'],
  'first-payment': ['first-payment', 'firstPayment'],
};

const HELP = `Usage: npm run bench -- [options] [measure…]

Measures this library beside other ways to stay authenticated. Prints tables; a run of all measures also writes
bench/results/latest.json, docs/benchmarks.md and its charts.

  --write   writes these files also after a run of some measures: the other measures keep their earlier figures
  --quick   a short run of everything, judged by counts (token requests, failures, replays) and never by times; writes nothing
  --baseline <folder>   a checkout of an earlier version, built and with its node_modules, which the hot path is compared with
  --help    this text

Measures: ${Object.keys(MEASURES).join(', ')} (all by default)
`;

/** The programs that a measure starts besides Node. */
const NEEDS = { fleet: 'redis', 'fleet-of-merchants': 'redis', 'account-memory': 'redis' };

const HERE = fileURLToPath(new URL('.', import.meta.url));
const RESULTS = `${HERE}results/latest.json`;
const DOCS = fileURLToPath(new URL('../docs', import.meta.url));

function say(text) {
  process.stdout.write(`${text}\n`);
}

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      baseline: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.quick && values.write)
    throw new Error('A quick run measures too little to be written. Leave out --quick or --write.');
  return { ...values, wanted: positionals };
}

/** The contenders have a package.json of their own, so that the workspace does not depend on them. */
function installPeers() {
  if (existsSync(`${HERE}node_modules/openid-client`)) return;
  say('Installing the contenders…');
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--workspaces=false'], {
    cwd: HERE,
    stdio: 'inherit',
  });
}

async function run({ quick, baseline, wanted }) {
  const { consoleTable } = await import('./report/console-table.mjs');
  const unknown = wanted.filter((name) => !(name in MEASURES));
  if (unknown.length > 0)
    throw new Error(
      `There is no measure ${unknown.join(', ')}. There are ${Object.keys(MEASURES).join(', ')}.`,
    );
  const chosen = Object.keys(MEASURES).filter((id) => wanted.length === 0 || wanted.includes(id));
  const missing = provide(chosen.flatMap((id) => NEEDS[id] ?? []));
  const leftOut = [];
  const sections = [];
  for (const id of chosen) {
    if (missing.includes(NEEDS[id])) {
      leftOut.push(id);
      continue;
    }
    say(`\n${id} …`);
    const [file, name] = MEASURES[id];
    const { [name]: measure } = await import(`./measures/${file}.mjs`);
    const section = { id, measuredAt: new Date().toISOString(), ...(await measure({ quick, baseline })) };
    sections.push(section);
    say(`\n${section.title}\n\n${consoleTable(section.rows)}\n`);
    for (const { what, target, value, met, kind } of section.targets)
      say(
        `${met ? 'met   ' : kind === 'figure' && quick ? '(figure)' : 'MISSED'}  ${what}: ${value} (target ${target})`,
      );
  }
  return { sections, leftOut };
}

/** @param measured the sections of this run; all other sections stay as they are */
async function publish(measured) {
  const { barChart } = await import('./report/bar-chart.mjs');
  const { markdown } = await import('./report/markdown.mjs');
  const before = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')).sections : [];
  const sections = Object.keys(MEASURES).flatMap(
    (id) => [...measured, ...before].find((section) => section.id === id) ?? [],
  );
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const machine = `Node ${process.versions.node} on ${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${memory} GiB, ${process.platform}`;
  const results = { machine, sections };
  mkdirSync(`${HERE}results`, { recursive: true });
  mkdirSync(`${DOCS}/benchmarks`, { recursive: true });
  writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
  const { format } = await import('prettier');
  const page = await format(markdown(results), { parser: 'markdown', printWidth: 110 });
  writeFileSync(`${DOCS}/benchmarks.md`, page);
  for (const { id, title, rows, chart } of sections)
    if (chart !== undefined) writeFileSync(`${DOCS}/benchmarks/${id}.svg`, barChart(title, rows, chart));
  say('\nWritten: bench/results/latest.json, docs/benchmarks.md');
}

const options = readArguments();
if (options.help) {
  say(HELP);
} else {
  installPeers();
  const { sections, leftOut } = await run(options);
  // The results of a full run are published only when every measure has succeeded.
  if (options.write || (!options.quick && options.wanted.length === 0 && leftOut.length === 0))
    await publish(sections);
  const missed = sections
    .flatMap(({ targets }) => targets)
    .filter(({ met, kind }) => !met && kind === 'count');
  if (missed.length > 0) {
    say(`\n${missed.length} missed: ${missed.map(({ what }) => what).join('; ')}`);
    process.exitCode = 1;
  }
  for (const id of leftOut) {
    say(`\nLeft out because ${programs[NEEDS[id]].name} is missing: ${id}. To run it, ${advice(NEEDS[id])}.`);
    process.exitCode ??= 2;
  }
}
