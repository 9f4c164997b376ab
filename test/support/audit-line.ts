/** An event as the audit log has it: one line, times in whole milliseconds. */
export function auditLineOf(event: object): string {
  return JSON.stringify(event, (name, value: unknown) =>
    typeof value === 'number' && name.endsWith('Ms') ? Math.round(value) : value,
  );
}
