import { describe, expect, it } from '@jest/globals';
import { table } from './table.js';

describe('table', () => {
  it('lays text out to the left and numbers to the right', () => {
    expect(
      table([
        ['name', 'calls'],
        ['pesapal', 7],
        ['x', 123_456],
      ]),
    ).toBe(['name       calls', '────────────────', 'pesapal        7', 'x         123456'].join('\n'));
  });
});
