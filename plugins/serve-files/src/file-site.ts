/**
 * FileSite: answers requests with the files of a folder. Data threads; never blocks.
 *
 * As a plain site: GET and HEAD, validators and conditions, single ranges, index files, no listings. With a status it is the
 * page shown in place of a site: whatever is asked for, and by whatever method, gets the page with that status; only what
 * the page itself needs (pictures, styles) is sent as it is, as browsers drop a style sheet that comes with an error.
 */
import type { ServedAnswer, ServedBody, ServedRequest, Service } from '@sluice/core/plugin';
import { type ConditionFields, holdsForRange, precondition } from './conditions.ts';
import { contentType } from './content-type.ts';
import { siteError } from './errors.ts';
import { Busy, FileRoot, type OpenFile } from './file-root.ts';
import { type ByteRange, rangeOf } from './range.ts';
import { segmentsOf } from './site-path.ts';
import { type Found, type Lookup, SMALL_BYTES, SmallFiles } from './small-files.ts';

export interface FileSiteOptions {
  readonly folder: string;
  readonly index: string;
  /** null: a plain site. */
  readonly status: number | null;
  readonly cacheMs: number | null;
  readonly retryAfterMs: number | null;
  /** Milliseconds, for what is kept. Default: the system's monotonic clock. */
  now?(): number;
}

/** What an answer depends on besides the file. Read before anything is awaited. */
interface Wish extends ConditionFields {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
}

type Field = readonly [name: string, value: string];

const BUSY: ServedAnswer = { status: 503, headers: [['Retry-After', '1']], length: 0, body: null };
const MOST_TRIES = 3;

export class FileSite implements Service {
  readonly #options: FileSiteOptions;
  readonly #root: FileRoot;
  readonly #files: SmallFiles;
  readonly #pageFields: readonly Field[];

  constructor(options: FileSiteOptions) {
    const now = options.now ?? (() => performance.now());
    this.#options = options;
    this.#root = new FileRoot(options.folder, now);
    this.#files = new SmallFiles(now);
    const { retryAfterMs } = options;
    const retry: Field[] = retryAfterMs === null ? [] : [['Retry-After', String(Math.ceil(retryAfterMs / 1000))]];
    this.#pageFields = [['Cache-Control', 'no-store'], ...retry];
  }

  answer(request: ServedRequest): ServedAnswer | Promise<ServedAnswer> {
    const { method, path, query } = request;
    const isRead = method === 'GET' || method === 'HEAD';
    const { status } = this.#options;
    if (!isRead && status === null) return plain(405, [['Allow', 'GET, HEAD']]);
    const names = isRead ? segmentsOf(path) : null;
    if (names === null) return status === null ? plain(404) : this.#page(status);
    const wish: Wish = {
      method,
      path,
      query,
      range: request.header('range'),
      ifRange: request.header('if-range'),
      ifMatch: request.header('if-match'),
      ifNoneMatch: request.header('if-none-match'),
      ifModifiedSince: request.header('if-modified-since'),
      ifUnmodifiedSince: request.header('if-unmodified-since'),
    };
    const kept = this.#files.get(names.join('/'));
    if (kept !== undefined && kept.bytes !== null) return this.#ofFound(kept, wish, null);
    return this.#find(names, wish);
  }

