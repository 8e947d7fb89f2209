/**
 * SymbolKinds: what proposals and sections of rule files are called in the Language Server Protocol. Main thread.
 */
import type { OutlineItem, ProposalKind } from '@sluice/dsl/editor';
import { CompletionItemKind, SymbolKind } from 'vscode-languageserver/node';

export const COMPLETION_KINDS: Readonly<Record<ProposalKind, CompletionItemKind>> = {
  keyword: CompletionItemKind.Keyword,
  verb: CompletionItemKind.Function,
  setting: CompletionItemKind.Property,
  component: CompletionItemKind.Module,
  field: CompletionItemKind.Field,
  operator: CompletionItemKind.Operator,
  name: CompletionItemKind.Reference,
  value: CompletionItemKind.Value,
};

export const SYMBOL_KINDS: Readonly<Record<OutlineItem['kind'], SymbolKind>> = {
  listener: SymbolKind.Interface,
  backend: SymbolKind.Class,
  server: SymbolKind.Object,
  define: SymbolKind.Variable,
  list: SymbolKind.Array,
  map: SymbolKind.Array,
  use: SymbolKind.Module,
  test: SymbolKind.Event,
  settings: SymbolKind.Namespace,
};
