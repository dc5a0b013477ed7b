/** The Dockerfile of a spec: what each base gets, and where fixes go. Its laws are in dockerfile-laws.test.ts. */
import { describe, expect, it } from 'vitest';
import { tooYoungFrom } from '#core/builds.ts';
import { buildContext } from '#core/context.ts';
import { dockerfile } from '#core/dockerfile.ts';
import { Indexes } from '#core/indexes.ts';
import { unfixable } from '#core/instruction.ts';
import type { PackageManager } from '#core/packages.ts';
import { Spec } from '#core/spec.ts';
import type { Fix } from '#core/verdict.ts';
import type * as z from '#core/zod.ts';
import { digest, key } from './samples.ts';

const baseImage = `000000000000.dkr.ecr.us-east-1.amazonaws.com/base/debian@${digest(1)}`;
const spec = (parts: object = {}) =>
  Spec.parse({ base: 'debian-12', command: ['python3', 'app.py'], ...parts });
const epoch = '2026-11-19';
const takes: PackageManager[] = ['apt', 'pip', 'npm'];
const lines = (wanted: Spec, fixes: Fix[] = [], of = takes) =>
  dockerfile({ spec: wanted, baseImage, takes: of, key, fixes, epoch }).trimEnd().split('\n');
const install = (packages: object, fixes: Fix[] = [], of = takes) =>
  lines(spec({ packages }), fixes, of).filter((line) => /^RUN .*(?:install|apk add) /.test(line));
/** Without its mounts and its epoch, which tests of their own hold. */
const bare = (line: string) => line.replaceAll(/--mount=\S+ |SECURITY_EPOCH=\S+ /g, '');

const pip = 'python3 /opt/pip/pip --python /opt/venv/bin/python';
const pipInstall = (part: string) => `${pip} install --cache-dir /root/.cache/pip --report /tmp/${part}.json`;
const lockedFirst = `test ! -s /run/secrets/pip || { sed '/^# more$/,$d' /run/secrets/pip > /tmp/first.txt && { ! grep -q = /tmp/first.txt || ${pipInstall('lock')} --no-deps --require-hashes --requirement /tmp/first.txt; }; } || { echo 'What this was built from before can not be had as it was. A rebuild without the cache looks it up anew.' >&2; exit 1; } && `;
/** One that knows how old releases are, by its hash. */
const pipStage = [
  "RUN echo 'pip==26.0.1 --hash=sha256:bdb1b08f4274833d62c1aa29e20907365a2ceb950410df15fc9521bad440122b' > /tmp/pip.txt && python3 -m pip install --cache-dir /root/.cache/pip --target /opt/pip --no-deps --require-hashes --requirement /tmp/pip.txt && python3 -m venv --without-pip /opt/venv",
];

it('is, for everything at once', () => {
  const packages = {
    apt: [{ name: 'curl' }, { name: 'git', version: '1:2.39.5-0+deb12u2' }],
    pip: [{ name: 'Jinja2', version: '2.10' }],
    npm: [{ name: '@scope/pkg', version: '1.0.0-rc.1' }],
    tools: [{ name: 'gcc' }],
  };
  const made = lines(spec({ packages, files: { 'app.py': 'print(1)' } }));
  expect(made.map(bare).filter((line) => !line.includes('/etc/passwd'))).toEqual([
    `FROM ${baseImage} AS base`,
    'FROM base AS tools',
    "RUN apt-get update && apt-get install --yes --no-install-recommends 'gcc'",
    'FROM tools AS pip',
    ...pipStage,
    expect.stringContaining(`RUN ${lockedFirst}${pipInstall('spec')} 'Jinja2==2.10' && { python3 -c '`),
    'FROM tools AS npm',
    expect.stringMatching(
      /^RUN test ! -s \/run\/secrets\/npm .* '@scope\/pkg@1\.0\.0-rc\.1' && npm install --prefix \/opt\/npm /,
    ),
    'FROM base',
    `LABEL dev.getschwifty.environment="checkout/web" org.opencontainers.image.title="checkout/web" org.opencontainers.image.base.name="${baseImage.split('@')[0]}" org.opencontainers.image.base.digest="${digest(1)}"`,
    'ENV PATH=/opt/venv/bin:/opt/npm/bin:/opt/env/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin NODE_PATH=/opt/npm/lib/node_modules:/usr/local/lib/node_modules',
    'EXPOSE 9000',
    'WORKDIR /app',
    "RUN apt-get update && apt-get install --yes --no-install-recommends 'curl' 'git=1:2.39.5-0+deb12u2'",
    'COPY --from=pip /opt/venv /opt/venv',
    'COPY --from=npm /opt/npm /opt/npm',
    'COPY files/ /app/',
    'USER 10001:10001',
    'CMD ["python3","app.py"]',
  ]);
});

