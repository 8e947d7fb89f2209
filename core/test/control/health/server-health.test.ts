import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerHealth } from '../../../src/control/health/server-health.ts';
import type { ProbeStatus } from '../../../src/plugin/health-check.ts';

const WORDS: Readonly<Record<string, ProbeStatus>> = { f: 'failed', p: 'passed', c: 'condpass', n: 'neutral' };

/** The states after each probe: `p` passed, `f` failed, `c` condpass, `n` neutral. */
function states(probes: string, policy = { rise: 2, fall: 3 }): string {
  const health = new ServerHealth(policy);
  return [...probes].map((probe) => health.note(WORDS[probe]!)).join(' ');
}

test('a server that was never probed runs, with its last check unknown', () => {
  const health = new ServerHealth({ rise: 2, fall: 3 });
  assert.deepEqual([health.state, health.lastCheck], ['running', 'unknown']);
});

test('the very first failure stops a server, later ones need `fall` in a row', () => {
  assert.equal(states('f'), 'stopped');
  assert.equal(states('pff'), 'running running running');
  assert.equal(states('pfff'), 'running running running stopped');
});

test('a pass between failures resets the count', () => {
  assert.equal(states('pffpff').split(' ').at(-1), 'running');
  assert.equal(states('pffpfff').split(' ').at(-1), 'stopped');
});

test('a stopped server needs `rise` passes in a row', () => {
  assert.equal(states('fp'), 'stopped stopped');
  assert.equal(states('fpp'), 'stopped stopped running');
  assert.equal(states('fpfp'), 'stopped stopped stopped stopped');
  assert.equal(states('fp', { rise: 1, fall: 1 }), 'stopped running');
});

test('condpass makes a running server stopping, and a pass makes it running again', () => {
  assert.equal(states('pcp'), 'running stopping running');
  assert.equal(states('pcfff'), 'running stopping stopping stopping stopped');
});

test('a stopped server that comes back with condpass is stopping', () => {
  assert.equal(states('fcc'), 'stopped stopped stopping');
});

test('neutral changes nothing, not even a count', () => {
  assert.equal(states('n'), 'running');
  assert.equal(states('nf').split(' ').at(-1), 'stopped', 'it still runs on trust');
  assert.equal(states('pffnf').split(' ').at(-1), 'stopped');
  const health = new ServerHealth({ rise: 1, fall: 1 });
  health.note('neutral');
  assert.equal(health.lastCheck, 'neutral');
});

test('a server that is not trusted begins stopped, and its first pass starts it', () => {
  const health = new ServerHealth({ rise: 5, fall: 3 }, false);
  assert.equal(health.state, 'stopped');
  assert.equal(health.note('neutral'), 'stopped');
  assert.equal(health.note('passed'), 'running');
  assert.equal(health.note('failed'), 'running');
  const failing = new ServerHealth({ rise: 2, fall: 3 }, false);
  assert.equal(failing.note('failed'), 'stopped');
  assert.equal(failing.note('passed'), 'stopped');
  assert.equal(failing.note('passed'), 'running');
});
