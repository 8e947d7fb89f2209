/**
 * Template: texts with placeholders, compiled to functions of a request. Data plane, hot path.
 *
 * They end up in heads, so CR, LF and NUL in a value become blanks.
 */
import type { Placeholder, Template, TemplatePart } from '../../plan/rule.ts';
import { isAbsent, isMany, toText } from '../facts/fact-value.ts';
import type { FactValue, RequestFacts } from '../facts/facts.ts';
import type { Readers } from '../facts/field-source.ts';
import { FieldFailure } from '../facts/match-error.ts';
import { hostText } from '../request/host.ts';

type Part = (facts: RequestFacts) => string;

/**
 * compileTemplate returns the template as a function. `{query}` gives `?…`, or nothing when there is none; what is absent
 * gives nothing; several values are joined by `, `. Besides the language's own placeholders it takes any field of
 * `readers`. Throws TypeError for an unknown placeholder, and for a secret when nobody gives its value.
 */
export function compileTemplate(
  template: Template,
  readers: Readers,
  secret: SecretReader = notHanded,
): (facts: RequestFacts) => string {
  const parts = template.template.map((part) => compilePart(part, readers, secret));
  const [only] = template.template;
  if (parts.length === 0) return () => '';
  if (parts.length === 1) return typeof only === 'string' ? () => only : parts[0]!;
  return (facts) => {
    let text = '';
    for (let index = 0; index < parts.length; index++) text += parts[index]!(facts);
    return text;
  };
}

/** SecretReader gives a secret's value, or what stands for it, by name. */
export type SecretReader = (name: string) => string;

function notHanded(name: string): never {
  throw new TypeError(`secret \`${name}\` was not handed over`);
}

function compilePart(part: TemplatePart, readers: Readers, secret: SecretReader): Part {
  if (typeof part === 'string') return () => part;
  if ('secret' in part) {
    const value = secret(part.secret);
    return () => value;
  }
  const read = compilePlaceholder(part, readers);
  return (facts) => withoutBreaks(valueText(read(facts)));
}

function compilePlaceholder(part: Placeholder, readers: Readers): (facts: RequestFacts) => FactValue {
  const { placeholder: name, key } = part;
  switch (key === null || name === 'header' ? name : `${name}.${key}`) {
    case 'host':
      // As URLs and Host have it: IPv6 in brackets.
      return part.isCompared === true ? (facts) => facts.host : (facts) => hostText(facts.host);
    case 'path':
      return (facts) => facts.path;
    case 'query':
      return (facts) => (facts.query === '' ? '' : `?${facts.query}`);
    case 'scheme':
      return (facts) => facts.scheme;
    case 'request.id':
      return (facts) => facts.id;
    case 'trace.id':
      return (facts) => facts.traceId ?? '';
    case 'client.ip':
      return (facts) => facts.ip.text;
    case 'header': {
      if (key === null) throw new TypeError('placeholder `{header}` needs a name: `{header.x-team}`');
      const header = key.toLowerCase();
      return (facts) => facts.header(header);
    }
  }
  const reader = readers.get(name);
  if (reader === undefined) {
    const written = key === null ? name : `${name}.${key}`;
    throw new TypeError(`unknown placeholder \`{${written}}\``);
  }
  return (facts) => {
    try {
      return reader(facts, key);
    } catch (error) {
      throw new FieldFailure(name, error);
    }
  };
}

function valueText(value: FactValue): string {
  if (isAbsent(value)) return '';
  return isMany(value) ? value.map(toText).join(', ') : toText(value);
}

function withoutBreaks(text: string): string {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 13 || code === 10 || code === 0) return text.replace(/[\r\n\0]/g, ' ');
  }
  return text;
}
