/**
 * The vulnerabilities that the scanner knows: OSV records (https://ossf.github.io/osv-schema/) in
 * local/advisories/<ecosystem>/. Each is checked when it is loaded; a broken one stops the start, by its file's name.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from '#core/zod.ts';
import { normalizedName } from './packages/package.ts';

const severities = z.array(
  z.object({
    type: z.enum(['CVSS_V2', 'CVSS_V3', 'CVSS_V4', 'Ubuntu']),
    score: z.string().check(z.minLength(1)),
  }),
);

const event = z
  .object({
    introduced: z.optional(z.string()),
    fixed: z.optional(z.string()),
    last_affected: z.optional(z.string()),
    limit: z.optional(z.string()),
  })
  .check(z.refine((value) => Object.keys(value).length === 1, 'an event holds exactly one of its keys'));

const range = z.object({
  type: z.enum(['SEMVER', 'ECOSYSTEM', 'GIT']),
  events: z.array(event).check(
    z.minLength(1),
    z.refine(
      (events) => events.some((each) => each.introduced !== undefined),
      'a range says where it begins',
    ),
  ),
});

const affected = z.object({
  package: z.optional(
    z.object({ ecosystem: z.string().check(z.minLength(1)), name: z.string().check(z.minLength(1)) }),
  ),
  severity: z.optional(severities),
  ranges: z._default(z.array(range), []),
  versions: z._default(z.array(z.string()), []),
});

const record = z.object({
  id: z.string().check(z.regex(/^[A-Za-z0-9]+-[A-Za-z0-9.:_+-]+$/)),
  modified: z.iso.datetime(),
  published: z.optional(z.iso.datetime()),
  withdrawn: z.optional(z.iso.datetime()),
  aliases: z._default(z.array(z.string()), []),
  upstream: z._default(z.array(z.string()), []),
  summary: z.optional(z.string()),
  details: z.optional(z.string()),
  severity: z._default(severities, []),
  affected: z._default(z.array(affected), []),
  references: z._default(z.array(z.object({ type: z.string(), url: z.url() })), []),
  database_specific: z.optional(z.looseObject({ severity: z.optional(z.string()) })),
});

export type Advisory = z.infer<typeof record>;
export type AffectedPackage = Advisory['affected'][number];
export type VersionRange = AffectedPackage['ranges'][number];

export interface Advisories {
  /** Whether anything at all is known of this ecosystem (`Debian:12`, `PyPI`, `npm`). */
  covers(ecosystem: string): boolean;
  /** What may affect the package of this name, to be held against its version. */
  about(ecosystem: string, name: string): readonly { advisory: Advisory; affected: AffectedPackage }[];
  readonly updatedAt: Date;
  readonly count: number;
}

export async function loadAdvisories(folder: string): Promise<Advisories> {
  const advisories: Advisory[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    for (const file of (await readdir(join(folder, entry.name))).filter((name) => name.endsWith('.json'))) {
      advisories.push(await loadAdvisory(join(folder, entry.name, file)));
    }
  }
  return advisoriesOf(advisories);
}

async function loadAdvisory(path: string): Promise<Advisory> {
  try {
    return parseAdvisory(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new Error(`${path} is no OSV record: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

export function parseAdvisory(value: unknown): Advisory {
  const parsed = record.safeParse(value);
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  return parsed.data;
}

export function advisoriesOf(advisories: readonly Advisory[]): Advisories {
  const index = new Map<string, { advisory: Advisory; affected: AffectedPackage }[]>();
  const ecosystems = new Set<string>();
  for (const advisory of advisories.filter((each) => each.withdrawn === undefined)) {
    for (const affected of advisory.affected) {
      if (!affected.package) continue;
      const { ecosystem, name } = affected.package;
      ecosystems.add(ecosystem);
      const key = keyOf(ecosystem, name);
      index.set(key, [...(index.get(key) ?? []), { advisory, affected }]);
    }
  }
  const newest = Math.max(0, ...advisories.map((each) => Date.parse(each.modified)));
  return {
    covers: (ecosystem) => ecosystems.has(ecosystem),
    about: (ecosystem, name) => index.get(keyOf(ecosystem, name)) ?? [],
    updatedAt: new Date(newest),
    count: advisories.length,
  };
}

const keyOf = (ecosystem: string, name: string) => `${ecosystem}\n${normalizedName(ecosystem, name)}`;
