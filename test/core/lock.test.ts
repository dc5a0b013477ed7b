/** What a build resolved: when it is kept, what is in it, and that what follows takes it. The shell's words are run by a shell. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { buildContext, type Making } from '#core/context.ts';
import { lockTagOf } from '#core/lock.ts';
import { Spec } from '#core/spec.ts';
import { digest, key } from './samples.ts';

const content = '0123456789abcdef'.repeat(4);
const baseImage = `000000000000.dkr.ecr.us-east-1.amazonaws.com/base/debian@${digest(1)}`;
type FromBase = Extract<Making, { from: 'base' }>;
const making = (packages: object, parts: Partial<FromBase> = {}): FromBase => ({
  ...{ from: 'base', spec: Spec.parse({ base: 'debian-12', packages, command: ['sleep', '1'] }), baseImage },
  ...{ takes: ['apt', 'pip', 'npm'], key, fixes: [], epoch: '2026-11-19' },
  ...parts,
});
const pip = [{ name: 'six' }];
const six = { manager: 'pip' as const, package: 'six', version: '1.17.0' };
const linesOf = (it: Making) => (buildContext(it)['Dockerfile'] ?? '').split('\n');

describe('there is one', () => {
  test.each<[string, Making, boolean]>([
    ['of what pip resolves', making({ pip }), true],
    ['beside what a verdict asks for', making({ pip: [...pip, { name: 'attrs' }] }, { fixes: [six] }), true],
    ['but not of what a verdict asks for alone', making({ pip }, { fixes: [six] }), false],
    ['but not without packages of pip or npm', making({ apt: [{ name: 'curl' }] }), false],
  ])('%s', (_, it, is) => {
    expect(lockTagOf(it, content)).toBe(is ? 'lock-0123456789abcdef0123456789abcdef' : undefined);
    const lines = linesOf(it);
    expect(lines.some((line) => line.includes('/opt/venv/resolved.txt'))).toBe(is);
    expect(lines.some((line) => line.includes('--mount=type=secret,id=pip '))).toBe(is);
  });

  it('of what npm resolves, beside that of pip or without it', () => {
    const npm = [{ name: 'ms' }];
    for (const packages of [{ npm }, { pip, npm }]) {
      const lines = linesOf(making(packages));
      const ids = lines.flatMap((line) => /--mount=type=secret,id=(\w+) /.exec(line)?.[1] ?? []);
      expect(ids).toEqual(Object.keys(packages));
      expect(lockTagOf(making(packages), content)).toMatch(/^lock-/);
    }
    expect(linesOf(making({ apt: [{ name: 'curl' }], pip })).join()).not.toContain('npm install');
    const ms = { manager: 'npm' as const, package: 'ms', version: '2.1.3' };
    expect(lockTagOf(making({ npm }, { fixes: [ms] }), content)).toBeUndefined();
  });

  it('changes nothing of what a spec without npm is made of', () => {
    const packages = { apt: [{ name: 'curl' }], pip };
    const isNpm = (line: string) => / AS npm$| npm install |--from=npm /.test(line);
    const both = linesOf(making({ ...packages, npm: [{ name: 'ms' }] }));
    expect(both.filter(isNpm)).toHaveLength(3);
    expect(both.filter((line) => !isNpm(line))).toEqual(linesOf(making(packages)));
  });

  it('but not of what is built from an image or a repository', () => {
    const { spec } = making({});
    expect(lockTagOf({ from: 'image', key, spec, image: baseImage }, content)).toBeUndefined();
    const git = { url: 'https://git.example/a/b', commit: 'a'.repeat(40), dockerfile: 'Dockerfile' };
    expect(lockTagOf({ from: 'git', key, git, epoch: '2026-11-19' }, content)).toBeUndefined();
  });
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The instruction that installs, or its end that keeps what came of it, run here: its places are in the folder. */
function runs(part: 'all' | 'keep', path = process.env['PATH'] ?? '') {
  const line = linesOf(making({ pip })).find((each) => each.includes('/spec.json')) ?? '';
  const whole = line.replaceAll(/^RUN |--mount=\S+ /g, '');
  const command = part === 'all' ? whole : whole.slice(whole.indexOf('{ python3 -c'));
  const here = command.replaceAll(/\/opt\/venv(?=\/resolved)|\/tmp|\/run\/secrets/g, folder);
  return spawnSync('sh', ['-c', here], { encoding: 'utf8', env: { PATH: path } });
}

