/**
 * FolderLock: of all gateways that share a folder, one at a time does something. Main thread.
 *
 * A file that only its maker can make, touched while it is held. One that nobody has touched for a minute is left over from a
 * process that is gone, and so is one of a process that this machine no longer has.
 */
import { randomBytes } from 'node:crypto';
import { link, open, readFile, readlink, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';

const TOUCH_MS = 10_000;
export const STALE_MS = 60_000;

/** Holder is a process that has a lock. */
interface Holder {
  readonly token: string;
  readonly pid: number;
  readonly host: string;
  /** Where the number counts: containers have numbers of their own. Empty: not known. */
  readonly space: string;
}

export class FolderLock {
  readonly #file: string;
  readonly #token: string;
  readonly #timer: NodeJS.Timeout;

  private constructor(file: string, token: string) {
    this.#file = file;
    this.#token = token;
    this.#timer = setInterval(() => void this.#touch(), TOUCH_MS).unref();
  }

  /** take returns the lock; null: somebody else has it. Rejects with the system's error where no file can be made. */
  static async take(file: string): Promise<FolderLock | null> {
    const own: Holder = {
      token: randomBytes(12).toString('hex'),
      pid: process.pid,
      host: hostname(),
      space: await space(),
    };
    if (await make(file, JSON.stringify(own))) return new FolderLock(file, own.token);
    if (!(await isLeftOver(file, own))) return null;
    return (await make(file, JSON.stringify(own))) ? new FolderLock(file, own.token) : null;
  }

  /** holder is who has the lock, for people, such as `process 4711`; null: nobody, or it cannot be read. */
  static async holder(file: string): Promise<string | null> {
    const holder = holderOf(await readFile(file, 'utf8').catch(() => ''));
    if (holder === null) return null;
    return holder.host === hostname() ? `process ${holder.pid}` : `process ${holder.pid} on ${holder.host}`;
  }

  /** isHeld: nobody took it away meanwhile, as they may when this process was stopped for a minute. */
  async isHeld(): Promise<boolean> {
    return holderOf(await readFile(this.#file, 'utf8').catch(() => ''))?.token === this.#token;
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    if (await this.isHeld()) await rm(this.#file, { force: true });
  }

  async #touch(): Promise<void> {
    const now = new Date();
    if (await this.isHeld()) await utimes(this.#file, now, now).catch(() => {});
  }
}

async function make(file: string, text: string): Promise<boolean> {
  // Whoever reads it must never see half of it, so it is made whole under another name first.
  const fresh = `${file}.${randomBytes(6).toString('hex')}.new`;
  try {
    const handle = await open(fresh, 'wx', 0o600);
    try {
      await handle.writeFile(text);
    } finally {
      await handle.close();
    }
    await link(fresh, file);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw thrown;
  } finally {
    await rm(fresh, { force: true }).catch(() => {});
  }
}

/** isLeftOver takes away a lock whose holder is gone, and says whether there is none now. */
async function isLeftOver(file: string, own: Holder): Promise<boolean> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
    const ageMs = Date.now() - (await stat(file)).mtimeMs;
    const holder = holderOf(text);
    if (ageMs < STALE_MS && (holder === null || !isGone(holder, own))) return false;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw thrown;
  }
  const aside = `${file}.${own.token}.old`;
  try {
    await rename(file, aside);
  } catch {
    // Another one was faster.
    return true;
  }
  const isSame = (await readFile(aside, 'utf8').catch(() => '')) === text;
  // What was moved is a new one that another one made in that moment: it gets its own back, unless there is yet another.
  if (!isSame) await link(aside, file).catch(() => {});
  await rm(aside, { force: true });
  return isSame;
}

function isGone({ pid, host, space }: Holder, own: Holder): boolean {
  if (host !== own.host || space !== own.space || space === '') return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function holderOf(text: string): Holder | null {
  try {
    const { token, pid, host, space } = JSON.parse(text) as Record<keyof Holder, unknown>;
    const isRight = typeof token === 'string' && Number.isInteger(pid) && (pid as number) > 0;
    return isRight ? { token, pid: pid as number, host: String(host), space: String(space) } : null;
  } catch {
    return null;
  }
}

async function space(): Promise<string> {
  try {
    return await readlink('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
