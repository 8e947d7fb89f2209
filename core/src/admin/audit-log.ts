/**
 * AuditLog: who changed what over the admin API, and who was refused. Main thread.
 *
 * A line of JSON each, to a file of its own, or to the gateway's log with `"audit":true`. The file is opened for each line, so that whoever
 * rotates it need not tell us; changes are few. A line that cannot be written there goes to the gateway's log.
 */
import { appendFileSync } from 'node:fs';
import type { AdminRole } from '@sluice/dsl/plan';
import type { Logger } from 'pino';
import { fileReason } from '../control/report/path-problem.ts';

/** AuditEntry is one request. No field ever holds a token. */
export interface AuditEntry {
  /** The name of the caller's token; null: none was asked for, or it was wrong. */
  readonly who: string | null;
  /** null: the caller was refused before it was known. */
  readonly role: AdminRole | null;
  /** The caller's address; null: a Unix socket. */
  readonly peer: string | null;
  /** The operation's id; null: there is none at that path. */
  readonly operation: string | null;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly status: number;
  /** The code of the refusal; null: it was done. */
  readonly code: string | null;
  /** What an operation that sets something found, and what it left. */
  readonly before?: unknown;
  readonly after?: unknown;
  readonly [more: string]: unknown;
}

/** Owner and group: logs are read by groups. */
const MODE = 0o640;

export class AuditLog {
  readonly #log: Logger;
  /** null: the gateway's log. */
  file: string | null;

  constructor(log: Logger, file: string | null) {
    this.#log = log;
    this.file = file;
  }

  write(entry: AuditEntry): void {
    if (this.file !== null) {
      try {
        appendFileSync(this.file, `${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`, { mode: MODE });
        return;
      } catch (thrown) {
        this.#log.error({ file: this.file }, `the audit log cannot be written: ${fileReason(thrown)}`);
      }
    }
    const { who, operation, method, path, status } = entry;
    this.#log.info({ audit: true, ...entry }, `${who ?? 'somebody'}: ${operation ?? `${method} ${path}`}: ${status}`);
  }
}
