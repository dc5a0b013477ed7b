/** What may be asked for: each ecosystem's own grammar, and no more of anything than fits. */
import { describe, expect, it } from 'vitest';
import { PackageManager, packageGrammar, untaken } from '#core/packages.ts';
import { Spec } from '#core/spec.ts';

const base = { base: 'debian-12', command: ['python3', 'app.py'] };
const takes = (parts: object) => Spec.safeParse({ ...base, ...parts }).success;

it('fills in what was not said', () => {
  expect(Spec.parse(base)).toEqual({
    ...base,
    packages: { apt: [], apk: [], dnf: [], pip: [], npm: [], conda: [], tools: [] },
    files: {},
    port: 9000,
    resources: { cpu: 0.25, memoryMiB: 256, gpu: 0 },
    replicas: { min: 1, max: 1 },
    access: { ssh: false, memoryMiB: 256 },
    readyWithinSeconds: 600,
  });
});

describe.each<[PackageManager, string[], string[], string[], string[]]>([
  [
    'apt',
    ['g++', 'libssl3t64', 'python3.11', '7zip', 'libstdc++6', 'gcc-12'],
    [
      'a',
      '-y',
      '--yes',
      'curl-',
      'Curl',
      'curl/bookworm',
      'curl=1',
      '+x',
      '.x',
      'a b',
      'a:amd64',
      'evil.deb',
      'linux-*',
    ],
    ['1:2.39.5-0+deb12u2', '3.0.17-1~deb12u2', '5.36.0'],
    ['-1', '=1', '1 2', "1'", '', '1_2'],
  ],
  [
    'pip',
    ['Jinja2', 'zope.interface', 'a', 'ruamel.yaml', 'typing_extensions'],
    [
      '-r',
      '_x',
      'x-',
      'x[extra]',
      'x @ https://evil',
      './x',
      'x;y',
      'git+https://evil',
      'x==1',
      'evil.whl',
      'evil.tar.gz',
      'EVIL.ZIP',
    ],
    ['3.1.6', '2.0.0rc1', '1.0.post1', '1!2.0', '1.0+local.1'],
    ['*', '>=1', '1,2', '-1', '1.*', 'https://evil'],
  ],
  [
    'npm',
    ['minimist', '@scope/pkg', 'socket.io', 'lodash.merge', '7zip-bin'],
    [
      '-g',
      '.x',
      '_x',
      'X',
      '@scope',
      '@scope/',
      '/x',
      '../x',
      'user/repo',
      'x@1',
      '@a/b/c',
      '@-a/b',
      'git+ssh://x',
      'evil.tgz',
      'evil.tar.gz',
    ],
    ['1.2.6', '1.0.0-rc.1', '2.0.0+build', 'latest'],
    ['npm:evil', 'file:evil', 'github:evil', '^1', '~1', '*', '1 || 2', 'https://x', 'evil.tgz'],
  ],
  [
    'apk',
    ['curl', 'py3-pip', 'g++', 'font-noto-cjk', 'so_x', 'ca-certificates'],
    [
      '-U',
      '--allow-untrusted',
      '!curl',
      'curl@edge',
      'curl=1',
      'curl<9',
      '.deps',
      'so:libc',
      'evil.apk',
      '/x',
    ],
    ['8.5.0-r0', '1.2.3_alpha1-r10', '20240226-r0', '3.19'],
    ['-r0', '=1', '>1', '~1', '1-rx', '1.2-r1@edge', ''],
  ],
  [
    'dnf',
    ['curl', 'gcc-c++', 'python3.11', 'ImageMagick', 'glibc-langpack-en', 'java_x'],
    [
      '-y',
      '--nogpgcheck',
      '@development',
      'evil.rpm',
      '/usr/bin/x',
      'x*',
      'x?',
      'x[12]',
      'https://x',
      'a b',
      'x = 1',
    ],
    ['8.5.0-1.amzn2023.0.4', '1.0~rc1', '2.0^git1', '5.36'],
    ['-1', '=1', '1:2', '1*', '1 2', 'x.rpm', ''],
  ],
  [
    'conda',
    ['numpy', '_libgcc_mutex', 'ruamel.yaml', 'r-base', 'scikit-learn'],
    [
      '-c',
      '--file',
      'Numpy',
      'numpy=1',
      'conda-forge::x',
      'x[build=1]',
      'numpy>1',
      '*',
      'evil.conda',
      'a.tar.bz2',
    ],
    ['1.26.4', '2024a', '1!2.0', '3.0_rc1', '1.0+local'],
    ['1.*', '>=1', '1|2', '-1', '1,2', '=1', ''],
  ],
])('%s', (manager, names, notNames, versions, notVersions) => {
  const grammar = packageGrammar[manager];
  it.each(names)('takes %s', (name) => expect(grammar.safeParse({ name }).success).toBe(true));
  it.each(notNames)('refuses the name "%s"', (name) =>
    expect(grammar.safeParse({ name }).success).toBe(false),
  );
  it.each(versions)('takes version %s', (version) => {
    expect(grammar.safeParse({ name: 'aa', version }).success).toBe(true);
  });
  it.each(notVersions)('refuses version "%s"', (version) => {
    expect(grammar.safeParse({ name: 'aa', version }).success).toBe(false);
  });
});

