/**
 * How each language's packages are installed: the words of a Dockerfile's instructions (dockerfile.ts). What a person chose stands in
 * single quotes.
 */
import { condaAgain, condaInstall, condaKeep, condaLocked, condaPrepare } from './conda.ts';
import { unreachable } from './errors.ts';
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

/** What is added to the folder by a stage upon its own, so that the image has it as a layer by itself. */
interface More {
  readonly stage: string;
  /** Has what was changed in the language's folder, and the names of what is there no longer. */
  readonly folder: string;
  readonly begin: string;
  readonly end: string;
  /** In the image: takes away what is there no longer. */
  readonly clean: string;
}

export interface How {
  /** In the place of the public one. */
  readonly index: string | undefined;
  /** A day. */
  readonly before: string | undefined;
  /** What a verdict asks for, beside what the spec does. */
  readonly part?: 'fix' | 'more';
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

/** `all` of it in one go, where a build of the same without fixes has two parts: which is of which can't be told then. */
export type LockPart = 'first' | 'more' | 'all';

/** The first that asks an index how old a release is. The bases' own are older: Debian 12 has 23.0. */
const pip = 'pip==26.0.1 --hash=sha256:bdb1b08f4274833d62c1aa29e20907365a2ceb950410df15fc9521bad440122b';
const pipIn = 'python3 /opt/pip/pip --python /opt/venv/bin/python';
const pipLocked = '/opt/venv/resolved.txt';
const pipInstall = ({ index, part = 'spec' }: Pick<How, 'index'> & { readonly part?: string }): string =>
  `${pipIn} install --cache-dir /root/.cache/pip --report /tmp/${part}.json ${pipIndex(index)}`;

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
const lockOf: Readonly<Record<LockPart, string>> = {
  first: `sed '/^${mark}$/,$d'`,
  more: `sed -n '/^${mark}$/,$p'`,
  // What both have is as the second has it.
  all: `python3 -c 'import sys; print(*{line.split("==")[0]: line for line in open(sys.argv[1]) if "==" in line}.values(), sep="")'`,
};
const pipAgain = (how: How, part: LockPart): string =>
  `{ ${lockOf[part]} /run/secrets/pip > /tmp/${part}.txt && { ! grep -q = /tmp/${part}.txt || ${pipInstall({ ...how, part: part === 'more' ? 'lock-more' : 'lock' })}--no-deps --require-hashes --requirement /tmp/${part}.txt; }; }`;

const made = `python3 -c '${pipLock}'`;
const pipKeep = (part: LockPart, young: boolean): string => {
  const firsts = ['lock', ...(young ? ['young'] : []), 'spec', 'fix']
    .map((name) => `/tmp/${name}.json`)
    .join(' ');
  const mores = ['lock-more', ...(young ? ['young-more'] : []), 'more']
    .map((name) => `/tmp/${name}.json`)
    .join(' ');
  switch (part) {
    case 'first':
      return `{ ${made} ${firsts} > ${pipLocked} || : > ${pipLocked}; }`;
    case 'more':
      return `{ ${made} ${mores} > /tmp/kept.txt && test -s ${pipLocked} && { echo '${mark}'; cat /tmp/kept.txt; } >> ${pipLocked} || : > ${pipLocked}; }`;
    case 'all':
      return `{ { echo '${mark}'; ${made} ${firsts}; } > ${pipLocked} || : > ${pipLocked}; }`;
    default:
      return unreachable(part);
  }
};

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
  'copy = lambda path: (os.makedirs(os.path.dirname(more(path)), exist_ok=True), shutil.copy2(root + path, more(path), follow_symlinks=False))',
  'os.makedirs("/opt/more")',
  '[copy(path) for path in now if before.get(path) != now[path]]',
  'print(*[path for path in before if path not in now], sep=chr(10), file=open(more("gone.txt"), "w"))',
];
const pipMore: More = {
  stage: 'pip-more',
  folder: '/opt/more',
  begin: `python3 -c '${[...seen, 'json.dump(now, open("/tmp/before.json", "w"))'].join('; ')}'`,
  end: `python3 -c '${copyChanged.join('; ')}'`,
  clean:
    'while read -r path; do test -z "$path" || { rm -f "/opt/venv/$path"; rmdir -p "$(dirname "/opt/venv/$path")" 2> /dev/null || :; }; done < /opt/venv/gone.txt && rm /opt/venv/gone.txt',
};

/** In the order in which the image takes them: what changes least often first. */
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
  {
    manager: 'pip',
    folder: '/opt/venv',
    cache: '/root/.cache/pip',
    prepare: ({ index }) =>
      `echo '${pip}' > /tmp/pip.txt && python3 -m pip install --cache-dir /root/.cache/pip --target /opt/pip --no-deps --require-hashes ${pipIndex(index)}--requirement /tmp/pip.txt && python3 -m venv --without-pip /opt/venv`,
    install: (packages, how) =>
      `${pipInstall(how)}${option('--uploaded-prior-to', how.before && `${how.before}T00:00:00Z`)}${quoted(packages, '==')}`,
    // Alone, with nothing that comes along: what is there is not looked up by what follows.
    young: (packages, { index, part }) =>
      `${pipInstall({ index, part: part === 'more' ? 'young-more' : 'young' })}--no-deps ${quoted(packages, '==')}`,
    check: `${pipIn} check`,
    lock: {
      secret: 'pip',
      file: pipLocked,
      again: pipAgain,
      keep: pipKeep,
    },
    more: pipMore,
  },
];

const option = (name: string, value: string | undefined): string =>
  value === undefined ? '' : `${name} '${value}' `;

export const quoted = (packages: readonly Package[], separator: string): string =>
  packages
    .map(({ name, version }) => (version === undefined ? `'${name}'` : `'${name}${separator}${version}'`))
    .join(' ');
