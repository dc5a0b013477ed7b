/**
 * The Dockerfile of a spec. Every word that a person chose has passed its ecosystem's grammar (packages.ts) and stands in
 * single quotes, or is JSON in an exec form: it can't become an instruction, an option or a shell word.
 *
 * Each language's packages are made in a stage of their own, beside one another, with the spec's tools; the image takes
 * only what they made. Package archives stay in cache mounts, which are the environment's own: nobody else writes to them.
 */
import { appUser } from './app-user.ts';
import { type BuildInput, run, wanted } from './instruction.ts';
import { stagesOf, takenOf } from './language-stages.ts';
import { languages, quoted } from './languages.ts';
import { environmentId } from './names.ts';
import { isSystem, type Package, type SystemManager, systemOf } from './packages.ts';
import type { Spec } from './spec.ts';

const systems: Readonly<
  Record<SystemManager, { caches: readonly string[]; install: (packages: readonly Package[]) => string }>
> = {
  apt: {
    caches: ['/var/cache/apt', '/var/lib/apt/lists'],
    install: (packages) =>
      `apt-get update && apt-get install --yes --no-install-recommends ${quoted(packages, '=')}`,
  },
  apk: {
    caches: ['/var/cache/apk'],
    install: (packages) =>
      `apk add --cache-dir /var/cache/apk --update-cache --upgrade ${quoted(packages, '=')}`,
  },
  dnf: {
    // dnf's own, and that of its successor.
    caches: ['/var/cache/dnf', '/var/cache/libdnf5'],
    install: (packages) =>
      `dnf install --assumeyes --setopt=install_weak_deps=False --setopt=keepcache=True ${quoted(packages, '-')}`,
  },
};

/**
 * A line in passwd, which SSH wants, with the best shell that the base has. Written by hand: not every base has a
 * program for it, and useradd would lock the account, and write today's date, so that no two images would be the same.
 */
const addUser = [
  `if grep -Eq '^app:|:${appUser}:' /etc/passwd; then echo 'the base has a user app or ${appUser} of its own' >&2; exit 1; fi`,
  `printf 'app:x:${appUser}:${appUser}:app:/home/app:%s\\n' "$(command -v bash || command -v sh)" >> /etc/passwd`,
  `echo 'app:x:${appUser}:' >> /etc/group`,
  "echo 'app:*:::::::' >> /etc/shadow",
  'mkdir -p /home/app',
  `chown ${appUser}:${appUser} /home/app`,
].join(' && ');

/** For who reads the image: the cluster is told by the spec, so another port alone builds nothing. */
const exposed = ({ port }: Spec): string => `EXPOSE ${port}`;

/** What changes least often comes first: each instruction that changes makes all behind it anew. */
export function dockerfile(input: BuildInput): string {
  const { spec, baseImage } = input;
  const used = languages.filter(({ manager }) => wanted(input, manager).length > 0);
  const hasTools = spec.packages.tools.length > 0 && used.length > 0;
  const builder = hasTools ? 'tools' : 'base';
  const lines = [
    `FROM ${baseImage} AS base`,
    ...(hasTools ? ['FROM base AS tools', installSystem(input, 'tools', spec.packages.tools)] : []),
    ...used.flatMap((language) => stagesOf(input, language, builder)),
    'FROM base',
    label(input),
    'ENV PATH=/opt/venv/bin:/opt/npm/bin:/opt/env/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin NODE_PATH=/opt/npm/lib/node_modules:/usr/local/lib/node_modules',
    exposed(spec),
    'WORKDIR /app',
    `RUN ${addUser}`,
    ...installOwn(input),
    ...used.flatMap((language) => takenOf(input, language)),
    ...(Object.keys(spec.files).length === 0 ? [] : ['COPY files/ /app/']),
    `USER ${appUser}:${appUser}`,
    ...commandOf(spec),
  ];
  return `${lines.join('\n')}\n`;
}

/** An image that stands already, as it is: no instruction of it needs a shell, for it may have none. */
export const dockerfileOf = (image: string, { key, spec }: Pick<BuildInput, 'key' | 'spec'>): string =>
  `${[
    `FROM ${image}`,
    label({ key, baseImage: image }),
    exposed(spec),
    `USER ${appUser}:${appUser}`,
    // An entry point of its own would take the command for its arguments.
    ...(spec.command === undefined ? [] : ['ENTRYPOINT []', ...commandOf(spec)]),
  ].join('\n')}\n`;

const commandOf = ({ command }: Spec): string[] =>
  command === undefined ? [] : [`CMD ${execForm(command)}`];

/** Keys of the OCI image specification's annotations, and our own. */
function label({ key, baseImage }: Pick<BuildInput, 'key' | 'baseImage'>): string {
  const [name, digest] = baseImage.split('@');
  const values = {
    'dev.getschwifty.environment': environmentId(key),
    'org.opencontainers.image.title': environmentId(key),
    'org.opencontainers.image.base.name': name,
    ...(digest === undefined ? {} : { 'org.opencontainers.image.base.digest': digest }),
  };
  const pairs = Object.entries(values).map(([label, value]) => `${label}="${value}"`);
  return ['LABEL', ...pairs].join(' ');
}

function installOwn(input: BuildInput): string[] {
  const system = systemOf(input.takes);
  const packages = system === undefined ? [] : wanted(input, system);
  return packages.length === 0 ? [] : [installSystem(input, 'image', packages)];
}

function installSystem(input: BuildInput, stage: 'tools' | 'image', packages: readonly Package[]): string {
  const system = systemOf(input.takes);
  if (system === undefined) throw new Error('a base without a system manager was let through with tools');
  const { caches, install } = systems[system];
  return run(input, stage, caches, install(packages), { fixes: stage === 'image' ? systemFixes(input) : [] });
}

/** A system installs the newest, whatever the fix: only these words tell the instruction from that of before. */
const systemFixes = ({ fixes }: BuildInput): string[] =>
  fixes
    .filter(({ manager }) => isSystem(manager))
    .map(({ package: name, version }) => `${name}=${version}`)
    .sort();

/** JSON in ASCII, and no backslash at the end of a string: parsers of Dockerfiles differ in what they make of others. */
const execForm = (words: readonly string[]): string =>
  JSON.stringify(words)
    .replaceAll('\\\\', '\\u005c')
    .replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
