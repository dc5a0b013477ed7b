/** The buildspec's own lines, run by bash with a real Git: what it fetches, and what it refuses to read. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildspec } from '#lib/stages/buildspec.ts';
import { parseBuildspec, phaseScript } from '#local/images/buildspec.ts';
import { testApp } from '../../lib/assembly.ts';

const text = String(new Stack(testApp(), 'Stack').resolve(buildspec.toBuildSpec()));
const url = 'https://git.example/acme/shop';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'git-build-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A repository with these files; a value that begins with `->` is a link. @returns its newest commit. */
function repository(files: Readonly<Record<string, string>>): string {
  const path = join(folder, 'git/acme/shop.git');
  mkdirSync(path, { recursive: true });
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', path, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      encoding: 'utf8',
    });
  git('init', '--quiet');
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    if (content.startsWith('->')) symlinkSync(content.slice(2), join(path, name));
    else writeFileSync(join(path, name), content);
  }
  git('add', '--all');
  git('commit', '--quiet', '--message', 'all');
  return git('rev-parse', 'HEAD').trim();
}

/** Up to the registry's password, which is not had here. */
function prepared(variables: Readonly<Record<string, string>>, isServed = true) {
  const commands = parseBuildspec(text).phases.pre_build?.commands.slice(0, -1) ?? [];
  // In a phase of its own, as the build is.
  const says = ['echo "context $CONTEXT file $FILE"; ls "$CONTEXT"'];
  const phases = [commands, says].map((each) => `(${phaseScript({ commands: each, finally: [] })}\n)`);
  const script = phases.join(' && ');
  const work = join(folder, 'work');
  mkdirSync(work);
  const served = {
    GIT_CONFIG_COUNT: '2',
    GIT_CONFIG_KEY_0: `url.file://${folder}/git/.insteadOf`,
    GIT_CONFIG_VALUE_0: 'https://git.example/',
    GIT_CONFIG_KEY_1: 'protocol.file.allow',
    GIT_CONFIG_VALUE_1: 'always',
  };
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script], {
    cwd: work,
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      CODEBUILD_LOCAL_STATE: join(folder, 'state.sh'),
      CODEBUILD_BUILD_SUCCEEDING: '1',
      ...(isServed ? served : {}),
      ...variables,
    },
  });
  return { status, says: stdout.split('\n').filter((line) => !line.startsWith('[Container]')), stderr };
}

const variables = (GIT_COMMIT: string, parts: object = {}) => ({
  GIT_URL: url,
  GIT_COMMIT,
  GIT_FOLDER: '.',
  GIT_DOCKERFILE: 'Dockerfile',
  ...parts,
});

test('without a repository the uploaded context is built', () => {
  expect(prepared({})).toMatchObject({ status: 0, says: ['context . file Dockerfile', ''] });
});

test('a commit is fetched with its links, and nothing of Git is in the context', () => {
  const commit = repository({
    Dockerfile: 'FROM scratch',
    'app.py': '1',
    link: '->app.py',
    '.gitattributes': '',
  });
  expect(prepared(variables(commit))).toMatchObject({
    status: 0,
    says: ['context checkout/. file checkout/./Dockerfile', 'Dockerfile', 'app.py', 'link', ''],
  });
});

test('a folder is the whole context', () => {
  const commit = repository({ 'services/api/Containerfile': 'FROM scratch', 'other.txt': '' });
  const folderOf = { GIT_FOLDER: 'services/api', GIT_DOCKERFILE: 'Containerfile' };
  expect(prepared(variables(commit, folderOf))).toMatchObject({
    status: 0,
    says: ['context checkout/services/api file checkout/services/api/Containerfile', 'Containerfile', ''],
  });
});

test.each([
  ['the Dockerfile', { Dockerfile: '->/etc/passwd' }, {}],
  ['the Dockerfile, within the repository', { Dockerfile: '->real', real: 'FROM scratch' }, {}],
  ['what is left out', { Dockerfile: 'FROM scratch', '.dockerignore': '->/etc/passwd' }, {}],
  [
    'what this Dockerfile leaves out',
    { Dockerfile: 'FROM scratch', 'Dockerfile.dockerignore': '->/etc/passwd' },
    {},
  ],
  ['the folder', { api: '->/etc' }, { GIT_FOLDER: 'api', GIT_DOCKERFILE: 'passwd' }],
  ['a folder on the way', { a: '->b', 'b/c/Dockerfile': 'FROM scratch' }, { GIT_FOLDER: 'a/c' }],
])('a link in the place of %s ends the build', (_, files, parts) => {
  const { status, stderr, says } = prepared(variables(repository(files), parts));
  expect(stderr).toMatch(/ is a link: the build takes none for it$/m);
  expect(status).toBe(1);
  expect(says.join()).not.toContain('context');
});

test('a commit that the repository does not have ends the build', () => {
  repository({ Dockerfile: 'FROM scratch' });
  expect(prepared(variables('b'.repeat(40)))).toMatchObject({ status: 128 });
});

test('nothing but HTTPS is spoken, whatever Git would take', () => {
  const commit = repository({ Dockerfile: 'FROM scratch' });
  const { status, stderr } = prepared(
    variables(commit, { GIT_URL: `file://${folder}/git/acme/shop.git` }),
    false,
  );
  expect(stderr).toContain("transport 'file' not allowed");
  expect(status).toBe(128);
});
