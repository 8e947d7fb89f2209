/**
 * A field whose function returns something of another type than its word declares: a failure, and never "absent".
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PluginStage } from '../kit/index.ts';

/** A plugin with a field of each type; what they return is the code in the X-Value header. */
const plugin = (code: string) => `
const word = (name, type, operators, example) => ({
  kind: 'field', name, doc: 'What the test says.', example, phase: 'request', type, operators, defaultOperator: operators[0],
  isOptional: true, index: 'none',
});
export default {
  name: 'values', apiVersion: 1, data: import.meta.url,
  words: [
    word('score', 'number', ['is', 'over'], 'score over 3'),
    word('team', 'text', ['is'], 'team is red'),
    word('origin', 'ip', ['in'], 'origin in 10.0.0.0/8'),
  ],
};
const values = {
  ${code}
};
const read = (facts) => values[facts.header('x-value')]?.();
export const fields = { score: read, team: read, origin: read };
`;

const rules = (condition: string) => `
use values from "./values.js"
listener web on 127.0.0.1:0 {
  deny when ${condition}
  redirect 302 to "/in" when path is /
  otherwise send to app
}
backend app of 127.0.0.1:9
`;

const CODE = `
  good: () => 1, many: () => [1, 9], over: () => 9, none: () => undefined, nothing: () => null, empty: () => [],
  text: () => 'much', digits: () => '9', nan: () => NaN, infinite: () => 1 / 0, promise: async () => 9, object: () => ({ n: 9 }),
  flag: () => true, list: () => ['9'], address: () => '10.1.2.3', red: () => 'red', nested: () => [['red']],
  rubbish: () => '10.1.2', network: () => '10.0.0.0/8', reject: () => Promise.reject(new Error('late')),
`;

const cases = [
  [
    'score over 3',
    { good: 302, many: 403, over: 403, none: 302, nothing: 302, empty: 302 },
    ['text', 'digits', 'nan', 'infinite', 'promise', 'object', 'flag', 'list'],
  ],
  [
    'team is red',
    { red: 403, text: 302, none: 302, list: 302 },
    ['over', 'nan', 'promise', 'object', 'flag', 'many', 'nested'],
  ],
  [
    'origin in 10.0.0.0/8',
    { address: 403, none: 302, empty: 302 },
    ['rubbish', 'network', 'over', 'nan', 'promise', 'object', 'flag', 'text', 'list'],
  ],
] as const;

for (const [condition, right, wrong] of cases) {
  test(`a wrong value of \`${condition}\` refuses the request with 500, is counted, and is logged with plugin and rule`, async (t) => {
    const stage = await PluginStage.start(t, { files: { 'values.js': plugin(CODE) }, rules: rules(condition) });
    for (const [value, status] of Object.entries(right)) {
      assert.equal((await stage.ask('/', { 'x-value': value })).status, status, value);
    }
    assert.equal(stage.pluginErrors, 0);
    for (const value of wrong) assert.equal((await stage.ask('/', { 'x-value': value })).status, 500, value);
    assert.equal(stage.pluginErrors, wrong.length);
    const [line] = stage.lines.filter(({ msg }) => msg.startsWith('a rule failed'));
    const field = condition.split(' ')[0];
    assert.equal(line?.msg, `a rule failed in field ${field} of plugin values; the request was refused with 500`);
    assert.equal(line.plugin, 'values');
    assert.equal(line.rule, `deny when ${condition}`);
    assert.match(line.at!, /gateway\.sluice:4$/);
    assert.match(line.error!, new RegExp(`field \`${field}\` failed: the field's function returned .*, expected`));
  });
}

test('`present` and `absent` fail on a wrong value, as comparisons do', async (t) => {
  const stage = await PluginStage.start(t, { files: { 'values.js': plugin(CODE) }, rules: rules('score absent') });
  assert.equal((await stage.ask('/', { 'x-value': 'good' })).status, 302);
  assert.equal((await stage.ask('/', { 'x-value': 'none' })).status, 403);
  assert.equal((await stage.ask('/', { 'x-value': 'text' })).status, 500);
});

test('a wrong value in a template names the field’s plugin', async (t) => {
  const stage = await PluginStage.start(t, {
    files: { 'values.js': plugin(CODE) },
    rules: rules('method PATCH').replace('"/in"', '"/{score}"'),
  });
  assert.equal((await stage.ask('/', { 'x-value': 'good' })).headers.get('location'), '/1');
  assert.equal((await stage.ask('/', { 'x-value': 'text' })).status, 500);
  assert.equal((await stage.logged(/a rule failed/)).plugin, 'values');
});

test('`explain` agrees with live traffic', async (t) => {
  const stage = await PluginStage.start(t, { files: { 'values.js': plugin(CODE) }, rules: rules('score over 3') });
  const port = (stage.gateway.addresses().web as { port: number }).port;
  const { verdict } = await stage.gateway.explain({
    request: `GET http://127.0.0.1:${port}/ from 127.0.0.1`,
    headers: [['x-value', 'text']],
  });
  assert.deepEqual(verdict, {
    kind: 'error',
    status: 500,
    message: "field `score` failed: the field's function returned text, expected a number",
  });
});

test('the same failure is logged once and then counted, with its stack at `debug`', async (t) => {
  const stage = await PluginStage.start(t, {
    files: { 'values.js': plugin(CODE) },
    rules: rules('score over 3'),
    logLevel: 'debug',
  });
  for (let count = 0; count < 20; count++) assert.equal((await stage.ask('/', { 'x-value': 'text' })).status, 500);
  const lines = stage.lines.filter(({ msg }) => msg.startsWith('a rule failed'));
  assert.equal(lines.length, 1);
  assert.match(lines[0]!.stack!, /TypeError: the field's function returned text.*\n\s+at /s);
  assert.equal(stage.pluginErrors, 20);
});
