export {
  type CompileOptions,
  type CompileResult,
  compile,
  type LoadedPlugin,
  type PluginRequest,
} from './compile.ts';
export { type ListFileResult, readListFile } from './files/list-file.ts';
export type { RuleSource } from './files/rule-files.ts';
export { readMapFile } from './sections/names/map-line.ts';
export { SETTING_WORDS } from './settings/settings.ts';
export {
  type AddressProblem,
  addressText,
  readAddress,
  readListenAddress,
  SERVER_ADDRESS,
} from './values/address.ts';
