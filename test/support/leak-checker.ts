import { inspect, types } from 'node:util';

/** So many consecutive characters of a secret are as good as the secret. */
const WINDOW = 12;
/** As many bytes in base64. */
const BASE64_WINDOW = (WINDOW / 3) * 4;

/**
 * Where a secret shows in anything that a program could log of `value`: printed at any depth with hidden properties,
 * serialised, as a string, in stacks, along `cause` chains. Searched for in plain, URL-encoded and base64 form (at all
 * three alignments), whole or any 12 consecutive characters of it. Give it random secrets: the parts of a wordy one
 * can stand in a text by chance.
 *
 * @returns one line per finding, without the secret; empty when there is no leak
 */
export function findLeaks(value: unknown, secrets: readonly string[]): string[] {
  const texts = textsOf(value);
  const leaks: string[] = [];
  secrets.forEach((secret, index) => {
    for (const [form, needles] of Object.entries(needlesOf(secret))) {
      for (const [where, text] of texts) {
        const needle = needles.find((each) => text.includes(each));
        if (needle !== undefined)
          leaks.push(`secret ${index} (${form}) in ${where}: ${around(text, needle)}`);
      }
    }
  });
  return leaks;
}

function textsOf(value: unknown): [where: string, text: string][] {
  const texts: [string, string][] = [
    ['inspect', printed(value)],
    ['JSON', attempt(() => JSON.stringify(value) ?? '')],
    ['String', attempt(() => String(value))],
  ];
  const seen = new Set<unknown>();
  for (let link = value, at = 'value'; types.isNativeError(link) && !seen.has(link); at += '.cause') {
    seen.add(link);
    texts.push([`${at}.stack`, link.stack ?? ''], [`${at}.message`, link.message]);
    texts.push([`${at} inspect`, printed(link)], [`${at} JSON`, attempt(() => JSON.stringify(link) ?? '')]);
    link = link.cause;
  }
  return texts;
}

function printed(value: unknown): string {
  return attempt(() =>
    inspect(value, {
      depth: Infinity,
      showHidden: true,
      getters: false,
      maxArrayLength: null,
      maxStringLength: null,
      breakLength: Infinity,
      compact: true,
    }),
  );
}

/** A text that cannot be made (a circular structure) cannot be logged either. */
function attempt(make: () => string): string {
  try {
    return make();
  } catch {
    return '';
  }
}

function needlesOf(secret: string): Record<string, string[]> {
  return {
    plain: windowsOf(secret, WINDOW),
    'URL-encoded': windowsOf(encodeURIComponent(secret), WINDOW),
    base64: [0, 1, 2].flatMap((shift) => windowsOf(base64At(secret, shift), BASE64_WINDOW)),
    base64url: [0, 1, 2].flatMap((shift) =>
      windowsOf(base64At(secret, shift).replaceAll('+', '-').replaceAll('/', '_'), BASE64_WINDOW),
    ),
  };
}

/** The base64 characters that depend on the secret alone, when `shift` bytes stand before it. */
function base64At(secret: string, shift: number): string {
  const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)]);
  const whole = bytes.subarray(0, bytes.length - (bytes.length % 3)).toString('base64');
  return shift === 0 ? whole : whole.slice(4);
}

function windowsOf(text: string, size: number): string[] {
  if (text.length <= size) return text === '' ? [] : [text];
  return Array.from({ length: text.length - size + 1 }, (_, start) => text.slice(start, start + size));
}

function around(text: string, needle: string): string {
  const at = text.indexOf(needle);
  return `…${text.slice(Math.max(0, at - 80), at)}▮`;
}
