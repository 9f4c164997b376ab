/** Lays rows out in columns, numbers to the right. The first row is the heading. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => String(row[column] ?? '').length)),
  );
  const line = (row: readonly (string | number)[]) =>
    row
      .map((cell, column) => {
        const numeric = typeof (rows[1] ?? row)[column] === 'number';
        const width = widths[column] ?? 0;
        return numeric ? String(cell).padStart(width) : String(cell).padEnd(width);
      })
      .join('   ')
      .trimEnd();
  const [heading = [], ...body] = rows;
  const rule = widths.map((width) => '─'.repeat(width)).join('───');
  return [line(heading), rule, ...body.map(line)].join('\n');
}
