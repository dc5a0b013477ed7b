/**
 * The Dockerfile of a spec. Every word that a person chose has passed its ecosystem's grammar (spec.ts) and stands in
 * single quotes, or is JSON in an exec form: it can't become an instruction, an option or a shell word.
 */
import type { Package, PackageManager, Spec } from './spec.ts';
import type { Fix } from './verdict.ts';

/** Pods run as this user: `restricted` pod security wants a number that is not root's. */
export const appUser = 10001;

export interface BuildInput {
  readonly spec: Spec;
  /** With its digest: what is built from does not move. */
  readonly baseImage: string;
  readonly environmentId: string;
  /** Versions that a verdict asked for; they go before what the spec pins. */
  readonly fixes: readonly Fix[];
}

/** Layers in the order in which they change least often. */
export function dockerfile({ spec, baseImage, environmentId, fixes }: BuildInput): string {
  const apt = withFixes('apt', spec.packages.apt, fixes);
  const pip = withFixes('pip', spec.packages.pip, fixes);
  const npm = withFixes('npm', spec.packages.npm, fixes);
  const lines = [
    `FROM ${baseImage}`,
    `LABEL dev.getschwifty.environment="${environmentId}"`,
    `RUN useradd --uid ${appUser} --create-home --shell /usr/sbin/nologin app`,
    ...(apt.length === 0 ? [] : [installApt(apt)]),
    ...(pip.length === 0
      ? []
      : [
          `RUN python3 -m venv --without-pip /opt/venv && python3 -m pip --python /opt/venv/bin/python install --no-cache-dir ${quoted(pip, '==')}`,
        ]),
    ...(npm.length === 0
      ? []
      : [`RUN npm install --global --no-audit --no-fund ${quoted(npm, '@')} && npm cache clean --force`]),
    'ENV PATH=/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'ENV NODE_PATH=/usr/local/lib/node_modules',
    'WORKDIR /app',
    ...(Object.keys(spec.files).length === 0 ? [] : ['COPY files/ /app/']),
    `USER ${appUser}:${appUser}`,
    'EXPOSE 9000',
    `CMD ${JSON.stringify(spec.command)}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** A Debian fix is the newest of the suite: its archive keeps no other. */
function installApt(packages: readonly Package[]): string {
  const fixed = packages.map(({ name, version }) =>
    version === undefined ? `'${name}'` : `'${name}=${version}'`,
  );
  return `RUN apt-get update && apt-get install --yes --no-install-recommends ${fixed.join(' ')} && rm -rf /var/lib/apt/lists/*`;
}

function withFixes(manager: PackageManager, packages: readonly Package[], fixes: readonly Fix[]): Package[] {
  const fixed = fixes.filter((fix) => fix.manager === manager);
  const isFixed = (name: string) =>
    fixed.some((fix) => canonical(manager, fix.package) === canonical(manager, name));
  const kept = packages.filter(({ name }) => !isFixed(name));
  const pinned = fixed.map((fix) =>
    manager === 'apt' ? { name: fix.package } : { name: fix.package, version: fix.version },
  );
  return [...kept, ...pinned].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** PEP 503: `Jinja2` and `jinja2` are one package, whichever of them the scanner or the person wrote. */
const canonical = (manager: PackageManager, name: string): string =>
  manager === 'pip' ? name.toLowerCase().replace(/[-_.]+/g, '-') : name;

const quoted = (packages: readonly Package[], separator: string): string =>
  packages
    .map(({ name, version }) => (version === undefined ? `'${name}'` : `'${name}${separator}${version}'`))
    .join(' ');

/** The build context: the Dockerfile and the person's files, each by its path. */
export function buildContext(input: BuildInput): Readonly<Record<string, string>> {
  const files = Object.entries(input.spec.files).map(([path, text]) => [`files/${path}`, text]);
  return { Dockerfile: dockerfile(input), ...Object.fromEntries(files) };
}
