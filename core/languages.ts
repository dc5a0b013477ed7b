/**
 * How each language's packages are installed: the words of a Dockerfile's instructions (dockerfile.ts). What a person chose stands in
 * single quotes.
 */
import { condaAgain, condaInstall, condaKeep, condaLocked, condaPrepare } from './conda.ts';
import { npmAgain, npmFinish, npmInstall, npmKeep, npmLocked, npmMend, npmYoung } from './npm-lock.ts';
import type { Package, PackageManager } from './packages.ts';

/** What makes one folder of the image, in a stage of its own. */
export interface Language {
  readonly manager: PackageManager;
  readonly folder: string;
  readonly cache: string;
  /** What is done before, whatever the packages. */
  readonly prepare?: (how: How) => string;
  readonly install: (packages: readonly Package[], how: How) => string;
  /** What is done before for releases whose age is waived. */
  readonly young?: (packages: readonly Package[], how: How) => string;
  /** Fails where what was installed one after the other does not fit together. */
  readonly check?: string;
  readonly lock?: Lock;
  /** What is done behind all else. */
  readonly finish?: string;
  readonly more?: More;
}

/** What is added to the folder by stages, each upon the one before, so that the image has each as a layer by itself. */
export interface More {
  /** Has what the stage changed in the language's folder, and the names of all that is there no longer. */
  readonly folder: string;
  readonly begin: string;
  readonly end: string;
  /** In the image, behind all of them: takes away what is there no longer. */
  readonly clean: string;
}

export interface How {
  /** In the place of the public one. */
  readonly index: string | undefined;
  /** A day. */
  readonly before: string | undefined;
  /** What a verdict asks for, beside what the spec does; or a part behind the first, by its number. */
  readonly part?: 'fix' | number;
  /** What the spec asks for: with a fix, what that is for too; with a lock, without. */
  readonly asked?: readonly Package[];
}

/** Versions and hashes of all that was resolved, with what came along: what is built of the same again is built of these. */
export interface Lock {
  /** Where a lock is while an instruction runs: a secret, for no cache asks what is in one. */
  readonly secret: string;
  /** Where the image has it: the buildspec takes it from there. */
  readonly file: string;
  /** Installs what of it is of the part, and nothing else. */
  readonly again: (how: How, part: LockPart) => string;
  /** Makes it of what was installed, in the language's folder: the image has it too. @param young whether `young` of the part ran. */
  readonly keep: (part: LockPart, young: boolean) => string;
}

/** By its number, from 1 on; or in one go what has as many parts in a build of the same without fixes: which is of which can't be told. */
export type LockPart = number | { readonly allOf: number };

/** The first that asks an index how old a release is. The bases' own are older: Debian 12 has 23.0. */
const pip = 'pip==26.0.1 --hash=sha256:bdb1b08f4274833d62c1aa29e20907365a2ceb950410df15fc9521bad440122b';
const pipIn = 'python3 /opt/pip/pip --python /opt/venv/bin/python';
const pipLocked = '/opt/venv/resolved.txt';
const pipInstall = ({ index, report }: Pick<How, 'index'> & { readonly report: string }): string =>
  `${pipIn} install --cache-dir /root/.cache/pip --report /tmp/${report}.json ${pipIndex(index)}`;
const isLater = (part: How['part'] | LockPart): part is number => typeof part === 'number' && part > 1;
/** Of each part its own: a stage has those of the ones before. */
const reportOf = (what: string, part: How['part'] | LockPart): string =>
  isLater(part) ? `${what}-${part}` : what;

/** The proxy of the build, which speaks TLS to the index, is asked without. */
const pipIndex = (index: string | undefined): string => {
  const isPlain = index?.startsWith('http:');
  return `${option('--index-url', index)}${isPlain ? option('--trusted-host', new URL(index ?? '').host) : ''}`;
};

/** Of pip's reports, of which the later counts. Where one tells no hash there is none: half a lock would be none. */
const pipLock = [
  'import json, os, sys',
  'reports = [json.load(open(path)) for path in sys.argv[1:] if os.path.exists(path)]',
  'items = [item for report in reports for item in report["install"]]',
  'name = lambda item: item["metadata"]["name"].lower().replace("_", "-").replace(".", "-")',
  'digest = lambda item: item["download_info"]["archive_info"]["hashes"]["sha256"]',
  'line = lambda item: "%s==%s --hash=sha256:%s" % (name(item), item["metadata"]["version"], digest(item))',
  'print(*sorted({name(item): line(item) for item in items}.values()), sep=chr(10))',
].join('; ');

/** Between the parts of a lock: pip takes it for a comment. A part that is left out of it is looked up, and then what follows counts. */
const mark = '# more';
const picked = (words: string): string => `python3 -c 'import sys; print(*${words}, sep="")'`;
function lockOf(part: LockPart): { readonly name: string; readonly pick: string } {
  // What several have is as the last of them has it.
  if (typeof part === 'object')
    return {
      name: 'all',
      pick: picked('{line.split("==")[0]: line for line in open(sys.argv[1]) if "==" in line}.values()'),
    };
  if (part === 1) return { name: 'first', pick: `sed '/^${mark}$/,$d'` };
  const own = `open(sys.argv[1]).read().split("${mark}" + chr(10))[${part - 1}:${part}]`;
  return { name: `part-${part}`, pick: picked(own) };
}
function pipAgain(how: How, part: LockPart): string {
  const { name, pick } = lockOf(part);
  const install = pipInstall({ ...how, report: reportOf('lock', part) });
  return `{ ${pick} /run/secrets/pip > /tmp/${name}.txt && { ! grep -q = /tmp/${name}.txt || ${install}--no-deps --require-hashes --requirement /tmp/${name}.txt; }; }`;
}

