/**
 * Check: probes of the servers, and what their failure means for open requests. Main thread.
 */
import { backendSetting } from './backend-setting.ts';

const DAY = 86_400_000;

export const check = backendSetting({
  name: 'check',
  doc: 'probes every server, and leaves out those that fail',
  example: 'check GET /healthz every 2s timeout 1s fall 3 rise 2',
  slot: 'check',
  args: [
    {
      name: 'every',
      type: 'duration',
      before: 'every',
      doc: 'from one probe to the next',
      default: 2000,
      min: 10,
      max: DAY,
    },
    {
      name: 'changing',
      type: 'duration',
      before: 'while changing every',
      doc: 'the same between the first result that differs and the change of state; by default no shorter',
      isOptional: true,
      min: 10,
      max: DAY,
    },
    {
      name: 'timeout',
      type: 'duration',
      before: 'timeout',
      doc: 'the longest a probe may take',
      default: 1000,
      min: 1,
      max: DAY,
    },
    {
      name: 'fall',
      type: 'number',
      before: 'fall',
      doc: 'failures in a row that stop a server',
      default: 3,
      min: 1,
      max: 1000,
    },
    {
      name: 'rise',
      type: 'number',
      before: 'rise',
      doc: 'passes in a row that start it again',
      default: 2,
      min: 1,
      max: 1000,
    },
    {
      name: 'jitter',
      type: 'percent',
      before: 'jitter',
      doc: 'by how much each wait varies',
      default: 10,
      min: 0,
      max: 100,
    },
    {
      name: 'port',
      type: 'port',
      before: 'port',
      doc: 'the port to probe, in place of the server’s own',
      default: 0,
    },
    {
      name: 'proxy',
      type: 'name',
      before: 'send proxy',
      doc: 'begins each probe with a PROXY header of this version',
      choices: ['v1', 'v2'],
      isOptional: true,
    },
    {
      name: 'plain',
      type: 'flag',
      before: 'without tls',
      doc: 'probes speak no TLS although the backend does',
      isOptional: true,
    },
  ],
  defaults: () => ({ check: null }),
  why: 'what to ask servers for is theirs to say',
  read: ({ use, args }) => ({
    check: {
      probe: use,
      intervalMs: args.every,
      changingMs: args.changing ?? 0,
      timeoutMs: args.timeout,
      fall: args.fall,
      rise: args.rise,
      jitter: args.jitter / 100,
      port: args.port,
      sendProxy: args.proxy ?? null,
      ...(args.plain ? { isPlain: true } : {}),
    },
  }),
  /** Servers that want a PROXY header want it of probes too. */
  complete(_line, { check, sendProxy }) {
    if (check === null || check.sendProxy !== null || check.port !== 0 || sendProxy === undefined) return null;
    return { check: { ...check, sendProxy: sendProxy.version } };
  },
});

export const onDown = backendSetting({
  name: 'on down',
  doc: 'what becomes of open requests and tunnels on a server that goes down',
  example: 'on down close',
  args: [
    {
      name: 'fate',
      type: 'name',
      doc: '`keep`: they go on, which is the default; `close`: tried on another server where safe, or ended',
      choices: ['keep', 'close'],
    },
  ],
  defaults: () => ({ onDown: 'keep' }),
  why: 'a server that fails its probes may still finish what it began',
  read: ({ args }) => ({ onDown: args.fate }),
});
