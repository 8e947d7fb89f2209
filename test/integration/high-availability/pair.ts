/** Pair is the gateways of examples/high-availability on a network of their own, with two servers and a client. Test code. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Program, skipUnless, temporaryFolder } from '../../kit/index.ts';
import { Network } from './network.ts';
import type { Sight } from './prober.ts';

const EXAMPLE = join(import.meta.dirname, '../../../examples/high-availability');
const COMMAND = join(import.meta.dirname, '../../../cli/bin/sluice.js');
const OWN = { edge1: '10.77.0.11', edge2: '10.77.0.12' };

/** The address of both. */
export const ADDRESS = '10.77.0.100';
export const GATEWAYS = ['edge1', 'edge2'] as const;
export type GatewayName = (typeof GATEWAYS)[number];
/** The processes of a gateway. */
export const SLUICE = /sluice\.js run/;
export const LONG_MS = 20_000;

export function other(name: GatewayName): GatewayName {
  return name === 'edge1' ? 'edge2' : 'edge1';
}

/** skipUnlessPair gives the options of a test: a skip with its reason where networks or programs are missing. */
export function skipUnlessPair(...commands: string[]): { skip?: string } {
  const missing = skipUnless('ip', 'curl', 'iptables', 'sysctl', ...commands);
  const problem = missing.skip ?? Network.problem();
  return problem === undefined ? {} : { skip: problem };
}

export class Pair implements AsyncDisposable {
  readonly network = new Network();
  readonly #folder = temporaryFolder();

  /** start starts the servers and both gateways; what gives them the address comes from those who extend it. */
  async start(): Promise<void> {
    const { network } = this;
    network.add('servers', '10.77.0.21');
    network.add('client', '10.77.0.50');
    network.start('servers', process.execPath, [join(import.meta.dirname, 'origin.ts'), '9001', '9002']);
    for (const name of GATEWAYS) {
      network.add(name, OWN[name]);
      this.#writeRules(name);
      const script = join(EXAMPLE, 'keep-connections.sh');
      network.run(name, script, 'start', ADDRESS, OWN[other(name)], 'eth0');
    }
    await Promise.all(GATEWAYS.map((name) => this.startGateway(name)));
  }

  #writeRules(name: GatewayName): void {
    const folder = this.folder(name);
    mkdirSync(join(folder, 'secrets'), { recursive: true });
    writeFileSync(join(folder, 'secrets/cookie-key'), 'the same on both, of at least 32 bytes', { mode: 0o600 });
    this.write(name, 'is-ready.sh');
    this.write(name, 'gateway.sluice', [
      ['/etc/sluice/secrets', join(folder, 'secrets')],
      ['/run/sluice', folder],
      ['otherwise send to app', `on response {\n    set header X-Gateway to "${name}"\n  }\n  otherwise send to app`],
    ]);
  }

  folder(name: GatewayName): string {
    return join(this.#folder, name);
  }

  get exampleFolder(): string {
    return EXAMPLE;
  }

  adminSocket(name: GatewayName): string {
    return join(this.folder(name), 'admin.sock');
  }

  /** write puts a file of the example into a gateway's folder, with its paths in place of those of a machine of its own. */
  write(name: GatewayName, file: string, replacements: readonly (readonly [string, string])[] = []): string {
    const from = join(EXAMPLE, file);
    const to = join(this.folder(name), file);
    mkdirSync(dirname(to), { recursive: true });
    cpSync(from, to);
    if (replacements.length === 0) return to;
    let text = readFileSync(from, 'utf8');
    for (const [written, wanted] of replacements) {
      if (!text.includes(written)) throw new Error(`${file} has no ${written}`);
      text = text.replaceAll(written, wanted);
    }
    writeFileSync(to, text);
    return to;
  }

  async startGateway(name: GatewayName): Promise<Program> {
    const program = this.network.start(name, process.execPath, [
      COMMAND,
      'run',
      join(this.folder(name), 'gateway.sluice'),
    ]);
    await program.printed(/"msg":"ready/, LONG_MS);
    return program;
  }

  /** ctl runs a command of `sluice ctl` on a gateway. */
  ctl(name: GatewayName, ...args: string[]): string {
    return this.network.run(
      name,
      process.execPath,
      COMMAND,
      'ctl',
      ...args,
      '--admin',
      `unix:${this.adminSocket(name)}`,
    );
  }

  /** watched has clients ask for pages while something happens, and returns what they saw. */
  async watched(happening: () => Promise<void>): Promise<Sight> {
    const prober = this.network.start('client', process.execPath, [join(import.meta.dirname, 'prober.ts'), ADDRESS]);
    await prober.printed(/begun/, LONG_MS);
    await happening();
    prober.signal('SIGTERM');
    const [sight] = await prober.printed(/\{.*\}/, LONG_MS);
    return JSON.parse(sight);
  }

  /** download asks for a response that takes some seconds, and returns how many of its pieces arrived: ten per second. */
  async download(seconds: number): Promise<number> {
    const program = this.network.start('client', 'curl', [
      '--silent',
      '--no-buffer',
      `http://${ADDRESS}/slow/${seconds}`,
    ]);
    await program.exited;
    return program.output.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.network[Symbol.asyncDispose]();
  }
}
