import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Diagnostic, formatDiagnostic } from '../../src/index.ts';
import { compileText, inContext } from '../compile-text.ts';

async function framesOf(text: string): Promise<string> {
  const { diagnostics, sources } = await compileText(text);
  return diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, sources)).join('\n');
}

const GOLDEN: readonly (readonly [line: string, frame: string])[] = [
  [
    'dney ip 10.0.0.0/8',
    `SL0101 test.sluice:2:3   dney ip 10.0.0.0/8
                         ^^^^ unknown word \`dney\`
                              Did you mean \`deny\`?`,
  ],
  [
    'deny path /admin',
    `SL0212 test.sluice:2:8   deny path /admin
                              ^^^^ compare how?
                                   Write \`path is /admin\` (exactly) or \`path under /admin\` (and all below)`,
  ],
  [
    'deny not header X-Team is blue',
    `SL0305 test.sluice:2:8   deny not header X-Team is blue
                              ^^^ requests WITHOUT X-Team match too
                                  Say \`or header X-Team absent\` to mean that, or \`and header X-Team present\` to leave them out`,
  ],
  [
    'deny ip 10.1.2.3/8',
    `SL0602 test.sluice:2:11   deny ip 10.1.2.3/8
                                  ^^^^^^^^^^ \`10.1.2.3/8\` has bits set after its prefix
                                             Write \`10.0.0.0/8\` for the network, or \`10.1.2.3\` for the one address`,
  ],
  [
    'deny all; deny path is /a',
    `SL0501 test.sluice:2:13   deny all; deny path is /a
                                    ^^^^ warning: can never run: line 2 matches every request
                                         Move it above that line, or remove it`,
  ],
  [
    'deny\tip\t1o.0.0.0/8',
    `SL0601 test.sluice:2:11   deny ip 1o.0.0.0/8
                                  ^^^^^^^^^^ \`1o.0.0.0/8\` is not an IP address or network
                                             Did you mean \`10.0.0.0/8\`?`,
  ],
];

for (const [line, frame] of GOLDEN) {
  test(`the frame of: ${line}`, async () => assert.equal(await framesOf(inContext('listener', line)), frame));
}

test('words not available in a tcp listener are reported with those that are', async () => {
  const frames = await framesOf(
    'listener db on :5432 tcp {\n  deny path is /a\n  otherwise send to db\n}\nbackend db of 127.0.0.1:5433',
  );
  assert.equal(
    frames,
    `SL0407 test.sluice:2:8   deny path is /a
                              ^^^^ \`path\` is unknown in a \`tcp\` listener
                                   Here: ip, port, sni, alpn`,
  );
});

test('a long line is cut to the part around the problem', async () => {
  const values = Array.from({ length: 60 }, (_, index) => `10.0.0.${index}`).join(', ');
  const [source, caret] = (await framesOf(inContext('listener', `deny ip ${values}, 10.0.0.999, ${values}`))).split(
    '\n',
  );
  assert.ok(source!.length < 140);
  assert.ok(source!.includes('…') && source!.includes('10.0.0.999'));
  assert.equal(caret!.indexOf('^'), source!.indexOf('10.0.0.999'));
});

test('a value that a terminal would obey is shown escaped', async () => {
  const frames = await framesOf(inContext('listener', 'deny host is "a\u001b[31m\u202eb"'));
  assert.ok(!frames.includes('\u001b') && !frames.includes('\u202e'));
});

test('colours are only used on request', async () => {
  const { diagnostics, sources } = await compileText(inContext('listener', 'dney all'));
  assert.ok(formatDiagnostic(diagnostics[0]!, sources, { colour: true }).startsWith('\u001b[31mSL0101'));
  assert.ok(!formatDiagnostic(diagnostics[0]!, sources).includes('\u001b'));
});

test('a problem of a file that was never read has no source line', () => {
  const diagnostic: Diagnostic = {
    code: 'SL0615',
    severity: 'error',
    message: 'cannot read `x`: there is no such file',
    fix: null,
    place: { file: 'x', line: 1, column: 1, length: 1 },
  };
  assert.equal(formatDiagnostic(diagnostic, new Map()), 'SL0615 x:1:1   cannot read `x`: there is no such file');
});
