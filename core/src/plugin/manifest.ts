/**
 * Manifest: what a plugin's module exports as its default, read on the main thread only.
 *
 * The manifest declares words and components; functions for data threads stand in the data entry, a module that every
 * thread imports for itself, because functions cannot cross threads.
 */
import type { Args, ListenerPlan, ServerPlan } from '@sluice/dsl/plan';
import type { ComponentWord, FieldWord, VerbWord } from '@sluice/dsl/vocabulary';
import type { CertificateSource, KeptCertificate, ShownCertificate } from './certificate-source.ts';
import type { ServerTlsFactory } from './data-entry.ts';
import type { Discovery } from './discovery.ts';
import type { HealthCheck } from './health-check.ts';
import type { PluginLog } from './plugin-log.ts';

/** The plugin API of this release. A manifest with another number is refused. */
export const PLUGIN_API_VERSION = 1;

/** PluginHost is what a plugin is given when it starts. */
export interface PluginHost {
  readonly log: PluginLog;
  /** The checked options of the `use` line, frozen. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** ValidateHost is what a component is given when it looks at its options. */
export interface ValidateHost {
  /** The value of a secret that the options name. Throws SG0203 for one that is not there. */
  secret(name: string): string;
  /** warn says something that is no reason to refuse; one line, shown where the component was written. */
  warn(message: string): void;
  /** The plan is only looked at, and will not run: nothing may be made or changed. Default: false. */
  readonly isTrial?: boolean;
  /** The servers of the backend that the component belongs to. Default: none, as for a listener's. */
  readonly servers?: readonly ServerPlan[];
  /** For the slot `check`: the line says `without tls`. Default: false. */
  readonly isPlain?: boolean;
  /** For the slot `tls`: the certificates that sources keep for the listener, whether their files are there or not. Default: none. */
  readonly certificates?: readonly KeptCertificate[];
  /** For the slot `tls`: the line is `admin tls`, which opens connections to the admin API, on the main thread. Absent: it is a listener's. */
  readonly admin?: AdminTlsUse;
  /** For the slot `certificate`: the checked options of the source of the same name; absent: `settings` has no such line. */
  readonly source?: Args;
  /** For the slot `certificate`: all listeners of the plan. */
  readonly listeners?: readonly ListenerPlan[];
}

/** AdminTlsUse says what the admin API asks of its TLS. */
export interface AdminTlsUse {
  /** Rules name callers by their client certificates, which must therefore be asked for, and verified. */
  readonly namesClients: boolean;
}

/** A component of a slot. `options` is a JSON Schema that the options in the plan must meet (checked by ajv). */
export type Component = ComponentWord & {
  readonly options?: object;
  /**
   * For the slot `stick`: false: it never asks for the stick table, so none is made. Default: true. A number option `size`
   * says how many clients the table is made for; default 65,536.
   */
  readonly hasTable?: boolean;
  /** For the slot `check`: makes probes. Main thread. */
  readonly check?: HealthCheck;
  /** For the slot `discovery`: finds servers. Main thread. */
  readonly discovery?: Discovery;
  /** For the slot `certificates`: gets them. Main thread. */
  readonly certificateSource?: CertificateSource;
  /** For the slot `certificate`: what a line with these checked options wishes for. Main thread. */
  readonly kept?: (options: Args) => KeptCertificate;
  /** For the slot `tls`: the certificates in these checked options, for people who watch when they end. Reads no file. Main thread. */
  readonly shown?: (options: Args) => readonly ShownCertificate[];
  /** For the slot `server tls`: what the data entry has under the same name, for probes. Main thread. */
  readonly serverTls?: ServerTlsFactory;
  /**
   * Looks at what no schema can see, such as files, whenever a plan is checked or about to be activated. `baseDir` is the
   * folder of the rule file. Returns the options that data threads will get, as plain data: paths, never a file's secrets.
   * Throws an Error whose message is one line for people; the gateway adds where it was written. Main thread.
   */
  validate?(options: Args, baseDir: string, host: ValidateHost): Args | Promise<Args>;
  /**
   * The files, and folders, that checked options depend on. When one of them changes while the gateway runs, the options are
   * validated again and, if they are good, linked anew by all threads; if not, what runs goes on.
   */
  files?(options: Args): readonly string[];
};

export interface PluginManifest {
  /** Lower case, digits and `-`. Unique in a gateway. */
  readonly name: string;
  readonly apiVersion: typeof PLUGIN_API_VERSION;
  /** JSON Schema of the options in the `use` line's block. Default: none are taken. */
  readonly options?: object;
  readonly words?: readonly (FieldWord | VerbWord)[];
  readonly components?: readonly Component[];
  /** The data entry's module, a `file:` URL: `import.meta.url`, or `new URL('./data.js', import.meta.url).href`. */
  readonly data?: string;
  /** Called in the order of the plugins, before the first listener opens. A rejection keeps the gateway from starting. */
  start?(host: PluginHost): void | Promise<void>;
  /** Called in the reverse order, after the last listener closed; also after a start that failed half-way. */
  stop?(): void | Promise<void>;
}

/** definePlugin returns its argument; it is there for the type. */
export function definePlugin(manifest: PluginManifest): PluginManifest {
  return manifest;
}
