const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/** Reads `500ms`, `10s`, `2m` as milliseconds; `undefined` when it is none of these. */
export function parseDuration(text: string): number | undefined {
  const [, figure = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? [];
  const ms = Number(figure) * (UNITS_MS[unit] ?? Number.NaN);
  return Number.isFinite(ms) && ms >= 1 ? ms : undefined;
}

/** As people say it: `1 h`, `5 min`, `45 s`, `120 ms`. */
export function sayDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 && minutes % 60 !== 0 ? `${minutes} min` : `${Math.round(minutes / 6) / 10} h`;
}
