/** What a person is told of a build that failed, of logs as they come: of buildah in the local cloud, of BuildKit in CodeBuild. */
import { expect, test } from 'vitest';
import { type Asked, failureFrom, reasonText } from '#core/build-failure.ts';
import { lineOf } from '#core/build-log.ts';
import { Packages } from '#core/packages.ts';
import { tooYoung } from '#core/young.ts';

const asked: Asked = {
  packages: Packages.parse({
    apt: [{ name: 'curl' }, { name: 'nosuch' }, { name: 'jq', version: '99.9' }],
    apk: [{ name: 'nosuch' }, { name: 'curl', version: '1.0' }],
    dnf: [{ name: 'nosuch' }, { name: 'jq', version: '9.9' }],
    pip: [{ name: 'flask' }, { name: 'No_Such' }, { name: 'six', version: '99.9' }],
    npm: [{ name: '@acme/nosuch' }, { name: 'nosuch' }, { name: 'debug', version: '99.9.9' }],
    conda: [{ name: 'nosuch' }, { name: 'zlib', version: '9.9' }],
    tools: [{ name: 'gcc-99' }],
  }),
  byDockerfile: false,
};

const begins = [
  '[Container] Entering phase BUILD',
  '[Container] Running command docker buildx build || { echo E: Unable to locate package docker; }',
  '[1/2] STEP 1/2: FROM registry/base/debian@sha256:0123 AS base',
  'E: Unable to locate package of-another-step',
  '[1/2] STEP 2/2: RUN install',
];
const ends = [
  'Error: building at STEP "RUN install": while running runtime: exit status 1',
  'ERROR: buildah build ended with 1',
  '[Container] Phase complete: BUILD State: FAILED (BUILD: its commands ended with 1)',
  '[Container] Build FAILED',
];
/** The step beside it prints, too. */
const inBuildKit = (lines: readonly string[]) => [
  '[Container] 2026/11/30 21:00:00.000000 Entering phase BUILD',
  '#9 [pip 1/1] RUN pip',
  '#10 [image 4/9] RUN install',
  '#9 0.100 E: Unable to locate package of-another-step',
  ...lines.map((line, at) => `#10 ${at}.345 ${line}`),
  '#10 ERROR: process "/bin/sh -c install" did not complete successfully: exit code: 100',
  '#9 CANCELED',
  '------',
  ' > [image 4/9] RUN install:',
  ...lines.map((line, at) => `${at}.345 ${line}`),
  '------',
  'Dockerfile:12',
  '--------------------',
  '  12 | >>> RUN install',
  '--------------------',
  'ERROR: failed to build: failed to solve: process "/bin/sh -c install" did not complete successfully: exit code: 100',
  '[Container] 2026/11/30 21:00:10.000000 Phase complete: BUILD State: FAILED',
  '[Container] 2026/11/30 21:00:10.000000 Phase context status code: COMMAND_EXECUTION_ERROR Message: Error while executing command',
  '[Container] 2026/11/30 21:00:10.000000 Entering phase POST_BUILD',
  '[Container] 2026/11/30 21:00:10.000000 Phase complete: POST_BUILD State: SUCCEEDED',
];
const failure = 'FAILED in BUILD: exit status 1.';
const of = (lines: readonly string[], by = asked) =>
  failureFrom(
    lines.map((line) => lineOf(0, line).text),
    failure,
    by,
  );
const name = 'Correct its name, or take it out of the spec.';
const version = (manager: string) => `Ask for a version that ${manager} has, or for none.`;

