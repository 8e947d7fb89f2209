/**
 * OpenSource: a source that keeps certificates of a fake authority. Test code.
 */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Args } from '@sluice/dsl/plan';
import type { FakeCertificateHost } from '@sluice/plugin-kit';
import { certificateFile, sourceOptions } from '../src/acme-options.ts';
import { AcmeSource } from '../src/acme-source.ts';
import type { FakeAuthority } from './fake-authority.ts';

/** openSource begins to keep a certificate for these names. */
export function openSource(
  authority: FakeAuthority,
  host: FakeCertificateHost,
  names: readonly string[],
  more: Args = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-acme-'));
  const options: Args = { directory: authority.directory, ca: authority.ca, folder, by: 'http', ...more };
  const own = sourceOptions(options);
  mkdirSync(own.folder, { recursive: true });
  const file = certificateFile(own, names, false);
  const source = new AcmeSource(host);
  const keep = (): void =>
    source.keep({
      source: options,
      lines: [{ listener: 'edge', options: { names: [...names], file } }],
      listeners: [],
    });
  keep();
  return { source, file, folder, keep };
}
