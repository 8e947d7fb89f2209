/**
 * Methods: a rule about a method holds for whatever a server that ignores case takes for it, in HTTP/1 and HTTP/2.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:http2';
import { describe, test } from 'node:test';
import { openStage, type Stage } from '../kit/index.ts';

const over1 = async (stage: Stage, method: string): Promise<number> => {
  const answer = await stage.ask(`${method} /x HTTP/1.1\r\nHost: a\r\n\r\n`);
  return answer.status;
};

const over2 = async (stage: Stage, method: string): Promise<number> => {
  const { host, port } = stage.gateway.address;
  const session = connect(`http://${host}:${port}`);
  try {
    return await new Promise((resolve, reject) => {
      const stream = session.request({ ':method': method, ':path': '/x', ':authority': 'a' }, { endStream: true });
      stream.on('response', (fields) => resolve(fields[':status']!));
      stream.on('error', reject);
      stream.resume();
    });
  } finally {
    session.destroy();
  }
};

const SETTINGS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  '': { GET: 200, BREW: 200, delete: 501, Delete: 501, brew: 501, DELETE: 403, TRACE: 405 },
  'methods standard': { GET: 200, PATCH: 200, BREW: 501, delete: 501, DELETE: 403, TRACE: 405 },
  'methods any': {
    GET: 200,
    BREW: 200,
    brew: 200,
    get: 200,
    delete: 403,
    dElEtE: 403,
    DELETE: 403,
    head: 501,
    trace: 405,
  },
};

for (const [setting, statuses] of Object.entries(SETTINGS)) {
  describe(setting === '' ? 'without a setting' : setting, () => {
    for (const [version, ask] of Object.entries({ 'HTTP/1.1': over1, 'HTTP/2': over2 })) {
      test(`a rule that denies DELETE is passed by no spelling of it, over ${version}`, async () => {
        const stage = await openStage(`${setting}\n  deny method DELETE`);
        try {
          for (const [method, status] of Object.entries(statuses)) {
            assert.equal(await ask(stage, method), status, method);
          }
          const passed = Object.keys(statuses).filter((method) => statuses[method] === 200);
          assert.deepEqual(
            stage.server.requests().map(({ method }) => method),
            passed,
            'the server gets methods as they were sent',
          );
        } finally {
          await stage.close();
        }
      });
    }
  });
}
