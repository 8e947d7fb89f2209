/**
 * RequestEdits: what the changes of a listener want done to one request: its fields, its path and its query. Hot path; data
 * plane.
 *
 * One a thread, filled and used within one turn. Later changes see what earlier ones made; conditions never do.
 */
import type { RequestFacts } from '@sluice/dsl/match';
import { DEFAULT_PATHS, type PathPolicy } from '@sluice/dsl/plan';
import type { RequestEditor } from '../../plugin/data-entry.ts';
import { rewrittenPath, rewrittenQuery } from '../../shared/judgement/rewritten-target.ts';
import { FieldEdits } from './field-edits.ts';

export class RequestEdits extends FieldEdits implements RequestEditor {
  /** A path was made that no server may get: the request is refused with 400. */
  isBad = false;
  #path: string | null = null;
  #query: string | null = null;
  #request!: RequestFacts;
  #paths: PathPolicy = DEFAULT_PATHS;

  constructor() {
    super(true);
  }

  /** start clears all of it for another request. */
  start(request: RequestFacts, paths: PathPolicy): void {
    this.clear();
    this.#request = request;
    this.#paths = paths;
    this.isBad = false;
    this.#path = null;
    this.#query = null;
  }

  get path(): string {
    return this.#path ?? this.#request.path;
  }

  get query(): string {
    return this.#query ?? this.#request.query;
  }

  /** hasQuery: the query is another than the one that was received. */
  get hasQuery(): boolean {
    return this.#query !== null;
  }

  setPath(path: string): void {
    // The `*` of OPTIONS is no path.
    if (this.#request.path === '*') return;
    const rewritten = rewrittenPath(path, this.#paths);
    if (rewritten === null) this.isBad = true;
    else this.#path = rewritten;
  }

  setQuery(query: string): void {
    this.#query = rewrittenQuery(query);
  }

  header(name: string): string | readonly string[] | undefined {
    const lower = name.toLowerCase();
    const added = this.valuesOf(lower);
    const received = this.isHidden(lower) ? undefined : this.#request.header(lower);
    if (received === undefined) return added.length > 1 ? added : added[0];
    return added.length === 0 ? received : [...(typeof received === 'string' ? [received] : received), ...added];
  }
}