it("each cache is the environment's own, of one place and one stage, and nobody waits for its lock", () => {
  const packages = {
    apt: [{ name: 'curl' }],
    pip: [{ name: 'six' }],
    npm: [{ name: 'ms' }],
    tools: [{ name: 'gcc' }],
  };
  const made = lines(spec({ packages })).join(' ');
  expect(made).not.toContain('sharing=');
  expect([...new Set(made.match(/(?<=--mount=type=cache,id=)[^,]+/g))]).toEqual([
    'checkout--web-tools-var-cache-apt',
    'checkout--web-tools-var-lib-apt-lists',
    'checkout--web-pip-root-.cache-pip',
    'checkout--web-npm-root-.npm',
    'checkout--web-image-var-cache-apt',
    'checkout--web-image-var-lib-apt-lists',
  ]);
});

it('each instruction that installs has the epoch, and no other: a layer of an older one is not taken', () => {
  const packages = { apt: [{ name: 'curl' }], pip: [{ name: 'six' }], tools: [{ name: 'gcc' }] };
  const installing = lines(spec({ packages })).filter((line) => /install /.test(line));
  expect(installing).toHaveLength(4);
  for (const line of installing) expect(line).toMatch(/^RUN (--mount=\S+ )+SECURITY_EPOCH=2026-11-19 /);
  expect(lines(spec()).join()).not.toContain('EPOCH');
});

it('tools are in no stage that reaches the image, and nowhere where nothing is made with them', () => {
  const tools = [{ name: 'gcc' }];
  const image = lines(spec({ packages: { tools, pip: [{ name: 'six' }] } }));
  expect(image.slice(image.indexOf('FROM base')).join()).not.toContain('gcc');
  expect(lines(spec({ packages: { tools } })).join()).not.toContain('gcc');
});

it.each<[PackageManager, string]>([
  ['apk', "apk add --cache-dir /var/cache/apk --update-cache --upgrade 'curl' 'git=2.43.0-r0'"],
  [
    'dnf',
    "dnf install --assumeyes --setopt=install_weak_deps=False --setopt=keepcache=True 'curl' 'git-2.43.0-r0'",
  ],
])('a base with %s', (manager, command) => {
  const packages = { [manager]: [{ name: 'curl' }, { name: 'git', version: '2.43.0-r0' }] };
  expect(install(packages, [], [manager]).map(bare)).toEqual([`RUN ${command}`]);
});

