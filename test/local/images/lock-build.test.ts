/** The buildspec's own lines about locks, run by bash: what docker is asked, whether there is a lock and whether it may be kept. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildspec } from '#lib/stages/buildspec.ts';
import { parseBuildspec, phaseScript } from '#local/images/buildspec.ts';
import { testApp } from '../../lib/assembly.ts';

const { phases } = parseBuildspec(String(new Stack(testApp(), 'Stack').resolve(buildspec.toBuildSpec())));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-build-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The Dockerfile that copies it out of the image. */
const kept = () => readFileSync(join(folder, 'kept'), 'utf8');

/** The proxy says that it listens, whatever else the program does. */
function program(name: string, text: string) {
  const proxy = 'case "$1" in */egress.mjs) echo "[egress] listens at $EGRESS_LISTEN"; exit 0;; esac';
  writeFileSync(join(folder, name), `#!/bin/sh\n${proxy}\n${text}\n`);
  chmodSync(join(folder, name), 0o755);
}

/** @param fails a word of a command that docker does not get done. */
function build(
  variables: Readonly<Record<string, string>>,
  fails = 'nothing',
  locked = false,
  ids = ['pip'],
) {
  const reference = `r.test/cache/a/b@sha256:${'a'.repeat(64)}`;
  if (locked) writeFileSync(join(folder, 'locked'), `${reference}\n`);
  writeFileSync(join(folder, 'Dockerfile'), ids.map((id) => `RUN --mount=type=secret,id=${id} x\n`).join(''));
  const docker = join(folder, 'docker');
  writeFileSync(
    docker,
    `#!/bin/sh\necho "$*" >> ${folder}/asked\ncase "$*" in *--output*) lock="\${*##*dest=}"; mkdir "\${lock%% *}"; touch "\${lock%% *}/pip" "\${lock%% *}/npm" "\${lock%% *}/other";; esac\nfor last; do :; done; cp "$last/Dockerfile" ${folder}/kept 2> /dev/null\ncase "$*" in *${fails}*) exit 1;; esac\n`,
  );
  chmodSync(docker, 0o755);
  if (!existsSync(join(folder, 'aws'))) program('aws', '');
  if (!existsSync(join(folder, 'node'))) program('node', '');
  const script = phaseScript({ commands: phases.build?.commands ?? [], finally: [] });
  const { status } = spawnSync('bash', ['-c', script], {
    cwd: folder,
    env: {
      PATH: `${folder}:${process.env['PATH']}`,
      TMPDIR: folder,
      CODEBUILD_LOCAL_STATE: join(folder, 'state.sh'),
      CODEBUILD_BUILD_SUCCEEDING: '1',
      ...{ REGISTRY: 'r.test', REPOSITORY: 'candidate/a/b', TAG: 'build-1', CACHE_REPOSITORY: 'cache/a/b' },
      ...{ EGRESS: 's3://assets/egress.mjs', EGRESS_ALLOW: 'pypi.org' },
      ...{ CONTEXT: '.', FILE: 'Dockerfile', LOCK_PAUSE: '0' },
      ...variables,
    },
  });
  const asked = readFileSync(join(folder, 'asked'), 'utf8')
    .trim()
    .split('\n')
    .filter((line) => line.startsWith('buildx build '));
  const what = asked.map((line) =>
    line.includes('--output') ? 'read' : line.includes('cache/a/b:lock-1') ? 'keep' : 'build',
  );
  const line = asked[what.indexOf('build')] ?? '';
  return {
    status,
    what,
    locked: line.includes('--secret id=npm,src=') && line.includes('--secret id=pip,src='),
    asked,
  };
}

test('one that is there is given to the build as a secret, and kept again behind it', () => {
  const { asked, ...rest } = build({ LOCK: 'lock-1' }, 'nothing', true);
  expect(rest).toEqual({ status: 0, what: ['read', 'build', 'keep'], locked: true });
  expect(asked[1]).toMatch(
    / --secret id=pip,src=\S+\/lock\/pip --secret id=npm,src=\S+\/lock\/npm --progress/,
  );
  expect(asked[1]).not.toContain('other');
  expect(kept()).toBe(
    'FROM r.test/candidate/a/b:build-1 AS image\nFROM scratch\nCOPY --from=image /opt/venv/resolved.txt /pip\n',
  );
  expect(asked[2]).toContain('--tag r.test/cache/a/b:lock-1 ');
});

