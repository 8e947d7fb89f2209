import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PEM = join(ROOT, 'test/docs/fixtures/site.pem');
const FIXTURE = fileURLToPath(new URL('./fixtures/ask-as-it-ends.ts', import.meta.url));
const GONE = 'no handshake, false, no certificate, not verified, false';

for (const version of ['TLSv1.2', 'TLSv1.3']) {
  test(`queries on ${version} while its connection closes return unknown, and do not crash`, async () => {
    const { stdout } = await run(process.execPath, [FIXTURE, PEM, version]);
    const answers = Object.entries(JSON.parse(stdout) as Record<string, Record<string, string>>);
    assert.equal(answers.length, 10);
    for (const [ending, said] of answers) {
      assert.match(said.open!, new RegExp(`^${version}, false, certificate, `), ending);
      assert.equal(said['as the stream closes'], GONE, ending);
      assert.equal(said.afterwards, GONE, ending);
    }
  });
}

/** What asks OpenSSL, through a TLSSocket or the handle below it. */
const NATIVE =
  /\b(?:getProtocol|getCipher|getPeerCertificate|getPeerX509Certificate|getX509Certificate|isSessionReused|getSession|setSession|getTLSTicket|getEphemeralKeyInfo|getFinished|getPeerFinished|getSharedSigalgs|exportKeyingMaterial|setMaxSendFragment|setServername|setKeyCert|renegotiate|disableRenegotiation|enableTrace|verifyError|setVerifyMode|setOCSPResponse|setALPNProtocols|getServername|getALPNNegotiatedProtocol|destroySSL|useUserBuffer)\s*(?:\?\.)?\(|\bgetCertificate\s*\(\)|\b_(?:handle|parent|parentWrap)\b|\.ssl\b|\b(?:socket|stream|secured?|tls)\w*\??\.\[['"`]/;

const OWNER = 'core/src/plugin/native-tls.ts';
/** Handles that are no TLS: each with the one thing that is done to it. */
const OTHERS: Readonly<Record<string, { readonly use: RegExp; readonly why: string }>> = {
  'core/src/data/transport/socket/reused-reads.ts': {
    use: /useUserBuffer|_handle/,
    why: 'only sockets whose prototype is Socket itself get that far',
  },
  'core/src/data/transport/socket/socket-listener.ts': { use: /_handle.*(?:listen|fd)/, why: 'a listening socket' },
  'core/src/data/transport/socket/socket-input.ts': {
    use: /_handle.*PeeredHandle/,
    why: 'the peer’s address, which Node asks below TLS',
  },
  'cli/src/supervisor/activated-sockets.ts': { use: /_handle/, why: 'a listening socket' },
  'cli/src/supervisor/supervised.ts': { use: /_handle/, why: 'a listening socket' },
  'certificates/src/check/file-check.ts': { use: /context\.context.*getCertificate\(\)/, why: 'a context' },
};

/** nativeCalls are the lines of a source that ask OpenSSL, comments aside. */
function nativeCalls(source: string): string[] {
  return source.split('\n').filter((line) => NATIVE.test(line.replace(/^\s*(?:\/?\*|\/\/).*$|\/\/ .*$/, '')));
}

test('only native-tls reads OpenSSL state from a TLS connection', () => {
  const files = globSync(
    ['{certificates,core,dsl,cli}/{src,bin}/**/*.{ts,js}', 'plugins/*/src/**/*.ts', 'examples/**/*.{ts,js}'],
    {
      cwd: ROOT,
      exclude: (name) => /node_modules|dist|\.test\.ts$|\.d\.ts$/.test(name),
    },
  );
  assert.ok(files.length > 300, `${files.length} files were found`);
  const found = files
    .filter((file) => relative(OWNER, file) !== '')
    .flatMap((file) => {
      const lines = nativeCalls(readFileSync(join(ROOT, file), 'utf8'));
      return lines.filter((line) => !OTHERS[file]?.use.test(line)).map((line) => `${file}: ${line.trim()}`);
    });
  assert.deepEqual(found, [], `these belong in ${OWNER}: such a call may end the process`);
});

test('a new call of that kind is found, however it is written', () => {
  for (const call of [
    'const version = socket.getProtocol();',
    'return (stream as TLSSocket).getPeerCertificate?.(true);',
    'const { _handle } = socket as unknown as Raw;',
    'this.socket.ssl.renegotiate({}, done);',
    'socket._handle!.getEphemeralKeyInfo();',
    'if (!stream.isSessionReused ()) return;',
  ])
    assert.deepEqual(nativeCalls(call), [call]);
  assert.deepEqual(nativeCalls(' * getProtocol() is what ends the process'), []);
  assert.equal(nativeCalls(readFileSync(join(ROOT, OWNER), 'utf8')).length > 5, true);
});