describe('pip', () => {
  const item = (name: string, version: string, hash?: string) => ({
    metadata: { name, version },
    download_info: { archive_info: hash === undefined ? {} : { hashes: { sha256: hash } } },
  });
  const report = (name: string, ...install: object[]) =>
    writeFileSync(join(folder, name), JSON.stringify({ install }));
  const kept = () => {
    const { status } = runs('keep');
    expect(status).toBe(0);
    return readFileSync(join(folder, 'resolved.txt'), 'utf8');
  };

  it('keeps each package once, as it is in the end, with its hash', () => {
    report('lock.json', item('six', '1.16.0', 'aa'));
    report('spec.json', item('Jinja2', '3.1.5', 'bb'), item('zope.event', '5.0', 'cc'));
    report('fix.json', item('jinja2', '3.1.6', 'dd'));
    expect(kept()).toBe(
      'jinja2==3.1.6 --hash=sha256:dd\nsix==1.16.0 --hash=sha256:aa\nzope-event==5.0 --hash=sha256:cc\n',
    );
  });

  it('keeps nothing where the hash of one is not told: the next build looks all of them up', () => {
    report('spec.json', item('six', '1.16.0', 'aa'), item('jinja2', '3.1.5'));
    expect(kept()).toBe('');
  });

  it('is not stopped by a report that is none', () => {
    writeFileSync(join(folder, 'spec.json'), 'x');
    expect(kept()).toBe('');
  });

  /** Tells what it was asked, and fails where it is to install what is locked and there is a file `broken`. */
  function installs() {
    const fake = join(folder, 'python3');
    const asked = join(folder, 'asked');
    writeFileSync(
      fake,
      `#!/bin/sh\ncase "$*" in *require-hashes*) echo locked; test ! -e ${folder}/broken;; *) echo "$*" | grep -o "six";; esac >> ${asked}\n`,
    );
    chmodSync(fake, 0o755);
    const { status, stderr } = runs('all', `${folder}:${process.env['PATH']}`);
    const told = existsSync(asked) ? readFileSync(asked, 'utf8').trim().split('\n') : [];
    return { status, stderr, asked: told };
  }

  it('resolves where nothing is locked', () => {
    expect(installs()).toMatchObject({ status: 0, asked: ['six'] });
  });

  it('resolves where what is locked is empty', () => {
    writeFileSync(join(folder, 'pip'), '');
    expect(installs()).toMatchObject({ status: 0, asked: ['six'] });
  });

  it('installs what is locked first, so that nothing is left to be resolved', () => {
    writeFileSync(join(folder, 'pip'), 'six==1.16.0 --hash=sha256:aa\n');
    expect(installs()).toMatchObject({ status: 0, asked: ['locked', 'six'] });
  });

  it('ends where what is locked can not be had as it was, and says what to do', () => {
    writeFileSync(join(folder, 'pip'), 'six==1.16.0 --hash=sha256:aa\n');
    writeFileSync(join(folder, 'broken'), '');
    const { status, stderr, asked } = installs();
    expect({ status, asked }).toEqual({ status: 1, asked: ['locked'] });
    expect(stderr).toContain('A rebuild without the cache looks it up anew');
  });
});

