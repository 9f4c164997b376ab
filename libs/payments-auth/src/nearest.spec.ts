import { describe, expect, it } from '@jest/globals';
import { nearest, suggestion } from './nearest.js';

const known = ['cashfin', 'kashier', 'pesapal', 'clickpesa'];

describe('nearest', () => {
  it.each([
    ['pesapall', 'pesapal'],
    ['PesaPal', 'pesapal'],
    ['clikpesa', 'clickpesa'],
    ['cashfni', 'cashfin'],
    ['stripe', undefined],
    ['', undefined],
  ])('of %p is %p', (given, word) => {
    expect(nearest(given, known)).toBe(word);
  });

  it('lists the known names when none is near', () => {
    expect(suggestion('pesapall', known)).toBe('Did you mean "pesapal"?');
    expect(suggestion('stripe', known)).toBe('Known: cashfin, kashier, pesapal, clickpesa.');
  });
});