describe('a base with conda', () => {
  const made = (fixes: Fix[] = []) =>
    lines(spec({ packages: { conda: [{ name: 'numpy', version: '1.26.4' }, { name: 'pip' }] } }), fixes, [
      'apt',
      'conda',
    ]).map(bare);
  const conda =
    'CONDA_PKGS_DIRS=/var/cache/conda conda install --yes --quiet --copy --prefix /opt/env --override-channels --channel conda-forge --satisfied-skip-solve';

  it('has an environment of its own, of which the image takes all', () => {
    expect(made()).toContain('RUN mkdir -p /opt/env/conda-meta && : > /opt/env/conda-meta/history');
    expect(made().find((line) => line.includes(`&& ${conda} 'numpy==1.26.4' 'pip' && {`))).toBeDefined();
    expect(made()).toContain('COPY --from=conda /opt/env /opt/env');
  });
  it('installs its lock first, held against what came of it, with what a person pinned pinned to fixes too', () => {
    const fix = { manager: 'conda' as const, package: 'pip', version: '26.0' };
    const line = made([fix]).find((line) => line.includes('/run/secrets/conda')) ?? '';
    const inTurn = [
      `${conda} --file /run/secrets/conda && conda list --prefix /opt/env --explicit --sha256 > /tmp/made.txt`,
      'test "$(sort /tmp/made.txt)" = "$(sort /tmp/locked.txt)"',
      `# update specs: [' && printf "'%s', " 'numpy==1.26.4' && echo ']'; } > /opt/env/conda-meta/history`,
      `${conda} 'numpy==1.26.4' && `,
      `${conda} 'pip==26.0' && `,
      'conda list --prefix /opt/env --explicit --sha256 > /opt/env/resolved.txt',
    ].map((step) => line.indexOf(step));
    expect(inTurn).toEqual(inTurn.toSorted((a, b) => a - b));
    expect(inTurn[0]).toBeGreaterThan(0);
  });
});

