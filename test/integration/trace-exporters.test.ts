/**
 * Plugins that report requests to tracing systems: what they get, and what becomes of requests when they fail.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TracedRequest } from '@sluice/core/plugin';
import { eventually, PluginStage } from '../kit/index.ts';

/** Writes what it gets to files beside it; `mode` is how it behaves. */
const EXPORTER = `
import { appendFileSync } from 'node:fs';
export default {
  name: 'exporter', apiVersion: 1, data: import.meta.url,
  components: [{ kind: 'component', slot: 'traces', name: 'file', doc: 'Writes to a file.', example: 'traces to file good',
    args: [{ name: 'mode', type: 'name', doc: 'How it behaves.' }] }],
};
const write = (name, text) => appendFileSync(new URL(name, import.meta.url), text + '\\n');
export const traceExporters = {
  file: ({ mode }, { log, thread }) => {
    if (mode === 'refusing') throw new Error('no such system');
    if (mode === 'empty') return {};
    write('life.txt', 'made ' + mode + ' ' + thread);
    log.info('exporter ' + mode + ' is there');
    return {
      record(request) {
        if (mode === 'throwing') throw new Error('cannot take it');
        if (mode === 'endless') for (;;);
        write('spans.txt', JSON.stringify(request));
      },
      stop() {
        write('life.txt', 'stopped ' + mode);
        if (mode === 'clinging') return new Promise(() => {});
        if (mode === 'failing') throw new Error('cannot stop');
      },
    };
  },
};
`;

const rulesFor = (mode: string, more = '') => `use exporter from "./exporter.js"
listener web on 127.0.0.1:0 {
  deny path under /denied
  ${more}
  otherwise deny 404
}
settings {
  trace sample 100%
  traces to file ${mode}
}
`;

const files = { 'exporter.js': EXPORTER, 'package.json': '{"type":"module"}' };

function linesOf(stage: PluginStage, name: string): string[] {
  const path = join(stage.folder, name);
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
}

describe('a trace exporter', () => {
  test('gets each sampled request once, as an object of its own, on the thread that served it', async (t) => {
    const stage = await PluginStage.start(t, { files, rules: rulesFor('good'), threads: 1 });
    await stage.ask('/denied?x=1');
    await stage.ask('/other');
    const lines = await eventually('two requests', () => {
      const found = linesOf(stage, 'spans.txt');
      return found.length >= 2 ? found : null;
    });
    const [denied, other] = lines.map((line): TracedRequest => JSON.parse(line));
    const { traceId, spanId, startMs, durationMs, port, rule, ...rest } = denied!;
    assert.match(traceId, /^[0-9a-f]{32}$/);
    assert.match(spanId, /^[0-9a-f]{16}$/);
    assert.ok(Math.abs(startMs - Date.now()) < 60_000 && durationMs >= 0);
    assert.ok(port > 0);
    assert.match(rule, /gateway\.sluice:3:3$/);
    assert.deepEqual(rest, {
      ...{
        parentId: '',
        traceState: '',
        listener: 'web',
        client: '127.0.0.1',
        method: 'GET',
        version: '1.1',
        scheme: 'http',
      },
      ...{ host: '127.0.0.1', path: '/denied', userAgent: 'node', status: 403, backend: '', server: '' },
      ...{ retries: 0, refused: '', aborted: '', phases: [] },
    });
    assert.deepEqual([other!.path, other!.status], ['/other', 404]);
    assert.notEqual(other!.traceId, traceId);
    await stage.logged(/^exporter good is there$/);
    assert.deepEqual(linesOf(stage, 'life.txt'), ['made good 0']);
  });

  test('that throws costs no request, and is named', async (t) => {
    const stage = await PluginStage.start(t, { files, rules: rulesFor('throwing') });
    assert.equal((await stage.ask('/denied')).status, 403);
    assert.equal((await stage.ask('/denied')).status, 403);
    const line = await stage.logged(/traces file of plugin exporter could not report a request/);
    assert.equal(line.error, 'cannot take it');
  });

  test('that never returns loses its thread, which is replaced, and is named', async (t) => {
    const stage = await PluginStage.start(t, { files, rules: rulesFor('endless'), threads: 1 });
    // The answer has left before.
    assert.equal((await stage.ask('/denied')).status, 403);
    const { msg, reason } = await stage.logged(/data thread 0 /);
    assert.match(`${msg} ${reason ?? ''}`, /traces file of plugin exporter/);
  });

  for (const [mode, problem] of [
    ['refusing', /traces to file`: no such system/],
    ['empty', /`traces to file` returned an object, expected an exporter with `record`/],
  ] as const) {
    test(`that is ${mode} keeps the gateway from starting, and a reload from taking effect`, async (t) => {
      await assert.rejects(PluginStage.start(t, { files, rules: rulesFor(mode) }), problem);
      const stage = await PluginStage.start(t, { files, rules: rulesFor('good') });
      stage.write('gateway.sluice', rulesFor(mode));
      await assert.rejects(stage.gateway.reload(), problem);
      await stage.ask('/still');
      assert.equal(linesOf(stage, 'spans.txt').length, 1);
      assert.deepEqual(linesOf(stage, 'life.txt'), ['made good 0']);
    });
  }

  test('lives over reloads until its options change, and is then stopped once', async (t) => {
    const stage = await PluginStage.start(t, { files, rules: rulesFor('good') });
    stage.write('gateway.sluice', rulesFor('good', 'deny path under /more'));
    await stage.gateway.reload();
    assert.deepEqual(linesOf(stage, 'life.txt'), ['made good 0']);
    stage.write('gateway.sluice', rulesFor('better'));
    await stage.gateway.reload();
    assert.deepEqual(linesOf(stage, 'life.txt'), ['made good 0', 'made better 0', 'stopped good']);
    stage.write('gateway.sluice', rulesFor('better').replace('traces to file better', ''));
    await stage.gateway.reload();
    await stage.gateway.stop();
    assert.deepEqual(linesOf(stage, 'life.txt'), ['made good 0', 'made better 0', 'stopped good', 'stopped better']);
  });

  test('that was made for a reload which fails is stopped', async (t) => {
    const stage = await PluginStage.start(t, { files, rules: rulesFor('good') });
    const taken = stage.gateway.addresses().web as { port: number };
    const other = `listener other on 127.0.0.1:0 { otherwise deny 404 }\nlistener twin on 127.0.0.1:${taken.port} { otherwise deny 404 }\n`;
    stage.write('gateway.sluice', `${rulesFor('better')}${other}`);
    await assert.rejects(stage.gateway.reload());
    const life = linesOf(stage, 'life.txt');
    assert.ok(!life.includes('stopped good'));
    assert.equal(life.includes('made better 0'), life.includes('stopped better'));
  });

  for (const mode of ['clinging', 'failing']) {
    test(`that is ${mode} when it is to stop does not hold the gateway up`, async (t) => {
      const stage = await PluginStage.start(t, { files, rules: rulesFor(mode) });
      await stage.ask('/once');
      await stage.gateway.stop();
      assert.deepEqual(linesOf(stage, 'life.txt'), [`made ${mode} 0`, `stopped ${mode}`]);
      if (mode === 'failing') await stage.logged(/traces file of plugin exporter could not stop/);
    });
  }
});
