/**
 * Usage reads what a process tree has used from /proc. Linux only. Benchmark code.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Ticks of /proc/PID/stat in a second: 100 on every Linux that Node runs on. */
const TICKS = 100;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
}

function readStat(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command's name stands in parentheses and may hold blanks: count fields from behind it.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [user, system, childUser, childSystem] = fields.slice(11, 15) as [number, number, number, number];
    return { pid, parent: fields[1]!, ticks: user + system + childUser + childSystem };
  } catch {
    return null;
  }
}

/** tree lists a process and everything below it. */
function tree(root: number): Stat[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readStat(Number(name)))
    .filter((stat) => stat !== null);
  const found = all.filter((stat) => stat.pid === root);
  for (let at = 0; at < found.length; at++) found.push(...all.filter((stat) => stat.parent === found[at]!.pid));
  return found;
}

/** cpuSeconds is user and system time so far: all threads, children, and children that have ended. */
export function cpuSeconds(pid: number): number {
  return tree(pid).reduce((sum, stat) => sum + stat.ticks, 0) / TICKS;
}

/** coreBusySeconds is how long a core has been busy so far, whoever with. */
export function coreBusySeconds(core: number): number {
  const line = new RegExp(`^cpu${core} (.*)$`, 'm').exec(readFileSync('/proc/stat', 'latin1'));
  const [user, nice, system, , , interrupts, soft] = line![1]!.split(' ').map(Number) as number[];
  return (user! + nice! + system! + interrupts! + soft!) / TICKS;
}

function memoryBytes(pid: number, line: 'VmHWM' | 'VmRSS'): number {
  let sum = 0;
  for (const stat of tree(pid)) {
    const status = readFileSync(`/proc/${stat.pid}/status`, 'latin1');
    sum += 1024 * Number(new RegExp(`^${line}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
  }
  return sum;
}

/** peakBytes is the most resident memory so far. */
export function peakBytes(pid: number): number {
  return memoryBytes(pid, 'VmHWM');
}

/** residentBytes is the resident memory now. */
export function residentBytes(pid: number): number {
  return memoryBytes(pid, 'VmRSS');
}

/** proportionalBytes is the resident memory now, pages shared by several processes counted in parts. */
export function proportionalBytes(pid: number): number {
  let sum = 0;
  for (const stat of tree(pid)) {
    const rollup = readFileSync(`/proc/${stat.pid}/smaps_rollup`, 'latin1');
    sum += 1024 * Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0);
  }
  return sum;
}
