const DURATION = /^(\d+(?:\.\d+)?) ?(?:(ms|millis\w*)|(m|min|mins|minutes?)|(?:s|sec|secs|seconds?)?)$/i;

/** Reads `5`, `5s`, `5 seconds`, `500ms`, `2m` as milliseconds; `undefined` when it is none of these. */
export function parseDuration(text: string): number | undefined {
  const [, figure = 'NaN', millis, minutes] = DURATION.exec(text.trim()) ?? [];
  const ms = Number(figure) * (millis === undefined ? (minutes === undefined ? 1_000 : 60_000) : 1);
  return Number.isFinite(ms) && ms >= 1 ? ms : undefined;
}

const TIME = /\b(\d+(?:\.\d+)?) ?(ms|milliseconds?|s|secs?|seconds?)\b/g;
/** A time with more digits than these is hard to read. */
const MOST_DIGITS = 3;

/** The same words, with every time of more than three digits as people say it: "no answer within 15 s" for 15000 ms. */
export function withRoundedTimes(words: string): string {
  return words.replace(TIME, (time, figure: string, unit: string) => {
    const digits = figure.replace('.', '').replace(/^0+/, '').length;
    return digits > MOST_DIGITS ? sayDuration(Number(figure) * (unit.startsWith('m') ? 1 : 1_000)) : time;
  });
}

/** As people say it: `90 days`, `1 h`, `5 min`, `45 s`, `1.5 s`, `120 ms`. */
export function sayDuration(ms: number): string {
  if (Math.round(ms) < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${Math.round(ms / 100) / 10} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120 && minutes % 60 !== 0) return `${minutes} min`;
  const hours = Math.round(minutes / 6) / 10;
  if (hours < 48) return `${hours} h`;
  const days = hours / 24;
  return `${days < 10 ? Math.round(days * 10) / 10 : Math.round(days)} days`;
}
