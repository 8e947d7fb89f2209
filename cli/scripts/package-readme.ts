/**
 * PackageReadme: the README of a standard plugin's package, made from its manifest. Used when the docs are made; no part of the
 * command.
 */
import { PluginHost } from '@sluice/core';
import type { PluginManifest } from '@sluice/core/plugin';
import { pino } from 'pino';
import { wordsText } from './reference.ts';

/** What a page of the docs says more about, by the plugin's name; of all others the rule language's reference does. */
const PAGES: Readonly<Record<string, readonly [title: string, page: string]>> = {
  acme: ['Automatic certificates', 'acme.md'],
  'check-http': ['Health checks', 'health.md'],
  'check-ldap': ['Health checks', 'health.md'],
  'check-mysql': ['Health checks', 'health.md'],
  'check-postgresql': ['Health checks', 'health.md'],
  'check-redis': ['Health checks', 'health.md'],
  'check-tcp': ['Health checks', 'health.md'],
  'connection-match': ['TLS', 'tls.md'],
  'consistent-hash': ['Load balancing', 'balancing.md'],
  'discovery-dns': ['Service discovery', 'discovery.md'],
  'discovery-file': ['Service discovery', 'discovery.md'],
  'discovery-http': ['Service discovery', 'discovery.md'],
  'error-answers': ['Static sites and error pages', 'static-sites.md'],
  first: ['Load balancing', 'balancing.md'],
  'least-connections': ['Load balancing', 'balancing.md'],
  'least-response-time': ['Load balancing', 'balancing.md'],
  random: ['Load balancing', 'balancing.md'],
  'round-robin': ['Load balancing', 'balancing.md'],
  'serve-files': ['Static sites and error pages', 'static-sites.md'],
  'stick-cookie': ['Session persistence', 'stickiness.md'],
  'stick-header': ['Session persistence', 'stickiness.md'],
  'stick-ip': ['Session persistence', 'stickiness.md'],
  'tls-bridge': ['TLS', 'tls.md'],
  'tls-terminate': ['TLS', 'tls.md'],
};

/** packageReadme is the README of this plugin's package; `description`: the package's own, a phrase without a full stop. */
export function packageReadme(manifest: PluginManifest, description: string): string {
  const words = new PluginHost([manifest], pino({ enabled: false })).words();
  const text = wordsText(words);
  const [title, page] = PAGES[manifest.name] ?? ['The rule language', 'language/README.md'];
  return `# @sluice/${manifest.name}

<!-- Written by \`node cli/scripts/write-package-readmes.ts\`; edit the plugin's words, or cli/scripts/package-readme.ts, instead. -->

${description}.

This is a standard plugin of [Sluice](../../README.md): the \`sluice\` command and the \`sluice\` package include it, and rule files use it
without a \`use\` line. Programs that use \`@sluice/core\` directly pass it to \`createGateway\`:

    import plugin from '@sluice/${manifest.name}';

    const gateway = await createGateway({ rules, plugins: [plugin] });

For more, see [${title.toLowerCase()}](../../docs/${page}) and the [reference](../../docs/language/reference.md).
${text === '' ? '' : `\n## Words\n\n${text}`}`;
}
