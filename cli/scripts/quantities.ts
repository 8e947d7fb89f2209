/**
 * Quantities: numbers of a plan as rule files write them.
 */

const DURATIONS: readonly (readonly [ms: number, unit: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1000, 's'],
];

const SIZES: readonly (readonly [bytes: number, unit: string])[] = [
  [1_073_741_824, 'GiB'],
  [1_048_576, 'MiB'],
  [1024, 'KiB'],
];

/** durationText writes milliseconds in the largest unit that gives a whole number. */
export function durationText(ms: number): string {
  return quantityText(ms, DURATIONS, ms === 0 ? 's' : 'ms');
}

/** byteText writes bytes in the largest unit that gives a whole number. */
export function byteText(bytes: number): string {
  return quantityText(bytes, SIZES, 'B');
}

function quantityText(value: number, units: readonly (readonly [number, string])[], smallest: string): string {
  const fitting = units.find(([size]) => value >= size && value % size === 0);
  return fitting === undefined ? `${value}${smallest}` : `${value / fitting[0]}${fitting[1]}`;
}
