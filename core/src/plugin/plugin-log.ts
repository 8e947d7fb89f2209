/**
 * PluginLog: where plugins report. Main thread.
 */

/** PluginLog is the plugin's own child of the gateway's logger. */
export interface PluginLog {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}
