/**
 * http-proxy: the usual reverse proxy of Node programs, on one process with a keep-alive agent. Benchmark code.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Peer } from './peer.ts';

const require = createRequire(import.meta.url);

export const httpProxy: Peer = {
  name: 'http-proxy',
  suits: (load) => load.rules === 0 && load.wire === 'http',
  isPresent() {
    try {
      return require.resolve('http-proxy') !== '';
    } catch {
      return false;
    }
  },
  version() {
    const { version } = JSON.parse(readFileSync(require.resolve('http-proxy/package.json'), 'utf8')) as {
      version: string;
    };
    return `http-proxy ${version} on Node ${process.versions.node}`;
  },
  prepare({ port, originPort }) {
    const program = new URL('http-proxy-program.js', import.meta.url).pathname;
    return { command: process.execPath, args: ['--no-deprecation', program, String(port), String(originPort)] };
  },
};
