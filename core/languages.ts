/**
 * How each language's packages are installed: the words of a Dockerfile's instructions (dockerfile.ts). What a person chose stands in
 * single quotes.
 */
import type { Package, PackageManager } from './packages.ts';

/** What makes one folder of the image, in a stage of its own. */
export interface Language {
  readonly manager: PackageManager;
  readonly folder: string;
  readonly cache: string;
  /** What is done before, whatever the packages. */
  readonly prepare?: (how: How) => string;
  readonly install: (packages: readonly Package[], how: How) => string;
  /** Fails where what was installed one after the other does not fit together. */
  readonly check?: string;
  readonly lock?: Lock;
}

export interface How {
  /** In the place of the public one. */
  readonly index: string | undefined;
  /** A day. */
  readonly before: string | undefined;
  /** What a verdict asks for, beside what the spec does. */
  readonly part?: 'fix';
}

/** Versions and hashes of all that was resolved, with what came along: what is built of the same again is built of these. */
export interface Lock {
  /** Where a lock is while an instruction runs: a secret, for no cache asks what is in one. */
  readonly secret: string;
  /** Installs it, and nothing else. */
  readonly again: (how: How) => string;
  /** Makes it of what was installed, in the language's folder: the image has it too. */
  readonly keep: string;
}

/** The first that asks an index how old a release is. The bases' own are older: Debian 12 has 23.0. */
const pip = 'pip==26.0.1 --hash=sha256:bdb1b08f4274833d62c1aa29e20907365a2ceb950410df15fc9521bad440122b';
const pipIn = 'python3 /opt/pip/pip --python /opt/venv/bin/python';
/** The buildspec takes it from here. */
export const pipLocked = '/opt/venv/resolved.txt';
const pipInstall = ({ index, part = 'spec' }: Pick<How, 'index'> & { readonly part?: string }): string =>
  `${pipIn} install --cache-dir /root/.cache/pip --report /tmp/${part}.json ${option('--index-url', index)}`;

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

/** In the order in which the image takes them: what changes least often first. */
export const languages: readonly Language[] = [
  {
    manager: 'conda',
    folder: '/opt/env',
    cache: '/var/cache/conda',
    install: (packages) =>
      `CONDA_PKGS_DIRS=/var/cache/conda conda create --yes --quiet --copy --prefix /opt/env --override-channels --channel conda-forge ${quoted(packages, '==')}`,
  },
  {
    manager: 'npm',
    folder: '/opt/npm',
    cache: '/root/.npm',
    install: (packages, { index, before }) =>
      `npm install --global --prefix /opt/npm --cache /root/.npm --no-audit --no-fund ${option('--registry', index)}${option('--before', before)}${quoted(packages, '@')}`,
  },
  {
    manager: 'pip',
    folder: '/opt/venv',
    cache: '/root/.cache/pip',
    prepare: ({ index }) =>
      `echo '${pip}' > /tmp/pip.txt && python3 -m pip install --cache-dir /root/.cache/pip --target /opt/pip --no-deps --require-hashes ${option('--index-url', index)}--requirement /tmp/pip.txt && python3 -m venv --without-pip /opt/venv`,
    install: (packages, how) =>
      `${pipInstall(how)}${option('--uploaded-prior-to', how.before && `${how.before}T00:00:00Z`)}${quoted(packages, '==')}`,
    check: `${pipIn} check`,
    lock: {
      secret: 'pip',
      again: (how) =>
        `${pipInstall({ ...how, part: 'lock' })}--no-deps --require-hashes --requirement /run/secrets/pip`,
      keep: `{ python3 -c '${pipLock}' /tmp/lock.json /tmp/spec.json /tmp/fix.json > ${pipLocked} || : > ${pipLocked}; }`,
    },
  },
];

const option = (name: string, value: string | undefined): string =>
  value === undefined ? '' : `${name} '${value}' `;

export const quoted = (packages: readonly Package[], separator: string): string =>
  packages
    .map(({ name, version }) => (version === undefined ? `'${name}'` : `'${name}${separator}${version}'`))
    .join(' ');
