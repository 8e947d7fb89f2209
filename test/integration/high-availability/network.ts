/**
 * Network is a network of its own for tests: machines (network namespaces) on one switch (a bridge in another one). Linux, root. Test code.
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { Program, type ProgramOptions } from '../../kit/index.ts';

const PREFIX_LENGTH = 24;

export class Network implements AsyncDisposable {
  readonly #prefix = `sluice${process.pid}`;
  readonly #switch = `${this.#prefix}-switch`;
  readonly #programs: Program[] = [];
  readonly #namespaces: string[] = [];

  /** The reason why there can be no networks here; undefined: there can. */
  static problem(): string | undefined {
    if (process.platform !== 'linux') return 'network namespaces need Linux';
    if (process.getuid?.() !== 0) return 'network namespaces need root';
    const name = `sluice${process.pid}-try`;
    const made = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' });
    if (made.error !== undefined || made.status !== 0)
      return `no network namespaces: ${made.error?.message ?? made.stderr.trim()}`;
    spawnSync('ip', ['netns', 'delete', name]);
    return undefined;
  }

  constructor() {
    this.#makeNamespace(this.#switch);
    this.#ip(this.#switch, 'link add switch type bridge');
    this.#ip(this.#switch, 'link set switch up');
  }

  /** add makes a machine with an interface `eth0` on the switch. */
  add(machine: string, address: string): void {
    const namespace = this.#namespace(machine);
    this.#makeNamespace(namespace);
    this.#ip(namespace, `link add eth0 type veth peer name to-${machine} netns ${this.#switch}`);
    this.#ip(this.#switch, `link set to-${machine} master switch up`);
    this.#ip(namespace, `address add ${address}/${PREFIX_LENGTH} dev eth0`);
    this.#ip(namespace, 'link set eth0 up');
  }

  /** plug connects the machine's cable to the switch, or pulls it. */
  plug(machine: string, isPlugged: boolean): void {
    this.#ip(this.#switch, `link set to-${machine} ${isPlugged ? 'up' : 'down'}`);
  }

  /** start runs a program on the machine; it ends with the network at the latest. */
  start(machine: string, command: string, args: readonly string[], options?: ProgramOptions): Program {
    const program = new Program('ip', ['netns', 'exec', this.#namespace(machine), command, ...args], options);
    this.#programs.push(program);
    return program;
  }

  /** run runs a command on the machine to its end, and throws if that is not a success. */
  run(machine: string, command: string, ...args: string[]): string {
    return run('ip', ['netns', 'exec', this.#namespace(machine), command, ...args]);
  }

  /** processes of the machine whose command line matches. */
  processes(machine: string, commandLine: RegExp): number[] {
    const pids = run('ip', ['netns', 'pids', this.#namespace(machine)])
      .split('\n')
      .filter(Boolean);
    return pids
      .map(Number)
      .filter((pid) =>
        commandLine.test(spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout),
      );
  }

  /** signal goes to all processes of the machine whose command line matches, and returns how many there are. */
  signal(machine: string, commandLine: RegExp, signal: NodeJS.Signals): number {
    const pids = this.processes(machine, commandLine);
    for (const pid of pids) process.kill(pid, signal);
    return pids.length;
  }

  has(machine: string, address: string): boolean {
    return this.#ip(this.#namespace(machine), '-4 -o address show dev eth0').includes(` ${address}/`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const namespace of this.#namespaces) {
      for (const pid of run('ip', ['netns', 'pids', namespace]).split('\n').filter(Boolean)) {
        try {
          process.kill(Number(pid), 'SIGKILL');
        } catch {
          // It ended by itself meanwhile.
        }
      }
    }
    await Promise.all(this.#programs.map((program) => program.exited));
    for (const namespace of this.#namespaces) spawnSync('ip', ['netns', 'delete', namespace]);
  }

  #namespace(machine: string): string {
    return `${this.#prefix}-${machine}`;
  }

  #makeNamespace(name: string): void {
    run('ip', ['netns', 'add', name]);
    this.#namespaces.push(name);
    this.#ip(name, 'link set lo up');
  }

  #ip(namespace: string, args: string): string {
    return run('ip', ['-n', namespace, ...args.split(' ')]);
  }
}

function run(command: string, args: readonly string[]): string {
  const done: SpawnSyncReturns<string> = spawnSync(command, args, { encoding: 'utf8' });
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${done.stderr || done.stdout}`);
  return done.stdout;
}
