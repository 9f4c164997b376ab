import { describe, expect, it } from '@jest/globals';
import { WithdrawnVersions } from './withdrawn-versions.js';

describe('the withdrawals that a process knows of', () => {
  it('keep the highest number of each credential', () => {
    const withdrawn = new WithdrawnVersions();
    for (const version of [5, 9, 7]) withdrawn.add({ hash: 'a1', version });
    expect(withdrawn.of('a1')).toBe(9);
    expect(withdrawn.of('b2')).toBe(0);
  });

  it('are 10 000 at most, and the latest stay', () => {
    const withdrawn = new WithdrawnVersions();
    for (let each = 0; each < 10_001; each += 1) {
      withdrawn.add({ hash: `hash-${each}`, version: 1 });
      withdrawn.add({ hash: 'hash-0', version: 2 });
    }
    expect(withdrawn.of('hash-0')).toBe(2);
    expect(withdrawn.of('hash-1')).toBe(0);
    expect(withdrawn.of('hash-2')).toBe(1);
    expect(withdrawn.of('hash-10000')).toBe(1);
  });

  it('end for a credential when Redis counts on more than an hour below them', () => {
    const withdrawn = new WithdrawnVersions();
    const version = Date.now();
    withdrawn.add({ hash: 'a1', version });
    // An attacker can make Redis count up to an hour ahead. Redis then counts from its own clock again.
    withdrawn.granted('a1', version - 60 * 60_000);
    expect(withdrawn.of('a1')).toBe(version);
    withdrawn.granted('a1', version - 62 * 60_000);
    expect(withdrawn.of('a1')).toBe(0);
  });
});
