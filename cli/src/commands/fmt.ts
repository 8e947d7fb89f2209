/**
 * The command `fmt FILE…`: rule files in the one style. Main thread. The only command that writes rule files.
 */
import { type Diagnostic, formatDiagnostic, formatText } from '@sluice/dsl';
import { EXIT_OK, EXIT_PROBLEM } from '../exit-codes.ts';
import { readText, replaceText } from '../rewrite-file.ts';
import { coloursFor, complain, hasColours, print } from '../terminal.ts';

export interface FmtOptions {
  readonly check?: boolean;
  readonly json?: boolean;
}

/** What became of one file. */
interface Formatted {
  readonly file: string;
  /** It was in another style; with --check it still is. */
  readonly isChanged: boolean;
  readonly problems: readonly Diagnostic[];
  /** Why it could not be read or written; null when it could. */
  readonly error: string | null;
}

/** fmt returns 1 when a file has problems, or with --check is in another style. */
export async function fmt(files: readonly string[], options: FmtOptions): Promise<number> {
  const results: Formatted[] = [];
  for (const file of files) results.push(await formatFile(file, options));
  const isOk = results.every(
    ({ isChanged, problems, error }) =>
      problems.length === 0 && error === null && !(isChanged && options.check === true),
  );
  if (options.json === true) print(JSON.stringify({ isOk, files: results }, null, 2));
  return isOk ? EXIT_OK : EXIT_PROBLEM;
}

async function formatFile(file: string, { check, json }: FmtOptions): Promise<Formatted> {
  const isTold = json !== true;
  const name = file === '-' ? '<stdin>' : file;
  try {
    const written = await readText(file);
    const { text, diagnostics, sources } = formatText(written, name);
    if (text === null) {
      const colour = hasColours(process.stderr);
      if (isTold)
        for (const one of diagnostics) process.stderr.write(`${formatDiagnostic(one, sources, { colour })}\n\n`);
      return { file: name, isChanged: false, problems: diagnostics, error: null };
    }
    const isChanged = text !== written;
    if (file === '-' && check !== true && isTold) process.stdout.write(text);
    if (file !== '-' && check !== true && isChanged) await replaceText(file, text);
    if (isChanged && isTold && (check === true || file !== '-')) tell(name, check === true);
    return { file: name, isChanged, problems: [], error: null };
  } catch (thrown) {
    const { message } = thrown as Error;
    if (isTold) complain(message);
    return { file: name, isChanged: false, problems: [], error: message };
  }
}

function tell(file: string, isOnlyChecked: boolean): void {
  const { green, yellow } = coloursFor(process.stdout);
  print(isOnlyChecked ? `${yellow('✗')} ${file}: not formatted` : `${green('✓')} ${file}: formatted`);
}
