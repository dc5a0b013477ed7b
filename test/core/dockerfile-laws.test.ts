/** Whatever is asked for, BuildKit's own parser reads the instructions that we meant, and nothing typed among them. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { dockerfile } from '#core/dockerfile.ts';
import { PackageManager, Packages, packageGrammar } from '#core/packages.ts';
import { Spec } from '#core/spec.ts';
import * as z from '#core/zod.ts';
import { instanceOf } from '#local/instance.ts';
import { ensureGoProgram } from '#local/judges/go-program.ts';
import { ensureGo } from '#local/setup/go.ts';
import { digest, key } from './samples.ts';

const Read = z.object({
  instructions: z.array(
    z.object({ name: z.string(), flags: z.array(z.string()), words: z.array(z.string()), exec: z.boolean() }),
  ),
  heredocs: z.int(),
  stages: z.int(),
});
type Read = z.infer<typeof Read>;

let parser = '';
beforeAll(async () => {
  const instance = instanceOf('test');
  const log = join(instance.root, '.state/dockerfile-parser.log');
  parser = await ensureGoProgram('dockerfile-parser', instance.cache, {
    go: await ensureGo(instance, log),
    log,
  });
}, 600_000);

function readByBuildKit(text: string): Read {
  const { status, stdout, stderr } = spawnSync(parser, { input: text, encoding: 'utf8' });
  if (status !== 0) throw new Error(`BuildKit refuses it: ${stderr}\n${text}`);
  return Read.parse(JSON.parse(stdout));
}

const make = (spec: Spec, takes: readonly PackageManager[] = PackageManager.options) =>
  dockerfile({
    spec,
    baseImage: `000000000000.dkr.ecr.us-east-1.amazonaws.com/base/debian@${digest(1)}`,
    takes,
    key,
    fixes: [],
    epoch: '2026-11-19',
  });

/** Made of what shells, Dockerfiles and installers know, so that what a grammar lets through is the worst that it can. */
const piece = fc.constantFrom(
  ...[
    'a',
    'B',
    '0',
    '1.2',
    '.',
    '-',
    '--',
    '_',
    '+',
    '~',
    '^',
    '!',
    '@a/',
    '/',
    ':',
    '=',
    '==',
    '<<EOF',
    '\\',
  ],
  ...['\n', '\r', ' ', '\t', "'", '"', '`', '$', '$(id)', '$x', ';', '&&', '|', '#', '*', '?', '[', '\u2028'],
  ...['\nRUN id\n', '\nEOF\n', '# syntax=x\n', '# escape=`\n', '.deb', '.rpm', '.apk', '.whl', '.tgz', 'é'],
);
const typed = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.array(piece, { maxLength: 5 }).map((parts) => parts.join('')),
);
const plain = fc.stringMatching(/^[a-z][a-z0-9.+-]{0,8}[a-z0-9]$/);
const name = fc.oneof(plain, typed);
const version = fc.option(fc.oneof(fc.stringMatching(/^[0-9][0-9.]{0,5}[0-9a-z]$/), typed), {
  nil: undefined,
});

/** Of what is typed, what the grammar takes. */
const packagesOf = (manager: PackageManager) =>
  fc
    .array(fc.record({ name, version }), { maxLength: 9 })
    .map((list) => list.filter((one) => packageGrammar[manager].safeParse(one).success).slice(0, 6));
const anyWord = fc
  .oneof(typed, fc.string({ minLength: 1, unit: 'binary' }))
  .filter((word) => word !== '' && !word.includes('\0'));
const anySpec = fc
  .record({
    packages: fc.record({
      ...Object.fromEntries(PackageManager.options.map((manager) => [manager, packagesOf(manager)])),
      tools: fc
        .array(fc.record({ name }), { maxLength: 4 })
        .map((tools) => tools.filter((tool) => Packages.safeParse({ tools: [tool] }).success)),
    }),
    files: fc.constantFrom({}, { 'a.py': 'RUN id\n' }),
    command: fc.array(anyWord, { minLength: 1, maxLength: 4 }),
  })
  .map((parts) => Spec.parse({ base: 'any', ...parts }));
const anyBase = fc
  .tuple(fc.constantFrom('apt', 'apk', 'dnf'), fc.subarray(['pip', 'npm', 'conda']))
  .map(([system, languages]) => z.array(PackageManager).parse([system, ...languages]));

