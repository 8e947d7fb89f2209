/**
 * ExplainEdits: what changes would do to a request or an answer, noted one by one. Main thread.
 *
 * What a change reads is the message with the changes before it, as in the data plane.
 */
import type { PathPolicy } from '@sluice/dsl/plan';
import type { FieldEditor, RequestEditor } from '../../plugin/data-entry.ts';
import { rewrittenPath, rewrittenQuery } from '../../shared/judgement/rewritten-target.ts';

/** FieldEdit is a header that a change would set, add or remove, or the path or query that it would make. */
export interface FieldEdit {
  readonly edit: 'set' | 'add' | 'remove' | 'rewrite';
  /** The header's name; `path` or `query` for a rewrite. */
  readonly name: string;
  readonly value: string | null;
}

/** What the editor begins with. */
export interface Received {
  readonly path: string;
  readonly query: string;
  header(name: string): string | readonly string[] | undefined;
}

/** NotedFields notes the changes of fields. */
export class NotedFields implements FieldEditor {
  readonly edits: FieldEdit[] = [];

  set(name: string, value: string): void {
    this.edits.push({ edit: 'set', name, value });
  }

  add(name: string, value: string): void {
    this.edits.push({ edit: 'add', name, value });
  }

  remove(name: string): void {
    this.edits.push({ edit: 'remove', name, value: null });
  }
}

/** NotedRequest notes the changes of a request. */
export class NotedRequest extends NotedFields implements RequestEditor {
  path: string;
  query: string;
  /** A path was made that no server may get: the request is refused with 400. */
  isBad = false;
  readonly #received: Received;
  readonly #paths: PathPolicy | undefined;

  constructor(received: Received, paths: PathPolicy | undefined) {
    super();
    this.#received = received;
    this.#paths = paths;
    this.path = received.path;
    this.query = received.query;
  }

  setPath(text: string): void {
    if (this.#received.path === '*') return;
    const path = rewrittenPath(text, this.#paths);
    if (path === null) this.isBad = true;
    else {
      this.path = path;
      this.edits.push({ edit: 'rewrite', name: 'path', value: path });
    }
  }

  setQuery(text: string): void {
    this.query = rewrittenQuery(text);
    this.edits.push({ edit: 'rewrite', name: 'query', value: this.query });
  }

  header(name: string): string | readonly string[] | undefined {
    const lower = name.toLowerCase();
    const received = this.#received.header(lower);
    let values = received === undefined ? [] : typeof received === 'string' ? [received] : [...received];
    for (const { edit, name: edited, value } of this.edits) {
      if (edit === 'rewrite' || edited.toLowerCase() !== lower) continue;
      if (edit === 'add') values.push(value!);
      else values = edit === 'set' ? [value!] : [];
    }
    return values.length > 1 ? values : values[0];
  }
}
