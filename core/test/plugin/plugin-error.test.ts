import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PluginError, pluginCodeOf, pluginErrors } from '../../src/plugin/plugin-error.ts';

const teamError = pluginErrors({
  TEAM0001: { message: 'there is no team `{team}`: write one of {known}', fix: 'Write another.' },
});

test('an error has its code, a message with its values, and its cause', () => {
  const cause = new Error('why');
  const error = teamError('TEAM0001', { team: '{known}', known: 'red' }, cause);
  assert.ok(error instanceof PluginError);
  assert.equal(error.code, 'TEAM0001');
  // What a value holds is not filled in again.
  assert.equal(error.message, 'there is no team `{known}`: write one of red');
  assert.equal(error.cause, cause);
  assert.equal('cause' in teamError('TEAM0001', { team: 'a', known: 'b' }), false);
});

test('a table with invalid codes, or codes of the gateway, is refused', () => {
  for (const code of ['TEAM1', 'team0001', 'T0001', 'TEAM00011', 'SL0001', 'SG0116', 'toString']) {
    assert.throws(() => pluginErrors({ [code]: { message: '', fix: '' } }), /is not a code such as TEAM0001/, code);
  }
});

test('the code of an error is known whichever copy of the module made it, and of no other error', () => {
  assert.equal(pluginCodeOf(teamError('TEAM0001', { team: 'a', known: 'b' })), 'TEAM0001');
  const foreign = Object.assign(new Error('b'), { name: 'PluginError', code: 'TEAM0002' });
  assert.equal(pluginCodeOf(foreign), 'TEAM0002');
  assert.equal(pluginCodeOf(Object.assign(new Error('b'), { name: 'PluginError', code: 'SG0116' })), null);
  assert.equal(pluginCodeOf(Object.assign(new Error('b'), { code: 'ENOENT' })), null);
  assert.equal(pluginCodeOf('TEAM0001'), null);
});
