/**
 * LanguageServer: the rule language for editors, over the Language Server Protocol (version 3.17). Main thread.
 *
 * It says what `sluice check` says, as one types. It writes no file, opens no listener, and writes nothing but the protocol to
 * its output. Opening a file imports the plugins that the file uses.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { formatText } from '@sluice/dsl';
import {
  completeAt,
  definitionAt,
  type FileSpan,
  foldsOf,
  hoverAt,
  type OutlineItem,
  outlineOf,
  quickFixes,
  RenameError,
  RuleDocument,
  referencesAt,
  renameAt,
  renameableAt,
} from '@sluice/dsl/editor';
import {
  type CodeAction,
  CodeActionKind,
  type Connection,
  type Diagnostic,
  DiagnosticSeverity,
  type DocumentSymbol,
  ErrorCodes,
  FoldingRangeKind,
  type InitializeResult,
  type Location,
  MarkupKind,
  ResponseError,
  TextDocumentSyncKind,
  TextDocuments,
} from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { Problem } from '../checked-rules.ts';
import { rangeOf, rangeOfPlace } from './range.ts';
import { RuleWorkspace } from './rule-workspace.ts';
import { COMPLETION_KINDS, SYMBOL_KINDS } from './symbol-kinds.ts';

/** How long nobody may have typed before a file is checked. */
const QUIET_MS = 120;

const CAPABILITIES: InitializeResult['capabilities'] = {
  textDocumentSync: TextDocumentSyncKind.Incremental,
  completionProvider: { triggerCharacters: [' ', ',', '{', '('] },
  hoverProvider: true,
  definitionProvider: true,
  referencesProvider: true,
  renameProvider: { prepareProvider: true },
  documentSymbolProvider: true,
  foldingRangeProvider: true,
  documentFormattingProvider: true,
  codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix] },
};

export class LanguageServer {
  readonly #connection: Connection;
  readonly #documents = new TextDocuments(TextDocument);
  readonly #workspace = new RuleWorkspace();
  /** The URI by which the editor calls a file, by path. */
  readonly #uris = new Map<string, string>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  /** The problems published last, by URI: quick fixes are made from them. */
  readonly #published = new Map<string, readonly Problem[]>();
  /** Checks run one after another. */
  #last: Promise<void> = Promise.resolve();

  constructor(connection: Connection, version: string) {
    this.#connection = connection;
    const serverInfo = { name: 'sluice', version };
    connection.onInitialize(() => ({ capabilities: CAPABILITIES, serverInfo }));
    this.#documents.onDidChangeContent(({ document }) => this.#changed(document));
    this.#documents.onDidClose(({ document }) => this.#closed(document));
    this.#answerQuestions();
    this.#documents.listen(connection);
    connection.listen();
  }