  async #find(names: readonly string[], wish: Wish): Promise<ServedAnswer> {
    try {
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        const found = await this.#lookUp(names);
        if (found === null) return this.#missing();
        if (found === 'folder') return this.#folder(wish);
        if (found.bytes !== null || wish.method === 'HEAD') return this.#ofFound(found, wish, null);
        const file = await this.#root.open(found.place);
        if (file !== null) return this.#ofFound(found, wish, file);
        // Another file took its place in the meantime.
        this.#files.forget(names.join('/'));
      }
      return this.#missing();
    } catch (error) {
      return refusal(error);
    }
  }

  async #lookUp(names: readonly string[]): Promise<Lookup> {
    const key = names.join('/');
    return this.#files.get(key) ?? this.#files.ask(key, () => this.#look(names));
  }

  async #look(names: readonly string[]): Promise<Lookup> {
    const isFolder = names.at(-1) === '';
    const all = isFolder ? [...names.slice(0, -1), this.#options.index] : names;
    const place = await this.#root.find(all);
    if (place.kind === 'none') return null;
    // An index that is a folder is none.
    if (place.kind === 'folder') return isFolder ? null : 'folder';
    const { size, mtimeNs } = place.stats;
    const modifiedSec = Number(mtimeNs / 1_000_000_000n);
    const type = contentType(all.at(-1)!);
    let bytes: Buffer | null = null;
    if (size <= SMALL_BYTES) {
      const file = await this.#root.open(place);
      if (file === null) return null;
      try {
        bytes = await whole(file, Number(size));
      } finally {
        file.close();
      }
    }
    return {
      place,
      size: Number(size),
      version: { tag: `"${mtimeNs.toString(36)}-${size.toString(36)}"`, modifiedSec },
      lastModified: new Date(modifiedSec * 1000).toUTCString(),
      type,
      isPage: type.startsWith('text/html'),
      bytes,
    };
  }

  /** ofFound answers with a file; `file` is open where its bytes are not at hand, and is closed where it is not sent. */
  #ofFound(found: Found, wish: Wish, file: OpenFile | null): ServedAnswer {
    const { status, cacheMs } = this.#options;
    if (status !== null && found.isPage) return this.#whole(found, status, this.#pageFields, file);
    const cache =
      status !== null ? 'no-store' : cacheMs === null ? 'no-cache' : `max-age=${Math.floor(cacheMs / 1000)}`;
    const fields: Field[] = [
      ['ETag', found.version.tag],
      ['Last-Modified', found.lastModified],
      ['Cache-Control', cache],
    ];
    const refused = precondition(wish, found.version);
    if (refused !== 0) {
      file?.close();
      if (refused === 412) return plain(412);
      return { status: 304, headers: fields, length: 0, body: Buffer.alloc(0) };
    }
    fields.push(['Accept-Ranges', 'bytes']);
    const isWanted = wish.method === 'GET' && holdsForRange(wish.ifRange, found.version, Math.floor(Date.now() / 1000));
    const range = isWanted ? rangeOf(wish.range, found.size) : null;
    if (range === null) return this.#whole(found, 200, fields, file);
    if (range === 'unsatisfiable') {
      file?.close();
      return plain(416, [['Content-Range', `bytes */${found.size}`]]);
    }
    fields.push(['Content-Range', `bytes ${range.from}-${range.to - 1}/${found.size}`]);
    return this.#part(found, range, 206, fields, file);
  }

  #whole(found: Found, status: number, fields: readonly Field[], file: OpenFile | null): ServedAnswer {
    return this.#part(found, { from: 0, to: found.size }, status, fields, file);
  }

  #part(
    found: Found,
    { from, to }: ByteRange,
    status: number,
    fields: readonly Field[],
    file: OpenFile | null,
  ): ServedAnswer {
    const headers: Field[] = [['Content-Type', found.type], ['X-Content-Type-Options', 'nosniff'], ...fields];
    const body = found.bytes?.subarray(from, to) ?? (file === null ? Buffer.alloc(0) : new FileBody(file, from, to));
    return { status, headers, length: to - from, body };
  }

  /** A folder's name without a `/` behind it leads to the one with, so that links in its index work. */
  #folder({ path, query }: Wish): ServedAnswer | Promise<ServedAnswer> {
    const { status } = this.#options;
    return status === null ? plain(301, [['Location', `${path}/${query}`]]) : this.#page(status);
  }

  #missing(): ServedAnswer | Promise<ServedAnswer> {
    const { status } = this.#options;
    return status === null ? plain(404) : this.#page(status);
  }

  /** page is the index page with the site's status; without the page, the gateway's own for the status. */
  #page(status: number): ServedAnswer | Promise<ServedAnswer> {
    const kept = this.#files.get('');
    if (kept !== undefined && kept.bytes !== null) return this.#whole(kept, status, this.#pageFields, null);
    return this.#findPage(status);
  }

  async #findPage(status: number): Promise<ServedAnswer> {
    const found = await this.#lookUp(['']).catch(() => null);
    if (found === null || found === 'folder') return plain(status, this.#pageFields);
    const file = found.bytes === null ? await this.#root.open(found.place).catch(() => null) : null;
    if (found.bytes === null && file === null) return plain(status, this.#pageFields);
    return this.#whole(found, status, this.#pageFields, file);
  }
}

/** FileBody is a part of a file that is read as it is sent. */
class FileBody implements ServedBody {
  readonly #file: OpenFile;
  #at: number;
  readonly #to: number;

  constructor(file: OpenFile, from: number, to: number) {
    this.#file = file;
    this.#at = from;
    this.#to = to;
  }

  async read(into: Buffer): Promise<number> {
    const length = await this.#file.read(into, this.#at);
    this.#at += length;
    // The last bytes are held back from a client that would take old and new ones together for a whole file.
    if (this.#at >= this.#to && !(await this.#file.isUnchanged())) throw siteError('SP0906', {});
    return length;
  }

  close(): void {
    this.#file.close();
  }
}

async function whole(file: OpenFile, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(size);
  let at = 0;
  while (at < size) {
    const length = await file.read(bytes.subarray(at), at);
    if (length === 0) throw siteError('SP0907', {});
    at += length;
  }
  if (!(await file.isUnchanged())) throw siteError('SP0908', {});
  return bytes;
}

function plain(status: number, headers: readonly Field[] = []): ServedAnswer {
  return { status, headers, length: 0, body: null };
}

/** refusal is the answer to what the system would not let us do; other errors are the gateway's to count and to log. */
function refusal(error: unknown): ServedAnswer {
  if (error instanceof Busy) return BUSY;
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EACCES':
    case 'EPERM':
      return plain(403);
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOMEM':
      return BUSY;
    default:
      throw error;
  }
}