describe('the age of a release', () => {
  const young = (packages: object, fixes: Fix[] = [], indexes?: z.input<typeof Indexes>) =>
    dockerfile({
      ...{ spec: spec({ packages }), baseImage, takes, key, fixes, epoch },
      tooYoungFrom: '2026-11-16',
      indexes: Indexes.parse(indexes ?? {}),
    });

  it('bounds what pip and npm take, with all that comes with it', () => {
    const made = young({ pip: [{ name: 'six' }], npm: [{ name: 'ms', version: '2.1.3' }] });
    expect(made).toContain("--uploaded-prior-to '2026-11-16T00:00:00Z' 'six'");
    expect(made).toMatch(/ 'ms@2\.1\.3' && npm install [^']* --before '2026-11-16' \|\| /);
  });

  it('does not hold up a fix, and what does not fit together then fails the build', () => {
    const fix = { manager: 'pip' as const, package: 'jinja2', version: '3.1.6' };
    const made = young({ pip: [{ name: 'flask' }] }, [fix]);
    const bounded = `${pipInstall('spec')} --uploaded-prior-to '2026-11-16T00:00:00Z' 'flask'`;
    const fixed = `${pipInstall('fix')} 'jinja2==3.1.6'`;
    const why =
      "{ echo 'Releases of 2026-11-16 and later are too young to be taken (builds.minimumAgeDays): ask for an older one, or for a waiver of its age.' >&2; exit 1; }";
    expect(made).toContain(`${bounded} || ${why} && ${fixed} && ${pip} check && { python3 -c '`);
    const alone = young({ pip: [{ name: 'Jinja2', version: '2.10' }] }, [fix]);
    expect(alone).toContain(`SECURITY_EPOCH=2026-11-19 ${fixed}\n`);
  });

  it('is not asked of an index that does not tell it', () => {
    const made = young({ pip: [{ name: 'six' }], npm: [{ name: 'ms' }] }, [], { npm: { tellsAge: false } });
    expect(made).toContain('--uploaded-prior-to');
    expect(made).not.toContain('--before');
  });

  it.each([
    [3, '2026-11-16'],
    [0, undefined],
    [30, '2026-10-20'],
  ])('%d days before the epoch', (minimumAgeDays, day) => {
    expect(tooYoungFrom(epoch, { minimumAgeDays })).toBe(day);
  });
});

describe('a fix', () => {
  it('takes the place of what the spec pins, however the name is written', () => {
    for (const name of ['Jinja2', 'jinja2', 'JINJA2']) {
      for (const fixed of ['jinja2', 'Jinja2']) {
        const fix = { manager: 'pip' as const, package: fixed, version: '3.1.6' };
        expect(install({ pip: [{ name, version: '2.10' }] }, [fix])[1]).toContain(` '${fixed}==3.1.6'`);
        expect(install({ pip: [{ name, version: '2.10' }] }, [fix])[1]).not.toContain('2.10');
      }
    }
  });
  it('of a package of npm that came with another takes the place of its copies, and of no other release', () => {
    const fix = { manager: 'npm' as const, package: 'minimist', version: '1.2.6' };
    const [made = ''] = install({ npm: [{ name: 'mkdirp' }] }, [fix]);
    const npm = (command: string) => `npm ${command} --prefix /opt/npm .*`;
    expect(made).toMatch(
      new RegExp(` 'mkdirp' && ${npm('install')} 'minimist@<1\\.2\\.6' && ${npm('update')} 'minimist'`),
    );
    expect(made).not.toContain("'minimist@1.2.6'");
  });
  it('of conda is installed into what is there', () => {
    const fix = { manager: 'conda' as const, package: 'openssl', version: '3.5.4' };
    const made = install({ conda: [{ name: 'numpy' }] }, [fix], ['conda']).at(-1) ?? '';
    expect(made).toMatch(/ --satisfied-skip-solve 'numpy' && \S+ conda install .* 'openssl==3\.5\.4' && /);
    expect(made).not.toContain('conda create');
  });
  it('of a Debian package is the newest of the suite', () => {
    const fix = { manager: 'apt' as const, package: 'openssl', version: '3.0.17-1~deb12u2' };
    expect(install({ apt: [{ name: 'openssl', version: '3.0.1' }] }, [fix])[0]).toMatch(/ 'openssl'$/);
  });
  it("of a system's package stands in the instruction: the layer that it had without the fix is not taken", () => {
    const fix = (name: string) => ({ manager: 'apt' as const, package: name, version: '3.0.17-1~deb12u2' });
    const packages = { apt: [{ name: 'openssl' }], pip: [{ name: 'six' }] };
    const [before, fixed] = [install(packages), install(packages, [fix('openssl'), fix('libssl3')])];
    expect(fixed.slice(0, -1)).toEqual(before.slice(0, -1));
    expect(fixed.at(-1)).toContain(
      " FIXES='libssl3=3.0.17-1~deb12u2 openssl=3.0.17-1~deb12u2' apt-get update ",
    );
  });
  it("of a system's package goes to the manager that the base has", () => {
    const fix = { manager: 'apt' as const, package: 'openssl', version: '3.1.4-r5' };
    expect(install({}, [fix], ['apk', 'pip'])[0]).toMatch(/ apk add .* 'openssl'$/);
    expect(install({}, [fix], ['dnf'])[0]).toMatch(/ dnf install .* 'openssl'$/);
    expect(unfixable([fix], ['dnf'])).toBeUndefined();
    expect(unfixable([fix], ['pip'])).toBe('system');
    expect(unfixable([{ ...fix, manager: 'npm' }], ['apt'])).toBe('npm');
  });
});

it('the build context has it and the files, each below files/', () => {
  const context = buildContext({
    from: 'base',
    spec: spec({ files: { 'src/app.py': 'x', Dockerfile: 'FROM evil' } }),
    baseImage,
    takes,
    key,
    fixes: [],
    epoch,
  });
  expect(Object.keys(context).sort()).toEqual(['Dockerfile', 'files/Dockerfile', 'files/src/app.py']);
  expect(context['Dockerfile']).toContain(baseImage);
});

it('a command is ASCII, and ends in no backslash, however it was typed', () => {
  const last = lines(Spec.parse({ base: 'any', command: ['echo \\', '\u2028é"\n', '\\"'] })).at(-1) ?? '';
  expect(last).toBe('CMD ["echo \\u005c","\\u2028\\u00e9\\"\\n","\\u005c\\""]');
});