describe('npm', () => {
  const entries = (ms: object, more: object = {}) => ({
    '': { workspaces: ['each/*'] },
    'each/ms': { name: 'Of-6d73', dependencies: { ms: '*' } },
    'each/ms/node_modules/ms': ms,
    'node_modules/Of-6d73': { resolved: 'each/ms', link: true },
    ...more,
  });
  const hash = 'sha512-aa==';
  const ms = { version: '2.1.2', integrity: hash };
  const lockOf = (packages: object) => JSON.stringify({ lockfileVersion: 3, packages });

  interface Run {
    readonly locked?: string;
    readonly broken?: string;
  }
  /** An npm that says what it was asked, and makes a tree of each package and the lock; it fails at a word of `broken`. */
  function installs(made: object, { locked, broken = 'nothing' }: Run = {}) {
    writeFileSync(join(folder, 'made.json'), lockOf(made));
    if (locked !== undefined) writeFileSync(join(folder, 'npm'), locked);
    mkdirSync(join(folder, 'bin'));
    const npm = join(folder, 'bin/npm');
    const tree = `for at in ${folder}/opt/each/*; do mkdir -p $at/node_modules/$(basename $at); echo '{}' > $at/node_modules/$(basename $at)/package.json; done; mkdir -p ${folder}/opt/node_modules`;
    writeFileSync(
      npm,
      `#!/bin/sh\necho "$1" >> ${folder}/asked\ncase "$1" in ${broken}) exit 1;; esac\n${tree}\n` +
        `test "$1" = ci || cp ${folder}/made.json ${folder}/opt/package-lock.json\ncat ${folder}/opt/each/*/package.json >> ${folder}/specs\n`,
    );
    chmodSync(npm, 0o755);
    const lines = linesOf(making({ npm: [{ name: 'ms' }] }));
    const line = lines.find((each) => each.includes('npm install')) ?? '';
    const here = line
      .replaceAll(/^RUN |--mount=\S+ /g, '')
      .replaceAll('/opt/npm', `${folder}/opt`)
      .replaceAll(/\/tmp(?=\/young)|\/run\/secrets/g, folder);
    const { status, stderr } = spawnSync('sh', ['-c', here], {
      encoding: 'utf8',
      env: { PATH: `${join(folder, 'bin')}:${process.env['PATH']}` },
    });
    const read = (name: string) =>
      existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : undefined;
    const asked = (read('asked') ?? '').split('\n').filter(Boolean);
    return { status, stderr, asked, kept: read('opt/resolved.json'), specs: read('specs') };
  }
  it('keeps each package of the tree with its hash, and no address: the index that is configured says where', () => {
    const made = entries({ ...ms, resolved: 'https://npm.example/ms-2.1.2.tgz' });
    const { status, asked, kept, stderr } = installs(made);
    expect({ status, asked, stderr }).toEqual({ status: 0, asked: ['install'], stderr: '' });
    expect(JSON.parse(kept ?? '')).toEqual({ lockfileVersion: 3, packages: entries(ms) });
    // As it is where all of npm is global, and nothing of how it was made.
    expect(readlinkSync(join(folder, 'opt/lib/node_modules/ms'))).toBe('../../each/ms/node_modules/ms');
    expect(readdirSync(join(folder, 'opt')).sort()).toEqual(['each', 'lib', 'node_modules', 'resolved.json']);
  });

  it.each<[string, object]>([
    ['an index that tells no hash', entries({ version: '2.1.2' })],
    ['a hash that is weak', entries({ version: '2.1.2', integrity: 'sha1-aa==' })],
    [
      'a package that no index has',
      entries({ ...ms, dependencies: { x: 'git+https://git.example/x' } }, { 'each/ms/node_modules/x': ms }),
    ],
    ['a link to elsewhere', entries(ms, { 'node_modules/x': { resolved: '../../etc', link: true } })],
  ])('keeps nothing of %s, and the build goes on', (_, made) => {
    expect(installs(made)).toMatchObject({ status: 0, kept: '' });
  });

  it('keeps what comes in the tarball of another, and what stands for one by another name', () => {
    const made = entries(
      { ...ms, dependencies: { x: '^1', y: 'npm:@a/y@1' } },
      { 'each/ms/node_modules/x': { version: '1.0.0', inBundle: true }, 'each/ms/node_modules/y': ms },
    );
    expect(JSON.parse(installs(made).kept ?? '').packages).toEqual(made);
  });

  it('installs what is locked first, so that nothing is left to be resolved', () => {
    const locked = lockOf(entries(ms));
    const { status, asked, specs } = installs(entries(ms), { locked });
    expect({ status, asked }).toEqual({ status: 0, asked: ['ci', 'install'] });
    expect(specs).toContain('"dependencies":{"ms":"*"}');
  });

  it('resolves where what is locked is empty', () => {
    expect(installs(entries(ms), { locked: '' })).toMatchObject({ status: 0, asked: ['install'] });
  });

  it.each<[string, string, string[]]>([
    ['can not be had as it was', lockOf(entries(ms)), ['ci']],
    ['is no JSON', '{', []],
    ['locks nothing', lockOf({}), []],
    ['has no packages', '{}', []],
    ['has no hash of one', lockOf(entries({ version: '2.1.2' })), []],
    ['leads out of its place', lockOf(entries(ms, { 'each/..': { dependencies: { x: '*' } } })), []],
    ['wants what no index has', lockOf(entries({ ...ms, dependencies: { x: 'a/x' } })), []],
  ])('ends where what is locked %s, and says what to do', (_, locked, until) => {
    const { status, stderr, asked } = installs(entries(ms), { locked, broken: 'ci' });
    expect({ status, asked }).toEqual({ status: 1, asked: until });
    expect(stderr).toContain('A rebuild without the cache looks it up anew');
  });
});
