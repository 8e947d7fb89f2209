import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import type { DataEntry } from '@sluice/core/plugin';
import standardByDefault, { standard } from '@sluice/standard';

/** Plugins that take too much room to be installed with every gateway. */
const APART = ['opentelemetry'];

test('every package beside this one is in the list once, but those that are installed apart', async () => {
  const folders = await readdir(new URL('../..', import.meta.url));
  assert.deepEqual(
    standard.map((plugin) => plugin.name).sort(),
    folders.filter((name) => name !== 'standard' && !APART.includes(name)).sort(),
  );
  assert.equal(standardByDefault, standard);
});

test('words are declared once over all plugins', () => {
  const names = standard.flatMap((plugin) => [
    ...(plugin.words ?? []).map((word) => `${word.kind} ${word.name}`),
    ...(plugin.components ?? []).map((component) => `${component.slot} ${component.name}`),
  ]);
  assert.deepEqual(names.length, new Set(names).size);
});

for (const plugin of standard) {
  test(`${plugin.name} implements what it declares, and is plain enough to be cloned`, async () => {
    const entry: DataEntry = plugin.data === undefined ? {} : await import(plugin.data);
    structuredClone(plugin.words ?? []);
    for (const word of plugin.words ?? []) {
      const functions = word.kind === 'field' ? entry.fields : entry.verbs;
      assert.equal(typeof functions?.[word.name], 'function', `${word.kind} ${word.name}`);
    }
    for (const component of plugin.components ?? []) {
      const { slot, name, check } = component;
      if (slot === 'check') assert.equal(typeof check?.probe, 'function');
      if (slot === 'balance') assert.equal(typeof entry.balancers?.[name], 'function');
      if (slot === 'stick') assert.equal(typeof entry.stickiness?.[name], 'function');
      if (slot === 'tls') assert.equal(typeof entry.tlsModes?.[name], 'function');
      if (slot === 'server tls') {
        assert.equal(typeof entry.serverTls?.[name], 'function');
        assert.equal(typeof component.serverTls, 'function');
      }
      if (slot === 'answer') assert.equal(typeof entry.errorAnswers?.[name], 'function');
    }
  });
}
