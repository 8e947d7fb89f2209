/**
 * PluginStage: a gateway with plugins that a test writes, its log, and requests to it. Test code.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { createGateway, type Gateway } from 'sluice';
import { temporaryFolder } from './program.ts';
import { eventually } from './waiting.ts';
import type { Address } from './wire.ts';

/** StagedLine is one line of the gateway's log. */
export interface StagedLine {
  readonly level: number;
  readonly msg: string;
  readonly plugin?: string;
  readonly word?: string;
  readonly rule?: string;
  readonly at?: string;
  readonly error?: string;
  readonly stack?: string;
  readonly suppressed?: number;
  readonly reason?: string;
}

export interface PluginSketch {
  /** By file name; the rules' folder. */
  readonly files: Readonly<Record<string, string>>;
  readonly rules: string;
  readonly threads?: number;
  readonly logLevel?: string;
}

export class PluginStage {
  readonly gateway: Gateway;
  readonly folder: string;
  readonly lines: StagedLine[];

  private constructor(gateway: Gateway, folder: string, lines: StagedLine[]) {
    this.gateway = gateway;
    this.folder = folder;
    this.lines = lines;
  }

  /** start writes the files and runs the rules, whose listener is `web`. */
  static async start(
    t: TestContext,
    { files, rules, threads = 0, logLevel = 'info' }: PluginSketch,
  ): Promise<PluginStage> {
    const folder = temporaryFolder();
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const file = join(folder, 'gateway.sluice');
    writeFileSync(file, rules);
    const lines: StagedLine[] = [];
    const logger = pino({ level: logLevel }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const gateway = await createGateway({ rules: { file }, threads, logger });
    await gateway.start();
    t.after(() => gateway.stop({ deadline: 0 }));
    return new PluginStage(gateway, folder, lines);
  }

  /** write replaces a file of the rules' folder. */
  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  /** ask sends one request on a connection of its own. */
  async ask(path = '/', headers: Readonly<Record<string, string>> = {}, method = 'GET') {
    const { host, port } = this.gateway.addresses().web as Address;
    const answer = await fetch(`http://${host}:${port}${path}`, {
      method,
      headers: { connection: 'close', ...headers },
      redirect: 'manual',
    });
    return { status: answer.status, headers: answer.headers, body: await answer.text() };
  }

  /** logged resolves to the first line whose message matches. */
  async logged(message: RegExp): Promise<StagedLine> {
    return eventually(`a line like ${message}`, () => this.lines.find(({ msg }) => message.test(msg)));
  }

  /** pluginErrors is how many failures of plugins the listener has counted. */
  get pluginErrors(): number {
    return this.gateway.stats().listeners[0]!.counters.pluginErrors!;
  }
}
