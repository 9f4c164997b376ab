/** A count is right or wrong on any machine. CI checks the counts, and no other target. */
export function count(what, target, value, met) {
  return { what, target, value: String(value), met, kind: 'count' };
}

/** A time, a rate or a size depends on the machine. */
export function figure(what, target, value, met) {
  return { what, target, value, met, kind: 'figure' };
}
