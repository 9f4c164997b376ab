import { isPlainObject } from '../own-properties.js';
import { isError } from '../scrubbing.js';

/**
 * The parts of a description that cannot be read: a getter throws, or an object refers back to one that contains it.
 * Each is named by its path; an empty list when all can be read.
 */
export function unreadableParts(described: unknown, path = '', within: readonly unknown[] = []): string[] {
  if (typeof described !== 'object' || described === null) return [];
  if (within.includes(described))
    return [`${path}: refers back to an object that contains it; write its parts out`];
  if (!Array.isArray(described) && !isPlainObject(described)) return [];
  return Object.keys(described).flatMap((name) => {
    const at = path === '' ? name : `${path}.${name}`;
    let part: unknown;
    try {
      part = (described as Readonly<Record<string, unknown>>)[name];
    } catch (error) {
      const words = isError(error) ? error.message.replace(/\.$/, '') : 'a value that is not an Error';
      return [`${at}: its getter throws (${words}); write the value`];
    }
    return unreadableParts(part, at, [...within, described]);
  });
}
