/**
 * The gateway under test: in this process through `createGateway`, or as the `sluice` command. Test code.
 *
 * SLUICE_TEST_PEER=haproxy (or nginx) puts that proxy in its place where a test's rules say nothing but "send to the one
 * server". That proves the cases themselves, and shows how strict others are.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGateway } from 'sluice';
import { startHaproxy, startNginxProxy } from './peers.ts';
import { freePort, Program, temporaryFolder } from './program.ts';
import type { Address } from './wire.ts';

/** plainRules sends everything to the servers; `listener` and `backend` are more lines for the two blocks. */
export function plainRules(servers: readonly Address[], listener = '', backend = '', port = 0): string {
  const names = servers.map(({ host, port }) => `${host}:${port}`).join(', ');
  return `listener web on 127.0.0.1:${port} {
  ${listener}
  otherwise send to app
}
backend app of ${names} {
  ${backend}
}
`;
}

/** TestGateway is a running gateway with one listener named `web`. */
export interface TestGateway {
  readonly address: Address;
  stop(): Promise<void>;
}

/** startGateway runs rules in this process, on its own event loop unless `threads` says otherwise. */
export async function startGateway(rules: string, threads = 0) {
  const gateway = await createGateway({ rules, threads, logger: false });
  await gateway.start();
  const address = gateway.addresses().web as Address;
  return { gateway, address, stop: async () => void (await gateway.stop({ deadline: '1s' })) };
}

/** startPlainGateway sends everything to one server, or starts the peer that is to be tried in its place. */
export async function startPlainGateway(server: Address): Promise<TestGateway> {
  const peer = process.env.SLUICE_TEST_PEER;
  if (peer === undefined) return startGateway(plainRules([server]));
  const { address, program } = await (peer === 'nginx' ? startNginxProxy(server) : startHaproxy(server));
  return { address, stop: async () => void (await program.stop(100)) };
}

const COMMAND = new URL('../../cli/bin/sluice.js', import.meta.url).pathname;

/** sluice runs the command with these arguments. */
export function sluice(...args: string[]): Program {
  return new Program(process.execPath, [COMMAND, ...args]);
}

/** SluiceProcess is `sluice run` on a rule file that can be rewritten and reloaded. */
export interface SluiceProcess extends TestGateway {
  readonly program: Program;
  readonly file: string;
}

/** runSluice writes the rules (made for a port) to a file, runs them, and waits until the listener, and the admin API if there is one, are open. */
export async function runSluice(rules: (port: number) => string, ...args: string[]): Promise<SluiceProcess> {
  const port = await freePort();
  const file = join(temporaryFolder(), 'gateway.sluice');
  writeFileSync(file, rules(port));
  const program = sluice('run', file, ...args);
  await program.printed(/listener web is on/);
  if (args.includes('--admin') || /\badmin on\b/.test(readFileSync(file, 'utf8')))
    await program.printed(/the admin API is on/);
  return { address: { host: '127.0.0.1', port }, program, file, stop: async () => void (await program.stop()) };
}
