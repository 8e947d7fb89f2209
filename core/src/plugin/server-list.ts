/**
 * ServerList: the two ways to write servers down outside the rules, JSON and one server a line, read strictly. Main thread.
 *
 * What is wrong is told by its place, never by quoting it: an answer may hold what is nobody's business.
 */
import { createRequire } from 'node:module';
import { readAddress, SERVER_ADDRESS } from '@sluice/dsl';
import type { AnySchemaObject, ValidateFunction } from 'ajv/dist/2020.js';
import type { FoundServer } from './discovery.ts';
import { lineAt, lineOfItem } from './server-list-place.ts';

interface WrittenServer {
  readonly address: string;
  readonly name?: string;
  readonly weight?: number;
  readonly max?: number;
  readonly backup?: boolean;
}

/** SERVER_LIST_SCHEMA is the JSON Schema of a list: an array, or an object whose `servers` is one. */
export const SERVER_LIST_SCHEMA: AnySchemaObject = {
  $defs: {
    server: {
      oneOf: [
        { type: 'string' },
        {
          type: 'object',
          required: ['address'],
          additionalProperties: false,
          properties: {
            address: { type: 'string' },
            name: { type: 'string', pattern: '^[A-Za-z0-9[][A-Za-z0-9._:[\\]/-]{0,254}$' },
            weight: { type: 'integer', minimum: 0, maximum: 256 },
            max: { type: 'integer', minimum: 0, maximum: 1_000_000 },
            backup: { type: 'boolean' },
          },
        },
      ],
    },
  },
  oneOf: [
    { type: 'array', items: { $ref: '#/$defs/server' } },
    {
      type: 'object',
      required: ['servers'],
      additionalProperties: false,
      properties: { servers: { type: 'array', items: { $ref: '#/$defs/server' } } },
    },
  ],
};

type IsServer = ValidateFunction<string | WrittenServer>;

let isServer: IsServer | null = null;

/** serverCheck is made when the first list comes: most gateways read none, and the library is 80 files. */
function serverCheck(): IsServer {
  if (isServer === null) {
    const { Ajv2020 } = createRequire(import.meta.url)('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js');
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
    const $defs = SERVER_LIST_SCHEMA.$defs as object;
    isServer = ajv.compile<string | WrittenServer>({ $ref: '#/$defs/server/oneOf/1', $defs });
  }
  return isServer;
}

/** ServerListError says what is wrong and where. `line` is 0 where there is none to tell. */
export class ServerListError extends Error {
  override readonly name = 'ServerListError';
  readonly line: number;

  constructor(line: number, problem: string) {
    super(line === 0 ? problem : `line ${line}: ${problem}`);
    this.line = line;
  }
}

/** ServerListRules says what a list may hold. */
export interface ServerListRules {
  /** `unix:/path` addresses. Default true. */
  readonly mayHavePaths?: boolean;
}

/** readJsonServers reads JSON. Throws ServerListError. */
export function readJsonServers(text: string, rules: ServerListRules = {}): readonly FoundServer[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    const at = /position (\d+)/.exec(String(thrown));
    throw new ServerListError(lineAt(text, at === null ? text.length : Number(at[1])), 'this is not JSON');
  }
  const list = listOf(json);
  const paths = new Map<string, number>();
  return list.map((item, index) => {
    try {
      return readServer(item, rules, paths, index);
    } catch (thrown) {
      const problem = `server ${index + 1} ${(thrown as Error).message}`;
      throw new ServerListError(lineOfItem(text, index, !Array.isArray(json)), problem);
    }
  });
}

/** readServerLines reads `ADDRESS [name NAME] [weight N] [max N] [backup]`, one a line. `#` begins a comment. Throws ServerListError. */
export function readServerLines(text: string, rules: ServerListRules = {}): readonly FoundServer[] {
  const servers: FoundServer[] = [];
  const addresses = new Map<string, number>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const words = line
      .replace(/#.*$/, '')
      .split(/[ \t]+/)
      .filter((word) => word !== '');
    if (words.length === 0) continue;
    try {
      servers.push(readServer(writtenOf(words), rules, addresses, index));
    } catch (thrown) {
      throw new ServerListError(index + 1, `the server ${(thrown as Error).message}`);
    }
  }
  return servers;
}

function listOf(json: unknown): readonly unknown[] {
  if (Array.isArray(json)) return json;
  if (typeof json === 'object' && json !== null && Object.keys(json).join() === 'servers') {
    const { servers } = json as { servers: unknown };
    if (Array.isArray(servers)) return servers;
  }
  throw new ServerListError(0, 'a list of servers is an array, or an object with nothing but an array `servers`');
}

function readServer(item: unknown, rules: ServerListRules, addresses: Map<string, number>, at: number): FoundServer {
  const written: unknown = typeof item === 'string' ? { address: item } : item;
  const check = serverCheck();
  if (!check(written)) {
    const [error] = check.errors!;
    const field = error!.instancePath.slice(1);
    if (error!.keyword === 'additionalProperties') throw new Error('has a key that is not one of a server');
    if (error!.keyword === 'required') throw new Error('has no `address`');
    throw new Error(field === '' ? 'is neither a text nor an object' : `has a bad \`${field}\`: it ${error!.message}`);
  }
  const { address: text, name, weight, max, backup } = written as WrittenServer;
  const address = readAddress(text, SERVER_ADDRESS);
  if ('problem' in address) throw new Error(`has a bad \`address\`: it ${address.problem}`);
  if ('path' in address && rules.mayHavePaths === false)
    throw new Error('is a socket file, which may not be named here');
  const key = JSON.stringify(address);
  if (addresses.has(key)) throw new Error('has the address of another one before it');
  addresses.set(key, at);
  return {
    address,
    ...(name === undefined ? {} : { name }),
    ...(weight === undefined ? {} : { weight }),
    ...(max === undefined ? {} : { max }),
    ...(backup === undefined ? {} : { isBackup: backup }),
  };
}

function writtenOf([address, ...words]: readonly string[]): Record<string, unknown> {
  const written: Record<string, unknown> = { address };
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (Object.hasOwn(written, word)) throw new Error(`has \`${word}\` twice`);
    if (word === 'backup') written.backup = true;
    else if (word === 'weight' || word === 'max') written[word] = wholeOf(words[++at]);
    else if (word === 'name') written.name = words[++at] ?? '';
    else throw new Error('is followed by a word that is none of name, weight, max and backup');
  }
  return written;
}

function wholeOf(text: string | undefined): number {
  return text !== undefined && /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
}
