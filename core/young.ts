/**
 * One release that may be installed though it is younger than all others must be: what two people of security waived for it. Its name
 * and version are the spec's own. What comes along with it is bounded by age as everything is.
 */
import type { How, Language } from './languages.ts';
import { canonical, type Package, type PackageManager, packageGrammar } from './packages.ts';
import * as z from './zod.ts';

/** Of a manager that is asked for the age of releases. */
export const Release = z
  .strictObject({
    manager: z.enum(['pip', 'npm']),
    name: z.string().check(z.maxLength(128)),
    version: z.string().check(z.maxLength(64)),
  })
  .check(
    z.refine(({ manager, ...release }) => packageGrammar[manager].safeParse(release).success, {
      path: ['name'],
      error: "a package's name and version, by the grammar of its manager",
    }),
  );
export type Release = z.infer<typeof Release>;

/** `pip:flask==3.1.2`, `npm:ms@2.1.3`: for people, and to tell one from another. */
export const releaseText = ({ manager, name, version }: Release): string =>
  `${manager}:${canonical(manager, name)}${manager === 'npm' ? '@' : '=='}${version}`;

/** Those of the packages that are waived: asked for by the very version. A fix of a verdict needs no waiver. */
export const waivedOf = (
  manager: PackageManager,
  packages: readonly Package[],
  waived: readonly Release[],
): Package[] =>
  packages.filter(({ name, version }) =>
    waived.some(
      (release) =>
        release.manager === manager &&
        canonical(manager, release.name) === canonical(manager, name) &&
        release.version === version,
    ),
  );

export const tooYoung = (before: string): string =>
  `Releases of ${before} and later are too young to be taken (builds.minimumAgeDays): ask for an older one, or for a waiver of its age.`;

/** pip says only that there is no such release. */
const explained = (command: string, before: string): string =>
  `${command} || { echo '${tooYoung(before)}' >&2; exit 1; }`;

/** The commands that install packages, what is waived first where an age is asked. */
export function installing(
  { install, young }: Language,
  packages: readonly Package[],
  how: How,
  waived: readonly Package[],
): string[] {
  if (how.before === undefined) return [install(packages, how)];
  if (waived.length === 0 || young === undefined) return [explained(install(packages, how), how.before)];
  return [young(waived, how), explained(install(packages, how), how.before)];
}
