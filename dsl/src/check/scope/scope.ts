/**
 * Scope: what the checkers of one compilation share: the vocabulary, the names, and where to report. Main thread.
 */
import type { DiagnosticList, Values } from '../../diagnostics/diagnostic-list.ts';
import { didYouMean } from '../../diagnostics/suggestion.ts';
import type { Condition } from '../../plan/condition.ts';
import type { ListType, MapPlan } from '../../plan/list.ts';
import type { PathPolicy, PathReader } from '../../plan/path-policy.ts';
import type { Place } from '../../plan/place.ts';
import type { SourceText, Span } from '../../source/source-text.ts';
import type { Item } from '../../syntax/tree.ts';
import type { Vocabulary } from '../../vocabulary/vocabulary.ts';
import type { ConditionPhase } from './condition-phase.ts';
import type { Reading } from './reading.ts';

/** FallBackLine is where a backend says what it falls back to. */
export interface FallBackLine {
  readonly to: string;
  readonly source: SourceText;
  readonly span: Span;
}

/** PathLines is what the lines `paths …` of a listener say. */
export interface PathLines {
  readonly readers: readonly PathReader[];
  readonly parts: Partial<PathPolicy>;
}

/** Definitions are the `define` lines of all files, as conditions ask for them. */
export interface Definitions {
  names(): string[];
  /** namesIn are the names whose definitions ask for nothing that is known after a phase only. */
  namesIn(phase: ConditionPhase): string[];
  /** placeOf is where a name is defined; undefined: nowhere. */
  placeOf(name: string): { readonly source: SourceText; readonly span: Span } | undefined;
  /** resolve returns a definition's condition; null: it has an error, reported already; undefined: there is none. */
  resolve(name: string, phase: ConditionPhase, user: Span): Condition | null | undefined;
}

/** A backend by name, and whether anything sends to it. */
export interface BackendName {
  readonly place: Place;
  readonly source: SourceText;
  readonly span: Span;
  isUsed: boolean;
}

/** RequestWord is a line of a backend that has no meaning for connections that are passed on unread. */
export interface RequestWord {
  readonly word: string;
  readonly source: SourceText;
  readonly span: Span;
}

/** A list by name. Its values are shared by all rules that use it; null: its line was reported. */
export interface ListName {
  readonly source: SourceText;
  readonly span: Span;
  readonly values: readonly (string | number)[] | null;
  /** null where the type could not be read. */
  readonly type: ListType | null;
  /** Its entries may change while the rules run. */
  readonly isFromFile: boolean;
  isUsed: boolean;
}

/** A map by name. null: its line was reported. */
export interface MapName {
  readonly source: SourceText;
  readonly span: Span;
  plan: MapPlan | null;
  isUsed: boolean;
}

export class Scope {
  readonly diagnostics: DiagnosticList;
  readonly vocabulary: Vocabulary;
  /** A plugin failed to load, or a file that is included, so that a word nobody knows may well be one of its own. */
  readonly isWordMissing: boolean;
  readonly lists: Map<string, ListName>;
  readonly maps: Map<string, MapName>;
  readonly backends: Map<string, BackendName>;
  readonly listeners: Map<string, Place>;
  /** By the backend that falls back. */
  readonly fallBacks = new Map<string, FallBackLine>();
  /** By the backend that has them. */
  readonly requestWords = new Map<string, RequestWord[]>();
  /** What listeners say of paths, by their names. */
  readonly paths = new Map<string, PathLines>();
  /** Files of access logs, with what the first line that names one says of its rotation. */
  readonly logFiles = new Map<string, { readonly rotation: string; readonly place: Place }>();
  /** The kinds of servers that backends say they have, by their names. */
  readonly pathReaders = new Map<string, readonly PathReader[]>();
  /** The environment that `env` reads. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The settings' folder of secrets; null: they are in the environment. */
  secretsDir: string | null = null;
  /** Where conditions are read that know connections only. */
  connectionPlace = 'in a `tcp` listener';
  /** False: what is being read is shown with its values, so that no secret may stand in it. */
  mayHoldSecrets = true;
  /** The files that `from "…"` names in lists and maps, by that item; those that cannot be read are missing. */
  readonly listed: Pick<ReadonlyMap<Item, SourceText>, 'get'>;
  /** Notes what is read, for an editor; null when rules are compiled. */
  reading: Reading | null = null;
  /** Those of all files, while an editor has a line read separately; else null. */
  readonly knownDefines: Definitions | null;
  defines!: Definitions;
  /** The file being checked. */
  source: SourceText;

  /** `known`: its names are those of this scope too. */
  constructor(
    source: SourceText,
    diagnostics: DiagnosticList,
    vocabulary: Vocabulary,
    options: Pick<Scope, 'isWordMissing' | 'listed' | 'env'>,
    known: Scope | null = null,
  ) {
    this.lists = known?.lists ?? new Map();
    this.maps = known?.maps ?? new Map();
    this.backends = known?.backends ?? new Map();
    this.listeners = known?.listeners ?? new Map();
    this.knownDefines = known?.defines ?? null;
    this.source = source;
    this.diagnostics = diagnostics;
    this.vocabulary = vocabulary;
    this.isWordMissing = options.isWordMissing;
    this.listed = options.listed;
    this.env = options.env;
  }

  /** error reports at a span of the file being checked, and returns null for the caller to pass on. */
  error(code: string, span: Span, values: Values = {}, fix?: string | null): null {
    this.diagnostics.add(code, this.source, span, values, fix);
    return null;
  }

  /** unknown reports a word that nobody knows, with the known one that it is nearest to. */
  unknown(
    code: string,
    span: Span,
    word: string,
    known: Iterable<string>,
    fallback: string | null = null,
    values: Values = {},
  ): null {
    const fix = didYouMean(word, known);
    if (this.isWordMissing && fix === null) {
      this.diagnostics.silence();
      return null;
    }
    return this.error(code, span, { word, ...values }, fix ?? fallback);
  }

  /** unknownArgument reports a word at the end of a line that is none of the arguments' own. */
  unknownArgument(span: Span, word: string, known: readonly string[]): null {
    const fallback = known.length === 0 ? null : `Allowed here: ${known.join(', ')}`;
    return this.error('SL0118', span, { word }, didYouMean(word, known, fallback));
  }

  /** The folder at which relative paths in the file being checked begin. */
  get baseDir(): string {
    return this.source.folder;
  }

  /** inFile runs a step in which `source` is the file being checked. */
  inFile<Result>(source: SourceText, step: () => Result): Result {
    const before = this.source;
    this.source = source;
    const result = step();
    this.source = before;
    return result;
  }

  /** lineOf is a place's line for a message: `12`, or `12 of other.sluice`. */
  lineOf(place: Place): string | number {
    return place.file === this.source.file ? place.line : `${place.line} of ${place.file}`;
  }

  place(span: Span): Place {
    return this.source.placeOf(span);
  }
}
