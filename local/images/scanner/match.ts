/** Holds installed packages against advisories, by OSV's rules (https://ossf.github.io/osv-schema/#evaluation). */
import type { Advisories, Advisory, AffectedPackage, VersionRange } from './advisories.ts';
import { baseScore, type Severity, severityOf } from './cvss.ts';
import type { InstalledPackage, Unassessed } from './packages/package.ts';
import { comparatorOf } from './versions/index.ts';

export interface VulnerablePackage {
  readonly package: InstalledPackage;
  /** The lowest version that the records name as repaired and that is higher than the installed one. */
  readonly fixedIn: string | undefined;
}

/** One vulnerability, however many records tell of it and however many packages have it. */
export interface Vulnerability {
  /** The CVE where there is one. */
  readonly id: string;
  /** Every name that its records give it, its own included. */
  readonly aliases: readonly string[];
  readonly advisories: readonly Advisory[];
  /** Undefined where no record gives any: then nobody has judged it, and nobody may take it for harmless. */
  readonly severity: Severity | undefined;
  readonly cvss: { readonly vector: string; readonly version: string; readonly score: number } | undefined;
  readonly packages: readonly VulnerablePackage[];
}

export interface Assessment {
  readonly vulnerabilities: readonly Vulnerability[];
  readonly unassessed: readonly Unassessed[];
}

interface Match {
  readonly name: string;
  readonly advisory: Advisory;
  readonly affected: AffectedPackage;
  readonly vulnerable: VulnerablePackage;
}

export function assess(packages: readonly InstalledPackage[], advisories: Advisories): Assessment {
  const matches: Match[] = [];
  const unassessed: Unassessed[] = [];
  for (const installed of packages) {
    const reason = whyNotAssessed(installed, advisories);
    if (reason === undefined) matches.push(...matchesOf(installed, advisories));
    else {
      const { name, version, filePath } = installed;
      unassessed.push({ name, version, filePath, reason });
    }
  }
  const byName = Map.groupBy(matches, (match) => canonicalName(match, matches));
  return { vulnerabilities: [...byName].map(([name, found]) => vulnerabilityOf(name, found)), unassessed };
}

