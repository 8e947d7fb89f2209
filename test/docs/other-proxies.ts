/**
 * OtherProxies: the rules of other proxies that the pages show, for those proxies to judge. Test code.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Block } from './page.ts';
import { type Outcome, runProgram } from './staged-page.ts';

export interface OtherProxy {
  /** The language of its blocks. */
  readonly language: string;
  /** judge has the proxy check a block; its exit code is 0 when all is well. Rejects when the proxy is not installed. */
  judge(block: Block, folder: string): Promise<Outcome>;
}

const HAPROXY_DEFAULTS = `defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
`;

/** OTHER_PROXIES: sections of HAProxy, the inside of nginx's http block, whole Caddyfiles. */
export const OTHER_PROXIES: readonly OtherProxy[] = [
  {
    language: 'haproxy',
    async judge(block, folder) {
      await writeFile(join(folder, 'haproxy.cfg'), HAPROXY_DEFAULTS + block.text);
      return runProgram('haproxy', ['-c', '-f', 'haproxy.cfg'], folder);
    },
  },
  {
    language: 'nginx',
    async judge(block, folder) {
      await mkdir(join(folder, 'temp'), { recursive: true });
      const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (name) => `${name}_temp_path ${join(folder, 'temp', name)};`,
      );
      const text = `pid ${join(folder, 'nginx.pid')};\nevents {}\nhttp {\naccess_log off;\n${paths.join('\n')}\n${block.text}}\n`;
      await writeFile(join(folder, 'nginx.conf'), text);
      return runProgram('nginx', ['-t', '-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')], folder);
    },
  },
  {
    language: 'caddy',
    async judge(block, folder) {
      await writeFile(join(folder, 'Caddyfile'), block.text);
      return runProgram('caddy', ['validate', '--config', 'Caddyfile', '--adapter', 'caddyfile'], folder);
    },
  },
];
