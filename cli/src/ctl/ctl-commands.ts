/**
 * The command `ctl`: what people do to a running gateway, over its admin API. Main thread.
 */
import { createInterface } from 'node:readline';
import type { AnswerOf, BodyOf } from '@sluice/core/admin';
import { addressText } from '@sluice/dsl';
import { EXIT_PROBLEM, EXIT_USAGE } from '../exit-codes.ts';
import { readGiven } from '../given-fields.ts';
import { showExplanation } from '../show-explanation.ts';
import { coloursFor, complain, print } from '../terminal.ts';
import { Unreachable } from './admin-caller.ts';
import { type CtlOptions, callGateway, paramsOf, show } from './gateway-call.ts';
import { lengthText, plain, table } from './table.ts';

export interface DrainOptions extends CtlOptions {
  readonly deadline?: string;
  readonly close?: boolean;
  readonly wait?: boolean;
}

type Listener = AnswerOf<'getStatus'>['listeners'][number];
type Server = AnswerOf<'getServer'>;

const WAIT_LOOK_MS = 250;

export function ctlStatus(options: CtlOptions): Promise<number> {
  return callGateway(options, async (caller) => {
    const status = await caller.call('getStatus');
    return show(options, status, () => {
      const { servers } = status;
      const listeners = status.listeners.map((each) => [each.name, addressesText(each), each.openConnections]);
      const threads = status.threads.map((each) => [each.thread, each.state, each.replaced]);
      const colours = coloursFor(process.stdout);
      return [
        `${status.state} for ${lengthText(status.uptimeMs)}, generation ${status.generation}, process ${status.pid}`,
        `sluice ${plain(status.version.sluice)}, Node.js ${plain(status.version.node)}`,
        `servers: ${servers.running} running, ${servers.starting} starting, ${servers.stopping} stopping, ${servers.stopped} stopped; ${servers.drain} in drain, ${servers.maint} in maint`,
        '',
        table(['LISTENER', 'ADDRESS', 'OPEN'], listeners, colours),
        '',
        table(['THREAD', 'STATE', 'REPLACED'], threads, colours),
      ].join('\n');
    });
  });
}

export function ctlServers(backend: string | undefined, options: CtlOptions): Promise<number> {
  return callGateway(options, async (caller) => {
    const { servers } =
      backend === undefined
        ? await caller.call('listServers')
        : await caller.call('getBackend', { params: { backend } });
    return show(options, { servers }, () =>
      table(
        ['SERVER', 'ADDRESS', 'STATE', 'ADMIN', 'WEIGHT', 'MAX', 'OPEN', 'WAITING', 'REQUESTS', 'LAST CHECK'],
        servers.map((each) => [
          `${each.backend}/${each.name}${each.isBackup ? ' (backup)' : ''}`,
          addressText(each.address),
          each.state,
          adminText(each),
          each.weight,
          each.max === 0 ? '-' : String(each.max),
          each.open,
          each.mostWaiting === 0 ? each.waiting : `${each.waiting} of ${each.mostWaiting}`,
          each.counters.requests,
          checkText(each),
        ]),
        coloursFor(process.stdout),
      ),
    );
  });
}

export function ctlMembers(backend: string, options: CtlOptions): Promise<number> {
  return callGateway(options, async (caller) => {
    const answer = await caller.call('listMembers', { params: { backend } });
    return show(options, answer, () => {
      const colours = coloursFor(process.stdout);
      const members = answer.members.map((each) => [
        `${each.name}${each.isBackup ? ' (backup)' : ''}`,
        addressText(each.address),
        each.state,
        each.admin,
        each.source ?? 'rules',
      ]);
      const said = table(['SERVER', 'ADDRESS', 'STATE', 'ADMIN', 'FROM'], members, colours);
      if (answer.sources.length === 0) return said;
      const sources = answer.sources.map((each) => [
        each.source,
        each.servers,
        each.ageMs === null ? 'never' : `${lengthText(each.ageMs)} ago`,
        each.isOk ? '-' : each.reason,
      ]);
      return `${said}\n\n${table(['SOURCE', 'FOUND', 'LAST ANSWER', 'PROBLEM'], sources, colours)}`;
    });
  });
}

