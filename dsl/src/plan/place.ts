/**
 * Place says where in the rule files something was written. Plain data; both planes.
 *
 * `line` and `column` count from 1; `length` is the width of the span in UTF-16 units, at least 1. Plans that were
 * built without text use `file: '<plan>'`, line and column 1.
 */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** formatPlace writes a place as `file:line:column`. */
export function formatPlace(place: Place): string {
  return `${place.file}:${place.line}:${place.column}`;
}
