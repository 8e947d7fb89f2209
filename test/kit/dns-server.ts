/**
 * DNS servers for tests: dnsmasq, whose records are rewritten while it runs, and one that misbehaves on purpose. Test code.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, Program, temporaryFolder } from './program.ts';

/** Dnsmasq answers for `*.internal` on the loopback, from records that a test sets. */
export class Dnsmasq {
  readonly port: number;
  /** As `resolver` takes it. */
  readonly address: string;
  readonly #hosts: string;
  readonly #args: readonly string[];
  #program: Program | null = null;

  private constructor(port: number, ttlSeconds: number) {
    this.port = port;
    this.address = `127.0.0.1:${port}`;
    const folder = temporaryFolder();
    this.#hosts = join(folder, 'hosts');
    this.#args = [
      '--keep-in-foreground',
      '--conf-file=/dev/null',
      '--log-facility=-',
      `--pid-file=${join(folder, 'pid')}`,
      `--port=${port}`,
      '--listen-address=127.0.0.1',
      '--bind-interfaces',
      '--no-resolv',
      '--no-hosts',
      '--local=/internal/',
      `--addn-hosts=${this.#hosts}`,
      `--local-ttl=${ttlSeconds}`,
      '--user=',
    ];
  }

  /** start serves addresses by name, and SRV records as dnsmasq writes them: `_http._tcp.app.internal,host.internal,80,0,5`. */
  static async start(
    names: Readonly<Record<string, readonly string[]>>,
    services: readonly string[] = [],
    ttlSeconds = 1,
  ): Promise<Dnsmasq> {
    const server = new Dnsmasq(await freePort(), ttlSeconds);
    server.#write(names);
    await server.serve(services);
    return server;
  }

  /** set changes the addresses, without an end of service. */
  async set(names: Readonly<Record<string, readonly string[]>>): Promise<void> {
    this.#write(names);
    const program = this.#program!;
    const before = program.output.length;
    program.signal('SIGHUP');
    await program.printed(new RegExp(`^[\\s\\S]{${before}}[\\s\\S]*read .*hosts`));
  }

  /** serve starts it, with these services and the addresses as they are. */
  async serve(services: readonly string[] = []): Promise<void> {
    await this.stop();
    const program = new Program('/usr/sbin/dnsmasq', [...this.#args, ...services.map((each) => `--srv-host=${each}`)]);
    this.#program = program;
    await program.printed(/read .*hosts/);
  }

  async stop(): Promise<void> {
    await this.#program?.stop();
    this.#program = null;
  }

  #write(names: Readonly<Record<string, readonly string[]>>): void {
    const lines = Object.entries(names).flatMap(([name, addresses]) => addresses.map((each) => `${each} ${name}\n`));
    writeFileSync(this.#hosts, lines.join(''));
  }
}

/** BadDns answers every question with what a test says. */
export class BadDns {
  /** Returns an answer to a question, or null for none. */
  answer: (question: Buffer) => Buffer | null = () => null;
  questions = 0;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (question, { port, address }) => {
      this.questions++;
      const answer = this.answer(question);
      if (answer !== null) socket.send(answer, port, address);
    });
  }

  static async start(): Promise<BadDns> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new BadDns(socket);
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  stop(): void {
    this.#socket.close();
  }
}

/** refusal answers a question with a code: 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED. */
export function refusal(question: Buffer, code: number): Buffer {
  const end = question.indexOf(0, 12) + 5;
  const answer = Buffer.from(question.subarray(0, end));
  answer.writeUInt16BE(0x8180 | code, 2);
  answer.writeUInt32BE(0, 8);
  answer.writeUInt16BE(0, 6);
  return answer;
}
