/**
 * What wants a password: a private Git repository of a team, and an index of packages. Both have it from Secrets Manager under the
 * builder's own role, or a token of CodeArtifact; no log, no image and nothing that is built has it.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as plainServer } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CloudWatchBuildLogs } from '#adapters/aws/build-logs.ts';
import type { CodeBuilder } from '#adapters/aws/builder.ts';
import { EnvironmentKey, environmentId } from '#core/names.ts';
import { type Person, signIn } from '#local/demo/people.ts';
import { until } from '#local/demo/world.ts';
import { localGit } from '#local/setup/synth.ts';
import { ApiError } from '../../api/client/client.ts';
import { certificate } from '../adapters/certificate.ts';
import { secretOf } from '../adapters/secret.ts';
import { listening } from '../adapters/servers.ts';
import { buildOptions } from '../contracts/build-options.ts';
import { npmPackage, wheel } from './acme-hello.ts';
import { access, cloud } from './cloud.ts';
import { startGitServer } from './git-server.ts';
import { searchRepository } from './layers.ts';
import { comes } from './phases.ts';
import { build, builder, builderWith } from './strangers-build.ts';

const run = Date.now().toString(36).slice(-6);
const password = `p${run}-nobody-reads-this`;
const authorization = `Basic ${Buffer.from(`reader:${password}`).toString('base64')}`;
const root = mkdtempSync(join(tmpdir(), 'private-'));
const { logGroup } = await buildOptions(access);
const logs = new CloudWatchBuildLogs(logGroup, () => new CloudWatchLogsClient(access.sdk));
const git = (...args: string[]) =>
  execFileSync(
    'git',
    ['-C', join(root, 'work'), '-c', 'user.name=a', '-c', 'user.email=a@b.example', ...args],
    {
      encoding: 'utf8',
    },
  ).trim();

let alice: Person;
let ben: Person;
let server: Awaited<ReturnType<typeof startGitServer>>;
let commit: string;
let secret: Awaited<ReturnType<typeof secretOf>>;
const made: [Person, string][] = [];

/** Asks for an environment that is built from the private repository. */
async function ask(person: Person, team: string, name: string): Promise<string> {
  const key = EnvironmentKey.parse({ team, name: `${name}-${run}` });
  await person.client.create({
    ...key,
    spec: { git: { url: `${localGit.prefix}shop`, commit }, resources: { cpu: 0.05, memoryMiB: 32 } },
  });
  made.push([person, environmentId(key)]);
  return environmentId(key);
}

/** In all layers of the image and of its cache, what was deleted again too, with their history, and in what is kept of what was resolved. */
async function nothingHas(words: readonly string[], id: string, kept?: string): Promise<void> {
  const [image, cache] = await Promise.all(
    ['candidate', 'cache'].map((kind) => searchRepository(`${kind}/${id}`, words)),
  );
  expect([...(image?.found ?? ['?']), ...(cache?.found ?? ['?'])]).toEqual([]);
  expect(image?.bytes).toBeGreaterThan(10e6);
  for (const { layers } of [image, cache].flatMap((each) => each ?? [])) expect(layers).toBeGreaterThan(0);
  if (kept !== undefined) expect(cache?.tags).toContain(kept);
}

/** @returns why it failed; undefined where it did not. */
async function ended(build: string, by: CodeBuilder = builder): Promise<string | undefined> {
  const { failure } = await until('the end of the build', 300, async () => {
    const status = await by.status(build);
    return status.ended ? status : undefined;
  });
  return failure;
}

async function logOf(id: string): Promise<string> {
  const [team = '', name = ''] = id.split('/');
  const page = await logs.read({ key: EnvironmentKey.parse({ team, name }), number: 1, cursor: undefined });
  return (page?.lines ?? []).map(({ text }) => text).join('\n');
}

