/**
 * FakeLog: a plugin's log that keeps what is written to it.
 */
import type { PluginLog } from '@sluice/core/plugin';

/** FakeLogLine is one line. */
export interface FakeLogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: object;
}

export class FakeLog implements PluginLog {
  readonly lines: FakeLogLine[] = [];

  /** The lines' messages, in order; those of `debug` are left out. */
  get messages(): readonly string[] {
    return this.lines.filter(({ level }) => level !== 'debug').map(({ message }) => message);
  }

  debug(message: string, fields: object = {}): void {
    this.lines.push({ level: 'debug', message, fields });
  }

  info(message: string, fields: object = {}): void {
    this.lines.push({ level: 'info', message, fields });
  }

  warn(message: string, fields: object = {}): void {
    this.lines.push({ level: 'warn', message, fields });
  }

  error(message: string, fields: object = {}): void {
    this.lines.push({ level: 'error', message, fields });
  }
}
