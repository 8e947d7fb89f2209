import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codesOf, compileText, inContext, listenerOf } from '../compile-text.ts';

const compiled = (lines: string) => compileText(inContext('settings', lines));

for (const [line, sample, ignoresIncoming] of [
  ['trace sample 1%', 0.01, false],
  ['trace sample 0.5%', 0.005, false],
  ['trace sample 0%', 0, false],
  ['trace sample 100% ignore incoming', 1, true],
] as const) {
  test(line, async () => {
    const { plan, diagnostics } = await compiled(line);
    assert.deepEqual(diagnostics, []);
    assert.deepEqual(plan!.settings.trace, { sample, ignoresIncoming });
  });
}

test('requests are not traced without that line', async () => {
  assert.equal((await compiled('drain 1s')).plan!.settings.trace, undefined);
});

for (const [lines, ...codes] of [
  ['trace', 'SL0117 6:3'],
  ['trace 1%', 'SL0117 6:9'],
  ['trace sample', 'SL0117 6:9'],
  ['trace sample 1', 'SL0606 6:16'],
  ['trace sample 101%', 'SL0616 6:16'],
  ['trace sample 1% ignore', 'SL0118 6:19'],
  ['trace sample 1%\ntrace sample 2%', 'SL0122 7:3'],
] as const) {
  test(`${lines.replace('\n', '; ')}: ${codes}`, async () => {
    assert.deepEqual(codesOf((await compiled(lines)).diagnostics), codes);
  });
}

test('the ID of a trace is a placeholder', async () => {
  const { changes } = await listenerOf('set header X-Trace to "{trace.id}"');
  assert.deepEqual(changes[0]!.args.value, { template: [{ placeholder: 'trace.id', key: null }] });
});
