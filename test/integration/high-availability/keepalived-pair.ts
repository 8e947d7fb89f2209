/** KeepalivedPair is two gateways of which keepalived gives the address to one. Test code. */
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { eventually, type Program } from '../../kit/index.ts';
import { ADDRESS, GATEWAYS, type GatewayName, LONG_MS, other, Pair } from './pair.ts';

export const KEEPALIVED = /keepalived/;

export class KeepalivedPair extends Pair {
  readonly #keepaliveds = new Map<GatewayName, Program>();

  override async start(): Promise<void> {
    await super.start();
    for (const name of GATEWAYS) {
      this.write(name, 'keepalived.conf', [
        ['/etc/keepalived/is-ready.sh', `${join(this.folder(name), 'is-ready.sh')} ${this.adminSocket(name)}`],
        ['script_user sluice', 'script_user root'],
      ]);
      this.startKeepalived(name);
    }
    await this.holder();
  }

  startKeepalived(name: GatewayName): void {
    const file = (ending: string): string => join(this.folder(name), ending);
    const program = this.network.start(name, 'keepalived', [
      '--dont-fork',
      '--log-console',
      `--use-file=${file('keepalived.conf')}`,
      `--config-id=${name}`,
      `--pid=${file('keepalived.pid')}`,
      `--vrrp_pid=${file('vrrp.pid')}`,
    ]);
    this.#keepaliveds.set(name, program);
  }

  holders(): GatewayName[] {
    return GATEWAYS.filter((name) => this.network.has(name, ADDRESS));
  }

  /** holder is the gateway that has the address, while the other one waits for it; it waits until that is so. */
  async holder(): Promise<GatewayName> {
    return eventually(
      'one gateway to have the address, and the other one to wait for it',
      () => {
        const [first, second] = this.holders();
        if (first === undefined || second !== undefined) return null;
        return this.#state(first) === 'MASTER' && this.#state(other(first)) === 'BACKUP' ? first : null;
      },
      LONG_MS,
    );
  }

  /** moved waits until a gateway has the address, and a little longer. */
  async moved(to: GatewayName): Promise<void> {
    await eventually(`${to} to have the address`, () => this.network.has(to, ADDRESS), LONG_MS);
    await setTimeout(500);
  }

  /** What keepalived said last about a gateway: MASTER, BACKUP, or FAULT, which may not have the address. */
  #state(name: GatewayName): string | undefined {
    const output = this.#keepaliveds.get(name)?.output ?? '';
    return [...output.matchAll(/Entering (\w+) STATE/g)].at(-1)?.[1];
  }
}
