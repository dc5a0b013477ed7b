/** Where the proxy of a build has from what it says to an index: what AWS is asked, and that nobody is told of an answer. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { IndexCredential } from '#core/indexes.ts';
import { authorizationOf } from '../../egress/credential.ts';
import { listening } from '../adapters/servers.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'credential-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** In the place of the AWS CLI. */
function program(text: string): void {
  writeFileSync(join(folder, 'aws'), `#!/bin/sh\necho "$*" >> ${folder}/asked\n${text}\n`);
  chmodSync(join(folder, 'aws'), 0o755);
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
}

const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
const asked = () => readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n');
const get = async (credential: IndexCredential, said: string[] = []) =>
  (await authorizationOf(credential, (line) => said.push(line)))();
const secret: IndexCredential = { kind: 'secret', secret: 'arn' };
const codeArtifact: IndexCredential = {
  ...{ kind: 'codeArtifact', region: 'eu-west-1', owner: '111122223333' },
  ...{ domain: 'acme', repository: 'packages' },
};

test('a secret is read once, by its ARN', async () => {
  program(`echo '{"username":"reader","password":"p4ss"}'`);
  const ask = await authorizationOf(secret, () => undefined);
  expect([await ask(), await ask()]).toEqual([basic('reader:p4ss'), basic('reader:p4ss')]);
  expect(asked()).toEqual([
    'secretsmanager get-secret-value --secret-id arn --query SecretString --output text',
  ]);
});

test('what a secret holds is said by nobody, whatever it is', async () => {
  for (const value of [
    'reader:p4ss-word',
    '{"username":"reader"}',
    '{"username":"a:p4ss-word","password":"p4ss-word"}',
  ]) {
    program(`echo '${value}'`);
    const error = await get(secret).catch((reason: unknown) => String(reason));
    expect(error).toContain('secret arn is not valid');
    expect(error).not.toContain('p4ss');
  }
  program('echo AccessDeniedException >&2; exit 254');
  await expect(get(secret)).rejects.toThrow('AccessDenied');
});

const inAnHour = () => new Date(Date.now() + 3_600_000);
test.each([
  ['the second CLI', () => `"${inAnHour().toISOString().replace('Z', '000+00:00')}"`],
  ['the first', () => String(inAnHour().getTime() / 1000)],
])('a token of CodeArtifact, its end said as %s does', async (_, end) => {
  program(`echo '{"authorizationToken":"t0ken","expiration":${end()}}'`);
  const ask = await authorizationOf(codeArtifact, () => undefined);
  expect([await ask(), await ask()]).toEqual([basic('aws:t0ken'), basic('aws:t0ken')]);
  expect(asked()).toEqual([
    'codeartifact get-authorization-token --domain acme --domain-owner 111122223333 --region eu-west-1 --duration-seconds 900 --output json',
  ]);
});

test('one that is about to end is renewed, and one that lasts longer than was asked is not believed', async () => {
  const next = `test ! -e ${folder}/once; n=$?; touch ${folder}/once`;
  const token = (seconds: string) =>
    program(
      `${next}\necho "{\\"authorizationToken\\":\\"t$n\\",\\"expiration\\":$(( $(date +%s) + ${seconds} ))}"`,
    );
  token('60');
  const ask = await authorizationOf(codeArtifact, () => undefined);
  expect(await ask()).toBe(basic('aws:t1'));
  rmSync(join(folder, 'once'));
  token('86400');
  const long = await authorizationOf(codeArtifact, () => undefined);
  vi.useFakeTimers({ now: Date.now() + 601_000, toFake: ['Date'] });
  expect(await long()).toBe(basic('aws:t1'));
  vi.useRealTimers();
});

test.each([
  't0ken',
  '{"authorizationToken":"t0ken"}',
  '{"authorizationToken":"t0 ken","expiration":1}',
  '{}',
])('what is no token is told without it: %s', async (value) => {
  program(`echo '${value}'`);
  const error = await get(codeArtifact).catch((reason: unknown) => String(reason));
  expect(error).toContain("the token of CodeArtifact's domain acme is not valid");
  expect(error).not.toMatch(/t0 ?ken/);
});

test('who may not have one is told so before anything is built', async () => {
  program('echo "AccessDeniedException: sts:GetServiceBearerToken" >&2; exit 254');
  await expect(authorizationOf(codeArtifact, () => undefined)).rejects.toThrow('sts:GetServiceBearerToken');
});

/** What CodeBuild's image has; here it may be missing. */
const hasCli = spawnSync('aws', ['--version']).status === 0;
test.skipIf(!hasCli)('the real CLI asks what the API reference says', { timeout: 60_000 }, async () => {
  const came: string[] = [];
  const api = createServer((request, answer) => {
    came.push(`${request.method} ${request.url}`, request.headers.authorization ?? '');
    const end = Date.now() / 1000 + 900;
    answer.setHeader('content-type', 'application/json');
    answer.end(JSON.stringify({ authorizationToken: 'real-token', expiration: end }));
  });
  const { port, close } = await listening(api);
  try {
    vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${port}`);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    expect(await get(codeArtifact)).toBe(basic('aws:real-token'));
  } finally {
    await close();
  }
  expect(came[0]).toBe('POST /v1/authorization-token?domain=acme&domain-owner=111122223333&duration=900');
  expect(came[1]).toMatch(/^AWS4-HMAC-SHA256 Credential=key\/\d{8}\/eu-west-1\/codeartifact\/aws4_request,/);
});
