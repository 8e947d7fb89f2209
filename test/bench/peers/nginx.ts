/**
 * nginx as a proxy: one worker, 64 kept connections, no log, answers never spilled to disk. Benchmark code.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled } from '../../kit/index.ts';
import type { Peer, PeerSetup } from './peer.ts';

const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so';

/** nginxConfig wraps the inside of an `http` block, and of a `stream` block if there is any, in what every nginx of the benchmark shares. */
export function nginxConfig(folder: string, http: string, streams = ''): string {
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const load = streams === '' ? '' : `load_module ${STREAM_MODULE}; `;
  const stream = streams === '' ? '' : `stream { access_log off; tcp_nodelay on; ${streams} }`;
  return `${load}daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr crit;
worker_rlimit_nofile 20000;
events { worker_connections 15000; multi_accept on; use epoll; }
http { access_log off; tcp_nodelay on; keepalive_timeout 300s; keepalive_requests 1000000000;
${scratch.map((name) => `  ${name}_temp_path ${folder}/${name};`).join('\n')}
${http}
}
${stream}
`;
}

function proxy({ port, originPort, wire, certificate }: PeerSetup): string {
  const isTls = wire === 'https' || wire === 'h2';
  const words = `${isTls ? ' ssl' : ''}${wire === 'h2' || wire === 'h2c' ? ' http2' : ''}`;
  const tls = isTls ? `ssl_certificate ${certificate.certFile}; ssl_certificate_key ${certificate.keyFile};` : '';
  return `upstream origin { server 127.0.0.1:${originPort}; keepalive 64; keepalive_requests 1000000000; }
  server { listen 127.0.0.1:${port} backlog=4096${words}; ${tls}
    location / { proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_buffer_size 16k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k; proxy_max_temp_file_size 0; } }`;
}

function relay({ port, originPort, wire }: PeerSetup): string {
  if (wire === 'tcp') return `server { listen 127.0.0.1:${port} backlog=4096; proxy_pass 127.0.0.1:${originPort}; }`;
  return `map $ssl_preread_server_name $origin { localhost 127.0.0.1:${originPort}; }
  server { listen 127.0.0.1:${port} backlog=4096; ssl_preread on; proxy_pass $origin; }`;
}

export const nginx: Peer = {
  name: 'nginx',
  suits: ({ rules, wire }) => rules === 0 && ((wire !== 'tcp' && wire !== 'passthrough') || existsSync(STREAM_MODULE)),
  isPresent: () => isInstalled('nginx'),
  version: () => spawnSync('/usr/sbin/nginx', ['-v']).stderr.toString().replace('nginx version: ', '').trim(),
  prepare(setup) {
    const isHttp = setup.wire !== 'tcp' && setup.wire !== 'passthrough';
    const config = isHttp ? nginxConfig(setup.folder, proxy(setup)) : nginxConfig(setup.folder, '', relay(setup));
    const file = join(setup.folder, 'nginx.conf');
    writeFileSync(file, config);
    return { command: '/usr/sbin/nginx', args: ['-p', setup.folder, '-e', 'stderr', '-c', file] };
  },
};
