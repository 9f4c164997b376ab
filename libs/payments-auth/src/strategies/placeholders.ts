/** `{fieldName}` in a base URL or in the path of a token endpoint. */
const PLACEHOLDER = /\{([^{}]*)\}/g;

/** Placeholders of other languages: `:id`, `<id>`, `[id]`, `${id}`, `%s`. */
const OF_OTHERS =
  /(?<=\/):[A-Za-z_]\w*|(?<=\/)\[[A-Za-z_][\w-]*\](?=\/|$)|<[\w-]*>|\$\{[^{}]*\}|%(?![\dA-Fa-f]{2})\w?/;

/** A value that, together with the text around it, makes one DNS label or one path segment. */
const PLAIN = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/;

/** The names of the fields whose values `text` needs. */
export function placeholdersIn(text: string): string[] {
  return text.includes('{') ? Array.from(text.matchAll(PLACEHOLDER), ([, name]) => name as string) : [];
}

/**
 * A part of the text that looks like a placeholder of another language, and would be sent unchanged; `undefined` where
 * there is none.
 */
export function foreignPlaceholder(text: string): string | undefined {
  return OF_OTHERS.exec(text)?.[0];
}

/** The reason why a value cannot be a part of a URL; `undefined` when it can. */
export function urlValueProblem(value: string, allowed: RegExp): string | undefined {
  if (!PLAIN.test(value))
    return 'may have only letters, digits and hyphens between them, because it is a part of a URL';
  return allowed.test(value) ? undefined : `does not match ${allowed.source}, and is a part of a URL`;
}

/** The values of the placeholders in a URL that begins with `template`. Empty where the URL does not begin with it. */
export function valuesIn(template: string, url: string): Record<string, string> {
  const names = placeholdersIn(template);
  if (names.length === 0) return {};
  const pattern = template
    .split(PLACEHOLDER)
    .map((part, index) =>
      index % 2 === 1 ? '([A-Za-z0-9-]+)' : part.replaceAll(/[^\w/]/g, String.raw`\$&`),
    );
  const [, ...values] = new RegExp(`^${pattern.join('')}(?=/|$)`).exec(url) ?? [];
  const found = values.map((value, index) => [names[index] as string, value] as const);
  return Object.fromEntries(found.filter(([, value]) => PLAIN.test(value)));
}

/** @throws {TypeError} where a value is missing, or would lead elsewhere */
export function filled(text: string, values: Readonly<Record<string, unknown>>): string {
  if (!text.includes('{')) return text;
  return text.replace(PLACEHOLDER, (_, name: string) => {
    const value = values[name];
    if (typeof value !== 'string' || !PLAIN.test(value))
      throw new TypeError(`the credential "${name}", which is a part of the URL, is missing or malformed`);
    return value;
  });
}
