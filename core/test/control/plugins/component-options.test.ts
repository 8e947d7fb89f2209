import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import type { ListenerPlan, Place } from '@sluice/dsl/plan';
import { checkComponents } from '../../../src/control/plugins/component-options.ts';
import { GatewayError } from '../../../src/control/report/errors.ts';
import type { Component } from '../../../src/plugin/index.ts';
import { pluginErrors } from '../../../src/plugin/plugin-error.ts';
import { listener, PLACE, plan } from '../fixtures/plans.ts';

type Validate = NonNullable<Component['validate']>;

/** finding finds one TLS mode that looks at its options in its own way. */
function finding(validate: Validate) {
  const component: Component = {
    ...{ kind: 'component', slot: 'tls', name: 'look', doc: '', example: '', args: [] },
    options: { type: 'object', properties: { depth: { type: 'integer', default: 3 } } },
    validate,
  };
  return () => component;
}

const secret = (name: string): string => `value of ${name}`;

function secured(name: string, place: Place = PLACE): ListenerPlan {
  return listener(name, { tls: { slot: 'tls', name: 'look', options: { cert: name }, place } });
}

test('a component looks at its options after their defaults, and may change them', async () => {
  const seen: unknown[] = [];
  const find = finding(async (options, baseDir) => {
    seen.push(options, baseDir);
    return { ...options, cert: `${baseDir}/${options.cert}` };
  });
  const place = { file: 'rules/edge.sluice', line: 2, column: 3, length: 9 };
  const { plan: checked } = await checkComponents(plan([secured('a.pem', place), listener('plain')], []), find, secret);
  const folder = resolve('rules');
  assert.deepEqual(seen, [{ cert: 'a.pem', depth: 3 }, folder]);
  assert.deepEqual(checked.listeners[0]!.tls!.options, { cert: `${folder}/a.pem`, depth: 3 });
  assert.equal(checked.listeners[1]!.tls, null);
});

test('rules that are in no file are in the folder of the process', async () => {
  let folder = '';
  const find = finding((options, baseDir) => {
    folder = baseDir;
    return options;
  });
  await checkComponents(plan([secured('a')], []), find, secret);
  assert.equal(folder, process.cwd());
});

test('all errors of components are reported together, one line each, with their places', async () => {
  const find = finding((options) => {
    throw new Error(`no \`${options.cert}\` here`);
  });
  const second = { file: 'edge.sluice', line: 9, column: 3, length: 9 };
  await assert.rejects(checkComponents(plan([secured('a'), secured('b', second)], []), find, secret), (thrown) => {
    assert.ok(thrown instanceof GatewayError);
    assert.equal(thrown.code, 'SG0116');
    assert.equal(
      thrown.message,
      '<plan>:1:1: listener `a`: tls `look`: no `a` here\nedge.sluice:9:3: listener `b`: tls `look`: no `b` here',
    );
    assert.deepEqual(thrown.diagnostics, [
      { code: 'SG0116', severity: 'error', message: 'listener `a`: tls `look`: no `a` here', fix: null, place: PLACE },
      {
        code: 'SG0116',
        severity: 'error',
        message: 'listener `b`: tls `look`: no `b` here',
        fix: null,
        place: second,
      },
    ]);
    return true;
  });
});

test('an error with a code of the plugin is shown under it', async () => {
  const lookError = pluginErrors({ LOOK0001: { message: 'no `{cert}` here', fix: 'Put it there.' } });
  const find = finding((options) => {
    throw lookError('LOOK0001', { cert: String(options.cert) });
  });
  await assert.rejects(checkComponents(plan([secured('a')], []), find, secret), (thrown) => {
    assert.ok(thrown instanceof GatewayError);
    assert.equal(thrown.code, 'SG0116');
    assert.deepEqual(
      thrown.diagnostics.map(({ code, message }) => [code, message]),
      [['LOOK0001', 'listener `a`: tls `look`: no `a` here']],
    );
    return true;
  });
});

test('a component may warn, name the files it depends on, and read the secrets it was given', async () => {
  const component = finding((options, _baseDir, host) => {
    host.warn(`${options.cert} is old`);
    return { ...options, cert: host.secret('name') };
  })();
  const find = () => ({ ...component, files: ({ cert }: { cert?: unknown }) => [`/etc/${cert}`] });
  const checked = await checkComponents(plan([secured('a'), secured('b')], []), find as never, secret);
  assert.deepEqual(checked.files, ['/etc/value of name']);
  assert.deepEqual(
    checked.warnings.map(({ code, severity, message }) => `${code} ${severity} ${message}`),
    ['a', 'b'].map((name) => `SG0117 warning listener \`${name}\`: tls \`look\`: ${name} is old`),
  );
});
