/**
 * Demo: three demo backends and the gateway in front of them.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createGateway, type Gateway } from 'sluice';
import { DemoBackend } from './demo-backend.ts';

export const RULES = fileURLToPath(new URL('./gateway.sluice', import.meta.url));

const NAMES = ['one', 'two', 'three'];
const WRITTEN_PORT = 8080;
const WRITTEN_BACKEND_PORTS = [9001, 9002, 9003];

export interface DemoOptions {
  /** The gateway's port. Default: the one in the rule file, 8080. 0: any free one. */
  readonly port?: number;
  /** The backends' ports. Default: those in the rule file, 9001 to 9003. */
  readonly backendPorts?: readonly number[];
  /** How long a killed backend stays away. Default 15 s; null: for good. */
  readonly restartMs?: number | null;
  /** Told whatever happens. Default: nobody. */
  say?(text: string): void;
}

export class Demo {
  readonly gateway: Gateway;
  readonly backends: readonly DemoBackend[];
  readonly #rules: () => Promise<string>;

  private constructor(gateway: Gateway, backends: readonly DemoBackend[], rules: () => Promise<string>) {
    this.gateway = gateway;
    this.backends = backends;
    this.#rules = rules;
  }

  /** start resolves once everything answers; rejects, with everything stopped again, when a port is taken. */
  static async start(options: DemoOptions = {}): Promise<Demo> {
    const { port = WRITTEN_PORT, backendPorts = WRITTEN_BACKEND_PORTS, restartMs = 15_000, say = () => {} } = options;
    const backends = NAMES.map((name, at) => new DemoBackend({ name, port: backendPorts[at]!, restartMs, say }));
    try {
      await Promise.all(backends.map((backend) => backend.start()));
      const rules = () => readRules(port, backends);
      const gateway = await createGateway({ rules: await rules(), logger: false });
      gateway.on('server', ({ server, to, reason }) => say(`the gateway sees server ${server} ${to}: ${reason}`));
      await gateway.start();
      return new Demo(gateway, backends, rules);
    } catch (thrown) {
      await Promise.all(backends.map((backend) => backend.stop()));
      throw thrown;
    }
  }

  /** url is where the gateway listens. */
  get url(): string {
    const address = this.gateway.addresses().web;
    if (address === undefined || 'path' in address) throw new Error('the rule file has no listener `web` with a port');
    return `http://${address.host}:${address.port}`;
  }

  /** reload reads the rule file again. Rejects, with the old rules still running, when something is wrong with it. */
  async reload(): Promise<void> {
    await this.gateway.reload({ rules: await this.#rules() });
  }

  async stop(): Promise<void> {
    await this.gateway.stop({ deadline: '1s' });
    await Promise.all(this.backends.map((backend) => backend.stop()));
  }
}

/** readRules returns the rule file, with other ports in it where others were asked for. */
async function readRules(port: number, backends: readonly DemoBackend[]): Promise<string> {
  let rules = await readFile(RULES, 'utf8');
  for (const [at, backend] of backends.entries()) {
    rules = rules.replace(`127.0.0.1:${WRITTEN_BACKEND_PORTS[at]}`, `127.0.0.1:${backend.port}`);
  }
  return rules.replace(`127.0.0.1:${WRITTEN_PORT}`, `127.0.0.1:${port}`);
}
