/**
 * What can be installed, by manager. Each name is held to the grammar of its own ecosystem and to what its installer
 * takes for a name: nothing that is typed here can become an instruction, an option, another source, a path or a pattern.
 */
import * as z from './zod.ts';

/** Of a base's own system first; of those a base has one at most. */
export const PackageManager = z.enum(['apt', 'apk', 'dnf', 'pip', 'npm', 'conda']);
export type PackageManager = z.infer<typeof PackageManager>;

const systemManagers = ['apt', 'apk', 'dnf'] as const satisfies readonly PackageManager[];
export type SystemManager = (typeof systemManagers)[number];

export const systemOf = (takes: readonly PackageManager[]): SystemManager | undefined =>
  systemManagers.find((manager) => takes.includes(manager));

export const isSystem = (manager: PackageManager): manager is SystemManager =>
  systemManagers.some((each) => each === manager);

const pkg = (name: RegExp, what: string, version: RegExp, versionSays: string) =>
  z.strictObject({
    name: z.string().check(z.maxLength(128), z.regex(name, what)),
    version: z.optional(z.string().check(z.maxLength(64), z.regex(version, `a version: ${versionSays}`))),
  });

/** For what comes from elsewhere than a spec, such as a scan. A look-ahead refuses what an installer opens as a file. */
export const packageGrammar: Readonly<Record<PackageManager, ReturnType<typeof pkg>>> = {
  /** Debian policy 5.6.1 and 5.6.12; no `-` at the end of a name: apt-get takes `name-` as an order to remove. */
  apt: pkg(
    /^(?!.*\.deb$)[a-z0-9][a-z0-9+.-]*[a-z0-9+.]$/,
    "a Debian package's name",
    /^[0-9A-Za-z][0-9A-Za-z.+~:-]*$/,
    'letters, digits and . + ~ : -',
  ),
  /** apk-world(5): `! @ < > = ~` are its own; and apk-add(8) opens what has `.apk` in it. */
  apk: pkg(
    /^(?!.*\.apk)[a-z0-9][A-Za-z0-9+._-]*$/,
    "an Alpine package's name",
    /^[0-9][0-9a-z._]*(?:-r[0-9]+)?$/,
    'digits, letters, . and _, and -r with a number',
  ),
  /** rpm-spec(5), "Name" and "Version"; dnf(8), "Specifying packages": `@` is a group, `* ? [ /` a pattern or a file. */
  dnf: pkg(
    /^(?!.*\.rpm$)[A-Za-z0-9][A-Za-z0-9+._-]*$/,
    "an RPM package's name",
    /^(?!.*\.rpm$)[0-9A-Za-z][0-9A-Za-z.+~^_-]*$/,
    'letters, digits and . + ~ ^ _ -',
  ),
  /** PEP 508 names, PEP 440 versions. pip opens what ends like an archive. */
  pip: pkg(
    /^(?!.*\.(?:whl|zip|tar|tgz|tbz|txz|tlz|gz|bz2|xz|lz|lzma)$)[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/i,
    "a Python distribution's name",
    /^[0-9A-Za-z][0-9A-Za-z.+!_-]*$/,
    'letters, digits and . + ! _ -',
  ),
  /**
   * validate-npm-package-name, new names only; no `:` in a version: npm takes `npm:…` and `file:…` as other sources, and
   * what ends like a tarball as a file (npm-package-arg).
   */
  npm: pkg(
    /^(?!.*\.(?:tgz|tar|tar\.gz)$)(?:@[a-z0-9~][a-z0-9._~-]*\/)?[a-z0-9~][a-z0-9._~-]*$/,
    "an npm package's name",
    /^(?!.*\.(?:tgz|tar|tar\.gz)$)[0-9A-Za-z][0-9A-Za-z.+-]*$/,
    'letters, digits and . + -',
  ),
  /** conda's CEP 26 (names) and its version order; `[ ] = < > * :` are match specs' own, `.conda` and the like files. */
  conda: pkg(
    /^(?!.*\.(?:conda|tar\.bz2)$)[a-z0-9_][a-z0-9._-]*$/,
    "a conda package's name",
    /^[0-9a-z][0-9a-z._+!]*$/,
    'lower-case letters, digits and . _ + !',
  ),
};

/** Of any system: what only a build needs, such as compilers and headers. No version: it is not in the image. */
const Tool = z.strictObject({
  name: z
    .string()
    .check(
      z.maxLength(128),
      z.regex(/^(?!.*\.(?:apk|deb|rpm))[a-z0-9][a-z0-9+.-]*[a-z0-9+]$/, "a system package's name"),
    ),
});

const list = <T extends z.ZodMiniType>(one: T) => z._default(z.array(one).check(z.maxLength(100)), []);
export const Packages = z.strictObject({
  apt: list(packageGrammar.apt),
  apk: list(packageGrammar.apk),
  dnf: list(packageGrammar.dnf),
  pip: list(packageGrammar.pip),
  npm: list(packageGrammar.npm),
  conda: list(packageGrammar.conda),
  /** Installed where pip and npm build, by the base's own manager; nothing of them is in the image. */
  tools: list(Tool),
});
export type Packages = z.infer<typeof Packages>;
/** PEP 503: `Jinja2` and `jinja2` are one package, whichever of them the scanner or the person wrote. */
export const canonical = (manager: PackageManager, name: string): string =>
  manager === 'pip' ? name.toLowerCase().replace(/[-_.]+/g, '-') : name;

export type Package = { readonly name: string; readonly version?: string | undefined };

/** What of this a base can't install: the field, and what to say of it. */
export function untaken(
  packages: Packages,
  base: { readonly name: string; readonly takes: readonly PackageManager[] },
): { readonly path: string; readonly message: string }[] {
  const said = (field: string, what: string) => ({
    path: `spec.packages.${field}`,
    message: `${base.name} takes no ${what}`,
  });
  const managers = PackageManager.options.filter(
    (manager) => packages[manager].length > 0 && !base.takes.includes(manager),
  );
  const tools = packages.tools.length > 0 && systemOf(base.takes) === undefined;
  return [
    ...managers.map((manager) => said(manager, `${manager} packages`)),
    ...(tools ? [said('tools', `system packages (${systemManagers.join(', ')}), and so no tools`)] : []),
  ];
}
