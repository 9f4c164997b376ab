import { answerText } from './answer-text.js';

describe('the text of an answer', () => {
  it.each<[string, Uint8Array, string | undefined, string]>([
    ['what stands there, in UTF-8', Buffer.from('<a>ü</a>'), 'text/xml', '<a>ü</a>'],
    ['without a byte order mark', Buffer.from('\uFEFFtoken'), undefined, 'token'],
    ['in the character set it names', Buffer.from([0x66, 0xfc, 0x72]), 'text/xml; charset=ISO-8859-1', 'für'],
    ['in a quoted character set', Buffer.from([0xfc]), 'text/xml; charset="latin1"', 'ü'],
    ['nothing where there is nothing', Buffer.alloc(0), 'text/plain', ''],
    ['nothing where it is binary', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0xff]), 'image/png', ''],
    ['nothing where a zero byte stands in it', Buffer.from('a\0b'), 'text/plain', ''],
    ['nothing where nobody knows the character set', Buffer.from('a'), 'text/plain; charset=klingon', ''],
  ])('is %s', (_, bytes, contentType, text) => {
    expect(answerText(bytes, contentType)).toBe(text);
  });

  it('is cut after 64 KiB, and never within a character', () => {
    const text = answerText(Buffer.from(`x${'ü'.repeat(40_000)}`), 'text/plain');
    expect(text).toBe(`x${'ü'.repeat(32_767)}`);
  });
});
