/** Definitions get at most this part of an answer's text. The answer to a login, or a refusal, is never longer. */
const MOST_BYTES = 64 * 1024;

/**
 * The text of an answer, in the character set that its content type names (UTF-8 by default), without a byte order
 * mark and cut after 64 KiB; `''` for a binary one.
 */
export function answerText(bytes: Uint8Array, contentType: string | undefined): string {
  const [, charset = 'utf-8'] = /charset\s*=\s*"?([\w.:-]+)/i.exec(contentType ?? '') ?? [];
  try {
    // With `stream`, a character that is cut in two at the end is left out.
    const text = new TextDecoder(charset, { fatal: true }).decode(bytes.subarray(0, MOST_BYTES), {
      stream: true,
    });
    return text.includes('\0') ? '' : text;
  } catch {
    // The bytes are not text, or the character set is unknown.
    return '';
  }
}
