/**
 * DebianMachine: a DebianRoot that is booted, with systemd as its PID 1, a network of its own, and file systems whose changes are thrown away:
 * systemd-nspawn's. Test code.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program } from './program.ts';
import { eventually } from './waiting.ts';

const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  TERM: 'dumb',
  LC_ALL: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
};
/** How long booting may take on a machine with much else to do. */
const BOOT_MS = 120_000;
const STEP_MS = 180_000;

export interface Step {
  readonly code: number | null;
  /** Standard output and error. */
  readonly output: string;
}

export class DebianMachine {
  readonly #nspawn: Program;
  readonly #leader: number;

  private constructor(nspawn: Program, leader: number) {
    this.#nspawn = nspawn;
    this.#leader = leader;
  }

  /** boot starts the machine; `folders` are seen in it under the same paths, read-only. */
  static async boot(root: string, folders: readonly string[] = []): Promise<DebianMachine> {
    const nspawn = new Program('systemd-nspawn', [
      ...['--quiet', '--directory', root, '--volatile=overlay', '--boot', '--register=no', '--keep-unit'],
      ...['--private-network', '--console=pipe', ...folders.map((folder) => `--bind-ro=${folder}`)],
    ]);
    const leader = await eventually('a machine', () => leaderOf(nspawn), BOOT_MS);
    const machine = new DebianMachine(nspawn, leader);
    try {
      await eventually(
        'the machine has booted',
        () => {
          if (nspawn.hasExited) throw new Error(`systemd-nspawn ended: ${nspawn.output}`);
          return /^(?:running|degraded)$/m.test(machine.try('systemctl is-system-running').output);
        },
        BOOT_MS,
      );
    } catch (thrown) {
      await machine.stop();
      throw thrown;
    }
    return machine;
  }

  /** try runs a script of bash in the machine, as root. */
  try(script: string): Step {
    const { status, stdout, stderr } = spawnSync(
      'nsenter',
      ['--target', String(this.#leader), '--all', 'bash', '-eu', '-o', 'pipefail', '-c', script],
      {
        encoding: 'utf8',
        env: ENVIRONMENT,
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: STEP_MS,
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    return { code: status, output: `${stdout}${stderr}`.trim() };
  }

  /** run is `try` for what must succeed, and returns its output. */
  run(script: string): string {
    const { code, output } = this.try(script);
    if (code !== 0) throw new Error(`${script}: ${code}: ${output}\n${this.try('journalctl -n 40 --no-pager').output}`);
    return output;
  }

  /** inNetwork runs a program of this machine's host in the network of the machine. */
  inNetwork(command: string, ...args: readonly string[]): Program {
    return new Program('nsenter', ['--target', String(this.#leader), '--net', command, ...args]);
  }

  async stop(): Promise<void> {
    process.kill(this.#leader, 'SIGKILL');
    await this.#nspawn.exited;
  }
}

/** leaderOf is the machine's PID 1, as its host sees it. */
function leaderOf(nspawn: Program): number | null {
  if (nspawn.hasExited) throw new Error(`systemd-nspawn ended: ${nspawn.output}`);
  const children = readFileSync(join('/proc', String(nspawn.pid), 'task', String(nspawn.pid), 'children'), 'utf8');
  const [first] = children.trim().split(' ');
  if (first === undefined || first === '') return null;
  // Until its init is started, it is a helper that prepares the machine.
  return readFileSync(join('/proc', first, 'comm'), 'utf8') === 'systemd\n' ? Number(first) : null;
}
