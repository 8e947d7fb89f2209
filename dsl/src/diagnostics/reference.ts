/**
 * Reference: the page of all diagnostics, made of the table of codes. Main thread; scripts and tests only.
 */
import { type CodeEntry, FAMILIES } from './codes.ts';

const INTRODUCTION = `# Diagnostics

Every problem that Sluice finds in a rule file has a code. Codes are stable and never reused, so programs can
rely on them (\`sluice check --json\`). An **error** prevents the rules from loading; a **warning** does not.

    SL0212 edge.sluice:30:8   deny path /admin
                                   ^^^^ compare how?
                                        Write \`path is /admin\` (exactly) or \`path under /admin\` (and all below)

Problems that plugins report, such as an expired certificate, have codes too: [plugin errors](plugins.md).

The first two digits are the family:
`;

/** errorReference is the text of docs/errors/README.md. */
export function errorReference(): string {
  const contents = FAMILIES.map(
    ({ digits, title }) => `- [SL${digits}xx](#${anchor(digits, title)}): ${title.toLowerCase()}`,
  );
  const sections = FAMILIES.map(({ digits, title, codes }) => {
    const entries = Object.entries(codes).map(([code, entry]) => section(code, entry));
    return `## SL${digits}xx: ${title.toLowerCase()}\n\n${entries.join('\n')}`;
  });
  const note = '<!-- Written by `node dsl/scripts/write-error-docs.ts`; edit dsl/src/diagnostics/codes instead. -->';
  return `${INTRODUCTION}\n${contents.join('\n')}\n\n${note}\n\n${sections.join('\n')}`;
}

function anchor(digits: string, title: string): string {
  return `sl${digits}xx-${title.toLowerCase().replaceAll(' ', '-')}`;
}

function section(code: string, { severity, message, fix, why, wrong, right }: CodeEntry): string {
  const isWarning = severity === 'warning' ? ' (warning)' : '';
  const advice = fix === undefined ? '' : `${plain(fix)}.\n\n`;
  return `### ${code}${isWarning}: ${plain(message)}\n\n${why}\n\n${advice}${example('Wrong', wrong)}${example('Right', right)}`
    .trimEnd()
    .concat('\n');
}

/** plain leaves out what is filled in. */
function plain(template: string): string {
  return template.replace(/\{+(\w+)\}+/g, '…');
}

/** Long examples are there for the test, and would not help a reader. */
function example(title: string, text: string): string {
  if (text === '' || text.length > 300) return '';
  const shown = text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is shown
    /[\u0000-\u0009\u000b-\u001f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `${title}:\n\n    ${shown.replaceAll('\n', '\n    ')}\n\n`;
}
