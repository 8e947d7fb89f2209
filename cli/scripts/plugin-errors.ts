/**
 * PluginErrors: the page of what plugins refuse, made of the tables in the packages' `errors.ts`. Main thread; scripts and tests only.
 */
import { glob } from 'node:fs/promises';
import type { ErrorMaker, ErrorTable } from '@sluice/core/plugin';

const ROOT = new URL('../../', import.meta.url);

/** PackageErrors are the errors of one package. */
export interface PackageErrors {
  /** Such as `acme`. */
  readonly name: string;
  /** From the repository's root, such as `plugins/acme/src/errors.ts`. */
  readonly file: string;
  readonly table: ErrorTable;
}

/** packageErrors returns the tables of all packages, by their first code. Rejects for an `errors.ts` without one. */
export async function packageErrors(): Promise<readonly PackageErrors[]> {
  const found: PackageErrors[] = [];
  for await (const file of glob(['certificates/src/errors.ts', 'plugins/*/src/errors.ts'], { cwd: ROOT })) {
    const module = (await import(new URL(file, ROOT).href)) as Readonly<Record<string, ErrorMaker<ErrorTable>>>;
    const tables = Object.values(module).flatMap(({ table }) => (table === undefined ? [] : [table]));
    if (tables.length !== 1) throw new TypeError(`${file} has ${tables.length} tables`);
    found.push({ name: file.split('/').at(-3)!, file, table: tables[0]! });
  }
  return found.sort((a, b) => firstOf(a).localeCompare(firstOf(b)));
}

function firstOf({ table }: PackageErrors): string {
  return Object.keys(table)[0] ?? '';
}

/** pluginErrorsPage is the text of docs/errors/plugins.md. */
export function pluginErrorsPage(packages: readonly PackageErrors[]): string {
  const digits = (each: PackageErrors): string => firstOf(each).slice(0, 4);
  const contents = packages.map(
    (each) => `- [${digits(each)}xx](#${digits(each).toLowerCase()}xx-${each.name}): ${each.name}`,
  );
  const sections = packages.map((each) => {
    const entries = Object.entries(each.table).map(
      ([code, { message, fix }]) => `### ${code}\n\n> ${quotable(message)}\n\n${fix}\n`,
    );
    return `## ${digits(each)}xx: ${each.name}\n\n${entries.join('\n')}`;
  });
  return `# Plugin errors

Errors of the standard plugins, and of the certificate files that they share. Codes are stable and never reused;
\`sluice check --json\` and \`GatewayError.diagnostics\` have them as \`code\`. Braces are replaced by values.

    SP0101 edge.sluice:2:3   tls terminate cert "certs/site.pem"
                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ listener \`edge\`: tls \`terminate\`: cert \`/etc/sluice/certs/site.pem\`: there is no such file

Problems in the rules themselves are in [diagnostics](README.md). A problem that a plugin reports without a code
has the code SG0116. [Plugins](../plugins.md#coded-errors) explains how to give codes to your own errors.

${contents.join('\n')}

<!-- Written by \`node cli/scripts/write-plugin-errors.ts\`; edit the table in the package's src/errors.ts instead. -->

${sections.join('\n')}`;
}

function quotable(message: string): string {
  return message.replaceAll('<', '&lt;').replaceAll('*', '\\*');
}
