/**
 * Peers: the other proxies, as small as they start, with a configuration in a temporary folder. They stand in for the
 * gateway when the conformance cases themselves are to be proven, and serve as real servers behind it. Test code.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, Program, temporaryFolder } from './program.ts';
import type { Address } from './wire.ts';

export interface Peer {
  readonly address: Address;
  readonly program: Program;
}

/** startHaproxy proxies to one server; `more` are words of its line. */
export async function startHaproxy(to: Address, more = '', mode = 'http'): Promise<Peer> {
  const port = await freePort();
  const file = join(temporaryFolder(), 'haproxy.cfg');
  writeFileSync(
    file,
    `global
  maxconn 1000
defaults
  mode ${mode}
  timeout connect 2s
  timeout client 30s
  timeout server 30s
frontend web
  bind 127.0.0.1:${port}
  default_backend app
backend app
  server one ${to.host}:${to.port} ${more}
`,
  );
  const program = await new Program('/usr/sbin/haproxy', ['-db', '-f', file]).listening(port);
  return { address: { host: '127.0.0.1', port }, program };
}

/** runHaproxy runs HAProxy with these sections behind `global` and `defaults`; they must listen on `port`. */
export async function runHaproxy(port: number, sections: string): Promise<Peer> {
  const file = join(temporaryFolder(), 'haproxy.cfg');
  const defaults = 'defaults\n  timeout connect 2s\n  timeout client 30s\n  timeout server 30s\n';
  writeFileSync(file, `global\n  maxconn 1000\n${defaults}${sections}`);
  const program = await new Program('/usr/sbin/haproxy', ['-db', '-f', file]).listening(port);
  return { address: { host: '127.0.0.1', port }, program };
}

/** The module by which nginx passes TCP on (libnginx-mod-stream). */
const NGINX_STREAM = '/usr/lib/nginx/modules/ngx_stream_module.so';

/** hasNginxStream: the tests that need it skip without. */
export const hasNginxStream = existsSync(NGINX_STREAM);

/** startNginxStream runs nginx with the given `stream` block, which must listen on `port`. */
export async function startNginxStream(port: number, stream: string): Promise<Peer> {
  const folder = temporaryFolder();
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `load_module ${NGINX_STREAM};
daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr error;
events { worker_connections 1024; }
stream { ${stream} }
`,
  );
  const program = await new Program('/usr/sbin/nginx', ['-p', folder, '-e', 'stderr', '-c', file]).listening(port);
  return { address: { host: '127.0.0.1', port }, program };
}

/** startNginx runs nginx in the foreground with the given `http` block, which must listen on `port`. */
export async function startNginx(port: number, http: string): Promise<Peer> {
  const folder = temporaryFolder();
  const file = join(folder, 'nginx.conf');
  const spill = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr error;
events { worker_connections 1024; }
http { access_log off; ${spill.join(' ')}
${http}
}
`,
  );
  const program = await new Program('/usr/sbin/nginx', ['-p', folder, '-e', 'stderr', '-c', file]).listening(port);
  return { address: { host: '127.0.0.1', port }, program };
}

/** startNginxProxy proxies to one server, connections kept. */
export async function startNginxProxy(to: Address): Promise<Peer> {
  const port = await freePort();
  return startNginx(
    port,
    `upstream app { server ${to.host}:${to.port}; keepalive 8; }
server { listen 127.0.0.1:${port};
  location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Host $http_host;
    proxy_set_header Connection ""; proxy_request_buffering off; proxy_buffering off; } }`,
  );
}