beforeAll(async () => {
  [alice, ben] = await Promise.all([signIn(access, 'alice'), signIn(access, 'ben', ['billing-members'])]);
  secret = await secretOf(access.sdk, localGit.secretName, { username: 'reader', password });
  const folder = join(dirname(process.env['GETSCHWIFTY_CLOUD'] ?? ''), 'git');
  server = await startGitServer({ root, prefix: localGit.prefix, folder, authorization });
  for (const each of ['work', 'shop']) mkdirSync(join(root, each));
  git('init', '--quiet');
  execFileSync('git', ['init', '--quiet', '--bare', join(root, 'shop')]);
  writeFileSync(
    join(root, 'work/Dockerfile'),
    `ARG REGISTRY\nFROM \${REGISTRY}/base/debian:bookworm\nRUN env && find / -xdev -name '.git*' -o -xdev -name '.netrc'\n`,
  );
  git('add', '--all');
  git('commit', '--quiet', '--message', 'as it is');
  git('push', '--quiet', join(root, 'shop'), 'HEAD:refs/heads/main');
  commit = git('rev-parse', 'HEAD');
});
afterAll(async () => {
  for (const [person, id] of made)
    await person.client.delete(id).catch((error: unknown) => {
      if (!(error instanceof ApiError && [404, 409].includes(error.problem.status))) throw error;
    });
  await secret.remove();
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

test('a private repository is built for the team that has its secret, and nothing tells the password', async () => {
  const id = await ask(alice, 'checkout', 'private');
  const { environment } = await comes(alice.client, id, 'awaiting-approval', 480);
  expect(environment.spec).toMatchObject({ git: { commit } });
  // Asked for only where the host wanted it.
  expect(server.asked[0]).toEqual({ status: 401, authorization: undefined });
  expect(server.asked.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
  const log = await logOf(id);
  expect(log).toContain('BUILD');
  const words = [password, authorization.slice('Basic '.length)];
  for (const word of words) expect(log).not.toContain(word);
  await nothingHas(words, id);
});

test('the search would find it: deleted again, in the cache, in the configuration', async () => {
  const key = EnvironmentKey.parse({ team: 'checkout', name: `planted-${run}` });
  const word = `w${run}-is-planted`;
  const instructions = ['COPY planted /planted', 'RUN rm /planted', `LABEL planted=${word}`];
  await ended(await build(key, instructions, { planted: word }));
  const image = await searchRepository(`candidate/${environmentId(key)}`, [word]);
  expect(image.found.map((each) => /, (its|layer)/.exec(each)?.[1]).sort()).toEqual(['its', 'layer']);
  const cache = await searchRepository(`cache/${environmentId(key)}`, [word]);
  expect(cache.found).toContainEqual(expect.stringContaining(', layer'));
});

test('another team, whom the catalog lets in there and no secret is named for, is told that it can not be read', async () => {
  const before = server.asked.length;
  const id = await ask(ben, 'billing', 'private');
  const { environment } = await comes(ben.client, id, 'build-failed', 120);
  expect(environment.candidate).toMatchObject({ reason: expect.stringContaining('PRE_BUILD') });
  const since = server.asked.slice(before);
  expect(since.length).toBeGreaterThan(0);
  for (const each of since) expect(each).toEqual({ status: 401, authorization: undefined });
  expect(await logOf(id)).toMatch(/could not read Username/);
});

test('a secret that has no password says so, and shows nothing of itself', async () => {
  await secret.change({ username: 'reader', token: password });
  const id = await ask(alice, 'checkout', 'broken');
  await comes(alice.client, id, 'build-failed', 120);
  const log = await logOf(id);
  expect(log).toContain('the secret of this repository has no username and password');
  expect(log).not.toContain(password);
  await secret.change({ username: 'reader', password });
});

test("pip installs from an index that wants a password, by the build's proxy, and the build never has it", async () => {
  const { file, bytes } = wheel(root);
  const host = new URL(cloud.aws).hostname;
  const pair = certificate(host);
  writeFileSync(join(root, 'index.pem'), pair.cert);
  const asked: (string | undefined)[] = [];
  const index = await listening(
    createServer(pair, (request, answer) => {
      asked.push(`${request.url} ${request.headers.authorization === authorization}`);
      if (request.headers.authorization !== authorization) answer.writeHead(401).end();
      else if (request.url === `/files/${file}`) answer.end(bytes);
      else answer.setHeader('content-type', 'text/html').end(`<a href="/files/${file}">${file}</a>`);
    }),
    host,
  );
  try {
    const way = {
      alias: 'pip-index.internal',
      origin: `https://${host}:${index.port}`,
      credential: { kind: 'secret', secret: localGit.secret },
      files: [],
    };
    const by = await builderWith({
      EGRESS_INDEXES: JSON.stringify([way]),
      NODE_EXTRA_CA_CERTS: join(root, 'index.pem'),
    });
    const key = EnvironmentKey.parse({ team: 'checkout', name: `index-${run}` });
    const pip = 'python3 -m pip install --no-cache-dir --break-system-packages --target /opt/acme';
    const from = '--index-url http://pip-index.internal/simple/ --trusted-host pip-index.internal';
    // With all that it knows in the place of what it resolved.
    const resolved = 'mkdir -p /opt/venv && { env; python3 -m pip config debug; } > /opt/venv/resolved.txt';
    const instructions = [
      `RUN --mount=type=secret,id=pip ${pip} --report /opt/report.json ${from} acme-hello && env && ${resolved} && PYTHONPATH=/opt/acme python3 -m acme_hello`,
    ];
    const id = await build(key, instructions, {}, by, `lock-${run}`);
    const failure = await ended(id, by);
    const log = await logOf(environmentId(key));
    expect(failure, log).toBeUndefined();
    expect(log).toContain('hello of acme');
    const words = [password, authorization.slice('Basic '.length)];
    for (const word of words) expect(log).not.toContain(word);
    await nothingHas(words, environmentId(key), `lock-${run}`);
    expect(asked).toEqual(['/simple/acme-hello/ true', `/files/${file} true`]);
  } finally {
    await index.close();
  }
});

test('npm installs from CodeArtifact by a token that the build never has, of files that it keeps elsewhere', async () => {
  const { bytes, page } = npmPackage(root);
  const host = new URL(cloud.aws).hostname;
  const pair = certificate(host);
  writeFileSync(join(root, 'codeartifact.pem'), pair.cert);
  const token = `t${run}-nobody-reads-this`;
  const basic = `Basic ${Buffer.from(`aws:${token}`).toString('base64')}`;
  const asked: string[] = [];
  const api = await listening(
    plainServer((request, answer) => {
      asked.push(`${request.method} ${request.url}`);
      const expiration = Date.now() / 1000 + 900;
      answer.setHeader('content-type', 'application/json');
      answer.end(JSON.stringify({ authorizationToken: token, expiration }));
    }),
    host,
  );
  const files = await listening(
    createServer(pair, (request, answer) => {
      asked.push(`file ${request.headers.authorization}`);
      answer.setHeader('content-type', 'application/octet-stream').end(bytes);
    }),
    host,
  );
  const index = await listening(
    createServer(pair, ({ url, headers }, answer) => {
      asked.push(`${url} ${headers.authorization === basic}`);
      const own = `https://${headers.host}/npm/all/acme-hello/-/acme-hello-1.0.0.tgz`;
      if (headers.authorization !== basic) answer.writeHead(401).end();
      else if (url === '/npm/all/acme-hello')
        answer.setHeader('content-type', 'application/json').end(JSON.stringify(page(own)));
      else answer.writeHead(302, { location: `https://${host}:${files.port}/a?X-Amz-Signature=1` }).end();
    }),
    host,
  );
  try {
    const place = { region: 'us-east-1', owner: '111122223333', domain: 'acme', repository: 'all' };
    const way = {
      ...{ alias: 'npm-index.internal', origin: `https://${host}:${index.port}` },
      ...{ credential: { kind: 'codeArtifact', ...place }, files: [`${host}:${files.port}`] },
    };
    const by = await builderWith({
      EGRESS_INDEXES: JSON.stringify([way]),
      NODE_EXTRA_CA_CERTS: join(root, 'codeartifact.pem'),
      AWS_ENDPOINT_URL_CODEARTIFACT: `http://${host}:${api.port}`,
    });
    const key = EnvironmentKey.parse({ team: 'checkout', name: `artifact-${run}` });
    const npm =
      'npm install --global --no-update-notifier --before 2024-01-01 --registry http://npm-index.internal/npm/all/';
    const resolved = 'mkdir -p /opt/npm && { env; npm config list --long; } > /opt/npm/resolved.json';
    const instruction = `RUN --mount=type=secret,id=npm ${npm} acme-hello && env && ${resolved} && acme-hello`;
    const id = await build(key, [instruction], {}, by, `lock-${run}`);
    const failure = await ended(id, by);
    const log = await logOf(environmentId(key));
    expect(failure, log).toBeUndefined();
    expect(log).toContain('hello of acme, by npm');
    const words = [token, basic.slice('Basic '.length)];
    for (const word of [...words, 'X-Amz-Signature']) expect(log).not.toContain(word);
    await nothingHas(words, environmentId(key), `lock-${run}`);
    expect(asked).toEqual([
      'POST /v1/authorization-token?domain=acme&domain-owner=111122223333&duration=900',
      '/npm/all/acme-hello true',
      '/npm/all/acme-hello/-/acme-hello-1.0.0.tgz true',
      'file undefined',
    ]);
  } finally {
    for (const each of [api, files, index]) await each.close();
  }
});
