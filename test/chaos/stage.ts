/**
 * Stage: a gateway with its rules in a file, six servers behind it, and the things that can be done to all of these. Test code.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGateway, type Gateway } from 'sluice';
import {
  type Address,
  AdminClient,
  type ChaosServer,
  connectTo,
  eventually,
  startChaosServer,
  temporaryFolder,
} from '../kit/index.ts';
import { oneOf } from './dice.ts';
import { THREAD, type Trouble } from './trouble.ts';

/** They are always in the rules. */
export const NAMES = ['one', 'two', 'three', 'four'] as const;
/** It comes and goes with reloads, */
const GUEST = 'guest';
/** and this one with a file that is watched. */
const FOUND = 'found';
export const ALL_NAMES = [...NAMES, GUEST, FOUND];
/** Both have the same servers; clients belong to one by a cookie here, by a header there. */
const BACKENDS = ['cookies', 'headers'] as const;
const WELL_MS = 30_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Stage {
  readonly servers = new Map<string, ChaosServer>();
  readonly trouble: Trouble;
  readonly #folder = temporaryFolder();
  readonly #random: () => number;
  #gateway!: Gateway;
  #admin!: AdminClient;
  /** What is done to them ends by being well again. */
  readonly #inHand = new Set<string>();
  #hasGuest = true;
  #hasFound = false;
  reloads = 0;
  lost = 0;

  /** `random` is for what the rules say and how long things last; one done by somebody else may not draw from it. */
  static async set(trouble: Trouble, random: () => number): Promise<Stage> {
    const stage = new Stage(trouble, random);
    for (const name of ALL_NAMES) stage.servers.set(name, await startChaosServer(name, stage.logOf(name)));
    const file = join(stage.#folder, 'gateway.sluice');
    stage.#writeFound();
    writeFileSync(file, stage.#rules());
    const admin = { address: '127.0.0.1:0' };
    try {
      stage.#gateway = await createGateway({ rules: { file }, threads: 2, logger: false, beatLimitMs: 2000, admin });
      await stage.#gateway.start();
    } catch (thrown) {
      await stage.#stopServers();
      throw thrown;
    }
    const gateway = stage.#gateway;
    stage.#admin = new AdminClient(gateway.adminAddress!);
    // What checks say of a server is a cause to move too, on a machine that is too busy for them; and so is the death of a thread.
    gateway.on('server', ({ server, to, reason }) => {
      if (to === 'stopped') trouble.begin(server, `stopped by its check (${reason})`);
      else if (to === 'running' && !stage.#inHand.has(server) && stage.#looksWell(server)) trouble.end(server);
    });
    gateway.on('thread', (event) => {
      if (event.event === 'replaced') stage.#threadsAreWell();
      else {
        stage.lost++;
        trouble.begin(THREAD, `lost (${event.reason})`);
      }
    });
    return stage;
  }

  private constructor(trouble: Trouble, random: () => number) {
    this.trouble = trouble;
    this.#random = random;
  }

  get gateway(): Gateway {
    return this.#gateway;
  }

  addressOf(listener: (typeof BACKENDS)[number]): Address {
    return this.#gateway.addresses()[listener] as Address;
  }

  logOf(name: string): string {
    return join(this.#folder, `${name}.log`);
  }

  async stop(): Promise<void> {
    await this.#gateway.stop({ deadline: 0 });
    await this.#stopServers();
  }

  async #stopServers(): Promise<void> {
    await Promise.all([...this.servers.values()].map(({ program }) => program.stop(0)));
  }

  // What is done to servers. Each ends when the server is well again.

  /** kill ends a server's process and starts another. */
  async kill(name: string): Promise<void> {
    const { program, address } = this.servers.get(name)!;
    this.#begin(name, 'killed');
    program.signal('SIGKILL');
    await program.exited;
    await pause(200 + this.#random() * 1500);
    this.servers.set(name, await startChaosServer(name, this.logOf(name), address.port));
    await this.#isWell(name);
  }

  /** hang stops a server's process and lets it go on. */
  async hang(name: string): Promise<void> {
    const { program } = this.servers.get(name)!;
    this.#begin(name, 'stopped');
    program.signal('SIGSTOP');
    await pause(200 + this.#random() * 4000);
    program.signal('SIGCONT');
    await this.#isWell(name);
  }

  // What operators do, through the admin API.

  /** weigh gives a server another share: its clients stay. */
  async weigh(name: string): Promise<void> {
    const weight = oneOf(this.#random, [0, 1, 10, 256]);
    this.trouble.note(`weight ${weight} for ${name}`);
    await this.#change(name, { weight });
    await pause(300 + this.#random() * 500);
    await this.#change(name, { weight: 1 });
  }

  /** drain takes a server no new clients; its own stay, and so nothing is lost. */
  async drain(name: string): Promise<void> {
    this.trouble.note(`drain of ${name}`);
    await this.#change(name, { admin: 'drain' });
    await pause(300 + this.#random() * 700);
    await this.#change(name, { admin: 'ready' });
  }

  /** empty takes a server out: at once, or when a drain's time is over; what is open there ends, or is moved. */
  async empty(name: string): Promise<void> {
    const close = this.#random() < 0.5;
    const isAtOnce = this.#random() < 0.5;
    this.#begin(name, `${isAtOnce ? 'maint' : 'a drain with a deadline'}${close ? ' that closes' : ''} for`);
    await this.#change(name, isAtOnce ? { admin: 'maint', close } : { admin: 'drain', deadline: '200ms', close });
    await eventually(`nothing to be open on ${name}`, () =>
      BACKENDS.every((backend) => this.#gateway.server(`${backend}/${name}`).draining?.isDone === true),
    );
    await pause(this.#random() * 300);
    await this.#change(name, { admin: 'ready' });
    await this.#isWell(name);
  }

  async #change(name: string, body: object): Promise<void> {
    for (const backend of BACKENDS) {
      const { status, text } = await this.#admin.ask('PATCH', `/v1/backends/${backend}/servers/${name}`, { body });
      if (status !== 200 && status !== 202) throw new Error(`${name} ${JSON.stringify(body)}: ${status} ${text}`);
    }
  }

  /** reload writes other rules and has them read: servers in another order, other weights and rules, one server more or less. */
  async reload(): Promise<void> {
    const hadGuest = this.#hasGuest;
    this.#hasGuest = this.#random() < 0.5;
    if (hadGuest && !this.#hasGuest) this.#begin(GUEST, 'reload without');
    else this.trouble.note('reload');
    writeFileSync(join(this.#folder, 'gateway.sluice'), this.#rules());
    for (;;) {
      const { status, text } = await this.#admin.ask('POST', '/v1/reload', { body: {} });
      if (status === 200) break;
      // A thread that is lost in the midst of a reload may have died of it: the old rules stay active, and people try again.
      if (!text.includes('SG0402')) throw new Error(`reload: ${status} ${text}`);
      this.trouble.note('a reload that met the loss of a thread');
      await this.serving();
    }
    this.reloads++;
    if (!hadGuest && this.#hasGuest) await this.#isWell(GUEST);
  }

  /** find has the file of servers name one more, or that one no more, until the gateway has seen it. */
  async find(): Promise<void> {
    this.#hasFound = !this.#hasFound;
    if (this.#hasFound) {
      this.#writeFound();
      await this.#isWell(FOUND);
      return;
    }
    this.#begin(FOUND, 'a file without');
    this.#writeFound();
    const isThere = () =>
      this.#gateway.stats().backends.some(({ servers }) => servers.some(({ name }) => name === FOUND));
    await eventually(`${FOUND} to be gone`, () => !isThere(), WELL_MS);
  }

  #writeFound(): void {
    const file = this.#fileOfFound;
    const { host, port } = this.servers.get(FOUND)!.address;
    writeFileSync(`${file}.new`, JSON.stringify(this.#hasFound ? [{ address: `${host}:${port}`, name: FOUND }] : []));
    renameSync(`${file}.new`, file);
  }

  get #fileOfFound(): string {
    return join(this.#folder, 'found.json');
  }

  /** loseThread has a data thread end, or hang until it is missed. It ends when another one serves in its place. */
  async loseThread(): Promise<void> {
    const path = this.#random() < 0.5 ? '/die' : '/hang';
    const before = this.#replaced();
    this.trouble.begin(THREAD, path);
    const wire = await connectTo(this.addressOf(oneOf(this.#random, BACKENDS)));
    wire.send(`GET ${path} HTTP/1.1\r\nHost: chaos\r\n\r\n`);
    await wire.closed();
    await eventually('the thread to be replaced', () => this.#replaced() > before, WELL_MS);
    await this.serving();
    this.#threadsAreWell();
  }

  /** serving waits until all threads serve. */
  async serving(): Promise<void> {
    await eventually('all threads to serve', () => this.#areServing(), WELL_MS);
  }

  #areServing(): boolean {
    return this.#gateway.stats().threads.every(({ state }) => state === 'serving');
  }

  #threadsAreWell(): void {
    if (this.#areServing()) this.trouble.end(THREAD);
  }

  #replaced(): number {
    return this.#gateway.stats().threads.reduce((sum, { replaced }) => sum + replaced, 0);
  }

  #begin(name: string, what: string): void {
    this.#inHand.add(name);
    this.trouble.begin(name, what);
  }

  async #isWell(name: string): Promise<void> {
    await eventually(`${name} to be well`, () => this.#looksWell(name), WELL_MS);
    this.#inHand.delete(name);
    this.trouble.end(name);
  }

  #looksWell(name: string): boolean {
    return this.#gateway.stats().backends.every(({ servers }) => {
      const server = servers.find((each) => each.name === name);
      return server !== undefined && server.state === 'running' && server.admin === 'ready';
    });
  }

  #rules(): string {
    const random = this.#random;
    const names = this.#hasGuest ? [...NAMES, GUEST] : [...NAMES];
    for (let at = names.length - 1; at > 0; at--) {
      const other = Math.floor(random() * (at + 1));
      [names[at], names[other]] = [names[other]!, names[at]!];
    }
    const servers = names.map((name) => {
      const weight = random() < 0.3 ? ` weight ${1 + Math.floor(random() * 3)}` : '';
      return `server ${name} 127.0.0.1:${this.servers.get(name)!.address.port}${weight}`;
    });
    const denials = Array.from({ length: Math.floor(random() * 20) }, (_, at) => `deny path is /never/${at}`);
    const listener = (backend: string) => `listener ${backend} on 127.0.0.1:0 {
  deny terrible is yes
  ${denials.join('\n  ')}
  otherwise send to ${backend}
}`;
    const backend = (name: string, more: string) => `backend ${name} {
  ${servers.join('\n  ')}
  servers from file "${this.#fileOfFound}" every 100ms
  ${more}
  check GET /health every ${oneOf(random, ['150ms', '200ms'])} timeout 1s fall 2 rise 2
  retry 3 on connect-failure using another server
  timeout connect 2s, response 3s, queue 10s
}`;
    return `use terrible from "${import.meta.dirname}/terrible-word.js"
${BACKENDS.map(listener).join('\n')}
${backend('cookies', 'stick with cookie srv')}
${backend('headers', 'stick on header x-user; on down close')}
`;
  }
}
