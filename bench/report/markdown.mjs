import { columnsOf } from './console-table.mjs';

/** `docs/benchmarks.md`, made from the results alone. */
export function markdown({ machine, sections }) {
  const days = sections.map(({ measuredAt }) => measuredAt.slice(0, 10));
  const [first, last] = [days.reduce(earlier), days.reduce(later)];
  return [
    '# Figures',
    '',
    '<!-- Written by `npm run bench` from bench/results/latest.json. Do not edit. -->',
    '',
    'This page compares this library with other ways to stay authenticated. Each way is set up as its own documents recommend.',
    'The ways run in turns, or side by side, so that a disturbance slows all of them alike. Figures of several rounds are medians.',
    `Measured ${first === last ? `on ${first}` : `from ${first} to ${last}`} with ${machine}. Run it yourself: \`npm run bench\`.`,
    '',
    ...targets(sections),
    ...sections.flatMap(section),
    'None of the other ways removes the credential from responses and errors, checks where a request goes, or refuses to replay',
    'a payment that may have been made. So a way with a lower cost than this library also does less.',
    '',
  ].join('\n');
}

function targets(sections) {
  const rows = sections.flatMap((each) => each.targets);
  return [
    '| What | Target | Measured | |',
    '| --- | --- | --- | --- |',
    ...rows.map(
      ({ what, target, value, met }) => `| ${what} | ${target} | ${value} | ${met ? 'met' : '**missed**'} |`,
    ),
    '',
  ];
}

function section({ id, title, note, rows, chart }) {
  const columns = columnsOf(rows);
  const [first, ...rest] = columns;
  return [
    `## ${title}`,
    '',
    ...(note === undefined ? [] : [note, '']),
    ...(chart === undefined ? [] : [`![${title}](benchmarks/${id}.svg)`, '']),
    `| ${[first === 'name' ? '' : first, ...rest].join(' | ')} |`,
    `| --- | ${rest.map(() => '--: |').join(' ')}`,
    ...rows.map((row) => {
      const cells = columns.map((column) => format(row[column]));
      return `| ${(row.role === 'ours' ? [`**${cells[0]}**`, ...cells.slice(1)] : cells).join(' | ')} |`;
    }),
    '',
  ];
}

function format(cell) {
  if (cell === undefined) return '';
  return typeof cell === 'number' ? cell.toLocaleString('en', { maximumFractionDigits: 3 }) : cell;
}

function earlier(one, other) {
  return one < other ? one : other;
}

function later(one, other) {
  return one < other ? other : one;
}
