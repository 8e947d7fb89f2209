/**
 * Terminal: what the command writes, and whether in colour. Main thread.
 *
 * Results go to stdout, everything said about them to stderr. Colours are used only where a person looks: on a terminal, and
 * never when NO_COLOR is set (https://no-color.org).
 */
import type { WriteStream } from 'node:tty';
import picocolors from 'picocolors';
import { workIsDone } from './drained-loop.ts';

export type Colours = ReturnType<typeof picocolors.createColors>;

type Output = Pick<WriteStream, 'write'> & { readonly isTTY?: boolean };

/** hasColours says whether a stream is to be coloured. FORCE_COLOR is for pipes into something that shows colours. */
export function hasColours(stream: Output, environment: NodeJS.ProcessEnv = process.env): boolean {
  if ((environment.NO_COLOR ?? '') !== '') return false;
  if ((environment.FORCE_COLOR ?? '') !== '') return environment.FORCE_COLOR !== '0';
  return stream.isTTY === true && environment.TERM !== 'dumb';
}

/** coloursFor returns colours for a stream, which do nothing where there should be none. */
export function coloursFor(stream: Output): Colours {
  return picocolors.createColors(hasColours(stream));
}

/** print writes a result and a line end to stdout. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** complain writes one problem to stderr, after the command's name. */
export function complain(text: string): void {
  process.stderr.write(`${coloursFor(process.stderr).red('sluice:')} ${text}\n`);
}

/** endQuietlyOnClosedPipe lets `sluice plan FILE | head` end without a word. */
export function endQuietlyOnClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') {
      workIsDone();
      process.exit();
    }
    throw error;
  });
}
