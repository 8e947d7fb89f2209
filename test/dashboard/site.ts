/**
 * Site: a gateway with its dashboard, two servers behind it, and a browser in front. Test code.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AdminOptions, createGateway, type Gateway } from 'sluice';
import { type Address, answering, Browser, connectTo, ok, RawServer, temporaryFolder } from '../kit/index.ts';

export const TOKEN = 'correct-horse-battery';

interface SiteOptions {
  /** null: none is needed. Default: TOKEN. */
  readonly token?: string | null;
  /** More tokens. */
  readonly tokens?: AdminOptions['tokens'];
  /** Lines for the listener, and more blocks. */
  readonly listener?: string;
  readonly more?: string;
}

export class Site implements AsyncDisposable {
  readonly gateway: Gateway;
  readonly browser: Browser;
  /** The rule file, to be rewritten. */
  readonly file: string;
  readonly #server: RawServer;

  private constructor(gateway: Gateway, browser: Browser, file: string, server: RawServer) {
    this.gateway = gateway;
    this.browser = browser;
    this.file = file;
    this.#server = server;
  }

  static async open({ token = TOKEN, tokens = [], listener = '', more = '' }: SiteOptions = {}): Promise<Site> {
    const browser = await Browser.open();
    const server = await RawServer.start(answering(() => ok()));
    const { host, port } = server.address;
    const file = join(temporaryFolder(), 'gateway.sluice');
    writeFileSync(
      file,
      `listener web on 127.0.0.1:0 {
  ${listener}
  send to gone when path under /gone
  otherwise send to app
}
backend app {
  server one ${host}:${port} weight 2
  server two ${host}:${port} max 5
  stick on cookie sid
}
backend gone of 127.0.0.1:1 { check tcp every 100ms fall 1 }
${more}`,
    );
    const admin = { address: '127.0.0.1:0', ...(token === null ? {} : { token, tokens }) };
    const gateway = await createGateway({ rules: { file }, threads: 0, logger: false, admin });
    await gateway.start();
    return new Site(gateway, browser, file, server);
  }

  get url(): string {
    const { host, port } = this.gateway.adminAddress as Address;
    return `http://${host}:${port}/`;
  }

  /** page opens a view, signed in. */
  async page(view = 'overview', token = TOKEN) {
    const page = await this.browser.page(`${this.url}#/${view}`);
    await page.waitForSelector('#token, nav.views');
    if (await page.$('#token')) {
      await page.type('#token', token);
      await page.keyboard.press('Enter');
    }
    await page.waitForSelector('nav.views');
    // The browser itself reports that the first question, without a token, was refused.
    const { problems } = this.browser;
    if (problems[0]?.includes('401')) problems.shift();
    return page;
  }

  /** request sends one over a connection of its own, and waits for the answer. */
  async request(path = '/', fields = ''): Promise<number> {
    const client = await connectTo(this.gateway.addresses().web as Address);
    client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
    const { status } = await client.answer();
    client.destroy();
    return status;
  }

  /** server is one of `app` as the gateway has it. */
  server(name: string) {
    const app = this.gateway.stats().backends.find((backend) => backend.name === 'app')!;
    return app.servers.find((server) => server.name === name)!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
    await this.gateway.stop({ deadline: 0 });
    await this.#server.stop();
  }
}
