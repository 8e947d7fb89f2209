import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkOptions } from '../../../src/control/plugins/options-check.ts';

const SCHEMA = {
  type: 'object',
  properties: {
    size: { type: 'integer', minimum: 1, default: 10 },
    mode: { enum: ['fast', 'safe'] },
    token: { type: 'string', minLength: 20, writeOnly: true },
    nested: { type: 'object', properties: { port: { type: 'integer' } }, additionalProperties: false },
  },
  required: ['mode'],
  additionalProperties: false,
};

async function problemOf(options: Record<string, unknown>): Promise<string> {
  const result = await checkOptions(SCHEMA, options);
  assert.ok(!result.isValid);
  return result.problem;
}

test('defaults are filled in, the result is frozen, and the input is not modified', async () => {
  const given = { mode: 'fast', nested: {} };
  const result = await checkOptions(SCHEMA, given);
  assert.ok(result.isValid);
  assert.deepEqual(result.options, { mode: 'fast', nested: {}, size: 10 });
  assert.ok(Object.isFrozen(result.options) && Object.isFrozen(result.options.nested));
  assert.deepEqual(given, { mode: 'fast', nested: {} });
});

test('a problem quotes the option and its value', async () => {
  assert.equal(await problemOf({ mode: 'fast', size: 'big' }), 'option `size` is "big", but must be integer');
  assert.equal(await problemOf({ mode: 'slow' }), 'option `mode` is "slow", but must be one of "fast", "safe"');
  assert.equal(
    await problemOf({ mode: 'fast', nested: { port: 1.5 } }),
    'option `nested.port` is 1.5, but must be integer',
  );
});

test('unknown and missing options are named', async () => {
  assert.equal(await problemOf({}), 'option `mode` is missing');
  assert.equal(
    await problemOf({ mode: 'fast', sise: 3 }),
    'there is no option `sise`: it takes `size`, `mode`, `token`, `nested`',
  );
  assert.equal(await problemOf({ mode: 'fast', nested: { x: 1 } }), 'there is no option `nested.x`: it takes `port`');
});

test('a secret is never quoted', async () => {
  const problem = await problemOf({ mode: 'fast', token: 'hunter2' });
  assert.match(problem, /^option `token` is a secret, but/);
  assert.doesNotMatch(problem, /hunter2/);
});

test('without a schema no options are taken', async () => {
  assert.ok((await checkOptions(undefined, {})).isValid);
  assert.deepEqual(await checkOptions(undefined, { any: 1 }), {
    isValid: false,
    problem: 'there is no option `any`: it takes none',
  });
});
