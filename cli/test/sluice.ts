/**
 * Runs the real command in a process of its own.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

export const COMMAND = fileURLToPath(new URL('../bin/sluice.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SpawnOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
  readonly node?: string;
  /** Runs the command as this user and group. */
  readonly uid?: number;
}

/** start starts the command and leaves it running. */
export function start(args: readonly string[], options: SpawnOptions = {}): ChildProcessWithoutNullStreams {
  const { NO_COLOR: _, FORCE_COLOR: __, SLUICE_DEBUG: ___, NODE_OPTIONS: ____, ...environment } = process.env;
  return spawn(options.node ?? process.execPath, [...(options.nodeArgs ?? []), COMMAND, ...args], {
    cwd: options.cwd ?? process.cwd(),
    env: { ...environment, ...options.env },
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
}

const NOBODY = 65_534;

/**
 * asPlainUser returns how to run the command as somebody who is not root, or skips the test where that cannot be done. Folders
 * of the test are opened to that user.
 */
export async function asPlainUser(t: TestContext, folder: string): Promise<SpawnOptions | null> {
  if (process.getuid?.() !== 0) return { cwd: folder };
  await chmod(folder, 0o755);
  const options = { cwd: folder, uid: NOBODY };
  const { code } = await sluice(['--version'], options).catch(() => ({ code: null }));
  if (code === 0) return options;
  t.skip('tests run as root, and the user nobody may not read this checkout');
  return null;
}

/** sluice runs the command to its end. */
export async function sluice(args: readonly string[], options: SpawnOptions = {}): Promise<Ended> {
  return ended(start(args, options));
}

/** ended waits for the command's end and returns all that it wrote. */
export async function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** folderOf makes a folder with these files, which goes when the test is over. */
export async function folderOf(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-cli-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

/** LogLine is one line of the JSON log. */
export interface LogLine {
  readonly level: string;
  readonly [field: string]: unknown;
  readonly msg: string;
}

/** RunningCommand is `sluice run`, with its log. */
export class RunningCommand {
  readonly child: ChildProcessWithoutNullStreams;
  readonly lines: LogLine[] = [];
  readonly ended: Promise<Ended>;
  readonly #waiting: (() => void)[] = [];

  constructor(t: TestContext, args: readonly string[], options: SpawnOptions = {}) {
    this.child = start(args, options);
    t.after(() => this.child.kill('SIGKILL'));
    let rest = '';
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      for (const line of lines) this.lines.push(JSON.parse(line));
      for (const look of this.#waiting) look();
    });
    this.ended = ended(this.child);
  }

  /** logged resolves to the first line, from the given one on, whose message matches. Rejects when the command ends before. */
  logged(message: RegExp, from = 0): Promise<LogLine> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const line = this.lines.slice(from).find(({ msg }) => message.test(msg));
        if (line !== undefined) resolve(line);
      };
      this.#waiting.push(look);
      look();
      void this.ended.then(({ stdout, stderr }) => reject(new Error(`ended before ${message}: ${stdout}${stderr}`)));
    });
  }

  /** port resolves to the port of the listener `web`. */
  async port(): Promise<number> {
    const { msg } = await this.logged(/^listener web is on 127\.0\.0\.1:\d+$/);
    return Number(msg.split(':')[1]);
  }
}

/** get asks with a connection of its own. */
export async function get(port: number, path: string): Promise<{ status: number; body: string }> {
  const outgoing = request({ host: '127.0.0.1', port, path, agent: false }).end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of answer.setEncoding('utf8')) body += chunk;
  return { status: answer.statusCode!, body };
}

/** statusOver asks for `/` over a Unix socket. */
export function statusOver(socketPath: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/', headers: { host: 'a.test' }, agent: false });
    asked.on('error', reject);
    asked.on('response', (response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    asked.end();
  });
}
