export { type FormatResult, formatText } from './format.ts';