describe('refused', () => {
  const many = (n: number) => Array.from({ length: n }, (_, i) => `p${i}x`);
  it.each<[string, object]>([
    ['a field that nobody knows', { privileged: true }],
    [
      'a package with a field that nobody knows',
      { packages: { pip: [{ name: 'x', index: 'https://evil' }] } },
    ],
    ['another package manager', { packages: { gem: [{ name: 'x' }] } }],
    ['101 packages', { packages: { pip: many(101).map((name) => ({ name })) } }],
    ['no command', { command: [] }],
    ['an empty word', { command: [''] }],
    ['a word with NUL', { command: ['a\0b'] }],
    ['33 files', { files: Object.fromEntries(many(33).map((name) => [name, ''])) }],
    ['a file that is a folder too', { files: { a: '', 'a/b': '' } }],
    ['a file of more than 32 KiB', { files: { a: 'x'.repeat(32_769) } }],
    ['no CPU', { resources: { cpu: 0 } }],
    ['half a MiB', { resources: { memoryMiB: 64.5 } }],
    ['half a GPU', { resources: { gpu: 0.5 } }],
    ['no replicas', { replicas: 0 }],
    ['too many', { replicas: 101 }],
    ['no number', { replicas: Number.NaN }],
    ['more replicas at least than at most', { replicas: { min: 3, max: 2 } }],
    ['replicas without an end', { replicas: { min: 1 } }],
    ['no time to start', { readyWithinSeconds: 0 }],
  ])('%s', (_, parts) => expect(takes(parts)).toBe(false));

  it.each(['/etc/passwd', '../x', 'a/../b', './a', '.ssh/id', 'a//b', 'a/', 'a b', 'a\\b', 'a\n', ''])(
    'the path %j',
    (path) => {
      expect(takes({ files: { [path]: '' } })).toBe(false);
    },
  );
  it.each(['app.py', 'src/app.py', 'a/b/c.d-e_f'])('not the path %s', (path) => {
    expect(takes({ files: { [path]: '' } })).toBe(true);
  });
});

it('replicas: a number is both ends, and what is stored is read again as it is', () => {
  const base = { base: 'debian-12', command: ['x'] };
  expect(Spec.parse(base).replicas).toEqual({ min: 1, max: 1 });
  const fixed = Spec.parse({ ...base, replicas: 3 });
  expect(fixed.replicas).toEqual({ min: 3, max: 3 });
  const range = Spec.parse({ ...base, replicas: { min: 2, max: 5 } });
  expect(range.replicas).toEqual({ min: 2, max: 5 });
  for (const spec of [fixed, range]) expect(Spec.parse(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
});

it('a base takes what the catalog says of it: the fields that it does not', () => {
  const packages = Spec.parse({
    ...base,
    packages: { apt: [{ name: 'curl' }], pip: [{ name: 'six' }], tools: [{ name: 'gcc' }] },
  }).packages;
  const fields = (takes: PackageManager[]) =>
    untaken(packages, { name: 'slim', takes }).map(({ path }) => path.replace('spec.packages.', ''));
  expect(fields(['apt', 'pip'])).toEqual([]);
  expect(fields(['apk', 'pip'])).toEqual(['apt']);
  expect(fields(['pip'])).toEqual(['apt', 'tools']);
  expect(fields([])).toEqual(['apt', 'pip', 'tools']);
});

it.each(['gcc', 'g++', 'gcc-c++', 'libpq-dev', 'python3-devel'])('takes the tool %s', (name) =>
  expect(takes({ packages: { tools: [{ name }] } })).toBe(true),
);
it.each(['-y', 'gcc-', '@x', '!x', 'x=1', 'x.rpm', 'x.apk.y', 'x.deb', 'a b', "a'", '$(x)', 'a\n', '<<EOF'])(
  'refuses the tool %j',
  (name) => expect(takes({ packages: { tools: [{ name }] } })).toBe(false),
);
it.each(PackageManager.options)(
  'refuses as a package of %s what a shell or a Dockerfile would take up',
  (manager) => {
    for (const name of [
      'a\nRUN x',
      'a\n',
      '$(id)',
      '`id`',
      '<<EOF',
      '<<-EOF',
      '-x',
      '--x',
      'a;b',
      "a'b",
      'a\\',
      '# x',
    ])
      expect(packageGrammar[manager].safeParse({ name }).success, name).toBe(false);
  },
);

describe('its port', () => {
  it.each<[string, object, boolean]>([
    ['the lowest that a pod without root may listen on', { port: 1024 }, true],
    ['the highest', { port: 65_535 }, true],
    ['one of root alone', { port: 1023 }, false],
    ['none', { port: 0 }, false],
    ['above all', { port: 65_536 }, false],
    ['a part of one', { port: 8080.5 }, false],
    ['in letters', { port: '8080' }, false],
    ['of SSH’s gate, without SSH', { port: 2222 }, true],
    ['beside those of SSH', { port: 2221, access: { ssh: true } }, true],
    ['of SSH’s gate', { port: 2222, access: { ssh: true } }, false],
    ['of its server', { port: 2223, access: { ssh: true } }, false],
    ['of what says which keys are good', { port: 2224, access: { ssh: true } }, false],
  ])('%s', (_, parts, fits) => expect(takes(parts)).toBe(fits));

  it('is named where SSH has it', () => {
    const { error } = Spec.safeParse({ ...base, port: 2222, access: { ssh: true } });
    expect(error?.issues).toMatchObject([
      { path: ['port'], message: 'SSH has 2222, 2223, 2224 in its pods: take another port' },
    ]);
  });
});
