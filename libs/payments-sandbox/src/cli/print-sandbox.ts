import type { Sandbox } from '../sandbox.js';
import type { CliArguments } from './arguments.js';

/** The output of the command after every server listens. */
export function printSandbox(sandbox: Sandbox, format: CliArguments['format']): string {
  if (format === 'env') return environmentLines(sandbox);
  return format === 'json' ? json(sandbox) : text(sandbox);
}

function json(sandbox: Sandbox): string {
  const { seed, controlUrl, environment } = sandbox;
  const providers = Object.fromEntries(
    sandbox.names.map((name) => [
      name,
      {
        baseUrls: sandbox.provider(name).baseUrls,
        credentials: sandbox.provider(name).credentials,
      },
    ]),
  );
  return `${JSON.stringify({ seed, controlUrl, providers, environment })}\n`;
}

function text(sandbox: Sandbox): string {
  const rows = sandbox.names.flatMap((name) => {
    const { baseUrls } = sandbox.provider(name);
    return Object.entries(baseUrls).map(([host, url]) => [
      Object.keys(baseUrls).length > 1 ? `${name} (${host})` : name,
      url,
    ]);
  });
  const all = [...rows, ['control API', sandbox.controlUrl ?? '']];
  const width = Math.max(...all.map(([label = '']) => label.length));
  const lines = all.map(([label = '', url = '']) => `  ${label.padEnd(width)}  ${url}`);
  return [
    `payments-sandbox (seed ${sandbox.seed})`,
    '',
    ...lines,
    '',
    'Environment, with invented credentials:',
    '',
    environmentLines(sandbox),
    'Stop with Ctrl-C.',
    '',
  ].join('\n');
}

/** In single quotes: a Kashier secret has a `$` in it, which shells and dotenv would expand. */
function environmentLines(sandbox: Sandbox): string {
  return Object.entries(sandbox.environment)
    .map(([name, value]) => `${name}='${value}'\n`)
    .join('');
}
