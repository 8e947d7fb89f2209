/**
 * HandMembers: adds servers to the running generation by hand, and removes them. Main thread.
 *
 * They come and go as found servers do: no reload, and requests that are open end where they are.
 */
import type { BackendPlan } from '@sluice/dsl/plan';
import type { AddedServers, NewServer } from '../members/added-servers.ts';
import type { Generations } from '../reload/generations.ts';
import { GatewayError } from '../report/errors.ts';
import type { FoundServers } from './found-servers.ts';

export interface HandMembersOptions {
  readonly added: AddedServers;
  readonly found: FoundServers;
  readonly generations: Generations;
}

export class HandMembers {
  readonly #options: HandMembersOptions;

  constructor(options: HandMembersOptions) {
    this.#options = options;
  }

  /** add resolves to the server's name when all threads have it. Rejects with SG0404, SG0513 or SG0514, with nothing added. */
  add(backend: string, server: NewServer): Promise<string> {
    const { added, found } = this.#options;
    return this.#inLine(async () => {
      const { name } = added.add(this.#backend(backend), server);
      try {
        await found.apply();
      } catch (thrown) {
        added.remove(backend, name);
        throw thrown;
      }
      return name;
    });
  }

  /** remove resolves when no thread sends it anything more. Rejects with SG0502, SG0513, or SG0515 for a server that was not added by hand. */
  remove(backend: string, server: string): Promise<void> {
    const { added, found } = this.#options;
    return this.#inLine(async () => {
      const { servers } = this.#backend(backend);
      const name = `${backend}/${server}`;
      const there = servers.find((each) => each.name === server);
      if (there === undefined) {
        throw new GatewayError('SG0502', {
          server: name,
          known: servers.map((each) => `${backend}/${each.name}`).join(', '),
        });
      }
      if (!added.remove(backend, server)) {
        const origin = there.source === undefined ? 'written in the rules' : `found by ${there.source}`;
        throw new GatewayError('SG0515', { server: name, origin });
      }
      await found.apply();
    });
  }

  #backend(name: string): BackendPlan {
    const { backends } = this.#options.generations.current!.plan;
    const backend = backends.find((each) => each.name === name);
    if (backend !== undefined) return backend;
    throw new GatewayError('SG0513', { backend: name, known: backends.map((each) => each.name).join(', ') });
  }

  async #inLine<T>(step: () => Promise<T>): Promise<T> {
    let result: T;
    await this.#options.generations.inLine(async () => {
      result = await step();
    });
    return result!;
  }
}
