/** Year, month, day, time, fraction of a second of any length, offset. */
const ISO_DATE = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:[.,](\d+))?\s*(Z|[+-]\d{2}:?\d{2})?$/i;

/** Larger numbers are milliseconds: as seconds they would be after the year 5000. */
const MOST_EPOCH_SECONDS = 1e11;

/** A finite number above zero, also when it is written as a string of decimal digits. */
export function positiveNumber(value: unknown): number | undefined {
  const number =
    typeof value === 'string' && /^\d+(\.\d+)?$/.test(value.trim()) ? Number(value.trim()) : value;
  return typeof number === 'number' && Number.isFinite(number) && number > 0 ? number : undefined;
}

/**
 * An instant in milliseconds since the epoch, from an ISO date with any number of fractional digits, or from an
 * epoch in seconds or milliseconds. A date without an offset is UTC, whatever the time zone of this
 * machine is.
 */
export function instantMs(value: unknown): number | undefined {
  const epoch = positiveNumber(value);
  if (epoch !== undefined) return epoch < MOST_EPOCH_SECONDS ? epoch * 1_000 : epoch;
  if (typeof value !== 'string') return undefined;
  const [, day, time, fraction = '', offset = 'Z'] = ISO_DATE.exec(value.trim()) ?? [];
  if (day === undefined || time === undefined) return undefined;
  const milliseconds = fraction.slice(0, 3).padEnd(3, '0');
  const atMs = Date.parse(
    `${day}T${time}.${milliseconds}${offset.toUpperCase().replace(/^([+-]\d{2}):?/, '$1:')}`,
  );
  return Number.isNaN(atMs) ? undefined : atMs;
}
