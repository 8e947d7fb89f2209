/**
 * Process: how the gateway runs. Main thread.
 */

import { gatewaySetting } from './gateway-setting.ts';
import { SourceList } from './source-list.ts';

const DAY = 86_400_000;

export const threads = gatewaySetting({
  name: 'threads',
  doc: 'data threads; 0: the caller’s own event loop',
  example: 'threads 4',
  args: [{ name: 'count', type: 'number', doc: 'threads', min: 0, max: 256 }],
  defaults: () => ({ threads: null }),
  why: 'one for each core',
  read: ({ args }) => ({ threads: args.count }),
});

export const drain = gatewaySetting({
  name: 'drain',
  doc: 'how long a graceful shutdown waits for open requests',
  example: 'drain 30s',
  args: [{ name: 'time', type: 'duration', doc: 'the maximum wait', min: 0, max: DAY }],
  defaults: () => ({ drainMs: 30_000 }),
  why: 'what service managers wait for at the least',
  read: ({ args }) => ({ drainMs: args.time }),
});

export const connectionsAtMost = gatewaySetting({
  name: 'connections at most',
  doc: 'the maximum number of open client connections of all listeners together',
  example: 'connections at most 10000',
  args: [{ name: 'count', type: 'number', doc: 'connections', min: 1, max: 10_000_000 }],
  defaults: () => ({ connections: undefined }),
  why: 'how many there may be depends on the machine',
  read: ({ args }) => ({ connections: args.count }),
});

export const probesAtMost = gatewaySetting({
  name: 'probes at most',
  doc: 'the maximum number of concurrent health probes',
  example: 'probes at most 256',
  args: [{ name: 'count', type: 'number', doc: 'probes', min: 1, max: 10_000 }],
  defaults: () => ({ probesAtOnce: undefined }),
  why: 'left out of the plan, it is 256, which is set where probes are made',
  read: ({ args }) => ({ probesAtOnce: args.count }),
});

export const testBeforeReload = gatewaySetting({
  name: 'test before reload',
  doc: 'runs the tests of the rules before they are activated; if one fails, the running rules stay active',
  example: 'test before reload',
  args: [],
  defaults: () => ({ testsBeforeReload: undefined }),
  why: 'tests may take longer than a reload should',
  read: () => ({ testsBeforeReload: true }),
});

export const secrets = gatewaySetting({
  name: 'secrets',
  doc: 'the folder with a file for each secret',
  example: 'secrets from "/run/secrets"',
  args: [{ name: 'folder', type: 'file', before: 'from', doc: 'a folder' }],
  defaults: () => ({ secretsDir: null }),
  why: 'secrets come from the environment where no folder is named',
  // Other settings may need a secret.
  isFirst: true,
  read({ scope, args }) {
    scope.secretsDir = args.folder;
    return { secretsDir: args.folder };
  },
});

export const state = gatewaySetting({
  name: 'state',
  doc: 'the folder where what the gateway has learned is kept over restarts: clients of stick tables, limits, health, what was set by hand',
  example: 'state in "/var/lib/sluice"',
  args: [{ name: 'folder', type: 'file', before: 'in', doc: 'a folder that exists, for one gateway alone' }],
  defaults: () => ({ stateDir: undefined }),
  why: 'a folder has to be chosen that outlives the process, and that no other gateway uses',
  read: ({ args }) => ({ stateDir: args.folder }),
});

export const certificatesFrom = gatewaySetting({
  name: 'certificates from',
  doc: 'where automatic certificates come from',
  example: 'certificates from acme letsencrypt email ops@example.com agree to terms',
  slot: 'certificates',
  isRepeatable: true,
  args: [],
  defaults: () => ({ certificateSources: new SourceList() }),
  why: 'whoever issues certificates has terms to agree to',
  counts: 'never',
  read({ scope, span, use }, { certificateSources }) {
    certificateSources.add(scope, span, use);
    return {};
  },
});
