import { describe, expect, it } from '@jest/globals';
import { tablesOf, textOf } from './support/markdown.js';
import { repositoryFiles } from './support/repository-files.js';

/** Shorter fragments, such as "a" and " is ", occur everywhere and prove nothing. */
const SHORTEST = 5;

/** Every text of the libraries' sources, with each place where something is filled in written as `…`. */
const sources = repositoryFiles(/^libs\/payments-auth\/src\/.*(?<!\.spec)\.ts$/).map((file) =>
  textOf(file).replaceAll('\\', ''),
);

describe('the messages of the library', () => {
  it('say durations in the unit that people read, which one function chooses', () => {
    const inMilliseconds = repositoryFiles(/^libs\/payments-auth\/src\/.*(?<!\.spec)\.ts$/).filter((file) =>
      /\} ?(ms|milliseconds)\b/.test(textOf(file)),
    );
    // The other function repeats the text of axios, which applications may look for.
    expect(inMilliseconds).toEqual([
      'libs/payments-auth/src/duration.ts',
      'libs/payments-auth/src/http/call-deadline.ts',
    ]);
  });
});

describe('the page on troubleshooting', () => {
  const messages = tablesOf('docs/troubleshooting.md', 'Message')
    .flat()
    .map(([message = '']) => message);

  it('quotes many messages', () => {
    expect(messages.length).toBeGreaterThan(20);
  });

  it.each(messages)('quotes a message that the library really has: %s', (message) => {
    const fragments = message
      .replace(/^`|`$/g, '')
      .split('…')
      .map((each) => each.trim())
      .filter((each) => each.length >= SHORTEST);
    expect(fragments.length).toBeGreaterThan(0);
    for (const fragment of fragments)
      expect({ fragment, isThere: sources.some((text) => text.includes(fragment)) }).toEqual({
        fragment,
        isThere: true,
      });
  });

  it('names only events that exist', () => {
    const events = textOf('libs/payments-auth/src/credentials/payments-auth-event.ts');
    const named = [...textOf('docs/troubleshooting.md').matchAll(/`([a-z]+-[a-z-]+)`/g)].map(
      ([, name = '']) => name,
    );
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !events.includes(`'${name}'`))).toEqual([]);
  });
});
