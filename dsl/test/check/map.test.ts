import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CompileResult } from '../../src/index.ts';
import { readMapFile } from '../../src/index.ts';
import { compileFiles, toldOf } from '../rule-folder.ts';

const LINE = 'map tenants = host to backend from "tenants.map" refresh 5s else app';

/** withMap compiles a map line, its file, and a listener that sends by it. */
function withMap(line: string, file: string, of = 'host'): Promise<CompileResult> {
  return compileFiles({
    'edge.sluice': `${line}\nlistener web on :8080 { otherwise send to map tenants of ${of} }\nbackend app of 127.0.0.1:9001\nbackend blue of 127.0.0.1:9002\n`,
    'tenants.map': file,
  });
}

test('a map is its file’s keys and values, in canonical form', async () => {
  const { plan, diagnostics } = await withMap(
    LINE,
    '# who goes where\nA.Example.com   blue # first\n*.b.example app\n',
  );
  assert.deepEqual(diagnostics, []);
  const [map] = plan!.maps;
  assert.deepEqual(map!.entries, [
    ['a.example.com', 'blue'],
    ['*.b.example', 'app'],
  ]);
  assert.deepEqual([map!.from, map!.to, map!.otherwise], ['host', 'backend', 'app']);
  assert.deepEqual(map!.file, { path: 'tenants.map', name: 'tenants.map', refreshMs: 5000 });
  assert.deepEqual(plan!.listeners[0]!.routes[0]!.args, {
    map: 'tenants',
    of: { template: [{ placeholder: 'host', key: null, isCompared: true }] },
  });
});

test('every invalid line of a map is reported at its place', async () => {
  const told = await withMap(
    LINE,
    'a.example\nb.example bluu\n10 .0 app\nc.example blue\nC.example app\nhttp://d/ blue\n',
  ).then(toldOf);
  assert.deepEqual(told, [
    'SL0626 tenants.map:1:1 `a.example` has no value after its key | Each line of a map has a key, a space and a value',
    'SL0703 tenants.map:2:11 unknown backend `bluu` | Did you mean `blue`?',
    'SL0603 tenants.map:3:1 `10` is not a host name',
    'SL0703 tenants.map:3:4 unknown backend `.0 app` | Backends are: app, blue',
    'SL0629 tenants.map:5:1 `C.example` has the value `blue` already, at tenants.map:4:1 | Remove one of the lines',
    'SL0603 tenants.map:6:1 `http://d/` is not a host name | Write only the host: `d`',
  ]);
});

for (const [line, told] of [
  ['map tenants', 'SL0117 1:5'],
  ['map tenants = hosts to backend from "tenants.map" else app', 'SL0614 1:15'],
  ['map tenants = host to back from "tenants.map" else app', 'SL0614 1:23'],
  ['map tenants = host to backend "tenants.map" else app', 'SL0118 1:31'],
  ['map tenants = host to backend from "tenants.map"', 'SL0117 1:36'],
  ['map tenants = host to backend from "tenants.map" else', 'SL0117 1:50'],
  ['map tenants = host to backend from "tenants.map" else ap', 'SL0703 1:55'],
  ['map tenants = host to backend from "gone.map" else app', 'SL0615 1:36'],
  ['map tenants = host to text from "tenants.map" else app', 'SL0718 2:47'],
  ['map tenants = ip to backend from "tenants.map" else app', 'SL0603'],
] as const) {
  test(`a map line that is wrong: ${line}`, async () => {
    const { diagnostics } = await withMap(line, 'a.example blue\n');
    const [first] = diagnostics;
    if (told === 'SL0603') assert.equal(first!.code, 'SL0608');
    else assert.equal(`${first!.code} ${first!.place.line}:${first!.place.column}`, told);
    assert.equal(diagnostics.length, told.startsWith('SL0615') ? 1 : diagnostics.length);
  });
}

test('a map is asked with a field of its own type', async () => {
  const told = await withMap(LINE, 'a.example blue\n', 'path').then(toldOf);
  assert.deepEqual(told, [
    'SL0719 edge.sluice:2:58 the map `tenants` is asked with a host, and `path` is a path | Write another field, or `= path to …` in the line of the map',
  ]);
});

test('a map of another name, a map twice and one that nothing uses', async () => {
  const files = { 'tenants.map': 'a.example app\n' };
  const text = (lines: string): string =>
    `${lines}\nlistener web on :80 { otherwise send to app }\nbackend app of 127.0.0.1:9001\n`;
  const told = async (lines: string): Promise<string[]> =>
    toldOf(await compileFiles({ 'edge.sluice': text(lines), ...files })).map((line) =>
      line.split(' ').slice(0, 2).join(' '),
    );
  const map = 'map tenants = host to backend from "tenants.map" else app';
  assert.deepEqual(await told(`${map}\nlistener two on :81 { otherwise send to map tennants of host }`), [
    'SL0717 edge.sluice:2:45',
  ]);
  assert.deepEqual(await told(`${map}\nlist tenants = ips 10.0.0.1`), ['SL0701 edge.sluice:2:6']);
  assert.deepEqual(await told(map), ['SL0518 edge.sluice:1:5']);
  const untaken = 'map tenants = host to text from "tenants.map" else app';
  assert.deepEqual(await told(untaken), ['SL0519 edge.sluice:1:5'], 'no word takes a map to texts');
});

test('a map’s file is read again as strictly as at first', () => {
  const map = { from: 'host', to: 'backend', file: { path: '/x', name: 'x.map', refreshMs: 0 } } as const;
  const read = (text: string) => readMapFile(map, ['app'], Buffer.from(text));
  assert.deepEqual(read('a app\n').entries, [['a', 'app']]);
  const bad = read('a app\nb elsewhere\n');
  assert.equal(bad.entries, null);
  assert.deepEqual(
    bad.diagnostics.map(({ code, place }) => `${code} ${place.file}:${place.line}`),
    ['SL0703 x.map:2'],
  );
  assert.deepEqual(
    read('').diagnostics.map(({ code }) => code),
    ['SL0625'],
  );
});
