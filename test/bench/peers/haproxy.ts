/**
 * HAProxy: one thread, connections to the server shared by all clients, no log. Benchmark code.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled } from '../../kit/index.ts';
import { opensTls } from '../cases.ts';
import type { Rule } from '../rules.ts';
import type { Peer, PeerSetup } from './peer.ts';

function deny(rule: Rule): string {
  const conditions = {
    ip: `{ path_beg ${rule.area}/ } { src ${rule.value} }`,
    header: `{ method PUT } { req.hdr(X-Team) ${rule.value} }`,
    host: `{ path_beg ${rule.area}/ } { req.hdr(host) -i ${rule.value} }`,
    regex: `{ path_reg ${rule.value} }`,
  }[rule.kind];
  return `  http-request deny if ${conditions}`;
}

function config({ port, originPort, rules, wire, certificate }: PeerSetup, isSplicing: boolean): string {
  const isHttp = wire !== 'tcp' && wire !== 'passthrough';
  const alpn = wire === 'h2' ? 'h2,http/1.1' : 'http/1.1';
  const tls = wire === 'https' || wire === 'h2' ? ` ssl crt ${certificate.bothFile} alpn ${alpn}` : '';
  const lines = [
    ...rules.map(deny),
    ...(wire === 'passthrough'
      ? ['  tcp-request inspect-delay 5s', '  tcp-request content accept if { req.ssl_hello_type 1 }']
      : []),
    wire === 'passthrough' ? '  use_backend origin if { req.ssl_sni -i localhost }' : '  default_backend origin',
  ];
  return `global
  nbthread 1
  maxconn 11000
  no strict-limits
defaults
  mode ${isHttp ? 'http' : 'tcp'}
${isHttp ? '  http-reuse always\n  option forwardfor\n' : ''}${isSplicing ? '  option splice-response\n' : ''}  timeout connect 5s
  timeout client 300s
  timeout server ${isHttp ? '30s' : '300s'}
  timeout http-keep-alive 300s
frontend web
  bind 127.0.0.1:${port} backlog 4096${tls}
${lines.join('\n')}
backend origin
  server one 127.0.0.1:${originPort}${isHttp ? ' pool-max-conn -1' : ''}
`;
}

function peer(name: string, isSplicing: boolean): Peer {
  return {
    name,
    suits: (load) => !isSplicing || (load.bodyBytes > 0 && !opensTls(load)),
    isPresent: () => isInstalled('haproxy'),
    version: () => spawnSync('/usr/sbin/haproxy', ['-v']).stdout.toString().split('\n')[0]!.split(' - ')[0]!,
    prepare(setup) {
      const file = join(setup.folder, 'haproxy.cfg');
      writeFileSync(file, config(setup, isSplicing));
      return { command: '/usr/sbin/haproxy', args: ['-db', '-q', '-f', file] };
    },
  };
}

export const haproxy = peer('haproxy', false);

/** haproxySplicing moves answers through kernel pipes, which no portable program can: shown for the large answers only. */
export const haproxySplicing = peer('haproxy-splice', true);
