/**
 * LanguageClient: talks the Language Server Protocol to the real command, for tests.
 */
import assert from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { start } from './sluice.ts';

export interface Position {
  readonly line: number;
  readonly character: number;
}

export interface Range {
  readonly start: Position;
  readonly end: Position;
}

export interface ShownDiagnostic {
  readonly code: string;
  readonly severity: number;
  readonly message: string;
  readonly range: Range;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly uri: string; readonly diagnostics: readonly ShownDiagnostic[] };
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

const MARK = '<|>';

/** Opened is a text with one cursor, as the editor has it open. */
export interface Opened {
  readonly textDocument: { readonly uri: string };
  readonly position: Position;
}

export class LanguageClient {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #folder: string;
  readonly #answers = new Map<number, (message: Message) => void>();
  readonly #told: Message[] = [];
  readonly #waiting = new Set<() => void>();
  #rest = Buffer.alloc(0);
  #id = 0;
  #version = 0;
  #hasEnded = false;

  private constructor(t: TestContext, folder: string) {
    this.#folder = folder;
    this.#child = start(['lsp', '--stdio'], { cwd: folder });
    t.after(() => this.#child.kill('SIGKILL'));
    this.#child.stdout.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#child.once('close', () => this.#ended());
  }

  /** start starts a server that has been greeted. */
  static async start(t: TestContext, folder: string): Promise<LanguageClient> {
    const client = new LanguageClient(t, folder);
    await client.ask('initialize', { processId: process.pid, rootUri: pathToFileURL(folder).href, capabilities: {} });
    client.tell('initialized', {});
    return client;
  }

  uri(name: string): string {
    return pathToFileURL(join(this.#folder, name)).href;
  }

  tell(method: string, params: unknown): void {
    this.#send({ method, params });
  }

  /** ask resolves to the result, and rejects with the server's error. */
  async ask<T>(method: string, params: unknown): Promise<T> {
    const id = ++this.#id;
    const answered = new Promise<Message>((resolve) => this.#answers.set(id, resolve));
    this.#send({ id, method, params });
    const { result, error } = await answered;
    if (error !== undefined) throw new Error(error.message);
    return result as T;
  }

  /** open opens a text, with its cursor taken out, and returns where the cursor was (at the beginning when there is none). */
  open(name: string, marked: string): Opened {
    const offset = Math.max(0, marked.indexOf(MARK));
    const before = marked.slice(0, offset).split('\n');
    const textDocument = { uri: this.uri(name), languageId: 'sluice', version: ++this.#version };
    this.tell('textDocument/didOpen', { textDocument: { ...textDocument, text: marked.replace(MARK, '') } });
    const position = { line: before.length - 1, character: before.at(-1)!.length };
    return { textDocument: { uri: textDocument.uri }, position };
  }

  /** change gives an open file another text. */
  change(name: string, text: string): void {
    const textDocument = { uri: this.uri(name), version: ++this.#version };
    this.tell('textDocument/didChange', { textDocument, contentChanges: [{ text }] });
  }

  /** diagnostics resolves to what is told next of a file, that fits. What was told before it is forgotten. */
  async diagnostics(
    name: string,
    fits: (diagnostics: readonly ShownDiagnostic[]) => boolean = () => true,
  ): Promise<readonly ShownDiagnostic[]> {
    for (;;) {
      const index = this.#told.findIndex(({ params }) => params!.uri === this.uri(name) && fits(params!.diagnostics));
      if (index >= 0) return this.#told.splice(index, 1)[0]!.params!.diagnostics;
      if (this.#hasEnded) throw new Error('the server has ended');
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** stop ends the server as editors do, and returns its exit code. */
  async stop(): Promise<number | null> {
    await this.ask('shutdown', undefined);
    const ended = once(this.#child, 'close');
    this.tell('exit', undefined);
    return ((await ended) as [number | null])[0];
  }

  #send(message: object): void {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
    this.#child.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    this.#child.stdin.write(body);
  }

  #read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const headEnd = this.#rest.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const [, length] = /Content-Length: (\d+)/i.exec(this.#rest.toString('latin1', 0, headEnd)) ?? [];
      assert.ok(length !== undefined, 'a message without a length');
      const end = headEnd + 4 + Number(length);
      if (this.#rest.length < end) return;
      const message = JSON.parse(this.#rest.toString('utf8', headEnd + 4, end)) as Message;
      this.#rest = this.#rest.subarray(end);
      this.#take(message);
    }
  }

  /** Nobody waits for a server that is gone. */
  #ended(): void {
    this.#hasEnded = true;
    for (const answer of this.#answers.values()) answer({ error: { message: 'the server has ended' } });
    for (const look of this.#waiting) look();
  }

  #take(message: Message): void {
    if (message.id !== undefined && message.method === undefined) {
      this.#answers.get(message.id)!(message);
      this.#answers.delete(message.id);
    } else if (message.method === 'textDocument/publishDiagnostics') {
      this.#told.push(message);
      for (const look of this.#waiting) look();
      this.#waiting.clear();
    }
  }
}
