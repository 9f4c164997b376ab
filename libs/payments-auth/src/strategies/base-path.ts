/** Servers decode a path once or twice. A path that is encoded more often is an attempt to pass a check. */
const MOST_DECODINGS = 8;
/**
 * Overlong and full-width UTF-8 forms of `.`, `/` and `\`. Decoders that are not strict read them as these characters.
 */
const DOT = /%(?:c0%(?:ae|2e)|e0%80%ae|f0%80%80%ae|ef%bc%8e)/gi;
const SEPARATOR = /%(?:c0%(?:af|2f)|e0%80%af|f0%80%80%af|c1%9c|ef%bc%(?:8f|bc))/gi;

/**
 * Whether a URL is below a base path, also for a server that decodes more than it should. The protocol is checked too,
 * because a `blob:` URL has the origin of the URL inside it.
 *
 * @param basePath without trailing slash; empty for a base URL without a path
 */
export function isBelow(basePath: string, { protocol, pathname }: URL): boolean {
  if (protocol !== 'https:' && protocol !== 'http:') return false;
  if (basePath === '') return true;
  if (pathname !== basePath && !pathname.startsWith(`${basePath}/`)) return false;
  return !climbs(pathname.slice(basePath.length));
}

/**
 * Whether a path leads upwards after a server has decoded it. `URL` has already resolved `..`, `%2e%2e` and
 * backslashes. It has not resolved encoded separators, repeated encoding, `%u002e`, overlong UTF-8, NULs and path
 * parameters (`..;`), and a server may do that.
 */
function climbs(path: string): boolean {
  if (!path.includes('%') && !path.includes('..')) return false;
  let decoded = path;
  for (let pass = 0; ; pass += 1) {
    const next = decodedOnce(decoded);
    if (next === decoded) break;
    if (pass === MOST_DECODINGS) return true;
    decoded = next;
  }
  return [decoded, normalized(decoded)].some((text) => text.split(/[/\\]/).some(isUpwards));
}

/**
 * The path for a server that decodes UTF-8 and then reads similar characters as `.` and `/`: in Unicode's NFKC, `‥` is
 * two dots.
 */
function normalized(decoded: string): string {
  return decoded
    .replace(/[\u0080-\u00ff]+/g, (bytes) => Buffer.from(bytes, 'latin1').toString('utf8'))
    .normalize('NFKC')
    .replace(/[\u2044\u2215\u2216\u29f5\u29f8]/g, '/');
}

function decodedOnce(path: string): string {
  return path
    .replace(DOT, '.')
    .replace(SEPARATOR, '/')
    .replace(/%u([0-9a-f]{4})/gi, fromHex)
    .replace(/%([0-9a-f]{2})/gi, fromHex)
    .replace(/[\uff0e\u2024]/g, '.')
    .replace(/[\uff0f\u2215\uff3c]/g, '/');
}

/** Whether a segment is `..`, also with characters around it that a server may remove. */
function isUpwards(segment: string): boolean {
  // oxlint-disable-next-line no-control-regex -- a server can end the text at one
  return /^[\s\u0000-\u001f]*\.\.(?:[\s\u0000-\u001f;?#].*)?$/s.test(segment);
}

function fromHex(_: string, digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 16));
}
