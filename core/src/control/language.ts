/**
 * Language: what the host uses of @sluice/dsl on the main thread, in one place.
 */
import * as dsl from '@sluice/dsl';
import type { RequestFacts } from '@sluice/dsl/match';
import * as match from '@sluice/dsl/match';
import type { Place, Plan } from '@sluice/dsl/plan';
import type { Word } from '@sluice/dsl/vocabulary';

export interface Diagnostic {
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly mend: string | null;
  readonly place: Place;
}

interface Language {
  compile(
    source: { readonly file: string } | { readonly text: string; readonly name?: string },
    options: {
      readonly words: readonly Word[];
      loadPlugin(use: {
        readonly name: string;
        readonly from: string;
        readonly baseDir: string;
        readonly options: Readonly<Record<string, unknown>>;
      }): Promise<{ readonly url: string; readonly words: readonly Word[] }>;
    },
  ): Promise<{ readonly plan: Plan | null; readonly diagnostics: readonly Diagnostic[]; readonly sources: unknown }>;
  formatDiagnostic(diagnostic: Diagnostic, sources: unknown): string;
}

interface Matching {
  parseWrittenRequest(text: string, headers: readonly (readonly [string, string])[]): RequestFacts;
}

export const language = dsl as unknown as Language;
export const matching = match as unknown as Matching;
