/**
 * Sluice itself: one data thread, one deny list, stickiness on the application's cookie, metrics on. Benchmark code.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Rule } from '../rules.ts';
import type { Peer, PeerSetup } from './peer.ts';

const COMMAND = new URL('../../../cli/bin/sluice.js', import.meta.url).pathname;
const BUILT = new URL('../../../cli/dist/main.js', import.meta.url).pathname;
const MANIFEST = new URL('../../../cli/package.json', import.meta.url).pathname;

/** deny writes a rule in the language. */
export function deny(rule: Rule): string {
  const conditions = {
    ip: `path under ${rule.area} and ip ${rule.value}`,
    header: `method PUT and header X-Team is ${rule.value}`,
    host: `path under ${rule.area} and host ${rule.value}`,
    regex: `path matches r"${rule.value}"`,
  }[rule.kind];
  return `  deny ${conditions}`;
}

function proxy({ port, originPort, rules, wire, certificate }: PeerSetup): string {
  const tls = wire === 'https' || wire === 'h2' ? `  tls terminate cert "${certificate.bothFile}"\n` : '';
  return `listener web on 127.0.0.1:${port} {
${tls}  timeout header 10s, idle 300s
  deny ip 10.0.0.0/8, 192.0.2.0/24, 198.51.100.0/24
${rules.map(deny).join('\n')}
  otherwise send to origin
}
backend origin of 127.0.0.1:${originPort} {
  stick on cookie sid
}
`;
}

function relay({ port, originPort, wire }: PeerSetup): string {
  const isPassthrough = wire === 'passthrough';
  return `listener web on 127.0.0.1:${port} tcp {
${isPassthrough ? '  tls passthrough\n' : ''}  deny ip 10.0.0.0/8, 192.0.2.0/24, 198.51.100.0/24
${isPassthrough ? '  send to origin when sni localhost\n  otherwise deny' : '  otherwise send to origin'}
}
backend origin of 127.0.0.1:${originPort} {
  timeout tunnel 300s
}
`;
}

export const sluice: Peer = {
  name: 'sluice',
  suits: () => true,
  isPresent: () => existsSync(BUILT),
  version() {
    const { version } = JSON.parse(readFileSync(MANIFEST, 'utf8')) as { version: string };
    return `sluice ${version} on Node ${process.versions.node}`;
  },
  prepare(setup) {
    const file = join(setup.folder, 'gateway.sluice');
    writeFileSync(file, setup.wire === 'tcp' || setup.wire === 'passthrough' ? relay(setup) : proxy(setup));
    return { command: process.execPath, args: [COMMAND, 'run', file, '--threads', '1'] };
  },
};
