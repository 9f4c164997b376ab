/** Servers decode once or twice. A path that is encoded more often than that is an attempt to get past a check. */
const MOST_DECODINGS = 8;
/** Overlong and full-width UTF-8 of `.`, `/` and `\`, which lax decoders take for those. */
const DOT = /%(?:c0%(?:ae|2e)|e0%80%ae|f0%80%80%ae|ef%bc%8e)/gi;
const SEPARATOR = /%(?:c0%(?:af|2f)|e0%80%af|f0%80%80%af|c1%9c|ef%bc%(?:8f|bc))/gi;

/**
 * Whether a URL lies below a base path, also for a server that decodes more than it should. `blob:` URLs have
 * the origin of what they wrap, so the protocol is looked at too.
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
 * Whether a path leads upwards once a server has decoded it. `URL` has resolved `..`, `%2e%2e` and backslashes by
 * now; encoded separators, repeated encoding, `%u002e`, overlong UTF-8, NULs and path parameters (`..;`) are left for
 * servers to fall for.
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

/** As a server reads it that decodes UTF-8 and then takes for `.` and `/` what only looks so: `‥` is two dots in Unicode's NFKC. */
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

/** `..`, whatever a server may cut off around it. */
function isUpwards(segment: string): boolean {
  // oxlint-disable-next-line no-control-regex -- a server can end the text at one
  return /^[\s\u0000-\u001f]*\.\.(?:[\s\u0000-\u001f;?#].*)?$/s.test(segment);
}

function fromHex(_: string, digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 16));
}