const made = `python3 -c '${pipLock}'`;
function pipKeep(part: LockPart, young: boolean): string {
  const reports = ['lock', ...(young ? ['young'] : []), 'spec', ...(isLater(part) ? [] : ['fix'])]
    .map((what) => `/tmp/${reportOf(what, part)}.json`)
    .join(' ');
  if (part === 1) return `{ ${made} ${reports} > ${pipLocked} || : > ${pipLocked}; }`;
  if (typeof part === 'number')
    return `{ ${made} ${reports} > /tmp/kept.txt && test -s ${pipLocked} && { echo '${mark}'; cat /tmp/kept.txt; } >> ${pipLocked} || : > ${pipLocked}; }`;
  const marks = `echo '${mark}'; `.repeat(part.allOf - 1);
  return `{ { ${marks}${made} ${reports}; } > ${pipLocked} || : > ${pipLocked}; }`;
}

/** Files by what tells that one was written anew. */
const seen = [
  'import json, os, shutil',
  'root = "/opt/venv/"',
  'paths = [os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names]',
  'now = {path[len(root):]: [os.lstat(path).st_mtime_ns, os.lstat(path).st_size] for path in paths}',
];
const copyChanged = [
  ...seen,
  'before = json.load(open("/tmp/before.json"))',
  'more = lambda path: os.path.join("/opt/more", path)',
  'gone = [*before, *(open(more("gone.txt")).read().split(chr(10)) if os.path.exists("/opt/more") else [])]',
  'shutil.rmtree("/opt/more", ignore_errors=True)',
  'copy = lambda path: (os.makedirs(os.path.dirname(more(path)), exist_ok=True), shutil.copy2(root + path, more(path), follow_symlinks=False))',
  'os.makedirs("/opt/more")',
  '[copy(path) for path in now if before.get(path) != now[path]]',
  'print(*sorted({path for path in gone if path and path not in now}), sep=chr(10), file=open(more("gone.txt"), "w"))',
];
const pipMore: More = {
  folder: '/opt/more',
  begin: `python3 -c '${[...seen, 'json.dump(now, open("/tmp/before.json", "w"))'].join('; ')}'`,
  end: `python3 -c '${copyChanged.join('; ')}'`,
  clean:
    'while read -r path; do test -z "$path" || { rm -f "/opt/venv/$path"; rmdir -p "$(dirname "/opt/venv/$path")" 2> /dev/null || :; }; done < /opt/venv/gone.txt && rm /opt/venv/gone.txt',
};

/** In the order in which the image takes them: what is largest first, for who changes one has those behind it copied again. */
export const languages: readonly Language[] = [
  {
    manager: 'conda',
    folder: '/opt/env',
    cache: '/var/cache/conda',
    prepare: () => condaPrepare,
    install: (packages) => condaInstall(quoted(packages, '==')),
    lock: {
      secret: 'conda',
      file: condaLocked,
      again: ({ asked = [] }) => condaAgain(quoted(asked, '==')),
      keep: () => condaKeep,
    },
  },
  {
    manager: 'pip',
    folder: '/opt/venv',
    cache: '/root/.cache/pip',
    prepare: ({ index }) =>
      `echo '${pip}' > /tmp/pip.txt && python3 -m pip install --cache-dir /root/.cache/pip --target /opt/pip --no-deps --require-hashes ${pipIndex(index)}--requirement /tmp/pip.txt && python3 -m venv --without-pip /opt/venv`,
    install: (packages, how) =>
      `${pipInstall({ ...how, report: how.part === 'fix' ? 'fix' : reportOf('spec', how.part) })}${option('--uploaded-prior-to', how.before && `${how.before}T00:00:00Z`)}${quoted(packages, '==')}`,
    // Alone, with nothing that comes along: what is there is not looked up by what follows.
    young: (packages, { index, part }) =>
      `${pipInstall({ index, report: reportOf('young', part) })}--no-deps ${quoted(packages, '==')}`,
    check: `${pipIn} check`,
    lock: {
      secret: 'pip',
      file: pipLocked,
      again: pipAgain,
      keep: pipKeep,
    },
    more: pipMore,
  },
  {
    manager: 'npm',
    folder: '/opt/npm',
    cache: '/root/.npm',
    install: (packages, { index, before, part, asked = [] }) =>
      part === 'fix'
        ? npmMend(packages, asked, option('--registry', index))
        : npmInstall(quoted(packages, '@'), `${option('--registry', index)}${option('--before', before)}`),
    young: (packages, { index }) => npmYoung(packages, option('--registry', index)),
    finish: npmFinish,
    lock: {
      secret: 'npm',
      file: npmLocked,
      again: ({ index }) => npmAgain(option('--registry', index)),
      keep: () => npmKeep,
    },
  },
];

const option = (name: string, value: string | undefined): string =>
  value === undefined ? '' : `${name} '${value}' `;

export const quoted = (packages: readonly Package[], separator: string): string =>
  packages
    .map(({ name, version }) => (version === undefined ? `'${name}'` : `'${name}${separator}${version}'`))
    .join(' ');
