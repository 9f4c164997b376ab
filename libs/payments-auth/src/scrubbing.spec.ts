import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { plainCause, scrubbed, told } from './scrubbing.js';
import { fc } from '../../../test/support/chances.js';

const SECRET = 'Zr8g"Hj5&vXa<Qn0/oTk+2Ms 7Wy4L>p\\9\'Cd';
const PREFIXED = 'FLWSECK_TEST-9f8e7d6c5b4a3f2e1d0c-X';
const BODY = randomBytes(96).toString('base64');
const PEM = `-----BEGIN PRIVATE KEY-----\n${BODY.slice(0, 64)}\n${BODY.slice(64)}\n-----END PRIVATE KEY-----`;

const json = (text: string) => JSON.stringify(text).slice(1, -1);
const html = (text: string) =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
const form = (text: string) => new URLSearchParams({ '': text }).toString().slice(1);
const goJson = (text: string) =>
  json(text).replace(/[&<>']/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Escapes a text as `htmlentities` of PHP does. */
const html5 = (text: string) => text.replace(/[&+/=_.,:;%"'\\]/g, (each) => `&${HTML5[each] ?? ''};`);
const HTML5: Readonly<Record<string, string>> = {
  '&': 'amp',
  '+': 'plus',
  '/': 'sol',
  '=': 'equals',
  _: 'lowbar',
  '.': 'period',
  ',': 'comma',
  ':': 'colon',
  ';': 'semi',
  '%': 'percnt',
  '"': 'quot',
  "'": 'apos',
  '\\': 'bsol',
};

/** Every way in which a provider, a proxy or a library may write a secret that it was sent. */
const WRITTEN: [title: string, write: (secret: string) => string][] = [
  ['plain', (secret) => secret],
  ['URL-encoded', encodeURIComponent],
  [
    'URL-encoded in lower case',
    (secret) => encodeURIComponent(secret).replace(/%../g, (each) => each.toLowerCase()),
  ],
  ['form-encoded', form],
  ['JSON-escaped', json],
  ['JSON-escaped with slashes', (secret) => json(secret).replaceAll('/', '\\/')],
  ['JSON-escaped for HTML', goJson],
  ['JSON in JSON', (secret) => json(json(secret))],
  ['HTML-escaped', html],
  ['HTML-escaped with names of HTML 5', html5],
  [
    'HTML-escaped with padded numbers',
    (secret) =>
      secret.replace(/[^A-Za-z0-9]/g, (each) => `&#${String(each.charCodeAt(0)).padStart(7, '0')};`),
  ],
  ['HTML in JSON', (secret) => json(html(secret))],
  ['JSON in a query', (secret) => encodeURIComponent(json(secret))],
  ['base64', (secret) => Buffer.from(secret).toString('base64')],
  ['base64 one byte later', (secret) => Buffer.from(`i${secret}`).toString('base64')],
  ['base64 two bytes later', (secret) => Buffer.from(`id${secret}`).toString('base64')],
  ['base64 of id:secret', (secret) => Buffer.from(`i:${secret}`).toString('base64')],
  ['base64url of id:secret', (secret) => Buffer.from(`x:${secret}`).toString('base64url')],
  ['base64 in a query', (secret) => encodeURIComponent(Buffer.from(`x:${secret}`).toString('base64'))],
];

/** The length of the longest part of `written` that also stands in the clean text. */
function longestLeft(clean: string, written: string): number {
  let longest = 0;
  for (let at = 0; at < written.length; at += 1)
    while (clean.includes(written.slice(at, at + longest + 1)) && at + longest < written.length) longest += 1;
  return longest;
}

describe('scrubbed', () => {
  describe.each(WRITTEN)('hides a secret that is written %s', (title, write) => {
    it.each([SECRET, randomBytes(24).toString('base64url'), 'a b&c%41"d/e+f', 'p%25&amp;q\\u0041r'])(
      'and whole: %s',
      (secret) => {
        const text = write(secret);
        const clean = scrubbed(`invalid client: ${text}, try again`, [secret]);
        expect(clean).toContain('[hidden]');
        expect(clean).toMatch(/^invalid client: .*, try again$/);
        expect(longestLeft(clean, text)).toBeLessThan(10);
      },
    );

    it('and cut anywhere, as long as 12 characters of it are left', () => {
      fc.assert(
        fc.property(
          fc.stringMatching(/^[A-Za-z0-9]{24,40}$/),
          fc.nat(),
          fc.nat(),
          (secret, start, length) => {
            const text = write(secret);
            const at = start % (text.length - 18);
            const piece = text.slice(at, at + 18 + (length % (text.length - at - 17)));
            const clean = scrubbed(`said ${piece}.`, [secret]);
            // A piece of base64 can end within a character that depends on the text beside the secret.
            const most = title.startsWith('base64') ? 18 : 11;
            expect(longestLeft(clean.replace('said ', ''), piece)).toBeLessThanOrEqual(most);
          },
        ),
        { numRuns: 20 },
      );
    });
  });

  it('hides exactly 12 characters of a secret, at every place in the text and in the secret', () => {
    const secret = 'q7Rk2mXw9LpZ4vBn8sTd6yHc';
    for (let before = 0; before < 20; before += 1)
      for (let start = 0; start + 12 <= secret.length; start += 1) {
        const clean = scrubbed('-'.repeat(before) + secret.slice(start, start + 12), [secret]);
        expect(clean).toBe(`${'-'.repeat(before)}[hidden]`);
      }
  });

  it('leaves the public prefix of a key, and hides the text after it', () => {
    expect(scrubbed('a key must begin with FLWSECK_TEST-', [PREFIXED])).toBe(
      'a key must begin with FLWSECK_TEST-',
    );
    expect(scrubbed(`wrong: ${PREFIXED}!`, [PREFIXED])).toBe('wrong: [hidden]!');
    expect(scrubbed(`wrong: ${PREFIXED.slice(13, 25)}!`, [PREFIXED])).toBe('wrong: [hidden]!');
    expect(scrubbed('send Authorization: Bearer', [`Bearer ${PREFIXED}`])).toBe('send Authorization: Bearer');
  });

  it('hides the lines of a PEM, and not the text that every PEM begins with', () => {
    const lines = [PEM, PEM.replaceAll('\n', '\\n'), BODY.slice(10, 30), Buffer.from(PEM).toString('base64')];
    for (const text of lines) {
      const clean = scrubbed(`-----BEGIN PRIVATE KEY----- is wrong: ${text}`, [PEM]);
      expect(clean).toContain('BEGIN PRIVATE KEY----- is wrong: ');
      expect(longestLeft(clean, BODY)).toBeLessThan(12);
      expect(clean).toContain('[hidden]');
    }
  });

  it('hides short secrets only when they are whole', () => {
    expect(scrubbed('pin 8472 and 847', ['8472'])).toBe('pin [hidden] and 847');
    expect(scrubbed('abc', ['abc', '', undefined])).toBe('abc');
  });

  it.each([
    ['in hex', (secret: string) => Buffer.from(secret).toString('hex')],
    ['in other capitals', (secret: string) => secret.toLowerCase()],
    [
      'in base64 of base64',
      (secret: string) => Buffer.from(Buffer.from(secret).toString('base64')).toString('base64'),
    ],
    ['reversed', (secret: string) => secret.split('').toReversed().join('')],
    ['in pieces of 11 characters', (secret: string) => `${secret.slice(0, 11)} ${secret.slice(11, 22)}`],
  ])('does not look for a secret %s, as SECURITY.md says', (_, write) => {
    const secret = 'Nw5Gh2Kk8Pp4Ss6Vv1Xx3Zz7';
    expect(scrubbed(write(secret), [secret])).toBe(write(secret));
  });

  it('hides what is left when several secrets overlap', () => {
    const [one, two] = ['aaaaaaaaaaaabbbbbbbbbbbb', 'bbbbbbbbbbbbcccccccccccc'];
    expect(scrubbed('x aaaaaaaaaaaabbbbbbbbbbbbcccccccccccc y', [one, two])).toBe('x [hidden] y');
  });

  it('does not change a text without a part of a secret', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(scrubbed(text, [SECRET, PREFIXED, PEM])).toBe(text);
      }),
    );
  });

  it('looks at each character of a long text a bounded number of times', () => {
    // Every place of this text looks like a part of the secret. That is the worst case.
    const text = 'A'.repeat(200_000);
    expect(scrubbed(text, [`${'A'.repeat(40)}x`])).toBe('[hidden]');
  });
});

