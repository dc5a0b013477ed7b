/** What a build resolved: when it is kept, what is in it, and that what follows takes it. The shell's words are run by a shell. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
    ['but not without packages of pip', making({ apt: [{ name: 'curl' }], npm: [{ name: 'ms' }] }), false],
  ])('%s', (_, it, is) => {
    expect(lockTagOf(it, content)).toBe(is ? 'lock-0123456789abcdef0123456789abcdef' : undefined);
    const lines = linesOf(it);
    expect(lines.some((line) => line.includes('/opt/venv/resolved.txt'))).toBe(is);
    expect(lines.some((line) => line.includes('--mount=type=secret,id=pip '))).toBe(is);
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
