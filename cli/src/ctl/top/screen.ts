/**
 * Screen: a terminal that is drawn over again, with keys. Main thread.
 *
 * It uses the terminal's other screen, so that what was there before is there afterwards, and gives it back whatever ends the process
 * but SIGKILL. Plain ANSI, as every terminal of the last decades knows it.
 */
import type { ReadStream, WriteStream } from 'node:tty';
import type { Size } from './render.ts';

const OPEN = '\u001b[?1049h\u001b[?25l';
const CLOSE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const END_OF_LINE = '\u001b[K';
const END_OF_SCREEN = '\u001b[J';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Key is what was pressed: a character, or the name of a key that has none. */
export type Key = string;

const NAMED: Readonly<Record<string, Key>> = {
  '\u0003': 'q',
  '\u0004': 'q',
  '\u001b[A': 'up',
  '\u001b[B': 'down',
  '\u001b[5~': 'page up',
  '\u001b[6~': 'page down',
};

export class Screen {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #pressed: (key: Key) => void;
  readonly #resized: () => void;
  #isOpen = false;

  constructor(input: ReadStream, output: WriteStream, on: { pressed(key: Key): void; resized(): void }) {
    this.#input = input;
    this.#output = output;
    this.#pressed = (key) => on.pressed(key);
    this.#resized = () => on.resized();
  }

  get size(): Size {
    // A terminal that does not say how large it is has no rows.
    return { rows: this.#output.rows || 24, columns: this.#output.columns || 80 };
  }

  open(): void {
    this.#isOpen = true;
    process.on('exit', this.#onExit);
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
    process.on('SIGCONT', this.#onContinue);
    this.#output.on('resize', this.#resized);
    this.#input.on('data', this.#onData);
    this.#begin();
  }

  /** draw shows these lines in place of those before, without a flicker. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    this.#output.write(`${HOME}${lines.map((line) => `${line}${END_OF_LINE}`).join('\r\n')}${END_OF_SCREEN}`);
  }

  /** close gives the terminal back. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.off('exit', this.#onExit);
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    process.off('SIGCONT', this.#onContinue);
    this.#output.off('resize', this.#resized);
    this.#input.off('data', this.#onData);
    this.#input.setRawMode(false);
    this.#input.pause();
    this.#output.write(CLOSE);
  }

  #begin(): void {
    this.#input.setRawMode(true);
    this.#input.resume();
    this.#output.write(OPEN);
  }

  readonly #onData = (bytes: Buffer): void => {
    const text = bytes.toString('latin1');
    const named = NAMED[text];
    if (named !== undefined) this.#pressed(named);
    else if (!text.startsWith('\u001b')) for (const key of text) this.#pressed(NAMED[key] ?? key);
  };

  /** What ends the process without `close`, such as an error that nobody caught. */
  readonly #onExit = (): void => this.close();

  readonly #onSignal = (): void => this.#pressed('q');

  /** It was stopped and is in the foreground again: a shell has used the terminal meanwhile. */
  readonly #onContinue = (): void => {
    this.#begin();
    this.#resized();
  };
}
