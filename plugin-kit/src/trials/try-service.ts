/**
 * TryService: what `serve NAME` responds with.
 */
import type { PluginManifest, Service } from '@sluice/core/plugin';
import type { Args } from '@sluice/dsl/plan';
import { type FakeRequest, fakeFacts } from '../fakes/fake-facts.ts';
import { checkedDataEntry, functionOf } from './checked-data-entry.ts';

const READ_BYTES = 16_384;

/** ServedResponse is a whole response; `body` null: the gateway's standard one for the status. */
export interface ServedResponse {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly length: number;
  readonly body: Buffer | null;
}

/** ServiceTrial is a service that answers one request after the other. */
export class ServiceTrial {
  readonly service: Service;

  constructor(service: Service) {
    this.service = service;
  }

  /** request resolves to the response, with its body read to the end. */
  async request(request: FakeRequest = {}): Promise<ServedResponse> {
    const { method, path, query, header } = fakeFacts(request);
    const fieldOf = (name: string): string | undefined => {
      const value = header(name.toLowerCase());
      return value === undefined || typeof value === 'string' ? value : value.join(', ');
    };
    const { status, headers, length, body } = await this.service.answer({
      method,
      path,
      query: query === '' ? '' : `?${query}`,
      header: fieldOf,
    });
    if (body === null || Buffer.isBuffer(body)) return { status, headers, length, body };
    const pieces: Buffer[] = [];
    try {
      for (let left = length; left > 0; ) {
        const into = Buffer.alloc(READ_BYTES);
        const count = await body.read(into);
        if (count === 0) throw new Error(`the body ended ${left} bytes before its length`);
        pieces.push(into.subarray(0, count));
        left -= count;
      }
    } finally {
      body.close();
    }
    return { status, headers, length, body: Buffer.concat(pieces) };
  }
}

/** tryService imports a service of a plugin. */
export async function tryService(manifest: PluginManifest, name: string, options: Args = {}): Promise<ServiceTrial> {
  const { services } = await checkedDataEntry(manifest);
  return new ServiceTrial(functionOf(manifest, 'services', services, name)(options));
}
