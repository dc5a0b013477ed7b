/** What may be asked for: each ecosystem's own grammar, and no more of anything than fits. */
import { describe, expect, it } from 'vitest';
import { packageGrammar, Spec } from '#core/spec.ts';

const base = { base: 'debian-12', command: ['python3', 'app.py'] };
const takes = (parts: object) => Spec.safeParse({ ...base, ...parts }).success;

it('fills in what was not said', () => {
  expect(Spec.parse(base)).toEqual({
    ...base,
    packages: { apt: [], pip: [], npm: [] },
    files: {},
    resources: { cpu: 0.25, memoryMiB: 256, gpu: 0 },
    replicas: { min: 1, max: 1 },
    readyWithinSeconds: 600,
  });
});

describe.each<['apt' | 'pip' | 'npm', string[], string[], string[], string[]]>([
  [
    'apt',
    ['g++', 'libssl3t64', 'python3.11', '7zip', 'libstdc++6', 'gcc-12'],
    ['a', '-y', '--yes', 'curl-', 'Curl', 'curl/bookworm', 'curl=1', '+x', '.x', 'a b', 'a:amd64'],
    ['1:2.39.5-0+deb12u2', '3.0.17-1~deb12u2', '5.36.0'],
    ['-1', '=1', '1 2', "1'", '', '1_2'],
  ],
  [
    'pip',
    ['Jinja2', 'zope.interface', 'a', 'ruamel.yaml', 'typing_extensions'],
    ['-r', '_x', 'x-', 'x[extra]', 'x @ https://evil', './x', 'x;y', 'git+https://evil', 'x==1'],
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
    ],
    ['1.2.6', '1.0.0-rc.1', '2.0.0+build', 'latest'],
    ['npm:evil', 'file:evil', 'github:evil', '^1', '~1', '*', '1 || 2', 'https://x'],
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