test.each([
  [['npm'], 'COPY --from=image /opt/npm/resolved.json /npm\n'],
  [
    ['pip', 'npm'],
    'COPY --from=image /opt/venv/resolved.txt /pip\nCOPY --from=image /opt/npm/resolved.json /npm\n',
  ],
])('what is kept is what %j made, and nothing else is looked for in the image', (ids, copies) => {
  expect(build({ LOCK: 'lock-1' }, 'nothing', false, ids)).toMatchObject({
    status: 0,
    what: ['build', 'keep'],
  });
  expect(kept()).toBe(`FROM r.test/candidate/a/b:build-1 AS image\nFROM scratch\n${copies}`);
});

test('where the stage found none it is built without, and kept', () => {
  expect(build({ LOCK: 'lock-1' })).toMatchObject({
    ...{ status: 0, what: ['build', 'keep'], locked: false },
  });
});

test('one that can not be read ends the build after four tries: nothing is resolved anew without a word', () => {
  const { status, what } = build({ LOCK: 'lock-1' }, '--output', true);
  expect({ status, what }).toEqual({ status: 1, what: ['read', 'read', 'read', 'read'] });
});

test('one that is read at the second try is as good', () => {
  writeFileSync(join(folder, 'once'), '');
  const first = `*--output*) test ! -e ${folder}/once || { rm ${folder}/once; exit 1; };; *nothing`;
  expect(build({ LOCK: 'lock-1' }, first, true)).toMatchObject({
    ...{ status: 0, what: ['read', 'read', 'build', 'keep'], locked: true },
  });
});

test('a build that failed keeps none', () => {
  expect(build({ LOCK: 'lock-1' }, ':build-1')).toMatchObject({ status: 1, what: ['build'] });
});

test('one that can not be kept fails no build', () => {
  expect(build({ LOCK: 'lock-1' }, ':lock-1')).toMatchObject({ status: 0, what: ['build', 'keep'] });
});

test('a build without a lock asks for none', () => {
  expect(build({})).toMatchObject({ status: 0, what: ['build'], locked: false });
});

test('what belongs to the image is attached behind all else, and fails no build', () => {
  const said = () => readFileSync(join(folder, 'said'), 'utf8').trim().split('\n');
  program('aws', `case "$*" in *egress*) ;; *) echo "aws $*" >> ${folder}/said;; esac`);
  program('node', `echo "node $*" >> ${folder}/said; exit $FAILS`);
  const lines = ['aws s3 cp --quiet s3://assets/a.mjs attest.mjs', 'node attest.mjs metadata.json'];
  expect(build({ ATTEST: 's3://assets/a.mjs', FAILS: '0' })).toMatchObject({ status: 0 });
  expect(said()).toEqual(lines);
  expect(build({ ATTEST: 's3://assets/a.mjs', FAILS: '1' })).toMatchObject({ status: 0 });
  expect(build({ ATTEST: 's3://assets/a.mjs', FAILS: '0' }, ':build-1')).toMatchObject({ status: 1 });
  expect(said()).toEqual([...lines, ...lines]);
});

test('RUN is on a network that leads nowhere, with the proxy as its way; the proxy is there before anything is built', () => {
  const { status } = build({});
  expect(status).toBe(0);
  const [network, builder, first = ''] = readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n');
  expect(network).toBe('network create --internal --subnet 10.213.7.0/29 --gateway 10.213.7.1 builds');
  expect(builder).toMatch(/^buildx create .* --driver-opt network=builds /);
  for (const name of ['http_proxy', 'https_proxy']) {
    expect(builder).toContain(`--driver-opt env.${name}=http://10.213.7.1:3128`);
    expect(first).toContain(`--build-arg ${name}=http://10.213.7.1:3128`);
  }
});

test('without its proxy nothing is built', () => {
  program('node', '');
  writeFileSync(join(folder, 'node'), '#!/bin/sh\necho "the list is not valid" >&2\nexit 1\n');
  const { status, what } = build({});
  expect({ status, what }).toEqual({ status: 1, what: [] });
});
