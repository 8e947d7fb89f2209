/**
 * Chaos: under load, at random, servers are killed and hung, data threads die and hang, servers are drained, emptied and weighed by the
 * admin API, found servers come and go, and rules are reloaded that say something else; and what clients see is held against what was done.
 *
 * At most one of four servers is in trouble of its own at a time, and at most one is taken out by operators, so every request could be answered but
 * those that were on such a server where nobody may send them again, or on the thread that was lost. SLUICE_CHAOS_SECONDS says how long it
 * goes on (default 20; some hundred to search for rare faults), SLUICE_CHAOS_SEED begins another run of the same dice (default 1). The seed decides
 * what is done and in which order; when it falls into the life of a request is the machine's. wrk adds load where it is installed.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Address, eventually, Program } from '../kit/index.ts';
import { dice, oneOf } from './dice.ts';
import { Session } from './session.ts';
import { ALL_NAMES, NAMES, Stage } from './stage.ts';
import { Trouble } from './trouble.ts';

const SECONDS = Number(process.env.SLUICE_CHAOS_SECONDS ?? 20);
const SEED = Number(process.env.SLUICE_CHAOS_SEED ?? 1);
const SESSIONS = 24;

/** startWrk asks without a pause over eight more connections; null: it is not installed. */
function startWrk({ host, port }: Address): Program | null {
  const command = (process.env.PATH ?? '').split(':').find((folder) => existsSync(join(folder, 'wrk')));
  if (command === undefined) return null;
  return new Program(join(command, 'wrk'), ['-t1', '-c8', `-d${SECONDS}s`, `http://${host}:${port}/whole`]);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test(`${SECONDS} s of chaos: what could be answered was, once, and sessions stayed where they were`, async (t) => {
  t.diagnostic(`SLUICE_CHAOS_SEED=${SEED}`);
  const trouble = new Trouble();
  const stage = await Stage.set(trouble, dice(SEED + 1_000_000));
  t.after(() => stage.stop());
  const { gateway } = stage;
  const problems: string[] = [];
  let isOver = false;
  const sessions = Array.from({ length: SESSIONS }, (_, at) => {
    const hasCookie = at % 2 === 0;
    const address = stage.addressOf(hasCookie ? 'cookies' : 'headers');
    return new Session({ name: `s${at}`, address, hasCookie, trouble, seed: SEED * 1000 + at, problems });
  });
  const wrk = startWrk(stage.addressOf('cookies'));
  if (wrk === null) t.diagnostic('wrk is not installed: its load is left out');
  const clients = sessions.map((session) => session.run(() => isOver));

  const endMs = performance.now() + 1000 * SECONDS;
  /** Does things one after the other, with pauses, as the dice say. */
  const actor = async (seed: number, act: (random: () => number) => Promise<void>): Promise<void> => {
    const random = dice(seed);
    while (performance.now() < endMs) {
      await act(random);
      await pause(200 + random() * 800);
    }
  };
  let victim = '';
  let emptied = '';
  const actors = await Promise.allSettled([
    actor(SEED, async (random) => {
      const name = oneOf(random, NAMES);
      if (name === emptied) return;
      victim = name;
      await (random() < 0.6 ? stage.kill(name) : stage.hang(name));
      victim = '';
    }),
    actor(SEED + 1, async (random) => {
      const name = oneOf(random, NAMES);
      const roll = random();
      if (name === victim) return;
      emptied = name;
      if (roll < 0.3) await stage.weigh(name);
      else if (roll < 0.6) await stage.drain(name);
      else await stage.empty(name);
      emptied = '';
    }),
    actor(SEED + 2, async () => stage.reload()),
    actor(SEED + 3, async () => stage.find()),
    actor(SEED + 4, async (random) => {
      await pause(1000 + random() * 4000);
      await stage.loseThread();
    }),
  ]);
  isOver = true;
  await Promise.all(clients);
  for (const result of actors) if (result.status === 'rejected') throw result.reason;
  if (wrk !== null) {
    await wrk.exited;
    t.diagnostic(wrk.output.match(/\d+ requests in.*/)?.[0] ?? wrk.output);
  }

  const answered = sessions.reduce((sum, session) => sum + session.answered.size, 0);
  const excused = sessions.reduce((sum, session) => sum + session.excused, 0);
  const moves = sessions.reduce((sum, session) => sum + session.moves, 0);
  t.diagnostic(
    `${answered} answered, ${excused} lost with a server or thread in trouble, ${moves} moves; ` +
      `${trouble.done.length} things done, of them ${stage.reloads} reloads; ${stage.lost} threads lost`,
  );
  if (problems.length > 0) {
    const told = [...problems.slice(0, 20), 'after:', ...trouble.done].join('\n');
    assert.fail(`${problems.length} problems:\n${told}`);
  }
  assert.ok(answered > 20 * SECONDS, `${answered} answered`);

  const seen = new Map<string, string[]>();
  for (const name of ALL_NAMES) {
    for (const line of readFileSync(stage.logOf(name), 'utf8').split('\n')) {
      if (line.startsWith('POST ')) seen.set(line, [...(seen.get(line) ?? []), name]);
    }
  }
  const twice = [...seen].filter(([, names]) => names.length > 1);
  assert.deepEqual(twice, [], 'no POST reached servers twice');
  for (const session of sessions) {
    for (const [id, server] of session.answered) {
      const by = seen.get(`POST ${id}`);
      if (by !== undefined) assert.deepEqual(by, [server], `${id} was answered by who got it`);
    }
  }

  await stage.serving();
  const open = () => {
    const { listeners, backends } = gateway.stats();
    const servers = backends.flatMap(({ servers }) => servers.filter(({ open }) => open !== 0));
    return JSON.stringify([
      listeners
        .filter(({ openConnections }) => openConnections !== 0)
        .map(({ name, openConnections }) => [name, openConnections]),
      servers.map(({ name, open }) => [name, open]),
      backends.filter(({ waiting }) => waiting !== 0).map(({ name, waiting }) => [name, waiting]),
    ]);
  };
  await eventually('every count to be back at zero', () => open() === '[[],[],[]]').catch(() => {
    assert.fail(`still open: ${open()}`);
  });
  for (const backend of ['cookies', 'headers']) assert.equal(gateway.stickiness(backend).stats().counters.refused, 0);
});
