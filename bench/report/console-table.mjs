/** Rows as a table for a terminal: names to the left, figures to the right. */
export function consoleTable(rows) {
  const columns = columnsOf(rows);
  const cells = rows.map((row) => columns.map((column) => String(row[column] ?? '')));
  const widths = columns.map((column, at) => Math.max(column.length, ...cells.map((row) => row[at].length)));
  const line = (row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join('   ');
  return [line(columns), widths.map((width) => '─'.repeat(width)).join('───'), ...cells.map(line)].join('\n');
}

export function columnsOf(rows) {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((column) => column !== 'role');
}
