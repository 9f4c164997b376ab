export function median(values) {
  return quantile(values, 0.5);
}

/** The quantile by nearest rank. */
export function quantile(values, part) {
  const sorted = Float64Array.from(values).toSorted();
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(part * sorted.length) - 1))] ?? NaN;
}

export function round(value, digits = 1) {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
