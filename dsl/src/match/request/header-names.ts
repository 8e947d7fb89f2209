/**
 * HeaderNames: which names of header fields are one for servers. Both planes; hot path only for requests with odd names.
 *
 * CGI, FastCGI, WSGI, Rack and PHP hand header fields to programs as variables: `X-Team` becomes `HTTP_X_TEAM`, and so does `X_Team`.
 * lighttpd makes an underscore of every character that is no letter and no digit, and PHP of a dot. So all of these are one name.
 */

/** foldedName is what all spellings of a lower-case name have in common: `x_team` and `x.team` to `x-team`. */
export function foldedName(lowerName: string): string {
  return /[^0-9a-z-]/.test(lowerName) ? lowerName.replace(/[^0-9a-z]/g, '-') : lowerName;
}

export class HeaderNames {
  /** Some of the names have characters besides letters, digits and hyphens. */
  readonly hasOdd: boolean;
  readonly #exact: ReadonlySet<string>;
  readonly #folded: ReadonlySet<string>;

  /** The names, in lower case. */
  constructor(names: readonly string[]) {
    this.#exact = new Set(names);
    this.#folded = new Set(names.map(foldedName));
    this.hasOdd = names.some((name) => foldedName(name) !== name);
  }

  /** has tells whether a lower-case name is one of them, in any spelling. */
  has(lowerName: string): boolean {
    return this.#folded.has(foldedName(lowerName));
  }

  /** hasOtherwise tells whether a lower-case name is one of them in another spelling alone. */
  hasOtherwise(lowerName: string): boolean {
    return this.has(lowerName) && !this.#exact.has(lowerName);
  }
}
