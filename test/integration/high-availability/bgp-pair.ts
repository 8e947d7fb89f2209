/** BgpPair is two gateways that announce the address to a router, which spreads connections over them. Test code. */
import { join } from 'node:path';
import { eventually } from '../../kit/index.ts';
import { ADDRESS, GATEWAYS, type GatewayName, LONG_MS, Pair } from './pair.ts';

const ROUTER = '10.77.0.1';
/** What announces the address on a gateway's machine. */
export const ANNOUNCER = /announce\.sh|is-ready\.sh|bird/;

export class BgpPair extends Pair {
  override async start(): Promise<void> {
    await super.start();
    const { network } = this;
    network.add('router', ROUTER);
    const settings = [
      'net.ipv4.ip_forward=1',
      'net.ipv4.fib_multipath_hash_policy=1',
      'net.ipv4.conf.all.send_redirects=0',
    ];
    network.run('router', 'sysctl', '-q', '-w', ...settings, 'net.ipv4.conf.eth0.send_redirects=0');
    network.run('client', 'ip', 'route', 'add', ADDRESS, 'via', ROUTER);
    network.start('router', 'bird', [
      '-f',
      '-c',
      join(this.exampleFolder, 'bgp/router.conf'),
      '-s',
      this.#socket('router'),
    ]);
    for (const name of GATEWAYS) {
      const own = name === 'edge1' ? '10.77.0.11' : '10.77.0.12';
      const file = this.write(name, 'bgp/bird.conf', [['router id 10.77.0.11', `router id ${own}`]]);
      network.start(name, 'bird', ['-f', '-c', file, '-s', this.#socket(name)]);
      const script = this.write(name, 'bgp/announce.sh');
      network.start(name, script, [this.adminSocket(name)], { env: { BIRDC: `birdc -s ${this.#socket(name)}` } });
    }
    await this.announced(GATEWAYS);
  }

  /** announced waits until the router sends to these gateways, and to no others. */
  async announced(gateways: readonly GatewayName[]): Promise<void> {
    const wanted = gateways.map((name) => (name === 'edge1' ? '10.77.0.11' : '10.77.0.12'));
    await eventually(
      `the router to know ${wanted}`,
      () => {
        const route = this.network.run('router', 'ip', 'route', 'show', ADDRESS);
        const found = [...route.matchAll(/via (\S+)/g)].map(([, address]) => address);
        return found.sort().join() === wanted.sort().join();
      },
      LONG_MS,
    );
  }

  #socket(machine: string): string {
    return join(this.folder('edge1'), `${machine}.bird`);
  }
}
