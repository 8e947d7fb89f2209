/** Maps and lists of files, from the rule file to the verdict, through the gateway's own way of loading rules. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createGateway } from '@sluice/core';
import { standard } from '../src/index.ts';

/** verdictsOf loads rules in a folder with these files, and asks for each request. */
async function verdictsOf(files: Readonly<Record<string, string>>, requests: readonly string[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-'));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const rules = { file: join(folder, 'edge.sluice') };
    const gateway = await createGateway({ rules, plugins: [...standard], logger: false });
    const told: string[] = [];
    for (const request of requests) {
      const { verdict } = await gateway.explain(request);
      told.push(
        verdict.kind === 'send' ? verdict.backend : 'status' in verdict ? String(verdict.status) : verdict.kind,
      );
    }
    return told;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const BACKENDS = 'backend app of 127.0.0.1:9001\nbackend blue of 127.0.0.1:9002\nbackend red of 127.0.0.1:9003\n';

test('requests go to the backend in the map, or to the default without an entry', async () => {
  const told = await verdictsOf(
    {
      'edge.sluice': `map tenants = host to backend from "tenants.map" else app\n${BACKENDS}listener web on :80 {\n  otherwise send to map tenants of host\n}\n`,
      'tenants.map': 'blue.example.com  blue\n*.example.com  red\n',
    },
    ['GET http://blue.example.com/', 'GET http://x.example.com/', 'GET http://EXAMPLE.com/'],
  );
  assert.deepEqual(told, ['blue', 'red', 'app']);
});

test('maps are asked with headers, addresses and paths too, each in its part of the rules', async () => {
  const told = await verdictsOf(
    {
      'edge.sluice': `map byteam = text to backend from "teams.map" else app
map byip = ip to backend from "ips.map" else app
map bypath = path to backend from "paths.map" else app
${BACKENDS}
listener web on :80 {
  send to map byteam of header X-Team when path under /team
  send to map byip of ip when path under /ip
  otherwise send to map bypath of path
}`,
      'teams.map': 'b blue\n',
      'ips.map': '198.51.100.0/24 blue\n198.51.100.7 red\n',
      'paths.map': '/a blue\n/a/b red\n',
    },
    [
      'GET http://h/team',
      'GET http://h/ip from 198.51.100.7',
      'GET http://h/ip from 198.51.100.8',
      'GET http://h/ip from 192.0.2.1',
      'GET http://h/a/x',
      'GET http://h/a/b/c',
      'GET http://h/other',
    ],
  );
  assert.deepEqual(told, ['app', 'red', 'blue', 'app', 'blue', 'red', 'app']);
});

test('trusted proxies can be listed in a file', async () => {
  const told = await verdictsOf(
    {
      'edge.sluice': `list peers = ips from "peers.txt"\n${BACKENDS}listener web on :80 {
  client ip from header X-Forwarded-For trust peers
  deny ip peers
  send to blue when host blue.example
  send to red when host red.example
  otherwise send to app
}`,
      'peers.txt': '10.0.0.1\n',
    },
    ['GET http://h/ from 10.0.0.1', 'GET http://blue.example/ from 10.0.0.2'],
  );
  assert.deepEqual(told, ['403', 'blue']);
});
