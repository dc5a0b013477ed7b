/** The judge of generated Dockerfiles: hadolint, with shellcheck's rules for what RUN runs, over one of each kind. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dockerfile, dockerfileOf } from '#core/dockerfile.ts';
import { Indexes } from '#core/indexes.ts';
import { EnvironmentKey } from '#core/names.ts';
import { PackageManager } from '#core/packages.ts';
import { Spec } from '#core/spec.ts';
import { run } from '#local/setup/run.ts';

/** Packages without a version are the newest on purpose: whoever wants another names it. */
const unpinned = ['DL3008', 'DL3013', 'DL3016', 'DL3018', 'DL3041'];

const baseImage = `000000000000.dkr.ecr.us-east-1.amazonaws.com/base/any@sha256:${'0'.repeat(64)}`;
const key = EnvironmentKey.parse({ team: 'checkout', name: 'web' });
const indexes = Indexes.parse({
  pip: { url: 'https://a.example/simple/' },
  npm: { url: 'https://a.example' },
});
const open = [{ name: 'aa' }];
const pinned = [{ name: 'aa', version: '1.0' }, { name: 'bb' }];

/** By name: nothing at all, each manager alone, and each system with all languages, tools, files and a fix. */
function corpus(): Readonly<Record<string, string>> {
  const made = (takes: readonly PackageManager[], packages: object, files: object = {}, isFixed = true) =>
    dockerfile({
      spec: Spec.parse({ base: 'any', packages, files, command: ['sh', '-c', 'echo "$HOME" \\'] }),
      baseImage,
      takes,
      key,
      epoch: '2026-11-19',
      indexes,
      fixes: isFixed ? takes.map((manager) => ({ manager, package: 'cc', version: '2.0' })) : [],
    });
  const many = [...'abcdefghi'].map((name) => ({ name: `${name}${name}` }));
  const languages = ['pip', 'npm', 'conda'] as const;
  const every = Object.fromEntries(languages.map((manager) => [manager, pinned]));
  const alone = PackageManager.options.map((manager) => [manager, made([manager], { [manager]: open })]);
  const whole = (['apt', 'apk', 'dnf'] as const).map((system) => [
    `${system}-and-all`,
    made([system, ...languages], { ...every, [system]: pinned, tools: open }, { 'app.py': '' }),
  ]);
  const image = `000000000000.dkr.ecr.us-east-1.amazonaws.com/image/any@sha256:${'0'.repeat(64)}`;
  const spec = Spec.parse({ image: image.slice(image.indexOf('/') + 1), command: ['sh', '-c', 'id'] });
  const upon = dockerfileOf(image, { key, spec });
  return {
    nothing: made([], {}),
    'upon-an-image': upon,
    'pip-in-parts': made(['pip'], { pip: many }, {}, false),
    ...Object.fromEntries(alone),
    ...Object.fromEntries(whole),
  };
}

interface Bench {
  /** Of the judges' venv. */
  readonly programs: string;
  /** Where the files are written that are judged. */
  readonly folder: string;
  readonly log: string;
}

/** @throws when hadolint has a finding; the log has it. */
export async function judgeDockerfiles({ programs, folder, log }: Bench): Promise<string> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const files = Object.entries(corpus()).map(([name, text]) => {
    const path = join(folder, `${name}.Dockerfile`);
    writeFileSync(path, text);
    return path;
  });
  const ignored = unpinned.flatMap((rule) => ['--ignore', rule]);
  await run(
    join(programs, 'hadolint'),
    ['--no-color', '--failure-threshold', 'style', ...ignored, ...files],
    {
      log,
    },
  );
  return `${files.length} read`;
}
