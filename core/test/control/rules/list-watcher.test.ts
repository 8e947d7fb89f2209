/** Lists and maps whose files change while the gateway runs: real files, and a clock that the test moves. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Condition, FileSource } from '@sluice/dsl/plan';
import { FakeClock } from '@sluice/plugin-kit';
import type { Gateway } from '../../../src/control/gateway.ts';
import type { ListEvent } from '../../../src/control/rules/list-watcher.ts';
import { createGateway } from '../../../src/create-gateway.ts';
import { get, origin, portOf } from '../fixtures/http.ts';
import { LogLines } from '../fixtures/log-lines.ts';
import { backend, listener, PLACE, pathIs, plan, rule, server } from '../fixtures/plans.ts';
import { wordsPlugin } from '../fixtures/words.ts';

const REFRESH_MS = 5000;

class Stage implements AsyncDisposable {
  readonly timers = new FakeClock();
  readonly log = new LogLines();
  readonly file: string;
  readonly #folder: string;
  readonly #origin: Awaited<ReturnType<typeof origin>>;
  gateway!: Gateway;

  private constructor(folder: string, server: Awaited<ReturnType<typeof origin>>) {
    this.#folder = folder;
    this.file = join(folder, 'closed.txt');
    this.#origin = server;
  }

  /** A gateway that denies the paths of a list, which holds `/a` at first. */
  static async start(): Promise<Stage> {
    const stage = new Stage(await mkdtemp(join(tmpdir(), 'sluice-')), await origin('app'));
    await writeFile(stage.file, '/a\n');
    const entries = ['/a'];
    const when = { ...(pathIs('') as Extract<Condition, { kind: 'test' }>), values: entries, list: 'closed' };
    const file: FileSource = { path: stage.file, name: 'closed.txt', refreshMs: REFRESH_MS };
    const rules = {
      ...plan(
        [listener('web', { guards: [rule('guard', 'deny', {}, when)] })],
        [backend('app', [server('one', stage.#origin.port)])],
      ),
      lists: [{ name: 'closed', type: 'paths', entries, file, place: PLACE }] as const,
    };
    stage.gateway = await createGateway({
      rules: { plan: rules },
      plugins: [wordsPlugin()],
      threads: 0,
      logger: stage.log.log,
      timers: stage.timers,
    });
    await stage.gateway.start();
    return stage;
  }

  async status(path: string): Promise<number> {
    return (await get(portOf(this.gateway), path)).status;
  }

  /** told moves the clock to the next look and waits for what comes of it. */
  async told(): Promise<ListEvent> {
    const event = once(this.gateway, 'list');
    await this.timers.advance(REFRESH_MS);
    return ((await event) as [ListEvent])[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway.stop({ deadline: 0 });
    await this.#origin[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true });
  }
}

test('a valid change takes effect at the next check, without reading the rules again', async () => {
  await using stage = await Stage.start();
  assert.deepEqual([await stage.status('/a'), await stage.status('/b')], [403, 200]);
  await writeFile(stage.file, '# moved\n/b\n/c\n');
  const event = await stage.told();
  assert.deepEqual([event.name, event.isOk, event.entries], ['closed', true, 2]);
  assert.deepEqual([await stage.status('/a'), await stage.status('/b')], [200, 403]);
  assert.deepEqual(stage.gateway.plan.lists[0]!.entries, ['/b', '/c']);
  const { verdict } = await stage.gateway.explain('GET http://a/b');
  assert.equal(verdict.kind, 'answer');
});

test('an invalid change keeps the old entries and is reported line by line, and a fixed one is used', async () => {
  await using stage = await Stage.start();
  await writeFile(stage.file, '/b\nadmin\n/a/../c\n');
  const event = await stage.told();
  assert.equal(event.isOk, false);
  assert.deepEqual(
    event.diagnostics.map(({ code, place }) => `${code} ${place.file}:${place.line}`),
    ['SL0604 closed.txt:2', 'SL0621 closed.txt:3'],
  );
  const line = await stage.log.find(/`admin` does not begin with/);
  assert.deepEqual([line.level, line.code, line.list], [50, 'SL0604', 'closed']);
  await stage.log.find(/list closed keeps its 1 entries: closed\.txt has errors/);
  assert.deepEqual([await stage.status('/a'), await stage.status('/b')], [403, 200]);
  await writeFile(stage.file, '/b\n');
  assert.equal((await stage.told()).isOk, true);
  assert.equal(await stage.status('/b'), 403);
});

test('a file that becomes empty or goes away keeps the list', async () => {
  await using stage = await Stage.start();
  await writeFile(stage.file, '');
  const { diagnostics } = await stage.told();
  assert.equal(diagnostics[0]!.code, 'SL0625');
  await rm(stage.file);
  const gone = await stage.told();
  assert.deepEqual([gone.isOk, gone.name, gone.file, gone.entries], [false, 'closed', 'closed.txt', 1]);
  assert.equal(gone.reason, `cannot read ${stage.file}: there is no such file`);
  await stage.log.find(/list closed keeps its old entries: cannot read .*closed\.txt/);
  assert.equal(await stage.status('/a'), 403);
  await writeFile(`${stage.file}.new`, '/z\n');
  await rename(`${stage.file}.new`, stage.file);
  assert.equal((await stage.told()).isOk, true);
  assert.equal(await stage.status('/z'), 403);
});

test('a file restored to its previous entries is reported as fixed', async () => {
  await using stage = await Stage.start();
  await rm(stage.file);
  assert.equal((await stage.told()).isOk, false);
  await writeFile(stage.file, '/a\n');
  const back = await stage.told();
  assert.deepEqual([back.isOk, back.entries, back.reason], [true, 1, '']);
  assert.equal(await stage.status('/a'), 403);
});

test('a request that is under way when a list changes is answered', async () => {
  let answer = (): void => {};
  const arrived = Promise.withResolvers<void>();
  await using stage = await Stage.start();
  await using slow = await origin('slow', (_request, response) => {
    answer = () => response.end('at last');
    arrived.resolve();
  });
  await stage.gateway.reload({
    rules: { plan: { ...stage.gateway.plan, backends: [backend('app', [server('slow', slow.port)])] } },
  });
  const pending = get(portOf(stage.gateway), '/slow');
  await arrived.promise;
  await writeFile(stage.file, '/slow\n');
  await stage.told();
  assert.equal(await stage.status('/slow'), 403);
  answer();
  assert.deepEqual(await pending, { status: 200, body: 'at last' });
});

test('a stopped gateway looks at nothing any more', async () => {
  const stage = await Stage.start();
  await stage[Symbol.asyncDispose]();
  assert.equal(stage.timers.size, 0);
});
