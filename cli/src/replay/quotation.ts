/**
 * Quotation: what a log line says, in a message about it. Any thread.
 */

/** quoted is the text in backticks; of a long one the beginning, with a mark. */
export function quoted(text: string, most = 80): string {
  return text.length <= most ? `\`${text}\`` : `\`${text.slice(0, most)}…\``;
}
