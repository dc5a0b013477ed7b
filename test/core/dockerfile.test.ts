/** The Dockerfile of a spec, and that nothing that was typed or scanned can become an instruction of it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildContext, dockerfile } from '#core/dockerfile.ts';
import { type Packages, packageGrammar, Spec } from '#core/spec.ts';
import type { Fix } from '#core/verdict.ts';
import { digest } from './samples.ts';

const baseImage = `000000000000.dkr.ecr.us-east-1.amazonaws.com/base/debian@${digest(1)}`;
const spec = (parts: object = {}) =>
  Spec.parse({ base: 'debian-12', command: ['python3', 'app.py'], ...parts });
const lines = (wanted: Spec, fixes: Fix[] = []) =>
  dockerfile({ spec: wanted, baseImage, environmentId: 'checkout/web', fixes }).trimEnd().split('\n');
const install = (packages: object, fixes: Fix[] = []) =>
  lines(spec({ packages }), fixes).filter((line) => /^RUN .*install/.test(line));

it('is, for everything at once', () => {
  const packages = {
    apt: [{ name: 'curl' }, { name: 'git', version: '1:2.39.5-0+deb12u2' }],
    pip: [{ name: 'Jinja2', version: '2.10' }],
    npm: [{ name: '@scope/pkg', version: '1.0.0-rc.1' }],
  };
  expect(lines(spec({ packages, files: { 'app.py': 'print(1)' } }))).toEqual([
    `FROM ${baseImage}`,
    'LABEL dev.getschwifty.environment="checkout/web"',
    'RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin app',
    "RUN apt-get update && apt-get install --yes --no-install-recommends 'curl' 'git=1:2.39.5-0+deb12u2' && rm -rf /var/lib/apt/lists/*",
    "RUN python3 -m venv --without-pip /opt/venv && python3 -m pip --python /opt/venv/bin/python install --no-cache-dir 'Jinja2==2.10'",
    "RUN npm install --global --no-audit --no-fund '@scope/pkg@1.0.0-rc.1' && npm cache clean --force",
    'ENV PATH=/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'ENV NODE_PATH=/usr/local/lib/node_modules',
    'WORKDIR /app',
    'COPY files/ /app/',
    'USER 10001:10001',
    'EXPOSE 9000',
    'CMD ["python3","app.py"]',
  ]);
});

describe('a fix', () => {
  it('takes the place of what the spec pins, however the name is written', () => {
    for (const name of ['Jinja2', 'jinja2', 'JINJA2']) {
      for (const fixed of ['jinja2', 'Jinja2']) {
        const fix = { manager: 'pip' as const, package: fixed, version: '3.1.6' };
        expect(install({ pip: [{ name, version: '2.10' }] }, [fix])[0]).toContain(` '${fixed}==3.1.6'`);
        expect(install({ pip: [{ name, version: '2.10' }] }, [fix])[0]).not.toContain('2.10');
      }
    }
  });
  it('of a package that came with another is installed beside it', () => {
    const fix = { manager: 'npm' as const, package: 'minimist', version: '1.2.6' };
    expect(install({ npm: [{ name: 'mkdirp' }] }, [fix])[0]).toContain("'minimist@1.2.6' 'mkdirp'");
  });
  it('of a Debian package is the newest of the suite', () => {
    const fix = { manager: 'apt' as const, package: 'openssl', version: '3.0.17-1~deb12u2' };
    expect(install({ apt: [{ name: 'openssl', version: '3.0.1' }] }, [fix])[0]).toContain(" 'openssl' ");
  });
});

it('the build context has it and the files, each below files/', () => {
  const context = buildContext({
    spec: spec({ files: { 'src/app.py': 'x', Dockerfile: 'FROM evil' } }),
    baseImage,
    environmentId: 'checkout/web',
    fixes: [],
  });
  expect(Object.keys(context).sort()).toEqual(['Dockerfile', 'files/Dockerfile', 'files/src/app.py']);
  expect(context['Dockerfile']).toContain(baseImage);
});

describe('laws', () => {
  const of = (name: RegExp, version: RegExp) =>
    fc.record(
      { name: fc.stringMatching(name), version: fc.stringMatching(version) },
      { requiredKeys: ['name'] },
    );
  const packages = fc.record({
    apt: fc.array(of(/^[a-z0-9][a-z0-9+.-]{0,8}[a-z0-9+.]$/, /^[0-9][0-9A-Za-z.+~:-]{0,8}$/), {
      maxLength: 3,
    }),
    pip: fc.array(of(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,6}[A-Za-z0-9])?$/, /^[0-9][0-9A-Za-z.+!_-]{0,8}$/), {
      maxLength: 3,
    }),
    npm: fc.array(
      of(/^(@[a-z0-9~][a-z0-9._~-]{0,4}\/)?[a-z0-9~][a-z0-9._~-]{0,6}$/, /^[0-9][0-9A-Za-z.+-]{0,8}$/),
      { maxLength: 3 },
    ),
  });
  const word = fc.string({ minLength: 1, unit: 'binary' }).filter((text) => !text.includes('\0'));
  const anySpec = fc.record({
    packages,
    files: fc.constantFrom({}, { 'a.py': 'x' }),
    command: fc.array(word, { minLength: 1, maxLength: 4 }),
  });
  const expected = ({ apt, pip, npm }: Packages, files: boolean) => [
    'FROM',
    'LABEL',
    'RUN',
    ...[apt, pip, npm].filter((list) => list.length > 0).map(() => 'RUN'),
    'ENV',
    'ENV',
    'WORKDIR',
    ...(files ? ['COPY'] : []),
    'USER',
    'EXPOSE',
    'CMD',
  ];

  it('has just the instructions that it should, whatever was asked for', () =>
    fc.assert(
      fc.property(anySpec, (parts) => {
        const wanted = spec(parts);
        const made = lines(wanted);
        const names = made.map((line) => line.split(' ')[0]);
        expect(names).toEqual(expected(wanted.packages, Object.keys(wanted.files).length > 0));
        expect(made.filter((line) => line.endsWith('\\'))).toEqual([]);
      }),
    ));
  it('has nothing typed outside quotes and JSON', () =>
    fc.assert(
      fc.property(anySpec, (parts) => {
        const made = lines(spec(parts));
        expect(JSON.parse(made.at(-1)?.slice('CMD '.length) ?? '')).toEqual(parts.command);
        const bare = (list: string[]) =>
          list.slice(0, -1).map((line) => line.replaceAll(/(?: '[^']*')+/g, ''));
        const empty = { apt: parts.packages.apt, pip: parts.packages.pip, npm: parts.packages.npm };
        const sample = Object.fromEntries(
          Object.entries(empty).map(([manager, list]) => [manager, list.map(() => ({ name: 'aa' }))]),
        );
        expect(bare(made)).toEqual(bare(lines(spec({ ...parts, packages: sample }))));
      }),
    ));
  it('refuses every name and version with a character that a shell, Dockerfile or installer could take otherwise', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(packageGrammar)),
        fc.string({ maxLength: 5 }),
        fc.constantFrom(
          "'",
          '"',
          '\\',
          '\n',
          '\r',
          ' ',
          '\t',
          '$',
          '`',
          ';',
          '&',
          '|',
          '<',
          '>',
          '=',
          '#',
          '\0',
          '(',
          '*',
          '?',
          '\u2028',
        ),
        fc.string({ maxLength: 5 }),
        (grammar, before, bad, behind) => {
          const text = `${before}${bad}${behind}`;
          expect(grammar.safeParse({ name: text }).success).toBe(false);
          expect(grammar.safeParse({ name: 'aa', version: text }).success).toBe(false);
        },
      ),
    ));
});
