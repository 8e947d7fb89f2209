/**
 * Caddy: one processor, connections kept, no admin endpoint, no access log. Benchmark code.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled } from '../../kit/index.ts';
import type { Peer } from './peer.ts';

export const caddy: Peer = {
  name: 'caddy',
  suits: (load) => load.rules === 0 && load.wire === 'http',
  isPresent: () => isInstalled('caddy'),
  version: () => `caddy ${spawnSync('caddy', ['version']).stdout.toString().split(' ')[0]!.trim()}`,
  prepare({ port, originPort, folder }) {
    const file = join(folder, 'Caddyfile');
    writeFileSync(
      file,
      `{
  admin off
  auto_https off
  log {
    level ERROR
  }
  servers {
    timeouts {
      idle 5m
    }
  }
}
http://:${port} {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:${originPort} {
    transport http {
      keepalive 5m
      keepalive_idle_conns 1024
      keepalive_idle_conns_per_host 1024
      compression off
    }
  }
}
`,
    );
    const env = { GOMAXPROCS: '1', XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder, HOME: folder };
    return { command: 'caddy', args: ['run', '--adapter', 'caddyfile', '--config', file], env };
  },
};
