const DURATION = /^(\d+(?:\.\d+)?) ?(?:(ms|millis\w*)|(m|min|mins|minutes?)|(?:s|sec|secs|seconds?)?)$/i;

/** Reads `5`, `5s`, `5 seconds`, `500ms`, `2m` as milliseconds; `undefined` when it is none of these. */
export function parseDuration(text: string): number | undefined {
  const [, figure = 'NaN', millis, minutes] = DURATION.exec(text.trim()) ?? [];
  const ms = Number(figure) * (millis === undefined ? (minutes === undefined ? 1_000 : 60_000) : 1);
  return Number.isFinite(ms) && ms >= 1 ? ms : undefined;
}

/** The same words, with every long time in them as people say it: "no answer within 15 s" for 15000 ms. */
export function withRoundedTimes(words: string): string {
  return words.replace(/\b(\d{5,})(?:\.\d+)? ?ms\b/g, (_, ms: string) => sayDuration(Number(ms)));
}

/** As people say it: `1 h`, `5 min`, `45 s`, `1.5 s`, `120 ms`. */
export function sayDuration(ms: number): string {
  if (Math.round(ms) < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${Math.round(ms / 100) / 10} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 && minutes % 60 !== 0 ? `${minutes} min` : `${Math.round(minutes / 6) / 10} h`;
}
