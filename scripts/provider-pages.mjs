/**
 * Writes the documentation of each provider from its definition: `docs/providers/<name>.md`,
 * `docs/providers/README.md`, and the tables in the README and in `docs/webhooks.md`. Run it after a definition has changed: `npm run docs:providers`.
 *
 * The section "What to know" of a page is written by hand, and stays as it is. The pages of the first six providers are
 * written by hand from top to bottom.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { format } from 'prettier';

/**
 * @typedef {import('nestjs-payments-auth').ProviderDefinition<any>} Definition
 * @typedef {{ name: string, required: boolean, what: string }} Variable
 * @typedef {(definition: Definition) => string} KindOf what `nestjs-payments-auth providers` calls it
 */

const REGIONS = /** @type {const} */ (['Africa', 'Americas', 'Asia', 'Europe', 'Worldwide']);
const PROOFS = {
  payload: 'the whole payload',
  values: 'the values that are signed, and no others',
  sender: 'that the sender knows a secret',
  nothing: 'nothing',
};
const NOT_CHECKED =
  'Nothing on this page was checked against a live API. If a live answer looks different, run `npx --no nestjs-payments-auth check --report` and paste what it prints into an issue: it shows no value.';

/** The variables of a provider: its credential fields, then its environment, base URLs and scopes. @param {Definition} definition @returns {Variable[]} */
export function variablesOf({
  credentials,
  environments,
  environmentVariable,
  baseUrlVariable,
  scopesVariable,
}) {
  const fields = Object.entries(credentials).map(([field, one]) => ({
    name: one.variable ?? `(${field})`,
    required: one.optional !== true && one.default === undefined,
    what: one.optional === true ? 'optional' : 'required',
  }));
  const places =
    typeof baseUrlVariable === 'string' ? [baseUrlVariable] : Object.values(baseUrlVariable ?? {});
  const names = Object.keys(environments).map((name) => `\`${name}\``);
  return [
    ...fields,
    ...(environmentVariable === undefined
      ? []
      : [{ name: environmentVariable, required: true, what: names.join(' or ') }]),
    ...places.map((name) => ({ name, required: false, what: 'another base URL, instead of an environment' })),
    ...(scopesVariable === undefined
      ? []
      : [{ name: scopesVariable, required: false, what: 'other scopes, separated by spaces' }]),
  ];
}

/**
 * The page of a provider.
 *
 * @param {Definition} definition
 * @param {KindOf} kindOf
 * @param {string} toKnow the part that is written by hand
 */
export function pageOf(definition, kindOf, toKnow) {
  const {
    title,
    docs,
    basedOn,
    credentialsPage,
    environments,
    probe,
    scopes,
    token,
    advice = [],
    webhooks = {},
  } = definition;
  const urls = Object.entries(environments).flatMap(([environment, hosts]) =>
    typeof hosts === 'string'
      ? [`\`${environment}\`: \`${hosts}\``]
      : Object.entries(hosts).map(([host, url]) => `\`${environment}\`, \`${host}\`: \`${url}\``),
  );
  const facts = [
    ['Documents', `[${new URL(docs).host}](${docs})${basedOn === undefined ? '' : `, as of ${basedOn}`}`],
    ...(credentialsPage === undefined ? [] : [['Credentials', credentialsPage]]),
    ['Base URLs', urls.join('<br>')],
    ...loginOf(token),
    ...(scopes === undefined ? [] : [['Scopes', scopes.map((scope) => `\`${scope}\``).join(' ')]]),
    ...(probe === undefined ? [] : [['Harmless call', `\`${probe.method ?? 'GET'} ${probe.path}\``]]),
  ];
  const schemes = Object.entries(webhooks).map(([name, scheme]) => {
    const confirmWith = scheme['~work']?.confirmWith;
    const { onlyWhenNamed, toleranceMs } = scheme['~work'] ?? {};
    const notes = [
      ...(onlyWhenNamed === true ? ['only where a route names it'] : []),
      ...(toleranceMs === undefined
        ? []
        : [
            `refused when its time of signing and the time now differ by more than ${toleranceMs / 60_000} minutes`,
          ]),
    ];
    return [
      `\`${name}\``,
      PROOFS[scheme.proves],
      confirmWith === undefined ? '' : `\`${confirmWith}\``,
      notes.join('; '),
    ];
  });
  const errors = advice.map(({ on, status, says, cause, fix }) => [
    [
      on === 'login' ? 'a login' : on === 'call' ? 'a call' : 'the settings',
      ...(status === undefined ? [] : [[status].flat().join(', ')]),
      ...(says === undefined ? [] : [`\`${says}\``]),
    ].join(' '),
    cause,
    fix,
  ]);
  return [
    `# ${title}`,
    `${sentence(kindOf(definition))} The library configures this provider only where the application names it: \`fromEnvironment: ['${definition.name}']\`, or under \`providers\`.`,
    NOT_CHECKED,
    table(['', ''], facts),
    table(
      ['Variable', ''],
      variablesOf(definition).map(({ name, what }) => [`\`${name}\``, what]),
    ),
    '## What to know',
    toKnow,
    ...(schemes.length === 0
      ? []
      : [
          '## Webhooks',
          'See [webhooks](../webhooks.md) for the route. This is what a message of each scheme proves:',
          table(['Scheme', 'It proves', 'Confirm with', ''], schemes),
        ]),
    '## Errors',
    table(['What fails', 'Cause', 'Fix'], errors),
    '## Rotation without downtime',
    rotation(definition),
    '',
  ].join('\n\n');
}

