/**
 * HeadReader: the parser of live traffic, for heads that were written down or logged. Main thread and batch threads.
 *
 * It is part of the data plane, which the control plane does not import: it is loaded when it is first needed.
 */
import type { ReadHead } from '../../shared/judgement/head-reader.ts';

const HEAD_READER = new URL(`../../data/written-head.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)
  .href;

/** loadHeadReader returns what reads a head as live traffic's is read. */
export async function loadHeadReader(): Promise<ReadHead> {
  const { readHead }: { readonly readHead: ReadHead } = await import(HEAD_READER);
  return readHead;
}
