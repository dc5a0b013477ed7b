/** A host of private Git repositories, which Git's own program serves, over HTTPS and to whoever says the password. */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { certificate } from '../adapters/certificate.ts';
import { listening } from '../adapters/servers.ts';

interface GitServer {
  /** Every request: what it was answered, and what its Authorization header said. */
  readonly asked: readonly { readonly status: number; readonly authorization: string | undefined }[];
  readonly close: () => Promise<void>;
}

interface Served {
  /** A folder; each repository below it is served. */
  readonly root: string;
  readonly prefix: string;
  /** A folder for Git's settings, by which builds of the local cloud find the host: `<folder>/config`. */
  readonly folder: string;
  readonly authorization: string;
}

export async function startGitServer({ root, prefix, folder, authorization }: Served): Promise<GitServer> {
  const asked: { status: number; authorization: string | undefined }[] = [];
  const pair = certificate();
  const { port, close } = await listening(
    createServer(pair, (request, answer) => {
      const given = request.headers.authorization;
      const status = given === authorization ? 200 : 401;
      asked.push({ status, authorization: given });
      if (status === 401) answer.writeHead(401, { 'www-authenticate': 'Basic realm="private"' }).end();
      else serve(root, request, answer);
    }),
  );
  const [ca, config] = [join(folder, 'private-ca.pem'), join(folder, 'config')];
  mkdirSync(folder, { recursive: true });
  writeFileSync(ca, pair.cert);
  const here = `https://127.0.0.1:${port}/`;
  writeFileSync(config, `[url "${here}"]\n\tinsteadOf = ${prefix}\n[http "${here}"]\n\tsslCAInfo = ${ca}\n`);
  return {
    asked,
    close: async () => {
      for (const path of [ca, config]) rmSync(path, { force: true });
      await close();
    },
  };
}

/** By CGI (RFC 3875): what the program says first is the head of the answer. */
function serve(root: string, request: IncomingMessage, answer: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'https://localhost');
  const { headers } = request;
  const child = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: headers['content-type'],
      HTTP_CONTENT_ENCODING: headers['content-encoding'],
      HTTP_GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
    },
  });
  request.pipe(child.stdin.on('error', () => undefined));
  const pieces: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  child.on('close', () => {
    const whole = Buffer.concat(pieces);
    const end = whole.indexOf('\r\n\r\n');
    const said = whole
      .subarray(0, end)
      .toString('latin1')
      .split('\r\n')
      .map((line) => line.split(': '));
    const { Status = '200', ...head } = Object.fromEntries(said);
    answer.writeHead(Number.parseInt(Status, 10), head).end(whole.subarray(end + 4));
  });
}
