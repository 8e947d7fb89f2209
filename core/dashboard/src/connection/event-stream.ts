/**
 * EventStream: server-sent events by `fetch`, as an EventSource cannot send a token. Browser.
 */
import type { Api } from './api.ts';

/** StreamedEvent is one event, as it came. */
export interface StreamedEvent {
  readonly name: string;
  readonly atMs: number;
  readonly event: Readonly<Record<string, unknown>>;
}

const AGAIN_MS = 3_000;

/** followEvents calls `onEvent` until the signal is aborted, and connects again when the stream ends. `onOpen(false)`: it is not open now. */
export async function followEvents(
  api: Api,
  path: string,
  signal: AbortSignal,
  onEvent: (event: StreamedEvent) => void,
  onOpen: (isOpen: boolean) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const stream = await api.open(path, signal);
      onOpen(true);
      for await (const block of blocksOf(stream)) {
        const event = eventOf(block);
        if (event !== null) onEvent(event);
      }
    } catch {
      // What is wrong is seen by the feed, which asks the same gateway.
    }
    if (signal.aborted) return;
    onOpen(false);
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

async function* blocksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split('\n\n');
    text = blocks.pop()!;
    yield* blocks;
  }
}

function eventOf(block: string): StreamedEvent | null {
  const fields = new Map(
    block.split('\n').map((line) => {
      const at = line.indexOf(':');
      return [line.slice(0, at), line.slice(at + 1).trimStart()] as const;
    }),
  );
  const [name, text] = [fields.get('event'), fields.get('data')];
  return name === undefined || text === undefined ? null : { name, atMs: Date.now(), event: JSON.parse(text) };
}
