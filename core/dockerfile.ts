/**
 * The Dockerfile of a spec. Every word that a person chose has passed its ecosystem's grammar (packages.ts) and stands in
 * single quotes, or is JSON in an exec form: it can't become an instruction, an option or a shell word.
 *
 * Each language's packages are made in a stage of their own, beside one another, with the spec's tools; the image takes
 * only what they made. Package archives stay in cache mounts, which are the environment's own: nobody else writes to them.
 */
import { appUser } from './app-user.ts';
import { addressOf, type Indexes, isIndexed } from './indexes.ts';
import { type How, type Language, type Lock, type LockPart, languages, quoted } from './languages.ts';
import { type EnvironmentKey, environmentId, namespaceOf } from './names.ts';
import {
  canonical,
  isSystem,
  type Package,
  type PackageManager,
  type SystemManager,
  systemOf,
} from './packages.ts';
import { partsOf } from './parts.ts';
import type { Spec } from './spec.ts';
import type { Fix } from './verdict.ts';
import { installing, type Release, waivedOf } from './young.ts';

export interface BuildInput {
  readonly spec: Spec;
  /** With its digest: what is built from does not move. */
  readonly baseImage: string;
  /** The managers of the base. */
  readonly takes: readonly PackageManager[];
  readonly key: EnvironmentKey;
  /** Versions that a verdict asked for; they go before what the spec pins. */
  readonly fixes: readonly Fix[];
  /** The day from which on its packages are looked up anew: builds.ts. */
  readonly epoch: string;
  /** A day: releases of that day and later are too young for pip and npm. */
  readonly tooYoungFrom?: string | undefined;
  /** What is taken though it is too young. */
  readonly waived?: readonly Release[] | undefined;
  /** Without them the public ones. */
  readonly indexes?: Indexes | undefined;
}

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
    ...used.flatMap((language) => [
      `FROM ${builder} AS ${language.manager}`,
      ...installOf(input, language),
      ...moreOf(input, language),
    ]),
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

const isLocked = (input: BuildInput, { manager, lock }: Language): boolean =>
  lock !== undefined && wantedOf(input, manager).kept.length > 0;

/** Whether what is made of it says what it was resolved to. */
export const hasLock = (input: BuildInput): boolean =>
  languages.some((language) => isLocked(input, language));

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

/**
 * Each stage has caches of its own: stages are built beside one another, and apt gives up where its folder is in use. No
 * `sharing=locked`: buildah keeps its lock as a file in the cache, where `apt-get update` deletes it, and then waits for ever.
 * The words before the command are read by nobody but the cache: a layer of another epoch, or without the fix, is none of its.
 */
function run(
  { key, epoch }: BuildInput,
  stage: string,
  caches: readonly string[],
  command: string,
  { fixes = [], secret }: { readonly fixes?: readonly string[]; readonly secret?: string | undefined } = {},
): string {
  const id = `${namespaceOf(key)}-${stage}`;
  const mounts = caches.map(
    (target) => `--mount=type=cache,id=${id}${target.replaceAll('/', '-')},target=${target}`,
  );
  if (secret !== undefined) mounts.push(`--mount=type=secret,id=${secret}`);
  const words = [`SECURITY_EPOCH=${epoch}`, ...(fixes.length === 0 ? [] : [`FIXES='${fixes.join(' ')}'`])];
  return ['RUN', ...mounts, ...words, command].join(' ');
}

/** What the spec asks of a manager, without what a fix is for, and the fixes. The system's own takes the fixes of any system. */
function wantedOf({ spec, fixes }: BuildInput, manager: PackageManager) {
  const own = fixes.filter((fix) => (isSystem(manager) ? isSystem(fix.manager) : fix.manager === manager));
  const isFixed = (name: string) =>
    own.some((fix) => canonical(manager, fix.package) === canonical(manager, name));
  const kept = spec.packages[manager].filter(({ name }) => !isFixed(name));
  // A system's fix is the newest of its suite: Debian's archive keeps no other.
  const pinned = own.map((fix) =>
    isSystem(manager) ? { name: fix.package } : { name: fix.package, version: fix.version },
  );
  return { kept, pinned: pinned.sort(byName) };
}

/** Where a verdict asks for something all is one part: nothing of before is to be taken from there on. */
function partedOf(input: BuildInput, { manager, more }: Language) {
  const { kept, pinned } = wantedOf(input, manager);
  const isOne = more === undefined || pinned.length > 0;
  const parts = isOne ? { first: kept, more: [] } : partsOf(kept);
  return { parts, first: [...parts.first].sort(byName), all: [...kept].sort(byName), pinned };
}

