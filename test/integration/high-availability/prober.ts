/**
 * What clients see: asks an address for a page every 10 ms with a new connection, and all the time with one that is kept, until SIGTERM.
 * Prints a line `begun`, and in the end a Sight as JSON. `node prober.ts ADDRESS`. Test code.
 */
import { Agent, get, type IncomingMessage } from 'node:http';

export interface Sight {
  /** Responses that were right, by the gateway that they came from. */
  readonly right: Readonly<Record<string, number>>;
  /** Responses that were not what was asked for. */
  readonly wrong: readonly string[];
  /** Connections that failed, by reason. */
  readonly failed: Readonly<Record<string, number>>;
  /** The longest time without a right response to a new connection, in milliseconds. */
  readonly longestGapMs: number;
  /** The servers that the client with the cookie got. */
  readonly servers: readonly string[];
  /** Requests on the kept connection, connections that this took, and requests that got no response. */
  readonly kept: { readonly requests: number; readonly connections: number; readonly failed: number };
}

const EVERY_MS = 10;
const PATIENCE_MS = 1_000;
const [host = ''] = process.argv.slice(2);

const right: Record<string, number> = {};
const failed: Record<string, number> = {};
const wrong: string[] = [];
const servers = new Set<string>();
let cookie: string | undefined;
let lastRightMs = performance.now();
let longestGapMs = 0;
let asked = 0;
let isOver = false;

async function ask(agent: Agent | false): Promise<IncomingMessage> {
  const path = `/${asked++}`;
  return new Promise((resolve, reject) => {
    const request = get(
      { host, path, agent, timeout: PATIENCE_MS, headers: cookie === undefined ? {} : { cookie } },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text) => {
          body += text;
        });
        response.on('error', reject);
        response.on('end', () => {
          if (response.statusCode !== 200 || body !== path) wrong.push(`${path}: ${response.statusCode} ${body}`);
          else if (response.headers['x-server'] !== undefined) servers.add(String(response.headers['x-server']));
          cookie ??= response.headers['set-cookie']?.[0]?.split(';')[0];
          resolve(response);
        });
      },
    );
    request.on('timeout', () => request.destroy(Object.assign(new Error(), { code: 'no answer' })));
    request.on('error', reject);
  });
}

async function askAnew(): Promise<void> {
  try {
    const response = await ask(false);
    const gateway = String(response.headers['x-gateway']);
    right[gateway] = (right[gateway] ?? 0) + 1;
    longestGapMs = Math.max(longestGapMs, performance.now() - lastRightMs);
    lastRightMs = performance.now();
  } catch (thrown) {
    const reason = (thrown as NodeJS.ErrnoException).code ?? String(thrown);
    failed[reason] = (failed[reason] ?? 0) + 1;
  }
}

const kept = { requests: 0, connections: 0, failed: 0 };

async function askOnOne(): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let socket: unknown;
  while (!isOver) {
    try {
      const response = await ask(agent);
      kept.requests++;
      if (response.socket !== socket) kept.connections++;
      socket = response.socket;
    } catch {
      kept.failed++;
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  agent.destroy();
}

await askAnew(); // brings the cookie
console.log('begun');
const under = new Set<Promise<void>>();
const timer = setInterval(() => {
  const one = askAnew().finally(() => under.delete(one));
  under.add(one);
}, EVERY_MS);
const keeping = askOnOne();
process.on('SIGTERM', async () => {
  isOver = true;
  clearInterval(timer);
  await Promise.all([keeping, ...under]);
  longestGapMs = Math.round(longestGapMs);
  const sight: Sight = { right, wrong, failed, longestGapMs, servers: [...servers], kept };
  console.log(JSON.stringify(sight));
});