test.each<[string, string[], string]>([
  [
    'apt',
    [
      'Reading package lists...',
      'Building dependency tree...',
      'Reading state information...',
      'E: Unable to locate package nosuch',
    ],
    `apt found no package nosuch (spec.packages.apt.1). ${name}`,
  ],
  [
    'apt, a version',
    ['Reading state information...', "E: Version '99.9' for 'jq' was not found"],
    `apt found no version 99.9 of jq (spec.packages.apt.2). ${version('apt')}`,
  ],
  [
    'apt, both',
    ['E: Unable to locate package nosuch', "E: Version '99.9' for 'jq' was not found"],
    `apt found no package nosuch (spec.packages.apt.1); apt found no version 99.9 of jq (spec.packages.apt.2). ${name} ${version('apt')}`,
  ],
  [
    'apt, that others speak of',
    [
      'Package nosuch is not available, but is referred to by another package.',
      'This may mean that the package is missing, has been obsoleted, or',
      'is only available from another source',
      '',
      "E: Package 'nosuch' has no installation candidate",
    ],
    `apt found no package nosuch (spec.packages.apt.1). ${name}`,
  ],
  [
    'a tool',
    ['E: Unable to locate package gcc-99'],
    `apt found no package gcc-99 (spec.packages.tools.0). ${name}`,
  ],
  [
    'apk',
    ['ERROR: unable to select packages:', '  nosuch (no such package):', '    required by: world[nosuch]'],
    `apk found no package nosuch (spec.packages.apk.0). ${name}`,
  ],
  [
    'apk, a version',
    ['ERROR: unable to select packages:', '  curl-8.14.1-r2:', '    breaks: world[curl=1.0]'],
    `apk found no version 1.0 of curl (spec.packages.apk.1). ${version('apk')}`,
  ],
  [
    'dnf',
    [
      'Last metadata expiration check: 0:00:01 ago.',
      'No match for argument: \u001b[1mnosuch\u001b[m',
      'Error: Unable to find a match: nosuch',
    ],
    `dnf found no package nosuch (spec.packages.dnf.0). ${name}`,
  ],
  [
    'dnf, a version',
    ['No match for argument: jq-9.9', 'Error: Unable to find a match: jq-9.9'],
    `dnf found no version 9.9 of jq (spec.packages.dnf.1). ${version('dnf')}`,
  ],
  [
    'pip',
    [
      'ERROR: Could not find a version that satisfies the requirement no-such (from versions: none)',
      'ERROR: No matching distribution found for no-such',
    ],
    `pip found no package no-such (spec.packages.pip.1). ${name}`,
  ],
  [
    'pip, a version',
    [
      'ERROR: Could not find a version that satisfies the requirement six==99.9 (from versions: 0.9.0, 1.16.0, 1.17.0)',
      'ERROR: No matching distribution found for six==99.9',
    ],
    `pip found no version 99.9 of six (spec.packages.pip.2). ${version('pip')}`,
  ],
  [
    'pip, what came along',
    [
      'ERROR: Could not find a version that satisfies the requirement left-out>=9 (from flask) (from versions: none)',
      'ERROR: No matching distribution found for left-out>=9',
    ],
    'pip found no package left-out. Something that is installed wants left-out: ask for another version of it, or for what pip has.',
  ],
  [
    'npm 9',
    [
      'npm ERR! code E404',
      'npm ERR! 404 Not Found - GET https://registry.npmjs.org/@acme%2fnosuch - Not found',
      'npm ERR! 404 ',
      "npm ERR! 404  '@acme/nosuch@*' is not in this registry.",
      'npm ERR! A complete log of this run can be found in:',
    ],
    `npm found no package @acme/nosuch (spec.packages.npm.0). ${name}`,
  ],
  [
    'npm 11',
    [
      'npm error code E404',
      'npm error 404 Not Found - GET https://registry.npmjs.org/nosuch',
      'npm error 404',
      "npm error 404  The requested resource 'nosuch@*' could not be found or you do not have permission to access it.",
    ],
    `npm found no package nosuch (spec.packages.npm.1). ${name}`,
  ],
  [
    'npm, a version',
    [
      'npm ERR! code ETARGET',
      'npm ERR! notarget No matching version found for debug@99.9.9 with a date before 11/27/2026, 12:00:00 AM.',
    ],
    `npm found no version 99.9.9 of debug (spec.packages.npm.2). ${version('npm')}`,
  ],
  [
    'conda',
    [
      'PackagesNotFoundError: The following packages are not available from current channels:',
      '',
      '  - nosuch',
      '  - zlib==9.9',
      '',
      'Current channels:',
      '',
      '  - https://conda.anaconda.org/conda-forge/linux-64',
    ],
    `conda found no package nosuch (spec.packages.conda.0); conda found no version 9.9 of zlib (spec.packages.conda.1). ${name} ${version('conda')}`,
  ],
  [
    'conda, by libmamba',
    [
      'LibMambaUnsatisfiableError: Encountered problems while solving:',
      '  - nothing provides requested nosuch',
    ],
    `conda found no package nosuch (spec.packages.conda.0). ${name}`,
  ],
])('%s says what it does not have', (_, lines, reason) => {
  expect(reasonText(of([...begins, ...lines, ...ends]))).toBe(reason);
  expect(reasonText(of(inBuildKit(lines)))).toBe(reason);
});

test('where an age is asked, what is not found may be too young', () => {
  const lines = ['ERROR: No matching distribution found for flask', tooYoung('2026-11-23')];
  expect(of([...begins, ...lines, ...ends]).do).toBe(`${name} ${tooYoung('2026-11-23')}`);
  const [line] = [`${tooYoung('2026-11-23')} ${'x'.repeat(900)}`];
  expect(of([...begins, lines[0] ?? '', line, ...ends]).do).toBe(name);
});

