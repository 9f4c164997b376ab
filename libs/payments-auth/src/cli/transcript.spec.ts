import { expect, it } from '@jest/globals';
import { transcriptOf } from './transcript.js';

const SECRET = 'Q7rk2mXw9LpZ4vBn8sTd6yHc5uJe';

it.each<[string, Partial<Parameters<typeof transcriptOf>[1] & { path: string }>]>([
  ['a key', { body: { sent: { [SECRET]: '' } } }],
  ['a part of a key', { body: { [`field_${SECRET.slice(0, 14)}`]: 1 } }],
  ['the name of a header', { headers: { [`X-Echo-${SECRET}`]: '1' } }],
  ['the path', { path: `/of/${SECRET}/token` }],
])(
  'a transcript shows nothing of a secret that the provider made %s of',
  (_, { path = '/token', ...answer }) => {
    const said = { status: 400, headers: { Date: 'today' }, body: undefined, text: '', ...answer };
    const transcript = transcriptOf({ method: 'POST', path }, said, [SECRET]);
    const shown = JSON.stringify(transcript).toLowerCase();
    expect(shown).not.toContain(SECRET.slice(0, 12).toLowerCase());
    expect(transcript.status).toBe(400);
  },
);

it('a transcript keeps the names of headers and keys that say nothing of a secret', () => {
  const answer = { status: 200, headers: { Date: 'today' }, body: { error: { code: 1 } }, text: '{}' };
  expect(transcriptOf({ method: 'POST', path: '/token?a=1' }, answer, [SECRET])).toEqual({
    method: 'POST',
    path: '/token',
    status: 200,
    headerNames: ['date'],
    shape: { error: { code: 'number' } },
  });
});
