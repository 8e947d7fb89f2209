/**
 * Browser: Chromium without a window, driven over its DevTools protocol, that notes all that went wrong on its pages. Test code.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { type BrowserContext, type Browser as Chromium, launch, type Page } from 'puppeteer-core';
import { temporaryFolder } from './program.ts';
import { PATIENCE_MS } from './wire.ts';

/** Elements that a user can do something with, by their roles. */
const CONTROLS = new Set([
  'button',
  'link',
  'textbox',
  'searchbox',
  'checkbox',
  'combobox',
  'spinbutton',
  'DisclosureTriangle',
]);

/** One for all tests of a file; each has a context of its own. */
let chromium: Promise<Chromium> | null = null;

function launchChromium(): Promise<Chromium> {
  return launch({
    executablePath: execFileSync('/bin/sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'],
    userDataDir: temporaryFolder(),
    protocolTimeout: 60_000,
    acceptInsecureCerts: true,
  });
}

/** closeChromium ends the process. For `after` of a file. */
export async function closeChromium(): Promise<void> {
  await (await chromium?.catch(() => null))?.close();
  chromium = null;
}

export class Browser {
  readonly #context: BrowserContext;
  /** Errors of scripts, refusals of the Content-Security-Policy, and whatever else a page wrote as an error to its console. */
  readonly problems: string[] = [];

  private constructor(context: BrowserContext) {
    this.#context = context;
  }

  /** open is a browser that nobody has used before. */
  static async open(): Promise<Browser> {
    chromium ??= launchChromium();
    return new Browser(await (await chromium).createBrowserContext());
  }

  /** page opens a new tab. */
  async page(url: string, width = 1280, height = 900): Promise<Page> {
    const page = await this.#context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('pageerror', (error) => this.problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') this.problems.push(message.text());
    });
    await page.setViewport({ width, height });
    await page.goto(url, { waitUntil: 'load' });
    return page;
  }

  async close(): Promise<void> {
    await this.#context.close();
  }
}

/** unnamedControls are the roles of the controls of a page that have no accessible name; and how many controls there are. */
export async function unnamedControls(
  page: Page,
): Promise<{ readonly unnamed: readonly string[]; readonly count: number }> {
  const session = await page.createCDPSession();
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  await session.detach();
  const controls = nodes.filter(({ ignored, role }) => !ignored && CONTROLS.has(role?.value as string));
  const unnamed = controls.filter(({ name }) => !name?.value).map(({ role }) => String(role!.value));
  return { unnamed, count: controls.length };
}

/** seen waits until the page's text has what is wanted, and fails with the text that it has instead. */
export async function seen(page: Page, wanted: RegExp, within = 'body'): Promise<string> {
  const { source, flags } = wanted;
  const found = await page
    .waitForFunction(
      (selector, pattern, options) => {
        const text = document.querySelector<HTMLElement>(selector)?.innerText ?? '';
        return new RegExp(pattern, options).test(text) ? text : null;
      },
      {},
      within,
      source,
      flags,
    )
    .catch(() => null);
  if (found !== null) return (await found.jsonValue()) as string;
  const text = await page.$eval(within, (element) => (element as HTMLElement).innerText).catch(() => 'nothing');
  assert.fail(`waited for ${wanted} within ${within}, where there is: ${text}`);
}

/** press activates the button with an accessible name, as `Drain app/one`; `role`: or another control. */
export async function press(page: Page, name: string, role = 'button'): Promise<void> {
  await page.locator(`::-p-aria([name="${name}"][role="${role}"])`).click();
}
