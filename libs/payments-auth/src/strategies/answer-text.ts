/** What definitions see of an answer's text at most: no login and no refusal is longer. */
const MOST_BYTES = 64 * 1024;

/**
 * The text of an answer, in the character set that its content type names (UTF-8 by default), without a byte order
 * mark and cut after 64 KiB; `''` for a binary one.
 */
export function answerText(bytes: Uint8Array, contentType: string | undefined): string {
  const [, charset = 'utf-8'] = /charset\s*=\s*"?([\w.:-]+)/i.exec(contentType ?? '') ?? [];
  try {
    // A character that is cut in two at the end is left out, which is what `stream` says.
    const text = new TextDecoder(charset, { fatal: true }).decode(bytes.subarray(0, MOST_BYTES), {
      stream: true,
    });
    return text.includes('\0') ? '' : text;
  } catch {
    // Bytes that are no text, or a character set that nobody knows.
    return '';
  }
}
