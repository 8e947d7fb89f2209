/**
 * FakeEditor: a request, or a response, that a change edits.
 */
import type { RequestEditor } from '@sluice/core/plugin';
import type { FakeRequest } from './fake-facts.ts';

/** FakeEditor holds fields, path and query as a change leaves them. Unlike the gateway's, it takes any path and query as they are. */
export class FakeEditor implements RequestEditor {
  path: string;
  query: string;
  /** Values by name in lower case. */
  readonly fields = new Map<string, string[]>();

  constructor({ path = '/', query = '', headers = {} }: FakeRequest = {}) {
    this.path = path;
    this.query = query;
    for (const [name, value] of Object.entries(headers)) {
      this.fields.set(name.toLowerCase(), typeof value === 'string' ? [value] : [...value]);
    }
  }

  set(name: string, value: string): void {
    this.fields.set(name.toLowerCase(), [value]);
  }

  add(name: string, value: string): void {
    const values = this.fields.get(name.toLowerCase());
    if (values === undefined) this.set(name, value);
    else values.push(value);
  }

  remove(name: string): void {
    this.fields.delete(name.toLowerCase());
  }

  setPath(path: string): void {
    this.path = path;
  }

  setQuery(query: string): void {
    this.query = query;
  }

  header(name: string): string | readonly string[] | undefined {
    const values = this.fields.get(name.toLowerCase());
    return values?.length === 1 ? values[0] : values;
  }
}
