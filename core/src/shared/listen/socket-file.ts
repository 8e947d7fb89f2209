/**
 * SocketFile: the file of a Unix socket that somebody listens on, from when it is made until it goes. Both planes; not on the hot path.
 *
 * The socket is bound under another name, given its permissions, and only then put in its place: nobody can connect before
 * that, and a socket that was left behind, or that another process of ours still serves, is replaced without a moment in which there
 * is none. What is no socket is never replaced. When it goes, the file goes with it, unless it is somebody else's by now.
 */
import { chmodSync, lstatSync, renameSync, rmSync, statSync, unlinkSync } from 'node:fs';

export class SocketFile {
  /** What to bind: a name beside the path that only this process uses. */
  readonly bindPath: string;
  readonly #path: string;
  #inode = -1n;

  constructor(path: string) {
    this.#path = path;
    this.bindPath = `${path}.${process.pid}`;
    // Of a process that had the same number and died in between.
    rmSync(this.bindPath, { force: true });
  }

  /** place puts the bound socket where clients look for it. Throws the system's error, and EEXIST for a file that is no socket. */
  place(mode: number | undefined): void {
    try {
      if (mode !== undefined) chmodSync(this.bindPath, mode);
      const there = lstatSync(this.#path, { throwIfNoEntry: false });
      if (there?.isSocket() === false) {
        throw Object.assign(new Error(`${this.#path} exists and is not a socket`), { code: 'EEXIST' });
      }
      renameSync(this.bindPath, this.#path);
      this.#inode = statSync(this.#path, { bigint: true }).ino;
    } catch (error) {
      rmSync(this.bindPath, { force: true });
      throw error;
    }
  }

  /** adopt takes the file over from a process that has died, for a socket that goes on listening. False: there is none. */
  adopt(): boolean {
    const there = lstatSync(this.#path, { bigint: true, throwIfNoEntry: false });
    if (there?.isSocket() !== true) return false;
    this.#inode = there.ino;
    return true;
  }

  /** allow sets the permissions again. */
  allow(mode: number): void {
    if (this.#isOurs()) chmodSync(this.#path, mode);
  }

  /** remove takes the file away, if it is still this socket's. False: another one is in its place, or none. */
  remove(): boolean {
    const isOurs = this.#isOurs();
    if (isOurs) unlinkSync(this.#path);
    this.#inode = -1n;
    return isOurs;
  }

  #isOurs(): boolean {
    if (this.#inode === -1n) return false;
    return lstatSync(this.#path, { bigint: true, throwIfNoEntry: false })?.ino === this.#inode;
  }
}