export function ctlSticky(
  backend: string,
  options: CtlOptions & { readonly ip?: string; readonly header?: readonly string[] },
): Promise<number> {
  return callGateway(options, async (caller) => {
    const { ip, header: headers } = options;
    const client = { ...(ip === undefined ? {} : { ip }), ...(headers === undefined ? {} : { headers }) };
    const answer = await caller.call('findSticky', { params: { backend }, body: client });
    return show(options, answer, () => {
      const { server, by, outcome, why, sinceMs, expiresInMs } = answer;
      const times = [
        ...(sinceMs === null ? [] : [`since ${lengthText(sinceMs)}`]),
        ...(expiresInMs === null ? [] : [`expires in ${lengthText(expiresInMs)} without further requests`]),
      ];
      const where = server === null ? 'the client does not stick to a server' : `the client sticks to ${plain(server)}`;
      const entry = answer.entry === null ? '' : `entry ${plain(answer.entry)} of the stick table`;
      const lines = [`${where}: ${plain(by)}`, `${outcome}: ${plain(why)}`, times.join(', '), entry];
      return lines.filter((line) => line !== '').join('\n');
    });
  });
}

export function ctlCertificates(options: CtlOptions & { readonly renew?: string }): Promise<number> {
  return callGateway(options, async (caller) => {
    const answer =
      options.renew === undefined
        ? await caller.call('listCertificates')
        : await caller.call('renewCertificate', { body: { name: options.renew } });
    return show(options, answer, () => {
      const rows = answer.certificates.map((each) => [
        each.names.join(' '),
        each.source,
        each.state,
        each.expires === null ? '-' : minuteText(each.expires),
        each.next !== null ? minuteText(each.next) : each.source === 'file' ? '-' : 'now',
        each.lastError === null ? '-' : `${each.lastError} (${each.failures} in a row)`,
      ]);
      if (rows.length === 0) return 'no certificates: no listener terminates TLS with one';
      return table(['NAMES', 'SOURCE', 'STATE', 'EXPIRES', 'NEXT', 'LAST ERROR'], rows, coloursFor(process.stdout));
    });
  });
}

export function ctlReload(options: CtlOptions): Promise<number> {
  return callGateway(options, async (caller) => {
    const answer = await caller.call('reload', { body: {} });
    return show(options, answer, () => `rules reloaded, generation ${answer.generation} is active`);
  });
}

/** ctlUpgrade returns when the new version serves. Whatever it does not get ready for is printed, and the old one goes on. */
export function ctlUpgrade(options: CtlOptions): Promise<number> {
  return callGateway(options, async (caller) => {
    const answer = await caller.call('upgrade', { body: {} });
    return show(options, answer, () => 'upgraded: the version on disk serves');
  });
}

export function ctlExplain(
  request: string,
  options: CtlOptions & {
    readonly header?: readonly string[];
    readonly given?: readonly string[];
    readonly listener?: string;
  },
): Promise<number> {
  const given = readGiven(options.given);
  if (given === null) return Promise.resolve(EXIT_USAGE);
  return callGateway(options, async (caller) => {
    const { header, listener } = options;
    const more = {
      ...(header === undefined ? {} : { headers: header }),
      ...(Object.keys(given).length === 0 ? {} : { given }),
      ...(listener === undefined ? {} : { listener }),
    };
    const answer = await caller.call('explain', { body: { request, ...more } });
    return show(options, answer, () => showExplanation(answer, coloursFor(process.stdout)));
  });
}

/** ctlSet changes a server: `{ weight }`, `{ max }` or `{ admin: 'ready' }`. */
export function ctlSet(server: string, change: BodyOf<'changeServer'>, options: CtlOptions): Promise<number> {
  return callGateway(options, async (caller) => {
    const answer = await caller.call('changeServer', { params: paramsOf(server), body: change });
    return show(options, answer, () => serverLine(answer));
  });
}

/** ctlAddServer adds a server: `10.0.0.9:80 weight 2`, as a rule file has it. */
export function ctlAddServer(backend: string, words: readonly string[], options: CtlOptions): Promise<number> {
  const body = newServerOf(words);
  if (typeof body === 'string') {
    complain(body);
    return Promise.resolve(EXIT_USAGE);
  }
  return callGateway(options, async (caller) => {
    const answer = await caller.call('addServer', { params: { backend }, body });
    return show(options, answer, () => `added ${serverLine(answer)}`);
  });
}

export function ctlRemoveServer(server: string, options: CtlOptions): Promise<number> {
  return callGateway(options, async (caller) => {
    const answer = await caller.call('removeServer', { params: paramsOf(server), body: {} });
    return show(options, answer, () => `removed ${plain(answer.removed)}`);
  });
}

