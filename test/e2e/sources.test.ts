/** Environments that are made from an image of the registry and from a Git repository, through the API alone. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CreateRepositoryCommand, DeleteRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EnvironmentKey, environmentId } from '#core/names.ts';
import { type Person, signIn } from '#local/demo/people.ts';
import { ApiError } from '../../api/client/client.ts';
import { access } from './cloud.ts';
import { comes as comesTo } from './phases.ts';
import { debian, push } from './push.ts';

const run = Date.now().toString(36).slice(-6);
const keyOf = (name: string) => EnvironmentKey.parse({ team: 'checkout', name: `${name}-${run}` });
const ecr = new ECRClient(access.sdk);
const mirrored = `image/tools-${run}`;
const resources = { cpu: 0.05, memoryMiB: 32 };
const path = join(dirname(process.env['GETSCHWIFTY_CLOUD'] ?? ''), 'git/checkout', `shop-${run}.git`);
const url = `https://git.schwifty.example/checkout/shop-${run}`;
const work = mkdtempSync(join(tmpdir(), 'shop-'));
const git = (...args: string[]) =>
  execFileSync(
    'git',
    ['-C', work, '-c', 'user.name=shop', '-c', 'user.email=shop@schwifty.example', ...args],
    {
      encoding: 'utf8',
    },
  ).trim();
/** @returns the commit. */
function commit(): string {
  git('add', '--all');
  git('commit', '--quiet', '--message', 'as it is');
  git('push', '--quiet', '--force', path, 'HEAD:refs/heads/main');
  return git('rev-parse', 'HEAD');
}

let alice: Person;
let bob: Person;
const made: string[] = [];

async function ask(name: string, spec: Parameters<Person['client']['create']>[0]['spec']): Promise<string> {
  const key = keyOf(name);
  await alice.client.create({ ...key, spec });
  made.push(environmentId(key));
  return environmentId(key);
}

const comes = (id: string, phase: string, seconds: number) => comesTo(alice.client, id, phase, seconds);

async function approved(id: string): Promise<void> {
  const { environment } = await comes(id, 'awaiting-approval', 300);
  if (environment.candidate.phase !== 'awaiting-approval') throw new Error(environment.candidate.phase);
  await bob.client.approve(id, environment.candidate.image.digest);
}

beforeAll(async () => {
  [alice, bob] = await Promise.all([signIn(access, 'alice'), signIn(access, 'bob')]);
  mkdirSync(path, { recursive: true });
  execFileSync('git', ['init', '--quiet', '--bare', path]);
  git('init', '--quiet');
});
afterAll(async () => {
  for (const id of made)
    await alice.client.delete(id).catch((error: unknown) => {
      if (!(error instanceof ApiError && [404, 409].includes(error.problem.status))) throw error;
    });
  await ecr.send(new DeleteRepositoryCommand({ repositoryName: mirrored, force: true }));
  for (const folder of [work, path]) rmSync(folder, { recursive: true, force: true });
});

describe('a Git repository', () => {
  it('is built by its own Dockerfile at its commit, judged, approved, and answers on the port that it has', async () => {
    writeFileSync(
      join(work, 'Dockerfile'),
      [
        'ARG REGISTRY',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: Docker's own.
        'FROM ${REGISTRY}/base/debian:bookworm',
        'COPY app.py /srv/app.py',
        'CMD ["python3", "/srv/app.py"]',
        '',
      ].join('\n'),
    );
    writeFileSync(
      join(work, 'app.py'),
      'from http.server import *\nHTTPServer(("", 8080), SimpleHTTPRequestHandler).serve_forever()\n',
    );
    const asked = { git: { url, commit: commit() }, resources: { cpu: 0.05, memoryMiB: 64 }, port: 8080 };
    const id = await ask('git', asked);
    await approved(id);
    const { release } = (await comes(id, 'ready', 180)).environment;
    if (release.phase !== 'ready') throw new Error(release.phase);
    const answered = await fetch(`http://${release.address}/`, { signal: AbortSignal.timeout(5000) });
    expect(answered.status).toBe(200);
  });

  it('whose Dockerfile is a link is not built, and it is said why', async () => {
    unlinkSync(join(work, 'Dockerfile'));
    symlinkSync('/etc/passwd', join(work, 'Dockerfile'));
    const id = await ask('link', { git: { url, commit: commit() }, resources });
    // Builds of others may come first.
    const { environment } = await comes(id, 'build-failed', 300);
    expect(environment.candidate).toMatchObject({ reason: expect.stringContaining('PRE_BUILD') });
  });

  it('that nobody let in is refused', async () => {
    const elsewhere = { url: 'https://git.schwifty.example/other/shop', commit: 'a'.repeat(40) };
    const refusal = ask('other', { git: { ...elsewhere, dockerfile: 'Dockerfile' }, resources });
    await expect(refusal).rejects.toMatchObject({ problem: { status: 422 } });
  });
});

describe('an image of the registry', () => {
  it('is refused while it is not there, and waits for its approval when it is', async () => {
    await ecr.send(new CreateRepositoryCommand({ repositoryName: mirrored }));
    const absent = ask('image', { image: `${mirrored}@sha256:${'0'.repeat(64)}`, resources });
    await expect(absent).rejects.toMatchObject({ problem: { status: 409, title: 'No such image' } });
    const digest = await push(mirrored, 'v1', debian);
    const id = await ask('image', { image: `${mirrored}@${digest}`, command: ['/bin/x'], resources });
    const { environment } = await comes(id, 'awaiting-approval', 300);
    expect(environment.spec).toMatchObject({ image: `${mirrored}@${digest}` });
  });
});
