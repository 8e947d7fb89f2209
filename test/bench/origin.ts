/**
 * Origin is the nginx behind every proxy: answers of three sizes, from memory or the page cache, in the
 * clear and, on another port, over TLS. Benchmark code.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, type Program, temporaryFolder } from '../kit/index.ts';
import { type Certificate, makeCertificate } from './certificate.ts';
import { nginxConfig } from './peers/nginx.ts';
import { LOAD_CORE, pinned } from './pinned.ts';

export interface Origin {
  readonly port: number;
  readonly tlsPort: number;
  /** What it shows over TLS; the proxies show the same. */
  readonly certificate: Certificate;
  readonly program: Program;
}

export async function startOrigin(): Promise<Origin> {
  const port = await freePort();
  const tlsPort = await freePort();
  const folder = temporaryFolder();
  const certificate = makeCertificate(folder);
  writeFileSync(join(folder, '64k'), Buffer.alloc(64 * 1024, 'x'));
  writeFileSync(join(folder, '1m'), Buffer.alloc(1024 * 1024, 'x'));
  const file = join(folder, 'nginx.conf');
  const locations = `server { listen 127.0.0.1:${port} reuseport;
    listen 127.0.0.1:${tlsPort} reuseport ssl; ssl_certificate ${certificate.certFile}; ssl_certificate_key ${certificate.keyFile};
    root ${folder}; sendfile on; tcp_nopush on; open_file_cache max=10;
    location = /small { default_type text/plain; return 200 "hello, world"; }
    location = /login { add_header Set-Cookie "sid=bench"; return 200 "welcome"; }
    location / { default_type application/octet-stream; } }`;
  writeFileSync(file, nginxConfig(folder, locations));
  const program = pinned(LOAD_CORE, '/usr/sbin/nginx', ['-p', folder, '-e', 'stderr', '-c', file]);
  await program.listening(port);
  return { port, tlsPort, certificate, program };
}
