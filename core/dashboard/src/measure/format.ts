/**
 * Format: numbers, times and addresses as people read them. Browser.
 */

const PLAIN = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const SHORT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** formatCount is `987`, or `12.3K` from ten thousand. */
export function formatCount(value: number): string {
  return (value < 10_000 ? PLAIN : SHORT).format(value);
}

/** formatRate is per second: `0`, `0.4`, `38`, `1.2K`. */
export function formatRate(value: number | null): string {
  if (value === null) return '–';
  if (value === 0) return '0';
  return value < 10 ? value.toFixed(1) : formatCount(value);
}

/** formatMs is `0.42 ms`, `38 ms`, `1.4 s`. */
export function formatMs(value: number | null): string {
  if (value === null) return '–';
  if (value === 0) return '0 ms';
  if (value < 1) return `${value.toFixed(2)} ms`;
  if (value < 10) return `${value.toFixed(1)} ms`;
  return value < 1000 ? `${value.toFixed(0)} ms` : `${(value / 1000).toFixed(1)} s`;
}

export function formatBytes(value: number): string {
  const [unit, size] = value < 1e6 ? ['KB', 1e3] : value < 1e9 ? ['MB', 1e6] : ['GB', 1e9];
  return `${(value / size).toFixed(value < 1e9 ? 0 : 1)} ${unit}`;
}

/** formatAge is the two largest units: `3d 4h`, `12m 5s`, `8s`. */
export function formatAge(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first === -1) return '0s';
  return parts
    .slice(first, first + 2)
    .filter(([value], index) => index === 0 || value > 0)
    .map(([value, unit]) => `${value}${unit}`)
    .join(' ');
}

export function formatClock(ms: number): string {
  return new Date(ms).toLocaleTimeString('en-GB');
}

export type Address =
  | { readonly host: string; readonly port: number; readonly isV6Only?: boolean }
  | { readonly path: string };

/** formatAddress is as rule files write it. */
export function formatAddress(address: Address): string {
  if ('path' in address) return `unix:${address.path}`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
