/** As much of Express as this example uses. In a project of your own, install @types/express instead. */
declare module 'express' {
  import type { Server } from 'node:http';

  interface Request {
    readonly ip: string | undefined;
    get(header: string): string | undefined;
  }

  interface Response {
    send(body: string): void;
    json(body: unknown): void;
  }

  interface App {
    set(setting: string, value: unknown): void;
    get(path: string, handler: (request: Request, response: Response) => void): void;
    listen(port: number, host: string): Server;
  }

  export default function express(): App;
}