/** The list of all providers, with the variables that configure each one. @param {readonly Definition[]} definitions @param {KindOf} kindOf */
export function indexOf(definitions, kindOf) {
  const parts = REGIONS.flatMap((region) => {
    const rows = definitions
      .filter((definition) => regionOf(definition) === region)
      .map((definition) => [
        `[${definition.title}](${definition.name}.md)`,
        `\`${definition.name}\``,
        kindOf(definition),
        Object.keys(definition.environments).join(', '),
        variablesOf(definition)
          .map(({ name, required }) => `\`${name}\`${required ? '' : '?'}`)
          .join(', '),
      ]);
    return rows.length === 0
      ? []
      : [`## ${region}`, table(['Provider', 'Name', 'Kind', 'Environments', 'Variables'], rows)];
  });
  return [
    '# Providers',
    'A variable with `?` is optional. A base URL can replace the environment: then the variable of the environment is not needed.',
    NOT_CHECKED.replace('on this page', 'here'),
    ...parts,
    '',
  ].join('\n\n');
}

/** The table of the README. @param {readonly Definition[]} definitions @param {KindOf} kindOf */
export function readmeTableOf(definitions, kindOf) {
  return REGIONS.flatMap((region) => {
    const rows = definitions
      .filter((definition) => regionOf(definition) === region)
      .map((definition) => [
        `[${definition.title}](docs/providers/${definition.name}.md)`,
        `\`${definition.name}\``,
        kindOf(definition),
        Object.keys(definition.environments).join(', '),
      ]);
    return rows.length === 0
      ? []
      : [`**${region}**`, table(['Provider', 'Name', 'Kind', 'Environments'], rows)];
  }).join('\n\n');
}

/** What the webhooks of all providers prove, and which providers have none. @param {readonly Definition[]} definitions */
export function webhooksTableOf(definitions) {
  const rows = definitions.flatMap(({ title, webhooks = {}, credentials }) =>
    Object.entries(webhooks).map(([name, { proves, '~work': work }]) => [
      title,
      `\`${name}\`${work?.onlyWhenNamed === true ? ' (has to be named)' : ''}`,
      proves,
      work?.confirmWith === undefined ? '' : `\`${work.confirmWith}\``,
      work?.fields.length === 0 && proves !== 'nothing'
        ? 'none: it publishes its keys'
        : (work?.fields ?? [])
            .map((field) => `\`${field}\` (\`${credentials[field]?.variable}\`)`)
            .join(', '),
    ]),
  );
  const silent = definitions.filter(({ webhooks }) => webhooks === undefined).map(({ title }) => title);
  return [
    table(['Provider', 'Scheme', 'Proves', 'Ask before acting', 'Secret'], rows),
    `No webhooks are described for ${listed(silent)}.`,
  ].join('\n\n');
}

