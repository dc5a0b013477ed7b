// Buildspecs run by a real bash, and the `docker` of local builds, which refuses what it cannot do.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseBuildspec, phaseScript } from '#local/images/buildspec.ts';
import { repairsOf } from '#local/images/debian-changelogs.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'build-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function runPhase(commands: string[], last: string[] = [], succeeding = '1') {
  const env = {
    ...process.env,
    CODEBUILD_LOCAL_STATE: join(folder, 'state'),
    CODEBUILD_BUILD_SUCCEEDING: succeeding,
  };
  const { status, stdout } = spawnSync('bash', ['-c', phaseScript({ commands, finally: last })], {
    env,
    cwd: folder,
  });
  return {
    status,
    lines: stdout
      .toString()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('[Container]')),
  };
}

describe('phases', () => {
  test('a failing command ends the phase with its code, and finally still runs', () => {
    expect(runPhase(['echo one', 'false || (exit 7)', 'echo two'], ['echo last'])).toEqual({
      status: 7,
      lines: ['one', 'last'],
    });
  });

  test('variables and the working folder carry over, whether the build succeeds does not', () => {
    runPhase([`export GREETING="it's here"`, 'mkdir -p below', 'cd below']);
    expect(runPhase(['echo "$GREETING $CODEBUILD_BUILD_SUCCEEDING"', 'basename "$PWD"'], [], '0')).toEqual({
      status: 0,
      lines: ["it's here 0", 'below'],
    });
  });

  test('a pipe is a command as in any shell', () => {
    expect(runPhase(['echo secret | tr a-z A-Z']).lines).toEqual(['SECRET']);
  });
});

describe('buildspec', () => {
  test('is read as CodeBuild reads it', () => {
    const { phases, env } = parseBuildspec(
      'version: 0.2\nenv: {variables: {N: 1}}\nphases: {build: {commands: [make]}}',
    );
    expect(phases.build).toEqual({ commands: ['make'], finally: [] });
    expect(env.variables).toEqual({ N: '1' });
  });

  test('is refused where it says what does not work here', () => {
    const spec = 'version: 0.2\nphases: {build: {commands: [make]}}\nreports: {r: {files: [x]}}';
    expect(() => parseBuildspec(spec)).toThrow('reports');
  });
});

describe('docker', () => {
  const script = join(import.meta.dirname, '../../../local/images/docker.ts');
  const env = {
    ...process.env,
    REGISTRY_AUTH_FILE: '/dev/null',
    LOCAL_REGISTRY: 'http://127.0.0.1:9',
    LOCAL_REGISTRY_NAME: 'registry.test',
  };
  const good = ['--tag', 'registry.test/a:b', '--provenance=false', '--sbom=false', '--push'];

  test.each<[string, string[], string]>([
    ['another command', ['run', 'x'], 'docker run: only login, network and buildx work'],
    ['another subcommand', ['buildx', 'bake'], 'docker buildx bake: only create and build work'],
    ['an unknown option', ['buildx', 'build', ...good, '--ssh', 'default', '.'], "Unknown option '--ssh'"],
    ['a network that leads out', ['network', 'create', 'builds'], 'needs --internal'],
    [
      'a network that is not there',
      ['buildx', 'create', '--driver-opt', 'network=none-such'],
      '--driver-opt network=none-such',
    ],
    ['another output', ['buildx', 'build', '--output', 'type=tar', '.'], 'only type=local,dest=… works'],
    ['a build without a push', ['buildx', 'build', '--tag', 'x', '.'], 'needs --push and --tag'],
    ['attestations', ['buildx', 'build', ...good, '--sbom=true', '.'], 'needs --sbom=false'],
    [
      'a foreign platform',
      ['buildx', 'build', ...good, '--platform', 'linux/s390x', '.'],
      'this machine builds linux/',
    ],
    [
      'a local cache',
      ['buildx', 'build', ...good, '--cache-to', 'type=local,dest=x', '.'],
      'only type=registry',
    ],
    [
      'a cache elsewhere',
      ['buildx', 'build', ...good, '--cache-to', 'type=registry,ref=docker.io/x', '.'],
      'push to registry.test only',
    ],
    [
      "an asset's foreign platform",
      ['build', '--tag', 'x', '--platform', 'linux/s390x', '.'],
      'builds linux/',
    ],
    ['an asset without a tag', ['build', '.'], 'docker build: needs --tag'],
    ["an asset's secret", ['build', '--tag', 'x', '--secret', 'id=x', '.'], "Unknown option '--secret'"],
    ['an asset for elsewhere', ['push', 'docker.io/x:y'], 'push to registry.test only'],
    ['a push of everything', ['push', '--all-tags', 'registry.test/x'], 'not as cdk deploy asks it'],
    [
      'a password on the command line',
      ['login', '-u', 'AWS', '-p', 'x', 'registry.test'],
      "Unknown option '-p'",
    ],
  ])('refuses %s', (_, args, message) => {
    const { status, stderr } = spawnSync(process.execPath, [script, ...args], { env, input: '' });
    expect(stderr.toString()).toContain(message);
    expect(status).toBe(1);
  });
});

test('a changelog names the first upload that repaired a CVE', () => {
  const upload = (version: string, target: string, text: string) =>
    `glibc (${version}) ${target}; urgency=medium\n\n  * ${text}\n\n -- A B <a@b>  Sat, 30 Sep 2023 10:31:05 +0200\n`;
  const repairs = repairsOf(
    [
      upload('2.36-9+deb12u4', 'bookworm', 'Again CVE-2023-4911.'),
      upload('2.36-9+deb12u3', 'bookworm-security', 'Fix CVE-2023-4911.'),
      upload('2.36-9', 'unstable', 'Fix CVE-2023-0001.'),
    ].join('\n'),
  );
  expect([...repairs]).toEqual([
    ['CVE-2023-4911', { source: 'glibc', version: '2.36-9+deb12u3', date: new Date('2023-09-30T08:31:05Z') }],
  ]);
});
