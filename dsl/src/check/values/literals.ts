/**
 * Literals: durations, sizes, rates, ports and names from their text. Each reader returns its value or null; what to
 * say about a null is the caller's business. Main thread.
 */
import { parseIp } from '../../match/address/parse-ip.ts';

const DURATIONS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
};
const PER: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };

/** readDuration returns milliseconds: `250ms`, `10s`, `1.5m`, `8h`, `1d`. */
export function readDuration(text: string): number | null {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text);
  return match === null ? null : Math.round(Number(match[1]) * DURATIONS[match[2]!]!);
}

/** readSize returns bytes: `512B`, `16KiB`, `10MiB`, `1GB`. */
export function readSize(text: string): number | null {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(B|kB|MB|GB|KiB|MiB|GiB)$/.exec(text);
  return match === null ? null : Math.round(Number(match[1]) * SIZES[match[2]!]!);
}

/** readRate returns events a second: `20/s`, `300/m`, `1000/h`. */
export function readRate(text: string): number | null {
  const match = /^(\d{1,9})\/(s|m|h)$/.exec(text);
  return match === null ? null : Number(match[1]) / PER[match[2]!]!;
}

/** readPercent returns 0 to 999: `5%`, `0.5%`. */
export function readPercent(text: string): number | null {
  const match = /^(\d{1,3}(?:\.\d{1,3})?)%$/.exec(text);
  return match === null ? null : Number(match[1]);
}

/** readWhole returns a whole number without sign or leading zeros. */
export function readWhole(text: string): number | null {
  if (!/^(?:0|[1-9]\d{0,14})$/.test(text)) return null;
  return Number(text);
}

export function isNumberLike(text: string): boolean {
  return /^\d+(?:\.\d+)?$/.test(text);
}

/** isHostName: letters, digits, `-` and `_` in labels of 1 to 63, 253 in all (RFC 1123); an IP address counts too. */
export function isHostName(text: string): boolean {
  if (text.length === 0 || text.length > 253) return false;
  if (parseIp(text) !== null) return true;
  return (
    /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/i.test(text) &&
    !/^[\d.]+$/.test(text)
  );
}

/** isToken: RFC 9110, section 5.6.2: what a header, a cookie or a method may be called. */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}

/** isName: what listeners, backends, servers and definitions may be called. */
export function isName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/.test(text);
}

/** readPort returns 0 to 65535. */
export function readPort(text: string): number | null {
  const port = readWhole(text);
  return port === null || port > 65_535 ? null : port;
}
