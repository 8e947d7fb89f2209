/** A plugin that has something in every slot that has a trial. Test code. */
import { connect } from 'node:net';
import type { DataEntry, PluginManifest } from '@sluice/core/plugin';
import { definePlugin } from '@sluice/core/plugin';

const component = { kind: 'component', args: [], isDefault: false } as const;

const plugin: PluginManifest = definePlugin({
  name: 'team',
  apiVersion: 1,
  words: [
    {
      kind: 'field',
      name: 'team',
      doc: 'The team that the request is for.',
      example: 'team is red',
      phase: 'request',
      type: 'text',
      operators: ['is', 'in'],
      defaultOperator: 'is',
      isOptional: true,
      index: 'text',
    },
    {
      kind: 'field',
      name: 'broken team',
      doc: 'A number where a text should be.',
      example: 'broken team is red',
      phase: 'request',
      type: 'text',
      operators: ['is'],
      defaultOperator: 'is',
      index: 'text',
    },
    {
      kind: 'verb',
      name: 'name team',
      doc: 'Tells the server the team.',
      example: 'name team in X-For',
      part: 'change',
      phase: 'request',
      args: [{ name: 'header', type: 'header', before: 'in', doc: 'The header.' }],
    },
    {
      kind: 'verb',
      name: 'turn away',
      doc: 'Answers 418.',
      example: 'turn away when path is /tea',
      part: 'guard',
      phase: 'request',
      args: [],
    },
  ],
  components: [
    { ...component, slot: 'balance', name: 'last', doc: 'The last usable server.', example: 'balance last' },
    { ...component, slot: 'stick', name: 'by team', doc: 'By the team.', example: 'stick by team', needsRequest: true },
    {
      ...component,
      slot: 'serve',
      name: 'greeting',
      doc: 'A greeting.',
      example: 'serve greeting',
      needsRequest: true,
    },
    {
      ...component,
      slot: 'check',
      name: 'open',
      doc: 'Passes when the port is open.',
      example: 'check open',
      check: {
        probe: ({ address }, _options, signal) =>
          new Promise((resolve) => {
            const socket = connect({ ...(address as { host: string; port: number }), signal });
            socket.on('connect', () => resolve({ status: 'passed', reason: 'open' }));
            socket.on('error', () => resolve({ status: 'failed', reason: 'closed' }));
            socket.on('connect', () => socket.destroy());
          }),
      },
    },
    {
      ...component,
      slot: 'discovery',
      name: 'counting',
      doc: 'One more server with each query.',
      example: 'servers from counting',
      discovery: {
        async find({ memory = 0 }) {
          const count = (memory as number) + 1;
          const servers = Array.from({ length: count }, (_, at) => ({
            address: { host: '127.0.0.1', port: 9000 + at },
          }));
          return { servers, againMs: 60_000, memory: count };
        },
      },
    },
  ],
  data: import.meta.url,
  start({ log }) {
    log.info('the team is here');
  },
});

export default plugin;

export const fields: DataEntry['fields'] = {
  team: (facts) => facts.header('x-team'),
  'broken team': () => 7 as never,
};

export const verbs: DataEntry['verbs'] = {
  'name team': (args) => ({
    kind: 'change',
    change: (facts, editor) => editor.set(args.header as string, String(facts.header('x-team') ?? 'none')),
  }),
  'turn away': () => ({ kind: 'answer', answer: () => ({ status: 418, headers: [], body: 'no tea' }) }),
};

export const balancers: DataEntry['balancers'] = {
  last: () => ({
    pick(_facts, pool) {
      for (let index = pool.size - 1; index >= 0; index--) if (pool.isUsable(index)) return index;
      return -1;
    },
    explain: (_facts, pool) => ({ picked: pool.size - 1, why: () => 'it is the last' }),
  }),
};

export const stickiness: DataEntry['stickiness'] = {
  'by team': (_options, { table, countRefused }) => ({
    find(facts, pool) {
      const team = facts.header('x-team');
      if (team === 'forged') countRefused();
      return typeof team === 'string' ? pool.indexOfSlot(table.get(team, 1000)) : -1;
    },
    learn(facts, pool, server) {
      const team = facts.header('x-team');
      if (typeof team === 'string') table.set(team, pool.slot(server), 1000);
      return '';
    },
    describe: (facts) => `team ${facts.header('x-team')}`,
  }),
};

export const services: DataEntry['services'] = {
  greeting: () => ({
    answer({ path, query, header }) {
      const text = Buffer.from(`hello ${header('x-team')} at ${path}${query}`);
      let sent = 0;
      const body = {
        async read(into: Buffer): Promise<number> {
          const count = text.copy(into, 0, sent, sent + 4);
          sent += count;
          return count;
        },
        close() {},
      };
      return { status: 200, headers: [['Content-Type', 'text/plain']], length: text.length, body };
    },
  }),
};