/** @param {unknown} token the strategy that a factory has made from the definition */
function loginOf(token) {
  const { path, host } = /** @type {{ path?: string, host?: string }} */ (token ?? {});
  return path === undefined
    ? []
    : [['Login', `\`${path}\`${host === undefined ? '' : `, at the host \`${host}\``}`]];
}

/** @param {Definition} definition */
function regionOf({ region }) {
  return region ?? 'Africa';
}

/** The text between the heading "What to know" and the next section. @param {string} page */
export function toKnowOf(page) {
  return /## What to know\n+([\s\S]*?)\n+## /.exec(page)?.[1] ?? '';
}

/** @param {Definition} definition */
function rotation({ token, credentials, refusal }) {
  if (token?.kind === 'refresh-token')
    return [
      /** @type {{ rotates?: boolean }} */ (token).rotates === true
        ? '1. The provider sends a new refresh token with each login, and the application saves it: see [own providers](../own-provider.md).'
        : '1. The refresh token stays the same. To replace it, ask for the consent again, and configure the new refresh token.',
      '2. To rotate the client, configure the new one by a function or a file. A token that came with the old client stays in use until it expires.',
    ].join('\n');
  const fields = Object.entries(credentials)
    .filter(([, field]) => field.secret !== false && field.optional !== true)
    .map(([name]) => `\`${name}\``);
  const first = `1. Create a second ${listed(fields) || 'secret'} where the provider shows its credentials. If the provider ends the old one at that moment, call \`credentials.rotate(newOnes)\` in every process at once, change the configuration, and skip the other steps.`;
  // A 401 of such a provider may have another reason, so it moves no payment to the next key of a list.
  if (token === undefined && refusal === undefined)
    return [
      first,
      '2. Try the new one with `npx --no nestjs-payments-auth check`, or with one call. A 401 of this provider does not say that the key is wrong. So every call carries the newest key of a list, and only a reading call that is refused is sent once more with another key.',
      '3. Configure the new one alone and deploy, or swap it at a moment of your choice: `credentials.rotate(newOnes)`.',
      '4. When no process uses the old one any more, delete it at the provider.',
    ].join('\n');
  return [
    first,
    '2. Configure both, newest first: `credentials: [newOnes, oldOnes]`. Deploy.',
    '3. When no process uses the old one any more, delete it at the provider, then take it out of the configuration.',
  ].join('\n');
}

/** `a`, `a and b`, or `a, b and c`. @param {readonly string[]} names */
function listed(names) {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** @param {string} text */
function sentence(text) {
  return `${text[0]?.toUpperCase()}${text.slice(1)}.`;
}

/** @param {readonly string[]} cells */
function line(cells) {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** @param {string[]} head @param {string[][]} rows */
function table(head, rows) {
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const root = new URL('../', import.meta.url);
const START = '<!-- providers: written by scripts/provider-pages.mjs -->';
const END = '<!-- end of providers -->';

/** @param {string} text */
export function formatted(text) {
  return format(text, { parser: 'markdown', printWidth: 110, singleQuote: true });
}

async function main() {
  const library = new URL('libs/payments-auth/dist/esm/index.js', root);
  if (!existsSync(library)) {
    console.error('Build the library first: npm run build');
    process.exitCode = 2;
    return;
  }
  const { BUILT_IN_PROVIDERS } = await import(library.href);
  const command = fileURLToPath(new URL('libs/payments-auth/dist/esm/bin/nestjs-payments-auth.js', root));
  const printed = execFileSync(process.execPath, [command, 'providers', '--json'], { encoding: 'utf8' });
  /** @type {Map<string, string>} */
  const kinds = new Map(
    JSON.parse(printed).map((/** @type {{ name: string, kind: string }} */ { name, kind }) => [name, kind]),
  );
  /** @type {KindOf} */
  const kindOf = ({ name }) => kinds.get(name) ?? '';
  const byHand = ['cashfin', 'kashier', 'pesapal', 'clickpesa', 'wakapay', 'cryptofuse'];
  for (const definition of BUILT_IN_PROVIDERS) {
    if (byHand.includes(definition.name)) continue;
    const path = new URL(`docs/providers/${definition.name}.md`, root);
    const toKnow = existsSync(path) ? toKnowOf(readFileSync(path, 'utf8')) : '';
    writeFileSync(path, await formatted(pageOf(definition, kindOf, toKnow)));
  }
  writeFileSync(
    new URL('docs/providers/README.md', root),
    await formatted(indexOf(BUILT_IN_PROVIDERS, kindOf)),
  );
  await replacePart('README.md', readmeTableOf(BUILT_IN_PROVIDERS, kindOf));
  await replacePart('docs/webhooks.md', webhooksTableOf(BUILT_IN_PROVIDERS));
}

/** Replaces the text between the two comments of a page. @param {string} path @param {string} part */
async function replacePart(path, part) {
  const page = new URL(path, root);
  const [before, rest = ''] = readFileSync(page, 'utf8').split(START);
  const [, after = ''] = rest.split(END);
  writeFileSync(page, `${before}${START}\n\n${await formatted(part)}\n${END}${after}`);
}

if (pathToFileURL(process.argv[1] ?? '').href === import.meta.url) await main();