function whyNotAssessed(installed: InstalledPackage, advisories: Advisories): string | undefined {
  const compare = comparatorOf(installed.ecosystem);
  if (!compare || !advisories.covers(installed.ecosystem)) return `no advisories for ${installed.ecosystem}`;
  try {
    const version = subjectOf(installed).version;
    compare(version, version);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What the advisories are about: the source package, where there is one. */
const subjectOf = (installed: InstalledPackage) => installed.source ?? installed;

function matchesOf(installed: InstalledPackage, advisories: Advisories): Match[] {
  const { name, version } = subjectOf(installed);
  return advisories.about(installed.ecosystem, name).flatMap(({ advisory, affected }) => {
    const verdict = evaluate(affected, version, installed.ecosystem);
    if (!verdict.affected) return [];
    const vulnerable = { package: installed, fixedIn: verdict.fixedIn };
    return namesOf(advisory).map((vulnerability) => ({
      name: vulnerability,
      advisory,
      affected,
      vulnerable,
    }));
  });
}

/** A Debian advisory (DSA) repairs several CVEs at once: each is a vulnerability of its own. */
function namesOf(advisory: Advisory): string[] {
  // Another name of it would hide what it is.
  if (advisory.id.startsWith('MAL-')) return [advisory.id];
  const isCve = (name: string) => name.startsWith('CVE-');
  if (isCve(advisory.id)) return [advisory.id];
  const cves = advisory.aliases.filter(isCve);
  const upstream = advisory.upstream.filter(isCve);
  return cves.length > 0 ? cves.slice(0, 1) : upstream.length > 0 ? upstream : [advisory.id];
}

/** A record that names no CVE may be an alias of one that does: then they tell of the same vulnerability. */
function canonicalName({ name, advisory }: Match, matches: readonly Match[]): string {
  if (name.startsWith('CVE-') || name.startsWith('MAL-')) return name;
  const ids = new Set([advisory.id, ...advisory.aliases]);
  const same = matches.filter((other) =>
    [other.advisory.id, ...other.advisory.aliases].some((id) => ids.has(id)),
  );
  return same.map((other) => other.name).sort()[0] ?? name;
}

type Verdict =
  | { readonly affected: false }
  | { readonly affected: true; readonly fixedIn: string | undefined };

export function evaluate(affected: AffectedPackage, version: string, ecosystem: string): Verdict {
  const compare = comparatorOf(ecosystem);
  if (!compare) throw new Error(`versions of ${ecosystem} cannot be compared`);
  const ranges = affected.ranges.filter((range) => range.type !== 'GIT');
  const inRanges = ranges.filter((range) => isIn(range, version, compare));
  const listed = affected.versions.some((each) => isSame(each, version, compare));
  if (inRanges.length === 0 && !listed) return { affected: false };
  const fixes = (inRanges.length > 0 ? inRanges : ranges)
    .flatMap((range) => range.events.flatMap((event) => event.fixed ?? []))
    .filter((fixed) => compare(fixed, version) > 0)
    .sort(compare);
  return { affected: true, fixedIn: fixes[0] };
}

function isSame(listed: string, version: string, compare: (a: string, b: string) => number): boolean {
  if (listed === version) return true;
  try {
    return compare(listed, version) === 0;
  } catch (error) {
    // PyPI keeps releases from before PEP 440; such a version equals only itself.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function isIn(range: VersionRange, version: string, compare: (a: string, b: string) => number): boolean {
  const at = (event: VersionRange['events'][number]) =>
    event.introduced ?? event.fixed ?? event.last_affected ?? '';
  // `0` is OSV's word for «before every version», whatever the ecosystem.
  const order = (a: string, b: string) =>
    a === '0' || b === '0' ? Number(a !== '0') - Number(b !== '0') : compare(a, b);
  let inside = false;
  for (const event of range.events
    .filter((each) => each.limit === undefined)
    .sort((a, b) => order(at(a), at(b)))) {
    if (
      event.introduced !== undefined &&
      (event.introduced === '0' || compare(version, event.introduced) >= 0)
    ) {
      inside = true;
    } else if (event.fixed !== undefined && compare(version, event.fixed) >= 0) {
      inside = false;
    } else if (event.last_affected !== undefined && compare(version, event.last_affected) > 0) {
      inside = false;
    }
  }
  return inside;
}

function vulnerabilityOf(id: string, matches: readonly Match[]): Vulnerability {
  const advisories = [...new Set(matches.map((match) => match.advisory))];
  const aliases = new Set(
    advisories.flatMap((advisory) => [advisory.id, ...advisory.aliases, ...advisory.upstream]),
  );
  const cvss = cvssOf(matches);
  return {
    id,
    aliases: [...aliases].filter((alias) => alias === id || !alias.startsWith('CVE-')),
    advisories,
    cvss,
    severity: cvss ? severityOf(cvss.score) : ratingOf(advisories),
    packages: mergePackages(matches.map((match) => match.vulnerable)),
  };
}

/** The highest score that any record gives for what is installed. CVSS 4 has no score here: its record's word counts. */
function cvssOf(matches: readonly Match[]): Vulnerability['cvss'] {
  return matches
    .flatMap(({ advisory, affected }) => affected.severity ?? advisory.severity)
    .filter((severity) => severity.type === 'CVSS_V3')
    .map(({ score: vector }) => ({
      vector,
      version: vector.slice('CVSS:'.length, 'CVSS:3.1'.length),
      score: baseScore(vector),
    }))
    .sort((a, b) => b.score - a.score)[0];
}

const ratings: ReadonlyMap<string, Severity> = new Map([
  ['CRITICAL', 'CRITICAL'],
  ['HIGH', 'HIGH'],
  ['MODERATE', 'MEDIUM'],
  ['MEDIUM', 'MEDIUM'],
  ['LOW', 'LOW'],
]);

function ratingOf(advisories: readonly Advisory[]): Severity | undefined {
  const given = new Set(
    advisories.map(({ database_specific }) => ratings.get(database_specific?.severity?.toUpperCase() ?? '')),
  );
  return (['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'] as const).find((severity) => given.has(severity));
}

/** Two records about one package agree on whether it is affected; the higher repaired version satisfies both. */
function mergePackages(found: readonly VulnerablePackage[]): VulnerablePackage[] {
  return [...Map.groupBy(found, (each) => each.package)].map(([installed, same]) => {
    const compare = comparatorOf(installed.ecosystem);
    const fixes = same.flatMap((each) => each.fixedIn ?? []);
    return { package: installed, fixedIn: compare ? fixes.sort(compare).at(-1) : undefined };
  });
}
