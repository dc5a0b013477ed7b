/** Web-standard handlers on one plain HTTP server: the smallest bridge between node:http and Request/Response. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';

export type Handler = (request: Request) => Promise<Response>;

/** Keyed `POST /path`. */
export type Routes = Readonly<Record<string, Handler>>;

interface Server {
  /** Lets running requests end for this long, then cuts them. */
  close(patience: number): Promise<void>;
}

export async function serve(
  host: string,
  port: number,
  routes: Routes,
  report: (line: string) => void,
): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    void answer(incoming, outgoing, routes, report);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    close: (patience) =>
      new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), patience);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

async function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  routes: Routes,
  report: (line: string) => void,
): Promise<void> {
  const url = new URL(incoming.url ?? '/', `http://${incoming.headers.host ?? 'localhost'}`);
  const key = `${incoming.method} ${url.pathname}`;
  const handler = routes[key];
  let response: Response;
  try {
    response =
      handler === undefined
        ? Response.json({ error: `there is no ${key} here`, routes: Object.keys(routes) }, { status: 404 })
        : await handler(requestOf(incoming, url));
  } catch (error) {
    report(`${key} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    response = Response.json(
      { error: error instanceof Error ? error.message : String(error) },
      { status: 500 },
    );
  }
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(Buffer.from(await response.arrayBuffer()));
}

function requestOf(incoming: IncomingMessage, url: URL): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers))
    for (const one of Array.isArray(value) ? value : [value ?? '']) headers.append(name, one);
  const method = incoming.method ?? 'GET';
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers });
  return new Request(url, { method, headers, body: Readable.toWeb(incoming), duplex: 'half' });
}
