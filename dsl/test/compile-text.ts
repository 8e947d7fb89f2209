/**
 * CompileText: what the tests of the front end share: a text compiled with the test vocabulary, and what came of it.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { CompileOptions, CompileResult } from '../src/check/index.ts';
import type { ExampleContext } from '../src/diagnostics/codes.ts';
import { compile, type Diagnostic, formatDiagnostic } from '../src/index.ts';
import type { Condition, ListenerPlan, Plan } from '../src/plan/index.ts';
import { WORDS } from './words.ts';

/** compileText compiles with the test vocabulary. `./geo.js` adds the field `country`, `./clash.js` has a word too many. */
export function compileText(text: string, options: Partial<CompileOptions> = {}): Promise<CompileResult> {
  return compile(
    { text, name: 'test.sluice' },
    {
      words: WORDS,
      readFile: async (path) => pageAt(path) ?? readFile(path),
      loadPlugin: async ({ from }) => {
        const ip = WORDS.find((word) => word.name === 'ip')!;
        if (from === './clash.js') return { url: 'file:///clash.js', words: [{ ...ip }] };
        if (from !== './geo.js') throw new Error(`there is no module ${from}`);
        return {
          url: 'file:///geo.js',
          words: [
            {
              kind: 'field',
              name: 'country',
              doc: 'the country of the client’s address',
              example: 'country CH',
              phase: 'connection',
              type: 'text',
              operators: ['is'],
              defaultOperator: 'is',
              index: 'text',
            },
          ],
        };
      },
      ...options,
    },
  );
}

/** pageAt gives pages that are nowhere on the disk. */
function pageAt(path: string): string | null {
  const [, name] = /\/pages\/(\w+)\.\w+$/.exec(path) ?? [];
  if (name === 'sorry') return '<p>{status}: {request.id}</p> {{ {x}';
  return name === 'large' ? 'x'.repeat(65_537) : null;
}

/** planOf compiles a text that must be right, warnings included. */
export async function planOf(text: string): Promise<Plan> {
  const { plan, diagnostics, sources } = await compileText(text);
  assert.deepEqual(
    diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, sources)),
    [],
  );
  assert.ok(plan !== null);
  return plan;
}

/** listenerOf compiles the lines of a listener, ended by `otherwise send to app`. */
export async function listenerOf(lines: string): Promise<ListenerPlan> {
  return (await planOf(inContext('listener', lines))).listeners[0]!;
}

/** conditionOf compiles a condition. */
export async function conditionOf(condition: string): Promise<Condition> {
  return (await listenerOf(`deny ${condition}`)).guards[0]!.when!;
}

/** codesOf gives each diagnostic as `SL0101 3:5`, the column counted in the whole text. */
export function codesOf(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map(({ code, place }) => `${code} ${place.line}:${place.column}`);
}

/** problemOf compiles lines of a listener that must give exactly one diagnostic. */
export async function problemOf(lines: string, context: ExampleContext = 'listener'): Promise<Diagnostic> {
  const { diagnostics, sources } = await compileText(inContext(context, lines));
  assert.equal(
    diagnostics.length,
    1,
    diagnostics.map((found) => formatDiagnostic(found, sources)).join('\n') || 'nothing',
  );
  return diagnostics[0]!;
}

/** inContext makes a whole file of an example. */
export function inContext(context: ExampleContext, lines: string): string {
  const listener = (inside: string): string => `listener web on :8080 {\n${inside}  otherwise send to app\n}\n`;
  const indented = lines.replace(/^/gm, '  ');
  switch (context) {
    case 'file':
      return lines;
    case 'listener':
      return `${listener(`${indented}\n`)}backend app of 127.0.0.1:9001\n`;
    case 'backend':
      return `${listener('')}backend app of 127.0.0.1:9001 {\n${indented}\n}\n`;
    case 'settings':
      return `${listener('')}backend app of 127.0.0.1:9001\nsettings {\n${indented}\n}\n`;
    case 'top':
      return `${lines}\n${listener('')}backend app of 127.0.0.1:9001\n`;
  }
}