describe('told', () => {
  it.each([
    ['two\r\nlines', 'two lines'],
    ['a \u001b[31mred\u001b[0m word', 'a  [31mred [0m word'],
    ['turned \u202earound', 'turned  around'],
    ['zero\u200bwidth \u2066x\u2069', 'zero width  x'],
    ['\u0085next\u2028line\0', 'next line'],
  ])('is one line of printable characters: %j', (words, expected) => {
    expect(told(words)).toBe(expected);
  });

  it.each([
    ['sent Authorization: Bearer abc123def456', 'sent Authorization: Bearer [hidden]'],
    ['sent Basic bm90OmFsbG93ZWQ=', 'sent Basic [hidden]'],
    ['sent Basic dXNlcjpwYXNz', 'sent Basic [hidden]'],
    ['sent bearer  correcthorsebattery', 'sent bearer  [hidden]'],
    ['sent Bearer credentials_live_1', 'sent Bearer [hidden]'],
    ['Basic Authorization.', 'Basic Authorization.'],
    ['connect postgres://app:pass@db:5432/keys', 'connect postgres://[hidden]@db:5432/keys'],
    ['Basic authentication is required', 'Basic authentication is required'],
    ['the Bearer challenge, unanswered', 'the Bearer challenge, unanswered'],
  ])('hides text that looks like any secret: %s', (words, expected) => {
    expect(told(words)).toBe(expected);
  });

  it('is at most 200 characters, and scrubbed before it is cut', () => {
    const text = told(`${'x'.repeat(190)}${SECRET}`, [SECRET]);
    expect(text).toHaveLength(198);
    expect(told('🔑'.repeat(300)).length).toBeLessThanOrEqual(200);
    expect(told('🔑'.repeat(300))).not.toMatch(/[\ud800-\udbff]…/);
  });
});

