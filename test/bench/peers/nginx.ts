/**
 * nginx as a proxy: one worker, 64 kept connections, no log, answers never spilled to disk. Benchmark code.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled } from '../../kit/index.ts';
import type { Peer } from './peer.ts';

/** nginxConfig wraps the inside of an `http` block in what every nginx of the benchmark shares. */
export function nginxConfig(folder: string, http: string): string {
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr crit;
worker_rlimit_nofile 20000;
events { worker_connections 15000; multi_accept on; use epoll; }
http { access_log off; tcp_nodelay on; keepalive_timeout 300s; keepalive_requests 1000000000;
${scratch.map((name) => `  ${name}_temp_path ${folder}/${name};`).join('\n')}
${http}
}
`;
}

export const nginx: Peer = {
  name: 'nginx',
  suits: (load) => load.rules === 0,
  isPresent: () => isInstalled('nginx'),
  version: () => spawnSync('/usr/sbin/nginx', ['-v']).stderr.toString().replace('nginx version: ', '').trim(),
  prepare({ port, originPort, folder }) {
    const http = `upstream origin { server 127.0.0.1:${originPort}; keepalive 64; keepalive_requests 1000000000; }
  server { listen 127.0.0.1:${port} backlog=4096;
    location / { proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_buffer_size 16k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k; proxy_max_temp_file_size 0; } }`;
    const file = join(folder, 'nginx.conf');
    writeFileSync(file, nginxConfig(folder, http));
    return { command: '/usr/sbin/nginx', args: ['-p', folder, '-e', 'stderr', '-c', file] };
  },
};
