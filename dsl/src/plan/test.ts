/**
 * TestPlan: a `test` block: a request, and what should become of it. Read by the tools only; no plane runs it.
 */
import type { Place } from './place.ts';

/** TestRequest is written as people do: `GET https://www.example.com/admin/x`, from an address. */
export interface TestRequest {
  readonly line: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly ip: string;
}

export interface TestPlan {
  readonly name: string;
  readonly request: TestRequest;
  readonly place: Place;
}