  #answerQuestions(): void {
    const connection = this.#connection;
    connection.onCompletion(async ({ textDocument, position }) => {
      const { project, document, text } = await this.#open(textDocument.uri);
      const { span, proposals } = completeAt(project, document, text.offsetAt(position));
      return proposals.map(({ label, kind, detail, doc }, index) => ({
        label,
        kind: COMPLETION_KINDS[kind],
        detail,
        ...(doc === '' ? {} : { documentation: { kind: MarkupKind.Markdown, value: doc } }),
        sortText: String(index).padStart(4, '0'),
        textEdit: { range: rangeOf(text, span), newText: label },
      }));
    });
    connection.onHover(async ({ textDocument, position }) => {
      const { project, document, text } = await this.#open(textDocument.uri);
      const hover = hoverAt(project, document, text.offsetAt(position));
      if (hover === null) return null;
      return { contents: { kind: MarkupKind.Markdown, value: hover.text }, range: rangeOf(text, hover.span) };
    });
    connection.onDefinition(async ({ textDocument, position }) => {
      const { project, document, text } = await this.#open(textDocument.uri);
      const found = definitionAt(project, document, text.offsetAt(position));
      return found === null ? null : this.#location(found);
    });
    connection.onReferences(async ({ textDocument, position, context }) => {
      const { project, document, text } = await this.#open(textDocument.uri);
      const found = referencesAt(project, document, text.offsetAt(position), context.includeDeclaration);
      return found.map((span) => this.#location(span));
    });
    connection.onPrepareRename(async ({ textDocument, position }) => {
      const { project, document, text } = await this.#open(textDocument.uri);
      const span = renameableAt(project, document, text.offsetAt(position));
      return span === null ? null : rangeOf(text, span);
    });
    connection.onRenameRequest(async ({ textDocument, position, newName }) => {
      const { project, document, text } = await this.#open(textDocument.uri);
      try {
        const changes: Record<string, { range: Location['range']; newText: string }[]> = {};
        for (const span of renameAt(project, document, text.offsetAt(position), newName)) {
          const { uri, range } = this.#location(span);
          changes[uri] = [...(changes[uri] ?? []), { range, newText: newName }];
        }
        return { changes };
      } catch (thrown) {
        if (thrown instanceof RenameError) throw new ResponseError(ErrorCodes.InvalidParams, thrown.message);
        throw thrown;
      }
    });
    connection.onDocumentSymbol(({ textDocument }) => {
      const text = this.#text(textDocument.uri);
      return outlineOf(new RuleDocument('', text.getText())).map((item) => symbolOf(text, item));
    });
    connection.onFoldingRanges(({ textDocument }) => {
      const text = this.#text(textDocument.uri);
      return foldsOf(new RuleDocument('', text.getText())).map(({ start, end, kind }) => ({
        startLine: text.positionAt(start).line,
        // The row of the closing brace stays in sight.
        endLine: text.positionAt(end).line - (kind === 'block' ? 1 : 0),
        ...(kind === 'comment' ? { kind: FoldingRangeKind.Comment } : {}),
      }));
    });
    connection.onDocumentFormatting(({ textDocument }) => {
      const text = this.#text(textDocument.uri);
      const formatted = formatText(text.getText()).text;
      if (formatted === null || formatted === text.getText()) return [];
      return [{ range: rangeOf(text, { start: 0, end: text.getText().length }), newText: formatted }];
    });
    connection.onCodeAction(({ textDocument, range }) => this.#fixes(textDocument.uri, range));
  }

  /** Each proposed edit is tried out first, so that every fix that is offered works. */
  async #fixes(uri: string, range: Location['range']): Promise<CodeAction[]> {
    const text = this.#text(uri);
    await this.#checkNow(pathOf(uri));
    const actions: CodeAction[] = [];
    for (const problem of this.#published.get(uri) ?? []) {
      const { place } = problem;
      if (place === null) continue;
      const span = rangeOfPlace(text, place);
      if (span.end.line < range.start.line || span.start.line > range.end.line) continue;
      for (const { title, text: newText } of quickFixes({ ...problem, place })) {
        const edited = TextDocument.applyEdits(text, [{ range: span, newText }]);
        if (!(await this.#workspace.fixes(pathOf(uri), edited, problem))) continue;
        const diagnostics = [diagnosticOf(text, problem)];
        const edit = { changes: { [uri]: [{ range: span, newText }] } };
        actions.push({ title, kind: CodeActionKind.QuickFix, diagnostics, isPreferred: actions.length === 0, edit });
      }
    }
    return actions;
  }

  #changed(document: TextDocument): void {
    const path = pathOf(document.uri);
    const isNew = !this.#workspace.isOpen(path);
    this.#uris.set(path, document.uri);
    this.#workspace.setText(path, document.getText());
    clearTimeout(this.#timers.get(path));
    this.#timers.set(
      path,
      setTimeout(() => void this.#checkNow(path), isNew ? 0 : QUIET_MS),
    );
  }

  #closed(document: TextDocument): void {
    const path = pathOf(document.uri);
    clearTimeout(this.#timers.get(path));
    this.#timers.delete(path);
    this.#publish(path, []);
    this.#uris.delete(path);
    for (const root of this.#workspace.close(path)) void this.#checkNow(root);
  }

  /** Never rejects: what goes wrong here is told in the editor’s log. */
  #checkNow(path: string): Promise<void> {
    clearTimeout(this.#timers.get(path));
    this.#last = this.#last.then(async () => {
      try {
        const problems = await this.#workspace.check(await this.#workspace.rootOf(path));
        for (const [file, list] of problems) this.#publish(file, list);
      } catch (thrown) {
        this.#connection.console.error(thrown instanceof Error ? thrown.message : String(thrown));
      }
    });
    return this.#last;
  }

  #publish(path: string, problems: readonly Problem[]): void {
    const uri = this.#uriOf(path);
    const text = this.#document(path);
    if (text === null) return;
    this.#published.set(uri, problems);
    const diagnostics = problems.map((problem) => diagnosticOf(text, problem));
    void this.#connection.sendDiagnostics({ uri, diagnostics });
  }

  #text(uri: string): TextDocument {
    const text = this.#documents.get(uri);
    if (text === undefined) throw new ResponseError(ErrorCodes.InvalidParams, `${uri} is not open`);
    return text;
  }

  async #open(uri: string) {
    const text = this.#text(uri);
    this.#workspace.setText(pathOf(uri), text.getText());
    const found = await this.#workspace.project(pathOf(uri));
    if (found === null) throw new ResponseError(ErrorCodes.InvalidParams, `${uri} is not open`);
    return { ...found, text };
  }

  /** A file as a text document, open in the editor or not; null when it was never read. */
  #document(path: string): TextDocument | null {
    const open = this.#documents.get(this.#uriOf(path));
    if (open !== undefined) return open;
    const text = this.#workspace.textOf(path);
    return text === null ? null : TextDocument.create(this.#uriOf(path), 'sluice', 0, text);
  }

  #uriOf(path: string): string {
    return this.#uris.get(path) ?? pathToFileURL(path).href;
  }

  #location({ file, ...span }: FileSpan): Location {
    const text = this.#document(file)!;
    return { uri: text.uri, range: rangeOf(text, span) };
  }
}

/** pathOf is the absolute path of a URI. A file that was never saved gets a path of its own in the current folder. */
function pathOf(uri: string): string {
  if (uri.startsWith('file:')) return fileURLToPath(uri);
  return join(process.cwd(), `unsaved-${createHash('sha256').update(uri).digest('hex').slice(0, 16)}.sluice`);
}

function diagnosticOf(text: TextDocument, { code, severity, message, fix, place }: Problem): Diagnostic {
  return {
    code,
    source: 'sluice',
    severity: severity === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
    message: fix === null ? message : `${message}\n${fix}`,
    range: place === null ? rangeOf(text, { start: 0, end: 0 }) : rangeOfPlace(text, place),
  };
}

function symbolOf(text: TextDocument, item: OutlineItem): DocumentSymbol {
  return {
    name: item.name,
    detail: item.kind === item.name ? '' : `${item.kind} ${item.detail}`.trim(),
    kind: SYMBOL_KINDS[item.kind],
    range: rangeOf(text, item.whole),
    selectionRange: rangeOf(text, item.nameSpan),
    children: item.children.map((child) => symbolOf(text, child)),
  };
}
