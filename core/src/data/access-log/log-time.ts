/**
 * LogTime: times as logs write them. Hot path; data plane. What is the same for a whole second, or minute, is made once.
 */
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

let isoSecond = Number.NaN;
let isoHead = '';
let isoMs = Number.NaN;
let isoText = '';
let clfSecond = Number.NaN;
let clfText = '';

/** isoTime is RFC 3339 in UTC with milliseconds: `2026-03-01T12:00:00.123Z`. */
export function isoTime(ms: number): string {
  const whole = Math.floor(ms);
  if (whole === isoMs) return isoText;
  const second = Math.floor(whole / 1000);
  if (second !== isoSecond) {
    isoSecond = second;
    isoHead = new Date(second * 1000).toISOString().slice(0, 20);
  }
  const part = whole - second * 1000;
  isoMs = whole;
  isoText = `${isoHead}${part < 10 ? '00' : part < 100 ? '0' : ''}${part}Z`;
  return isoText;
}

/** clfTime is what the Common Log Format has between brackets, in UTC: `01/Mar/2026:12:00:00 +0000`. */
export function clfTime(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== clfSecond) {
    clfSecond = second;
    const text = new Date(second * 1000).toISOString();
    const month = MONTHS[Number(text.slice(5, 7)) - 1]!;
    clfText = `${text.slice(8, 10)}/${month}/${text.slice(0, 4)}:${text.slice(11, 19)} +0000`;
  }
  return clfText;
}