/** The same with harmless words in place of all that was typed. */
function harmless(spec: Spec): Spec {
  const names = (list: readonly object[]) => list.map((_, i) => ({ name: `aa${i}` }));
  const packages = Object.fromEntries(
    Object.entries(spec.packages).map(([field, list]) => [field, names(list)]),
  );
  return Spec.parse({ ...spec, packages, command: ['aa'] });
}

/** What a shell is given, without the words in quotes that stand at the end of a list of packages: what is done with it may follow. */
const withoutQuoted = (words: readonly string[]) =>
  words.map((word) =>
    word.replaceAll(/(?: '[^' ]*')+(?=$| && (?:\{ python3|npm |\{ conda |echo '\]'))/g, ' …'),
  );
const shape = ({ instructions, ...rest }: Read) => ({
  ...rest,
  instructions: instructions.map(({ name, flags, words, exec }) => ({
    name,
    flags,
    exec,
    words: name === 'CMD' ? [] : withoutQuoted(words),
  })),
});

describe('BuildKit', () => {
  it('reads the same, whatever was typed', () =>
    fc.assert(
      fc.property(anySpec, anyBase, (spec, takes) => {
        const read = readByBuildKit(make(spec, takes));
        expect(shape(read)).toEqual(shape(readByBuildKit(make(harmless(spec), takes))));
        expect(read.heredocs).toBe(0);
      }),
    ));

  it('hands the command on word for word', () =>
    fc.assert(
      fc.property(anySpec, (spec) => {
        const last = readByBuildKit(make(spec)).instructions.at(-1);
        expect(last).toEqual({ name: 'CMD', flags: [], words: spec.command, exec: true });
      }),
    ));

  it('sees a heredoc, and an instruction too many, where there is one: these laws can fail', () => {
    const spec = Spec.parse({ base: 'any', packages: { apt: [{ name: 'curl' }] }, command: ['x'] });
    const text = make(spec);
    const planted = readByBuildKit(text.replace("'curl'", "'x' <<EOF\nRUN id\nEOF"));
    expect(planted.heredocs).toBe(1);
    const more = readByBuildKit(text.replace("'curl'", "'curl'\nRUN 'id'"));
    expect(shape(more)).not.toEqual(shape(readByBuildKit(text)));
    expect(() => readByBuildKit(text.replace('--mount=type=cache', '--evil=cache'))).toThrow(/refuses/);
  });
});

it('a shell reads a list of packages as they were typed', () =>
  fc.assert(
    fc.property(anySpec, (spec) => {
      const list = spec.packages.pip.map(({ name, version }) => (version ? `${name}==${version}` : name));
      fc.pre(list.length > 0);
      const lines = make(spec).split('\n');
      // Where there are parts, all is asked for in the last.
      const line = lines.findLast((each) => /--report \/tmp\/spec(?:-\d+)?\.json/.test(each));
      const quoted = /(?: '[^']*')+(?= && \{ python3)/.exec(line ?? '')?.[0] ?? '';
      const { stdout } = spawnSync('sh', ['-c', `printf '%s\\n'${quoted}`], { encoding: 'utf8' });
      expect(stdout.trimEnd().split('\n').sort()).toEqual(list.sort());
    }),
    { numRuns: 30 },
  ));

describe('a grammar', () => {
  const evil = ["'", '"', '\\', '\n', '\r', ' ', '\t', '$', '`', ';', '&', '|', '<', '>', '='];
  it.each(PackageManager.options)(
    'of %s refuses each character that a shell, Dockerfile or installer could take otherwise',
    (manager) =>
      fc.assert(
        fc.property(
          fc.string({ maxLength: 5 }),
          fc.constantFrom(...evil, '#', '\0', '(', '*', '?', '[', '/x', ':', '\u2028'),
          fc.string({ maxLength: 5 }),
          (before, bad, behind) => {
            const text = `${before}${bad}${behind}`;
            expect(packageGrammar[manager].safeParse({ name: text }).success).toBe(false);
            // An epoch of Debian's has a colon.
            if (bad === ':' && manager === 'apt') return;
            expect(packageGrammar[manager].safeParse({ name: 'aa', version: text }).success).toBe(false);
          },
        ),
      ),
  );
});