/** newServerOf reads the words behind a backend, or says what is wrong with them. */
function newServerOf([address, ...words]: readonly string[]): BodyOf<'addServer'> | string {
  const server: { address: string; name?: string; weight?: number; max?: number; backup?: boolean } = {
    address: address!,
  };
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const value = words[at + 1];
    if (word === 'backup') server.backup = true;
    else if (word === 'name' && value !== undefined) server.name = words[++at]!;
    else if ((word === 'weight' || word === 'max') && /^\d{1,7}$/.test(value ?? '')) server[word] = Number(words[++at]);
    else
      return `\`${plain(word)}\` is not expected: behind the address may stand name NAME, weight N, max N and backup`;
  }
  return server;
}

/** ctlTakeOut drains a server, or sets it to maint, and may wait for the end. */
export function ctlTakeOut(server: string, admin: 'drain' | 'maint', options: DrainOptions): Promise<number> {
  return callGateway(options, async (caller) => {
    const { deadline, close, wait } = options;
    const change = { admin, ...(deadline === undefined ? {} : { deadline }), ...(close === true ? { close } : {}) };
    const answer = await caller.call('changeServer', { params: paramsOf(server), body: change });
    if (wait !== true) return show(options, answer, () => serverLine(answer));
    const id = answer.draining?.id;
    let last = answer;
    let told = -1;
    while (last.draining !== null && last.draining.id === id && !last.draining.isDone) {
      if (options.json !== true && last.open !== told) {
        process.stderr.write(`${server}: ${last.open} open\n`);
        told = last.open;
      }
      await new Promise((resolve) => setTimeout(resolve, WAIT_LOOK_MS));
      last = await caller.call('getServer', { params: paramsOf(server) });
    }
    if (last.draining === null || last.draining.id !== id) {
      complain(`${server} was set to ${plain(last.admin)} in the meantime`);
      if (options.json === true) print(JSON.stringify(last, null, 2));
      return EXIT_PROBLEM;
    }
    const { elapsedMs, cut, isMoved } = last.draining;
    const moved = isMoved ? ', sticky clients were moved to other servers at the deadline' : '';
    return show(
      options,
      last,
      () =>
        `${server}: the last session ended after ${lengthText(elapsedMs)}${moved}${cut > 0 ? `, ${cut} sessions were closed` : ''}`,
    );
  });
}

export function ctlEvents(options: CtlOptions): Promise<number> {
  return callGateway(options, async (caller) => {
    const stream = await caller.stream('/v1/events');
    let name = '';
    try {
      for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
        if (line.startsWith('event: ')) name = line.slice(7);
        if (!line.startsWith('data: ')) continue;
        const event = { event: name, ...(JSON.parse(line.slice(6)) as Readonly<Record<string, unknown>>) };
        print(options.json === true ? JSON.stringify(event) : eventLine(name, event));
      }
    } catch (thrown) {
      throw new Unreachable(`the event stream was interrupted: ${(thrown as Error).message}`);
    }
    throw new Unreachable('the gateway closed the event stream');
  });
}

/** A range of ports may be a thousand addresses. */
function addressesText({ address, otherAddresses }: Listener): string {
  const all = [address, ...otherAddresses].map(addressText);
  return all.length > 4 ? `${all[0]}, … ${all.at(-1)} (${all.length})` : all.join(', ');
}

/** A date in UTC to the minute. */
function minuteText(date: string): string {
  return date.slice(0, 16).replace('T', ' ');
}

function adminText({ admin, draining }: Server): string {
  if (draining === null) return admin;
  if (draining.isDone) return `${admin} (done)`;
  return draining.deadlineInMs === null ? admin : `${admin} (${lengthText(draining.deadlineInMs)} left)`;
}

function checkText({ lastCheck, reason, history }: Server): string {
  const [latest] = history;
  const ago = latest === undefined ? '' : ` ${lengthText(latest.lastAgoMs)} ago`;
  return `${lastCheck}${ago}${reason === '' ? '' : `: ${reason}`}`;
}

function serverLine(server: Server): string {
  const max = server.max === 0 ? 'no max' : `max ${server.max}`;
  return plain(
    `${server.backend}/${server.name}: ${adminText(server)}, ${server.state}, weight ${server.weight}, ${max}, ${server.open} open`,
  );
}

function eventLine(name: string, event: Readonly<Record<string, unknown>>): string {
  const { event: _, backend, server, ...rest } = event;
  const what = backend === undefined ? '' : ` ${backend}${server === undefined ? '' : `/${server}`}`;
  const more = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : value}`,
  );
  return plain(`${new Date().toISOString()} ${name}${what} ${more.join(' ')}`);
}
