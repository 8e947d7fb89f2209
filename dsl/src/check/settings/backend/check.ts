/**
 * Check: probes of the servers, and what their failure means for open requests. Main thread.
 */
import { backendSetting } from './backend-setting.ts';

const DAY = 86_400_000;

export const check = backendSetting({
  name: 'check',
  doc: 'probes every server, and sends no requests to those that fail',
  example: 'check GET /healthz every 2s timeout 1s fall 3 rise 2',
  slot: 'check',
  args: [
    {
      name: 'every',
      type: 'duration',
      before: 'every',
      doc: 'the interval between probes',
      default: 2000,
      min: 10,
      max: DAY,
    },
    {
      name: 'changing',
      type: 'duration',
      before: 'while changing every',
      doc: 'the interval after a result that differs from the state, until the state changes; by default the same',
      isOptional: true,
      min: 10,
      max: DAY,
    },
    {
      name: 'timeout',
      type: 'duration',
      before: 'timeout',
      doc: 'the maximum duration of a probe',
      default: 1000,
      min: 1,
      max: DAY,
    },
    {
      name: 'fall',
      type: 'number',
      before: 'fall',
      doc: 'consecutive failures that stop a server',
      default: 3,
      min: 1,
      max: 1000,
    },
    {
      name: 'rise',
      type: 'number',
      before: 'rise',
      doc: 'consecutive passes that start it again',
      default: 2,
      min: 1,
      max: 1000,
    },
    {
      name: 'jitter',
      type: 'percent',
      before: 'jitter',
      doc: 'random variation of each interval',
      default: 10,
      min: 0,
      max: 100,
    },
    {
      name: 'port',
      type: 'port',
      before: 'port',
      doc: 'the port to probe, if not the server’s own',
      default: 0,
    },
    {
      name: 'proxy',
      type: 'name',
      before: 'send proxy',
      doc: 'starts each probe with a PROXY header of this version',
      choices: ['v1', 'v2'],
      isOptional: true,
    },
    {
      name: 'plain',
      type: 'flag',
      before: 'without tls',
      doc: 'probes use no TLS, even if the backend does',
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
  doc: 'what happens to open requests and tunnels when their server goes down',
  example: 'on down close',
  args: [
    {
      name: 'fate',
      type: 'name',
      doc: '`keep` (the default): they continue; `close`: they are retried on another server if that is safe, or closed',
      choices: ['keep', 'close'],
    },
  ],
  defaults: () => ({ onDown: 'keep' }),
  why: 'a server that fails its probes may still finish what it began',
  read: ({ args }) => ({ onDown: args.fate }),
});
