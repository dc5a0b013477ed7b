/** An AWS endpoint on this machine: records what is asked, answers what a test says. */
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { listening } from './servers.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export async function awsEndpoint(answer: (asked: Asked) => Answer) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    const one = { method, path: url, headers, body: await text(request) };
    asked.push(one);
    const { status = 200, headers: sent = {}, body } = answer(one);
    response.writeHead(status, sent).end(body);
  });
  const { port, close } = await listening(server);
  return { endpoint: `http://127.0.0.1:${port}`, asked, close };
}

/** What the SDK's clients take of the environment; given to `vi.stubEnv` one by one. */
export const awsEnvironment = (endpoint: string): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL: endpoint,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_SESSION_TOKEN: 'session',
  AWS_MAX_ATTEMPTS: '1',
});
