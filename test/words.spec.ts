import { describe, expect, it } from '@jest/globals';
import { textOf } from './support/markdown.js';
import { repositoryFiles } from './support/repository-files.js';

/** Sentences that readers had to guess at. What they said is said in plain words now. */
const RIDDLES = [
  'may be repeated after all',
  'besides none but these',
  'the last loopback',
  'give nothing that a request could carry',
  'command line makes no sense',
  'mend the configuration',
  'goes past every proxy',
  'who waits looks again',
  'belongs into',
  'renewal is no cure',
  'would only be told',
  'sandbox: behaves',
  'spreading loses it',
];

const files = repositoryFiles(/\.(ts|mjs|js|md|html|css)$/).filter((file) => file !== 'test/words.spec.ts');

/** One line, without the marks that begin a line of a comment or a quotation. */
const prose = (text: string) => text.replace(/\s+(?:\/\/|\*|>)?\s*/g, ' ').toLowerCase();

describe('what is read', () => {
  it.each(RIDDLES)('says nowhere: %s', (riddle) => {
    expect(files.filter((file) => prose(textOf(file)).includes(riddle))).toEqual([]);
  });
});