describe('plainCause', () => {
  const vault = Object.assign(new Error(`denied for ${SECRET}`), {
    code: 'EVAULT',
    config: { headers: { 'X-Vault-Token': 'hvs.not-real-0123456789' } },
    parameters: [SECRET],
    cause: Object.assign(new Error('postgres://app:p4ss-not-real@db:5432'), { query: SECRET }),
  });

  it('keeps name, message, code and stack, scrubbed, and nothing else', () => {
    const plain = plainCause(vault, [SECRET]);
    expect(plain).toMatchObject({ name: 'Error', message: 'denied for [hidden]', code: 'EVAULT' });
    expect(Object.keys(plain as object)).toEqual(['code']);
    expect(plain?.stack).toContain('scrubbing.spec');
    expect(plain?.cause).toMatchObject({ message: 'postgres://[hidden]@db:5432' });
    expect(Object.keys(plain?.cause as object)).toEqual([]);
  });

  it('cleans every error of several', () => {
    const both = new AggregateError([vault, new Error('Authorization: Bearer abcdefgh12345678')], SECRET);
    const plain = plainCause(both, [SECRET]) as AggregateError;
    expect(plain.message).toBe('[hidden]');
    expect(plain.errors).toMatchObject([
      { message: 'denied for [hidden]' },
      { message: 'Authorization: Bearer [hidden]' },
    ]);
    expect(JSON.stringify(plain.errors)).not.toContain('X-Vault-Token');
  });

  it.each([
    ['a text', 'no such secret', 'no such secret'],
    ['an object', { message: 'denied', headers: { token: SECRET } }, 'denied'],
    ['a number', 7, 'a value that is not an Error was thrown'],
  ])('makes an error of %s that was thrown', (_, thrown, message) => {
    const plain = plainCause(thrown);
    expect(plain).toMatchObject({ message });
    expect(Object.keys(plain as object)).toEqual([]);
  });

  it('survives getters that throw and causes in a circle', () => {
    const hostile = new Error('x');
    Object.defineProperty(hostile, 'message', {
      get: () => {
        throw new Error('no');
      },
    });
    Object.assign(hostile, { cause: hostile });
    expect(plainCause(hostile)).toMatchObject({ message: '' });
  });
});
