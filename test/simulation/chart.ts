/**
 * Chart: curves over time as SVG that can be read on a light page and on a dark one, by its own style sheet. Small on purpose.
 */
export interface Line {
  readonly name: string;
  readonly values: readonly number[];
  /** Drawn thick and in colour; the others are a thin grey crowd with one name for all. */
  readonly isMain: boolean;
}

export interface Panel {
  readonly title: string;
  readonly lines: readonly Line[];
}

/** Mark is something that happens at a moment, in steps. */
export interface Mark {
  readonly at: number;
  readonly text: string;
}

export interface ChartOptions {
  readonly title: string;
  readonly unit: string;
  readonly panels: readonly Panel[];
  readonly marks: readonly Mark[];
  /** The end of the vertical axis, the same in all panels. */
  readonly most: number;
  /** Seconds between two labels of time. */
  readonly labelEvery: number;
}

const WIDTH = 760;
const PANEL = 132;
const TOP = 64;
const LEFT = 48;
const RIGHT = 16;
const GAP = 42;

const STYLE = `
text{font:12px system-ui,sans-serif;fill:#24292f}.title{font-size:15px;font-weight:600}.panel{font-weight:600}
.small{font-size:11px;fill:#57606a}.axis{stroke:#8c959f;stroke-width:1}.grid{stroke:#d0d7de;stroke-width:1}.ground{fill:#fff}
.mark{stroke:#57606a;stroke-width:1;stroke-dasharray:3 3}.crowd{fill:none;stroke:#8c959f;stroke-width:.8;opacity:.75}
.main{fill:none;stroke:#cf222e;stroke-width:2}.second{fill:none;stroke:#0969da;stroke-width:2}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9da7b3}.axis{stroke:#6e7681}.grid{stroke:#30363d}.ground{fill:#0d1117}
.mark{stroke:#9da7b3}.crowd{stroke:#6e7681}.main{stroke:#ff7b72}.second{stroke:#58a6ff}}
`;

/** chart draws panels below each other, over one axis of time with a second a step. */
export function chart({ title, unit, panels, marks, most, labelEvery }: ChartOptions): string {
  const height = TOP + panels.length * (PANEL + GAP) + 8;
  const steps = Math.max(...panels.flatMap(({ lines }) => lines.map(({ values }) => values.length)));
  const x = (step: number): string => short(LEFT + ((WIDTH - LEFT - RIGHT) * step) / steps);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE.replaceAll('\n', '')}</style><rect class="ground" width="${WIDTH}" height="${height}" rx="6"/>`,
    `<text class="title" x="16" y="24">${escaped(title)}</text><text class="small" x="16" y="42">${escaped(unit)}</text>`,
  ];
  for (const [index, { title: name, lines }] of panels.entries()) {
    const top = TOP + index * (PANEL + GAP);
    const bottom = top + PANEL;
    const y = (value: number): string => short(bottom - (PANEL * Math.min(value, most)) / most);
    parts.push(`<text class="panel" x="${LEFT}" y="${top - 6}">${escaped(name)}</text>`);
    for (const part of [0, 0.5, 1]) {
      const at = y(most * part);
      parts.push(`<path class="${part === 0 ? 'axis' : 'grid'}" d="M${LEFT} ${at}H${WIDTH - RIGHT}"/>`);
      parts.push(`<text class="small" x="${LEFT - 6}" y="${Number(at) + 4}" text-anchor="end">${most * part}</text>`);
    }
    for (let second = 0; second <= steps; second += labelEvery) {
      parts.push(`<text class="small" x="${x(second)}" y="${bottom + 14}" text-anchor="middle">${second} s</text>`);
    }
    for (const { at, text } of marks) {
      parts.push(`<path class="mark" d="M${x(at)} ${top}V${bottom}"/>`);
      parts.push(`<text class="small" x="${short(Number(x(at)) + 4)}" y="${top + 11}">${escaped(text)}</text>`);
    }
    const crowd = lines.filter(({ isMain }) => !isMain).map(({ values }) => curve(values, x, y));
    parts.push(`<path class="crowd" d="${crowd.join('')}"/>`);
    const main = lines.filter(({ isMain }) => isMain);
    for (const [at, { name: said, values }] of main.entries()) {
      const kind = at === 0 ? 'main' : 'second';
      parts.push(`<path class="${kind}" d="${curve(values, x, y)}"/>`);
      const right = WIDTH - RIGHT - at * 150;
      parts.push(`<path class="${kind}" d="M${right - 146} ${top - 10}h14"/>`);
      parts.push(`<text class="small" x="${right - 128}" y="${top - 6}">${escaped(said)}</text>`);
    }
  }
  return `${parts.join('\n')}\n</svg>\n`;
}

/** curve is a path in whole units, each point told from the one before. */
function curve(values: readonly number[], x: (step: number) => string, y: (value: number) => string): string {
  let [lastX, lastY] = [0, 0];
  return values
    .map((value, step) => {
      const [atX, atY] = [Math.round(Number(x(step + 0.5))), Math.round(Number(y(value)))];
      const [byX, byY] = [atX - lastX, atY - lastY];
      [lastX, lastY] = [atX, atY];
      return step === 0 ? `M${atX} ${atY}l` : `${byX}${byY < 0 ? '' : ' '}${byY} `;
    })
    .join('')
    .trimEnd();
}

function short(number: number): string {
  return String(Math.round(number * 10) / 10);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
