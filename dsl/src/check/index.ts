export {
  type AddressProblem,
  addressText,
  readAddress,
  readListenAddress,
  SERVER_ADDRESS,
} from './address.ts';
export {
  type CompileOptions,
  type CompileResult,
  compile,
  type LoadedPlugin,
  type PluginRequest,
  type RuleSource,
} from './compile.ts';
export { type ListFileResult, readListFile } from './list-file.ts';
export { readMapFile } from './map-line.ts';
