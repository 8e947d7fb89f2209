/**
 * FileText: a file's bytes as text, read strictly: UTF-8, with or without its mark, and nothing else. Main thread.
 */
import { open } from 'node:fs/promises';
import { TEXT_LIMIT } from '../../syntax/parse.ts';

/** Unreadable says why a file cannot be read: `code` is the diagnostic, `reason` a part of a sentence. */
export class Unreadable extends Error {
  readonly code: 'SL0615' | 'SL0623';
  readonly fix: string | null;

  constructor(code: 'SL0615' | 'SL0623', reason: string, fix: string | null = null) {
    super(reason);
    this.code = code;
    this.fix = fix;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  ELOOP: 'its links lead in a circle',
};

/** reasonOf is why something failed, as a part of a sentence. */
export function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (typeof code === 'string' && REASONS[code] !== undefined) return REASONS[code];
  return error instanceof Error ? error.message : String(error);
}

/** Longest file that is read, in bytes; a text has a limit of its own. */
const FILE_LIMIT = 4 * TEXT_LIMIT;

/** readBytes reads a whole file from the file system. Rejects with Unreadable for one that is too large. */
export async function readBytes(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size > FILE_LIMIT) throw new Unreadable('SL0615', `it has more than ${FILE_LIMIT / (1024 * 1024)} MiB`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** decodeFile is the text of a file's bytes. Throws Unreadable for what is not UTF-8. */
export function decodeFile(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff) || isWide(bytes)) {
    throw new Unreadable('SL0623', 'it looks like UTF-16', 'Save it as UTF-8');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const { line, column, byte } = firstWrong(bytes);
    const hex = byte.toString(16).padStart(2, '0').toUpperCase();
    const reason = `byte ${hex} on line ${line}, column ${column} belongs to no character`;
    throw new Unreadable('SL0623', reason, 'Save it as UTF-8: it may be Latin-1 or Windows-1252 now');
  }
}

/** isWide: ASCII in UTF-16 without a mark has every second byte 0. */
function isWide(bytes: Uint8Array): boolean {
  const length = Math.min(bytes.length, 64) & ~1;
  if (length < 4) return false;
  for (const odd of [0, 1]) {
    let isZero = true;
    for (let at = odd; at < length && isZero; at += 2) isZero = bytes[at] === 0 && bytes[at ^ 1] !== 0;
    if (isZero) return true;
  }
  return false;
}

/** firstWrong finds the first byte that is no UTF-8, by halving what decodes. Columns are in characters. */
function firstWrong(bytes: Uint8Array): { readonly line: number; readonly column: number; readonly byte: number } {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const encoder = new TextEncoder();
  let line = 1;
  let lineStart = 0;
  let offset = 0;
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const piece = text.slice(at, end < 0 ? text.length : end + 1);
    const known = encoder.encode(piece);
    const isSame = known.every((byte, index) => bytes[offset + index] === byte);
    if (!isSame) {
      let wrong = 0;
      let column = 1;
      for (const character of piece) {
        const encoded = encoder.encode(character);
        if (!encoded.every((byte, index) => bytes[offset + wrong + index] === byte)) break;
        wrong += encoded.length;
        column++;
      }
      return { line, column, byte: bytes[offset + wrong] ?? 0 };
    }
    offset += known.length;
    at += piece.length;
    line++;
    lineStart = offset;
  }
  return { line, column: 1, byte: bytes[lineStart] ?? 0 };
}
