/** Packages of pip in parts: which are in which, what a build has anew, and what the image has in the end. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dockerfile } from '#core/dockerfile.ts';
import { partsOf } from '#core/parts.ts';
import { Spec } from '#core/spec.ts';
import type { Fix } from '#core/verdict.ts';
import { digest, key } from './samples.ts';

const list = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/), { maxLength: 70 });

describe('parts', () => {
  it('are the list, in its order, sixteens first, then fours, the last with three at most', () =>
    fc.assert(
      fc.property(list, (all) => {
        const parts = partsOf(all);
        expect(parts.flat()).toEqual(all);
        expect(parts.every(({ length }) => length > 0)).toBe(true);
        expect(parts.length).toBeLessThanOrEqual(5);
        const lengths = parts.map(({ length }) => length);
        expect(lengths.filter((length) => length > 4).length).toBeLessThanOrEqual(1);
        expect(lengths.slice(1, -1).every((length) => length === 4)).toBe(true);
      }),
    ));

  it('stay as they were when one is added at the end, but for the last, and but each sixteenth time', () =>
    fc.assert(
      fc.property(list, fc.constant('zzzzz'), (all, added) => {
        fc.pre(all.length >= 4 && (all.length + 1) % 16 !== 0);
        const [before, after] = [partsOf(all), partsOf([...all, added])];
        const isNew = after.length > before.length;
        expect(after.slice(0, -1)).toEqual(isNew ? before : before.slice(0, -1));
        expect(after.at(-1)?.length).toBeLessThanOrEqual(4);
      }),
    ));

  it.each([
    [0, []],
    [3, [3]],
    [4, [4]],
    [5, [4, 1]],
    [8, [4, 4]],
    [15, [4, 4, 4, 3]],
    [16, [16]],
    [17, [16, 1]],
    [31, [16, 4, 4, 4, 3]],
    [32, [32]],
  ])('of %s have %j', (count, lengths) => {
    expect(partsOf(Array.from({ length: count }, (_, i) => i)).map(({ length }) => length)).toEqual(lengths);
  });
});

const five = ['flask', 'attrs', 'six', 'requests', 'zipp'];
const make = (names: readonly string[], fixes: Fix[] = []) =>
  dockerfile({
    spec: Spec.parse({
      base: 'any',
      packages: { pip: names.map((name) => ({ name })), apt: [{ name: 'jq' }] },
      command: ['x'],
    }),
    baseImage: `r.test/base/debian@${digest(1)}`,
    takes: ['apt', 'pip'],
    key,
    fixes,
    epoch: '2026-11-26',
  }).split('\n');

describe('a Dockerfile', () => {
  it('has all that was there before one was added, in the same order, and the added one behind each', () => {
    const [before, after] = [make(five.slice(0, 4)), make(five)];
    const added = after.filter((line) => !before.includes(line));
    expect(after.filter((line) => before.includes(line))).toEqual(before);
    expect(added.map((line) => line.replaceAll(/ --mount=\S+/g, '').slice(0, 45))).toEqual([
      'FROM pip AS pip-2',
      expect.stringMatching(/^RUN SECURITY_EPOCH=2026-11-26 python3 -c /),
      'COPY --from=pip-2 /opt/more /opt/venv',
      expect.stringMatching(/^RUN while read -r path; do /),
    ]);
    expect(added[1]).toContain(" 'attrs' 'flask' 'requests' 'six' 'zipp' && { python3 -c");
  });

  it('has a third part upon the second, and takes away once what is there no longer', () => {
    const [before, after] = [make([...five, 'a', 'b', 'c']), make([...five, 'a', 'b', 'c', 'd'])];
    const added = after.filter((line) => !before.includes(line));
    expect(after.filter((line) => before.includes(line))).toEqual(before);
    expect(added).toEqual([
      'FROM pip-2 AS pip-3',
      expect.stringContaining(" 'a' 'attrs' 'b' 'c' 'd' 'flask' 'requests' 'six' 'zipp' && { python3 -c"),
      'COPY --from=pip-3 /opt/more /opt/venv',
    ]);
    expect(before[before.indexOf('FROM pip AS pip-2') + 1]).not.toContain("'d'");
  });

  it('says the same whatever order the first part has, and another thing where another is in it', () => {
    const [a = '', b = '', ...rest] = five;
    expect(make([b, a, ...rest])).toEqual(make(five));
    expect(make([...five].reverse())).not.toEqual(make(five));
  });

  it('has one part where a verdict asks for something: nothing that was made before is taken from there on', () => {
    const fix: Fix = { manager: 'pip', package: 'six', version: '1.17.0' };
    const text = make(five, [fix]).join('\n');
    expect(text).not.toContain('pip-2');
    expect(text).toContain("'attrs' 'flask' 'requests' 'zipp' && ");
    // It can't be told of which part what it resolves is.
    expect(text).toContain("{ { echo '# more'; python3 -c ");
    expect(make(five.slice(0, 4), [fix]).join('\n')).not.toContain("echo '# more'");
    // All of it is the last part's: what is kept of those before it may be another spec's, too.
    const nine = [...five, 'a', 'b', 'c', 'd'];
    expect(make(nine, [fix]).join('\n')).toContain("{ { echo '# more'; echo '# more'; python3 -c ");
  });
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parts-test-'));
  for (const path of ['tmp', 'opt/venv', 'run/secrets', 'bin'])
    mkdirSync(join(folder, path), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (path: string, text: string) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
};
const read = (path: string) => readFileSync(join(folder, path), 'utf8');
const item = (name: string, version: string, hash = name) => ({
  metadata: { name, version },
  download_info: { archive_info: hash === '' ? {} : { hashes: { sha256: hash } } },
});

/** The instruction with `words`, run here; `pip` is a shell's words, and everything else of Python is Python's. */
function run(words: string, pip = ':', names = five) {
  const line = make(names).find((each) => each.includes(words)) ?? '';
  const here = line
    .replaceAll(/^RUN |--mount=\S+ /g, '')
    .replaceAll(/\/(?=tmp|opt|run\/secrets)/g, `${folder}/`);
  write(
    'bin/python3',
    `#!/bin/sh\ncd ${folder}\ncase "$1" in -c) exec /usr/bin/python3 "$@";; esac\necho "$*" >> asked\n${pip}\n`,
  );
  chmodSync(join(folder, 'bin/python3'), 0o755);
  const env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` };
  return spawnSync('sh', ['-c', here], { encoding: 'utf8', env });
}
const more = '/tmp/spec-2.json';
const report = (...install: object[]) => reportTo('spec-2', ...install);
const reportTo = (name: string, ...install: object[]) =>
  `printf '%s' '${JSON.stringify({ install })}' > tmp/${name}.json`;

describe('the second part', () => {
  beforeEach(() => {
    write('opt/venv/lib/six.py', 'six');
    write('opt/venv/lib/old/old.py', 'old');
    write('opt/venv/lib/old.info/RECORD', 'old');
    write('opt/venv/resolved.txt', 'old==1 --hash=sha256:old\nsix==1 --hash=sha256:six\n');
  });

  it('is what was added or changed, and takes away what is there no longer', () => {
    const pip = [
      'echo zipp > opt/venv/lib/zipp.py; echo new > opt/venv/lib/old/old.py; rm -r opt/venv/lib/old.info',
      'mkdir opt/venv/lib/new.info; echo new > opt/venv/lib/new.info/RECORD',
      report(item('zipp', '3'), item('old', '2', 'new')),
    ].join('\n');
    expect(run(more, pip)).toMatchObject({ status: 0, stderr: '' });
    expect(read('opt/more/lib/zipp.py')).toBe('zipp\n');
    expect(read('opt/more/lib/old/old.py')).toBe('new\n');
    expect(existsSync(join(folder, 'opt/more/lib/six.py'))).toBe(false);
    expect(read('opt/more/gone.txt')).toBe('lib/old.info/RECORD\n');
    expect(read('opt/more/resolved.txt')).toBe(
      'old==1 --hash=sha256:old\nsix==1 --hash=sha256:six\n# more\nold==2 --hash=sha256:new\nzipp==3 --hash=sha256:zipp\n',
    );
    // As the image has it: the first part, and the second over it.
    write('opt/venv/lib/old.info/RECORD', 'old');
    spawnSync('cp', ['-a', `${folder}/opt/more/.`, `${folder}/opt/venv`]);
    expect(run('rm /opt/venv/gone.txt')).toMatchObject({ status: 0, stderr: '' });
    expect(
      ['old.info', 'new.info', 'old', 'six.py'].map((name) => existsSync(join(folder, 'opt/venv/lib', name))),
    ).toEqual([...[false, true, true, true]]);
    expect(existsSync(join(folder, 'opt/venv/gone.txt'))).toBe(false);
  });

  it('is nothing but its lock where all was there', () => {
    expect(run(more, report())).toMatchObject({ status: 0 });
    expect(spawnSync('ls', [join(folder, 'opt/more')], { encoding: 'utf8' }).stdout).toBe(
      'gone.txt\nresolved.txt\n',
    );
    write('opt/venv/gone.txt', read('opt/more/gone.txt'));
    expect(run('rm /opt/venv/gone.txt')).toMatchObject({ status: 0, stderr: '' });
    expect(read('opt/venv/lib/six.py')).toBe('six');
  });

  it('keeps no lock where the hash of one is not told, or the first part kept none', () => {
    expect(run(more, report(item('zipp', '3', '')))).toMatchObject({ status: 0 });
    expect(read('opt/venv/resolved.txt')).toBe('');
    rmSync(join(folder, 'opt/more'), { recursive: true });
    expect(run(more, report(item('zipp', '3')))).toMatchObject({ status: 0 });
    expect(read('opt/venv/resolved.txt')).toBe('');
  });

  it('installs of a lock what is of it; the first what is of the first', () => {
    write('run/secrets/pip', 'six==1 --hash=sha256:six\n# more\nzipp==3 --hash=sha256:zipp\n');
    const shown = 'case "$*" in *require-hashes*) for last; do :; done; cat "$last" >> asked;; esac';
    run(more, `${shown}\n${report()}`);
    expect(read('asked')).toContain('lock-2.json --no-deps --require-hashes');
    expect(read('asked')).toContain('zipp==3');
    expect(read('asked')).not.toContain('six==1');
    rmSync(join(folder, 'asked'));
    run('/tmp/spec.json', shown);
    expect(read('asked')).toContain('six==1');
    expect(read('asked')).not.toContain('zipp==3');
  });

  it('ends where what is locked can not be had, or pip fails', () => {
    write('run/secrets/pip', 'six==1 --hash=sha256:six\n# more\nzipp==3 --hash=sha256:zipp\n');
    const refused = run(more, 'case "$*" in *require-hashes*) exit 1;; esac');
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('can not be had as it was') });
    rmSync(join(folder, 'run/secrets/pip'));
    expect(run(more, 'exit 1').status).not.toBe(0);
    expect(existsSync(join(folder, 'opt/more'))).toBe(false);
  });
});

describe('the third part', () => {
  const nine = [...five, 'a', 'b', 'c', 'd'];

  it('has what it changed alone, and the names of all that is there no longer', () => {
    write('opt/venv/lib/six.py', 'six');
    for (const name of ['one', 'two', 'back']) write(`opt/venv/lib/${name}.py`, name);
    write('opt/venv/resolved.txt', 'six==1 --hash=sha256:six\n');
    const second = ['rm opt/venv/lib/one.py opt/venv/lib/back.py', 'echo a > opt/venv/lib/a.py'];
    expect(run(more, [...second, reportTo('spec-2', item('a', '1'))].join('\n'), nine).status).toBe(0);
    expect(read('opt/more/gone.txt')).toBe('lib/back.py\nlib/one.py\n');
    const third = [
      'rm opt/venv/lib/two.py',
      'echo back > opt/venv/lib/back.py',
      'echo d > opt/venv/lib/d.py',
    ];
    expect(
      run('/tmp/spec-3.json', [...third, reportTo('spec-3', item('d', '1'))].join('\n'), nine),
    ).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(join(folder, 'opt/more/lib')).sort()).toEqual(['back.py', 'd.py']);
    expect(read('opt/more/gone.txt')).toBe('lib/one.py\nlib/two.py\n');
    expect(read('opt/more/resolved.txt')).toBe(
      'six==1 --hash=sha256:six\n# more\na==1 --hash=sha256:a\n# more\nd==1 --hash=sha256:d\n',
    );
  });

  it.each([
    ['what is its own', '# more\na==1 --hash=sha256:a\n# more\nd==1 --hash=sha256:d\n', ['d==1']],
    ['nothing where a lock has fewer parts', '# more\na==1 --hash=sha256:a\n', []],
    [
      'all of a build with fixes',
      '# more\n# more\na==1 --hash=sha256:a\nd==1 --hash=sha256:d\n',
      ['a==1', 'd==1'],
    ],
  ])('installs of a lock %s', (_, lock, installed) => {
    write('opt/venv/resolved.txt', 'six==1 --hash=sha256:six\n');
    write('run/secrets/pip', `six==1 --hash=sha256:six\n${lock}`);
    const shown = 'case "$*" in *require-hashes*) for last; do :; done; cat "$last" >> locked;; esac';
    expect(run('/tmp/spec-3.json', `${shown}\n${reportTo('spec-3')}`, nine).status).toBe(0);
    const locked = existsSync(join(folder, 'locked')) ? read('locked') : '';
    expect(
      locked
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split(' ')[0]),
    ).toEqual(installed);
  });
});

it('a lock of two parts is taken whole by a build with fixes, each package once, as the second has it', () => {
  const fixed =
    make(five, [{ manager: 'pip', package: 'zipp', version: '4' }]).find((line) =>
      line.includes('/tmp/fix.json'),
    ) ?? '';
  const pick = /\{ (python3 -c '[^']*' \/run\/secrets\/pip)/.exec(fixed)?.[1] ?? '';
  write(
    'run/secrets/pip',
    'old==1 --hash=sha256:a\nsix==1 --hash=sha256:b\n# more\nold==2 --hash=sha256:c\n',
  );
  const { stdout } = spawnSync('sh', ['-c', pick.replace('/run', `${folder}/run`)], { encoding: 'utf8' });
  expect(stdout.trim().split('\n')).toEqual(['old==2 --hash=sha256:c', 'six==1 --hash=sha256:b']);
});