test('three are named, and how many more there are', () => {
  const lines = ['a1', 'b1', 'c1', 'd1', 'd1', 'e1'].map((word) => `E: Unable to locate package ${word}`);
  expect(of([...begins, ...lines, ...ends]).what).toBe(
    'apt found no package a1; apt found no package b1; apt found no package c1; and 2 more.',
  );
});

test('who wrote the Dockerfile is sent there', () => {
  const by = { packages: Packages.parse({}), byDockerfile: true };
  expect(reasonText(of([...begins, 'E: Unable to locate package nosuch', ...ends], by))).toBe(
    'apt found no package nosuch. Correct it in the Dockerfile of the repository, and ask for its new commit.',
  );
});

test('what is no name of its ecosystem is told as what it is: somebody printed it', () => {
  const { what, package: named } = of([...begins, 'E: Unable to locate package $(reboot)', ...ends]);
  expect(named).toBeUndefined();
  expect(what).toBe(`${failure} It said: «E: Unable to locate package $(reboot)».`);
});

test('all else is told in its last words that speak of it', () => {
  const lines = [
    'Collecting uwsgi',
    '  error: command gcc failed: No such file or directory',
    'npm notice new version',
  ];
  const said = `${failure} It said: «error: command gcc failed: No such file or directory». \`schwifty env log\` shows all of it.`;
  expect(reasonText(of([...begins, ...lines, ...ends]))).toBe(said);
  expect(reasonText(of(inBuildKit(lines)))).toBe(said);
});

test('where nothing speaks of it, in the last; where nothing was printed, in none', () => {
  expect(of([...begins, 'one', 'two', ...ends]).what).toBe(`${failure} It said: «two».`);
  expect(of([...begins, ...ends]).what).toBe(failure);
  expect(of([]).what).toBe(failure);
});

test('of a phase before the build, and of whom the proxy refused', () => {
  const fetched = [
    '[Container] Entering phase PRE_BUILD',
    'the secret of this repository has no username and password',
    "fatal: could not read Username for 'https://git.example'",
    '[Container] Phase complete: PRE_BUILD State: FAILED',
  ];
  expect(of(fetched).what).toContain(
    "«the secret of this repository has no username and password» «fatal: could not read Username for 'https://git.example'»",
  );
  const refused = '[egress] evil.example:443: builds may not reach it';
  expect(of([...inBuildKit(['curl: (56) CONNECT tunnel failed']), refused]).what).toBe(
    `${failure} It said: «curl: (56) CONNECT tunnel failed» «${refused}».`,
  );
});

test('it is short, in plain characters, and keeps no secret', () => {
  const lines = [
    `error: ${'x'.repeat(5000)}`,
    'error: https://reader:hunter2@index.example/simple failed',
    'error: Authorization: Basic cmVhZGVyOmh1bnRlcjI= was refused, token=hunter2 AKIAABCDEFGHIJKLMNOP X-Amz-Signature=hunter2',
    'error: \u001b[31mred\u001b[0m \u202Egnp.exe',
  ];
  const text =
    reasonText(of([...begins, ...lines.slice(0, 2), ...ends])) +
    reasonText(of([...begins, ...lines.slice(1), ...ends]));
  expect(text).not.toMatch(/hunter2|cmVh|AKIA|[\p{Cc}\p{Cf}]|x{300}/u);
  expect(text).toContain('https://…@index.example/simple failed');
  expect(text.length).toBeLessThan(1500);
});

test.each([10, 960, 990, 2000])(
  'of buildah it is the step that it names (of %i characters), though the next stage has begun beside it',
  (length) => {
    const step = `RUN install ${'x'.repeat(length)}`;
    const [first, ...others] = ends;
    const [began, ended] = [`[1/2] STEP 2/2: ${step}`, first?.replace('RUN install', step) ?? ''];
    const next = '[2/2] STEP 1/9: FROM 2e6c123a1093';
    const late = '13b4d111b4747ccf56234399e555e1e43ab27ab3b4eb244644fbc94d288a66e5';
    const said = ['ERROR: No matching distribution found for No_Such', 'subprocess exited with status 1'];
    const told = of([...begins.slice(0, -1), began, ...said, next, ended, ...others, late]);
    expect(told).toEqual(of([...begins, ...said, ...ends]));
    expect(reasonText(told)).toContain('pip found no package No_Such (spec.packages.pip.1)');
  },
);
