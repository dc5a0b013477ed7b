/** The buildspec's own lines against a real Git server that wants a password: who has it, and who never sees it. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildspec } from '#lib/stages/buildspec.ts';
import { parseBuildspec, phaseScript } from '#local/images/buildspec.ts';
import { certificate } from '../../adapters/certificate.ts';
import { listening } from '../../adapters/servers.ts';
import { testApp } from '../../lib/assembly.ts';

const text = String(new Stack(testApp(), 'Stack').resolve(buildspec.toBuildSpec()));
const password = 'p4ss-0f-a-machine';
const secret = JSON.stringify({ username: 'reader', password });
const arn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:git-AbCdEf';
const basic = `Basic ${Buffer.from(`reader:${password}`).toString('base64')}`;

let folder: string;
let close: () => Promise<void>;
let url: string;
let commit: string;
/** What came with each request. */
let given: (string | undefined)[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'git-private-'));
  const path = join(folder, 'git/shop');
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'Dockerfile'), 'FROM scratch\n');
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', path, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      encoding: 'utf8',
    });
  for (const args of [
    ['init', '--quiet'],
    ['add', '.'],
    ['commit', '--quiet', '--message', 'all'],
  ])
    git(...args);
  commit = git('rev-parse', 'HEAD').trim();
  given = [];
  const pair = certificate();
  writeFileSync(join(folder, 'ca.pem'), pair.cert);
  const server = await listening(createServer(pair, serve));
  ({ close } = server);
  url = `https://127.0.0.1:${server.port}/shop`;
});
afterEach(async () => {
  await close();
  rmSync(folder, { recursive: true });
});

/** `git http-backend`, behind a password. */
function serve(request: IncomingMessage, response: ServerResponse): void {
  const { authorization } = request.headers;
  given.push(authorization);
  if (authorization !== basic) {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    return;
  }
  const { pathname, search } = new URL(request.url ?? '', 'https://x');
  const backend = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      ...{ GIT_PROJECT_ROOT: join(folder, 'git'), GIT_HTTP_EXPORT_ALL: '1', REMOTE_USER: 'reader' },
      ...{ PATH_INFO: pathname, QUERY_STRING: search.slice(1), REQUEST_METHOD: request.method },
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      GIT_CONFIG_COUNT: '1',
      ...{ GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' },
    },
  });
  request.pipe(backend.stdin);
  const pieces: Buffer[] = [];
  backend.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  backend.on('close', () => {
    const all = Buffer.concat(pieces);
    const end = all.indexOf('\r\n\r\n');
    const headers = all
      .subarray(0, end)
      .toString()
      .split('\r\n')
      .map((line) => line.split(': '));
    const status = headers.find(([name]) => name === 'Status')?.[1];
    for (const [name = '', value = ''] of headers) if (name !== 'Status') response.setHeader(name, value);
    response.writeHead(Number(status?.slice(0, 3) ?? 200)).end(all.subarray(end + 4));
  });
}

/** @param value of the secret; without it AWS refuses to give it. */
async function fetched(
  value: string | undefined,
  variables: Readonly<Record<string, string>> = { GIT_SECRET: arn },
) {
  const work = join(folder, 'work');
  mkdirSync(work);
  writeFileSync(join(folder, 'value'), value ?? '');
  const answers = value === undefined ? 'echo AccessDeniedException >&2; exit 254' : `cat ${folder}/value`;
  writeFileSync(join(folder, 'aws'), `#!/bin/sh\necho "$*" >> ${folder}/asked\n${answers}\n`);
  chmodSync(join(folder, 'aws'), 0o755);
  const commands = parseBuildspec(text).phases.pre_build?.commands.slice(0, -1) ?? [];
  // All that a later command of the build, and so BuildKit, could be given of it.
  const left = ['env; cat /proc/$$/environ | tr "\\0" "\\n"; find . -type f | xargs cat'];
  const script = phaseScript({ commands: [...commands, ...left], finally: [] });
  const child = spawn('bash', ['-c', script], {
    cwd: work,
    env: {
      PATH: `${folder}:${process.env['PATH']}`,
      ...{ HOME: folder, GIT_SSL_CAINFO: join(folder, 'ca.pem'), TMPDIR: work },
      ...{ CODEBUILD_LOCAL_STATE: join(folder, 'state.sh'), CODEBUILD_BUILD_SUCCEEDING: '1' },
      ...{ GIT_URL: url, GIT_COMMIT: commit, GIT_FOLDER: '.', GIT_DOCKERFILE: 'Dockerfile' },
      ...variables,
    },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece: Buffer) => {
      said += piece.toString();
    });
  const status = await new Promise((resolve) => child.on('close', resolve));
  return { status, said };
}

test('who has the secret fetches, and nothing that is left says what is in it', async () => {
  const { status, said } = await fetched(secret);
  expect(status, said).toBe(0);
  expect(said).toContain('FROM scratch');
  expect(given).toContain(basic);
  expect(readFileSync(join(folder, 'asked'), 'utf8')).toContain(`get-secret-value --secret-id ${arn} `);
  for (const trace of [password, basic.slice(6)]) {
    expect(said).not.toContain(trace);
    expect(readFileSync(join(folder, 'state.sh'), 'utf8')).not.toContain(trace);
  }
});

test('without one nobody is asked for it, and nothing waits for a person', async () => {
  const { status, said } = await fetched(secret, {});
  expect(status).toBe(128);
  expect(said).toContain('could not read Username');
  expect(given.filter((each) => each !== undefined)).toEqual([]);
});

test.each([
  ['is no JSON', `user:${password}`],
  ['has no password', JSON.stringify({ username: 'reader' })],
  ['has two lines', JSON.stringify({ username: 'reader', password: `${password}\nhost=evil.test` })],
])('a secret that %s is said to be none, without a word of it', async (_, value) => {
  const { status, said } = await fetched(value);
  expect(status).toBe(128);
  expect(said).toContain('the secret of this repository has no username and password');
  expect(said).not.toContain(password);
  expect(given.filter((each) => each !== undefined)).toEqual([]);
});

test('one that may not be read, and one that is not let in, end the build', async () => {
  expect((await fetched(undefined)).status).toBe(128);
  rmSync(join(folder, 'work'), { recursive: true });
  const wrong = await fetched(JSON.stringify({ username: 'reader', password: 'wrong-word' }));
  expect(wrong.status).toBe(128);
  expect(wrong.said).not.toContain('wrong-word');
});
