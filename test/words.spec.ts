import { describe, expect, it } from '@jest/globals';
import { textOf } from './support/markdown.js';
import { repositoryFiles } from './support/repository-files.js';
import { testTitles } from './support/test-titles.js';

/** Phrases whose meaning readers had to guess. Plain words have replaced them. */
const RIDDLES = [
  'may be repeated after all',
  'besides none but these',
  'the last loopback',
  'give nothing that a request could carry',
  'command line makes no sense',
  'mend the configuration',
  'mend the definition',
  'mend sign',
  'goes past every proxy',
  'who waits looks again',
  'belongs into',
  'renewal is no cure',
  'would only be told',
  'sandbox: behaves',
  'spreading loses it',
  'mend suspect',
  'believed in nothing',
  'of so many accounts is remembered',
  'hears which half is missing',
  'published is everything or nothing',
  'own wishes only as issued',
  'reads without believing',
  'behind your back',
  'goes on being used while it may be',
  'and nobody signs',
  'hears of no',
  'what no connection can',
  'not again at once for whoever',
  'whoever says no',
  'secret is refused',
  'refuses the secret',
  'refused secrets',
  'login that is refused',
  'refused login',
  'rejected token',
  'rejects the token',
  'rejected call',
  'rejected credential ',
  'refresh(rejected',
  'rejects a token',
  'reject the token',
  'calls are rejected',
  'api rejects',
  'refuses a login',
  'refuses the login',
  'refuse the login',
  'token endpoint refuses',
  'login endpoint refuses',
  "nobody's business",
  "nobody's concern",
  'in so many words',
  'no business of',
  'makes no sense',
  'as good as the secret',
  'one budget of',
  'is no leak of',
  'what came of it',
  'what comes of it',
  'what became of it',
  'warms up at',
  'asks to be left alone',
  'machines that may have other',
  'dead at once',
  'whoever is on call',
  'says yes to',
  'without a word',
  "behind the caller's back",
  'is said by sign',
  'are said by sign',
  'so it does with any',
];

const files = repositoryFiles(/\.(ts|mjs|js|md|html|css|yml)$|dashboard\.json$/).filter(
  (file) => file !== 'test/words.spec.ts',
);

/** A title of a test or of a group of tests, also of one that runs for several rows: a text before a function. */
const TITLE =
  /(?:\b(?:it|test|describe)|\))\(\s*(['"`])((?:\\.|(?!\1)[^\n])+)\1,\s*(?:async )?(?:\(|\w+ =>)/g;

/** One line, without the marks that begin a line of a comment or a quotation. */
const prose = (text: string) => text.replace(/\s+(?:\/\/|\*|>)?\s*/g, ' ').toLowerCase();

describe('what is read', () => {
  it.each(RIDDLES)('says nowhere: %s', (riddle) => {
    expect(files.filter((file) => prose(textOf(file)).includes(riddle))).toEqual([]);
  });

  it('has titles of tests that are 90 characters at most', () => {
    const titles = files
      .filter((file) => /(?:spec\.ts|test\.mjs)$/.test(file))
      .flatMap((file) => [...textOf(file).matchAll(TITLE)].map(([, , title]) => title as string));
    expect(titles.length).toBeGreaterThan(1_000);
    expect(titles.filter((title) => title.length > 90)).toEqual([]);
  });

  it('has no title of a test that begins in the middle of its sentence', () => {
    const titles = testTitles().filter(({ isGroup }) => !isGroup);
    expect(titles.length).toBeGreaterThan(1_000);
    expect(titles.filter(({ title }) => /^(?:that|who|whom|whose|which)\b/.test(title))).toEqual([]);
  });
});