/** Whether a build of the same without fixes has two. */
const isParted = ({ spec }: BuildInput, { manager, more }: Language): boolean =>
  more !== undefined && partsOf(spec.packages[manager]).more.length > 0;

const byName = (a: Package, b: Package): number => (a.name < b.name ? -1 : 1);

function wanted(input: BuildInput, manager: PackageManager): Package[] {
  const { kept, pinned } = wantedOf(input, manager);
  return [...kept, ...pinned].sort(byName);
}

/** Of whose packages the base can install no fix. */
export function unfixable(
  fixes: readonly Fix[],
  takes: readonly PackageManager[],
): 'system' | PackageManager | undefined {
  const bad = fixes.find(({ manager }) =>
    isSystem(manager) ? systemOf(takes) === undefined : !takes.includes(manager),
  );
  return bad && (isSystem(bad.manager) ? 'system' : bad.manager);
}

const howOf = (input: BuildInput, manager: PackageManager): How => {
  const tells = isIndexed(manager) && (input.indexes?.[manager].tellsAge ?? true);
  const address = isIndexed(manager) && input.indexes ? addressOf(manager, input.indexes) : undefined;
  return { index: address, before: tells ? input.tooYoungFrom : undefined };
};

/**
 * What the spec asks for, from what is old enough; then the fixes of a verdict, whatever their age: what they mend is known, and
 * may be abused already.
 */
function installOf(input: BuildInput, language: Language): string[] {
  const { manager, cache, prepare, install, check, finish } = language;
  const how = howOf(input, manager);
  const { first: kept, pinned } = partedOf(input, language);
  const young = youngOf(input, language, kept);
  const lock = isLocked(input, language) ? language.lock : undefined;
  const part = pinned.length > 0 && isParted(input, language) ? 'all' : 'first';
  const fixing = { before: undefined, part: 'fix', asked: input.spec.packages[manager] } as const;
  const steps = [
    // What it installed is not looked up by what follows.
    ...(lock === undefined ? [] : [lockedFirst(lock, { ...how, asked: kept }, part)]),
    ...(kept.length === 0 ? [] : installing(language, kept, how, young)),
    ...(pinned.length === 0 ? [] : [install(pinned, { ...how, ...fixing })]),
    ...(pinned.length > 0 && kept.length > 0 && check !== undefined ? [check] : []),
    ...(lock === undefined ? [] : [lock.keep(part, young.length > 0)]),
    ...(finish === undefined ? [] : [finish]),
  ];
  return [
    ...(prepare === undefined ? [] : [run(input, manager, [cache], prepare(how))]),
    run(input, manager, [cache], steps.join(' && '), { secret: lock?.secret }),
  ];
}

/** Those whose age is asked and waived. */
const youngOf = (input: BuildInput, { manager }: Language, packages: readonly Package[]): Package[] =>
  howOf(input, manager).before === undefined ? [] : waivedOf(manager, packages, input.waived ?? []);

/** All is asked for at once, of which the first part is there: what does not go with the rest is changed. */
function moreOf(input: BuildInput, language: Language): string[] {
  const { manager, cache, more, lock } = language;
  const { parts, all } = partedOf(input, language);
  if (more === undefined || parts.more.length === 0) return [];
  const how: How = { ...howOf(input, manager), part: 'more' };
  const young = youngOf(input, language, parts.more);
  const steps = [
    more.begin,
    ...(lock === undefined ? [] : [lockedFirst(lock, how, 'more')]),
    ...installing(language, all, how, young),
    ...(lock === undefined ? [] : [lock.keep('more', young.length > 0)]),
    more.end,
  ];
  return [
    `FROM ${manager} AS ${more.stage}`,
    run(input, manager, [cache], steps.join(' && '), { secret: lock?.secret }),
  ];
}

function takenOf(input: BuildInput, language: Language): string[] {
  const { manager, folder, more } = language;
  const taken = `COPY --from=${manager} ${folder} ${folder}`;
  if (more === undefined || partedOf(input, language).parts.more.length === 0) return [taken];
  return [taken, `COPY --from=${more.stage} ${more.folder} ${folder}`, `RUN ${more.clean}`];
}

/** What is not there any more, or is not what it was, ends the build: a person says what then. */
const lockedFirst = ({ secret, again }: Lock, how: How, part: LockPart): string =>
  `test ! -s /run/secrets/${secret} || ${again(how, part)} || { echo 'What this was built from before can not be had as it was. A rebuild without the cache looks it up anew.' >&2; exit 1; }`;

/** JSON in ASCII, and no backslash at the end of a string: parsers of Dockerfiles differ in what they make of others. */
const execForm = (words: readonly string[]): string =>
  JSON.stringify(words)
    .replaceAll('\\\\', '\\u005c')
    .replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
