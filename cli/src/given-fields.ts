/**
 * GivenFields: `--given 'FIELD is VALUE'`: what the handshake of TLS or a PROXY header is assumed to say. Main thread.
 */
import { complain } from './terminal.ts';

/** readGiven reads all of them, or complains and returns null. A field that is said again has several values. */
export function readGiven(all: readonly string[] = []): Record<string, string | string[]> | null {
  const given: Record<string, string | string[]> = {};
  for (const written of all) {
    const [, field, value] = /^\s*(\S.*?)\s+is\s+(\S.*?)\s*$/.exec(written) ?? [];
    if (field === undefined || value === undefined) {
      complain(`'${written}' cannot be given: write it as 'FIELD is VALUE', such as 'client certificate cn is ann'`);
      return null;
    }
    const before = Object.hasOwn(given, field) ? given[field]! : undefined;
    given[field] = before === undefined ? value : [before, value].flat();
  }
  return given;
}
