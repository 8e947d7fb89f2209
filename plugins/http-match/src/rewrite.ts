/**
 * The verb `rewrite PATTERN to TEMPLATE`. Data threads; hot path.
 *
 * It sees the path as earlier rewrites left it. What it makes is normalised and checked by the gateway.
 */
import type { VerbFactory } from '@sluice/core/plugin';
import { compileSearch, type Found, type RequestFacts, splitGroups } from '@sluice/dsl/match';
import type { RegexValue, Template } from '@sluice/dsl/plan';

/** rewrite links `rewrite /prefix to TEMPLATE` and `rewrite r"…" to "…$1…"`. */
export const rewrite: VerbFactory = (args, linker) => {
  const target = args.target as Template;
  if (typeof args.from === 'string') return rewritePrefix(args.from, linker.template(target));
  const search = compileSearch((args.from as RegexValue).regex);
  type Piece = (facts: RequestFacts, found: Found) => string;
  const pieces = target.template.flatMap((part): Piece[] => {
    if (typeof part !== 'string') return [linker.template({ template: [part] })];
    return splitGroups(part).map((piece) =>
      typeof piece === 'number' ? (_facts, found) => found.group(piece) : () => piece,
    );
  });
  return {
    kind: 'request change',
    change(facts, request) {
      const found = request.path === '*' ? null : search(request.path);
      if (found === null) return;
      let path = found.before;
      for (const piece of pieces) path += piece(facts, found);
      request.setPath(path + found.behind);
    },
  };
};

/** A prefix ends where a segment does: /v1 stands for /v1 and /v1/…, never /v10. */
function rewritePrefix(prefix: string, write: (facts: RequestFacts) => string): ReturnType<VerbFactory> {
  const folder = prefix.endsWith('/') ? prefix : `${prefix}/`;
  const skipped = folder.length - 1;
  return {
    kind: 'request change',
    change(facts, request) {
      const { path } = request;
      if (path === prefix) request.setPath(write(facts));
      else if (path.startsWith(folder)) {
        const target = write(facts);
        request.setPath(`${target.endsWith('/') ? target.slice(0, -1) : target}${path.slice(skipped)}`);
      }
    },
  };
}
