import { inspect, types } from 'node:util';

/** This many consecutive characters of a secret count as the secret. */
const WINDOW = 12;
/** The number of bytes in that many characters of base64. */
const BASE64_WINDOW = (WINDOW / 3) * 4;

/** The texts of a value that a program could log, by the way in which each is made. */
type Texts = [where: string, text: string][];

/**
 * Finds secrets in every text that a program could log of `value`: the value printed at any depth with hidden properties,
 * its JSON, its string, and the stacks and `cause` chains of errors. A secret counts as found when any 12 consecutive
 * characters of it stand there, in plain, URL-encoded or base64 form (at all three alignments). Use random secrets: parts of
 * a secret that is made of words can stand in a text by chance.
 *
 * @returns one line per finding, without the secret; empty when there is no leak
 */
export function findLeaks(value: unknown, secrets: readonly string[]): string[] {
  return findIn(textsOf(value), secrets);
}

/** Finds secrets in a text that was logged. */
export function findLeaksInText(text: string, secrets: readonly string[]): string[] {
  return findIn([['text', text]], secrets);
}

function findIn(texts: Texts, secrets: readonly string[]): string[] {
  const needles = new Map<string, string>();
  const sizes = new Set<number>();
  // Only few places in a text begin like a part of a secret. The other places are skipped quickly.
  const beginnings = new Uint8Array(2 ** 20);
  secrets.forEach((secret, index) => {
    for (const [form, parts] of Object.entries(partsOf(secret))) {
      for (const part of parts) {
        if (!needles.has(part)) needles.set(part, `secret ${index} (${form})`);
        sizes.add(part.length);
        beginnings[beginningAt(part, 0)] = 1;
      }
    }
  });
  const leaks = new Map<string, string>();
  for (const [where, text] of texts) {
    for (let at = 0; at < text.length; at += 1) {
      if (beginnings[beginningAt(text, at)] === 0) continue;
      for (const size of sizes) {
        const found = needles.get(text.slice(at, at + size));
        if (found === undefined) continue;
        const leak = `${found} in ${where}`;
        if (!leaks.has(leak)) leaks.set(leak, `${leak}: …${text.slice(Math.max(0, at - 80), at)}▮`);
      }
    }
  }
  return [...leaks.values()];
}

/** A number made of the next three characters. The same characters always give the same number. */
function beginningAt(text: string, at: number): number {
  const [one, two, three] = [text.charCodeAt(at), text.charCodeAt(at + 1), text.charCodeAt(at + 2)];
  return ((one << 14) ^ (two << 7) ^ three) & 0xfffff;
}

function textsOf(value: unknown): Texts {
  const texts: Texts = [
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

function partsOf(secret: string): Record<string, string[]> {
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
