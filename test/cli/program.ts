/** The program itself, and an API on this machine that answers as a test wants and remembers what it was asked. */
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { listening } from '../adapters/servers.ts';
import { digestOf, requested, start } from '../contracts/samples.ts';

const image = { digest: digestOf('image'), pushedAt: start, tags: [] };
export const environmentAnswer = {
  environment: {
    ...requested().environment,
    candidate: { phase: 'scanning', image, since: start, lookAt: start },
  },
  phase: 'scanning',
  history: [{ at: start, actor: 'rita', what: 'asked for the environment' }],
};

export interface Api {
  readonly address: string;
  readonly close: () => Promise<void>;
  asked: { line: string; token?: string; key?: string; ifMatch?: string; body: string }[];
  reply: (line: string) => { status: number; body: string };
  reset: (status: number, body: unknown) => void;
}

const one = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

export async function apiOnThisMachine(): Promise<Api> {
  const server = createServer(async (request, response) => {
    const line = `${request.method} ${request.url}`;
    const { authorization, 'if-match': ifMatch, 'idempotency-key': key } = request.headers;
    const named = Object.entries({ token: authorization, ifMatch, key: one(key) }).filter(
      ([, it]) => it !== undefined,
    );
    api.asked.push({ line, ...Object.fromEntries(named), body: await text(request) });
    const { status, body } = api.reply(line);
    response.writeHead(status).end(body);
  });
  const opened = await listening(server);
  const api: Api = {
    address: `http://127.0.0.1:${opened.port}`,
    close: opened.close,
    asked: [],
    reply: () => ({ status: 500, body: '' }),
    reset: (status, body) => {
      api.asked = [];
      api.reply = () => ({ status, body: JSON.stringify(body) });
    },
  };
  return api;
}

export interface Run {
  readonly code: number | string;
  readonly out: string;
  readonly err: string;
}

const program = join(import.meta.dirname, '../../cli/schwifty.ts');
export function schwifty(
  api: Api,
  args: readonly string[],
  settings: Record<string, string> = {},
): Promise<Run> {
  const env = {
    PATH: process.env['PATH'],
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
    SCHWIFTY_API: `${api.address}/stage/`,
    SCHWIFTY_TOKEN: 'token',
    ...settings,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { env }, (error, out, err) =>
      resolve({ code: error?.code ?? 0, out, err }),
    );
  });
}
