/**
 * QuickFix: a diagnostic's mend as an edit, where the mend is a replacement of what the diagnostic is about. Main thread.
 *
 * Whether the edit does mend the file is for the caller to try: only a compilation can tell.
 */
import type { Diagnostic } from '../diagnostics/diagnostic.ts';

export interface QuickFix {
  /** What the edit is called: `Write \`deny\``. */
  readonly title: string;
  /** Takes the place of the diagnostic's span. */
  readonly text: string;
}

const REPLACEMENT = /(?:Did you mean|[Ww]rite(?: only the host:| the name as DNS has it:)?) `([^`\n…]+)`/g;

/** quickFixes are the edits that a diagnostic's mend proposes, best first; empty where the mend is none. */
export function quickFixes({ mend }: Diagnostic): readonly QuickFix[] {
  if (mend === null) return [];
  return [...mend.matchAll(REPLACEMENT)].map(([, text]) => ({ title: `Write \`${text}\``, text: text! }));
}
