/**
 * Sluice itself: one data thread, one deny list, stickiness on the application's cookie, metrics on. Benchmark code.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Rule } from '../rules.ts';
import type { Peer, PeerSetup } from './peer.ts';

const ROOT = new URL('../../..', import.meta.url).pathname;

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

/** sluiceIn is the Sluice of a checkout; null: of this one. */
export function sluiceIn(checkout: string | null, name: string): Peer {
  const cli = join(checkout ?? ROOT, 'cli');
  return {
    name,
    suits: () => true,
    isPresent: () => existsSync(join(cli, 'dist/main.js')),
    version() {
      const { version } = JSON.parse(readFileSync(join(cli, 'package.json'), 'utf8')) as { version: string };
      return `${name} ${version} on Node ${process.versions.node}`;
    },
    prepare(setup) {
      const file = join(setup.folder, 'gateway.sluice');
      writeFileSync(file, setup.wire === 'tcp' || setup.wire === 'passthrough' ? relay(setup) : proxy(setup));
      // What is measured is one process. An older checkout has no other.
      const alone = existsSync(join(cli, 'dist/supervisor')) ? ['--no-supervisor'] : [];
      const args = [join(cli, 'bin/sluice.js'), 'run', file, '--threads', '1', ...alone];
      return { command: process.execPath, args };
    },
  };
}

export const sluice: Peer = sluiceIn(null, 'sluice');

/** sluiceSupervised is Sluice as its users start it: two processes. */
export const sluiceSupervised: Peer = {
  ...sluice,
  name: 'sluice supervised',
  prepare(setup) {
    const { command, args } = sluice.prepare(setup);
    return { command, args: args.filter((arg) => arg !== '--no-supervisor') };
  },
};
