/**
 * Vulnerabilities in the two shapes of ECR's DescribeImageScanFindings: basic (operating system packages only, and
 * nothing about a repair) and enhanced (as Amazon Inspector finds them). Instants are seconds since 1970, as in
 * ECR's own protocol.
 */
import { createHash } from 'node:crypto';
import type { Attribute, EnhancedImageScanFinding, ImageScanFinding } from '@aws-sdk/client-ecr';
import type { Advisory } from './advisories.ts';
import type { Vulnerability, VulnerablePackage } from './match.ts';
import { parseDebianVersion } from './versions/dpkg.ts';

/** What the SDK hands out as Date is a number on the wire. */
type OnTheWire<T> = T extends Date
  ? number
  : T extends readonly (infer Item)[]
    ? OnTheWire<Item>[]
    : T extends object
      ? { [Key in keyof T]: OnTheWire<T[Key]> }
      : T;

export type BasicFinding = OnTheWire<ImageScanFinding>;
export type EnhancedFinding = OnTheWire<EnhancedImageScanFinding>;

interface ScannedImage {
  readonly accountId: string;
  readonly region: string;
  readonly repository: string;
  readonly digest: string;
  readonly tags: readonly string[];
  readonly architecture: string;
  readonly scannedAt: number;
}

export function basicFindings(vulnerabilities: readonly Vulnerability[]): BasicFinding[] {
  return vulnerabilities.flatMap((vulnerability) => {
    const packages = vulnerability.packages.filter((each) => each.package.manager === 'OS');
    // Advisories are about source packages, of which an image holds several binary ones.
    const sources = Map.groupBy(packages, (each) => each.package.source?.name ?? each.package.name);
    return [...sources.values()].flatMap(([first]) => (first ? [basicFinding(vulnerability, first)] : []));
  });
}

function basicFinding(vulnerability: Vulnerability, { package: installed }: VulnerablePackage): BasicFinding {
  const subject = installed.source ?? installed;
  const attributes: Attribute[] = [
    { key: 'package_name', value: subject.name },
    { key: 'package_version', value: subject.version },
  ];
  if (vulnerability.cvss) {
    attributes.push({ key: 'CVSS3_VECTOR', value: vulnerability.cvss.vector });
    attributes.push({ key: 'CVSS3_SCORE', value: vulnerability.cvss.score.toFixed(1) });
  }
  return {
    name: vulnerability.id,
    description: descriptionOf(vulnerability),
    uri: urlOf(vulnerability),
    severity: vulnerability.severity ?? 'UNDEFINED',
    attributes,
  };
}

export function enhancedFinding(vulnerability: Vulnerability, image: ScannedImage): EnhancedFinding {
  const { cvss } = vulnerability;
  const names = [...new Set(vulnerability.packages.map((each) => each.package.name))];
  return {
    awsAccountId: image.accountId,
    findingArn: findingArn(vulnerability, image),
    type: 'PACKAGE_VULNERABILITY',
    status: 'ACTIVE',
    title: `${vulnerability.id} - ${names.join(', ')}`,
    description: descriptionOf(vulnerability),
    severity: vulnerability.severity ?? 'UNTRIAGED',
    ...(cvss && {
      score: cvss.score,
      scoreDetails: {
        cvss: {
          adjustments: [],
          score: cvss.score,
          scoreSource: sourceOf(vulnerability),
          scoringVector: cvss.vector,
          version: cvss.version,
        },
      },
    }),
    firstObservedAt: image.scannedAt,
    lastObservedAt: image.scannedAt,
    updatedAt: image.scannedAt,
    fixAvailable: fixAvailable(vulnerability),
    exploitAvailable: 'NO',
    remediation: { recommendation: { text: 'None Provided' } },
    packageVulnerabilityDetails: detailsOf(vulnerability),
    resources: [resourceOf(image)],
  };
}

function fixAvailable({ packages }: Vulnerability): 'YES' | 'NO' | 'PARTIAL' {
  const fixed = packages.filter((each) => each.fixedIn !== undefined).length;
  if (fixed === 0) return 'NO';
  return fixed === packages.length ? 'YES' : 'PARTIAL';
}

function detailsOf(
  vulnerability: Vulnerability,
): NonNullable<EnhancedFinding['packageVulnerabilityDetails']> {
  const { cvss, advisories } = vulnerability;
  const vendorSeverity = advisories
    .map((each) => each.database_specific?.severity)
    .find((each) => each !== undefined);
  const [first] = advisories;
  return {
    vulnerabilityId: vulnerability.id,
    relatedVulnerabilities: vulnerability.aliases.filter((alias) => alias !== vulnerability.id),
    source: sourceOf(vulnerability),
    sourceUrl: urlOf(vulnerability),
    referenceUrls: [
      ...new Set(advisories.flatMap((each) => each.references.map((reference) => reference.url))),
    ],
    ...(vendorSeverity === undefined ? {} : { vendorSeverity }),
    ...(first?.published === undefined ? {} : { vendorCreatedAt: Date.parse(first.published) / 1000 }),
    ...(first === undefined ? {} : { vendorUpdatedAt: Date.parse(first.modified) / 1000 }),
    cvss: cvss
      ? [
          {
            baseScore: cvss.score,
            scoringVector: cvss.vector,
            source: sourceOf(vulnerability),
            version: cvss.version,
          },
        ]
      : [],
    vulnerablePackages: vulnerability.packages.map(vulnerablePackage),
  };
}

function vulnerablePackage({ package: installed, fixedIn }: VulnerablePackage) {
  const { name, manager, filePath, layer, arch } = installed;
  const debian = manager === 'OS' ? parseDebianVersion(installed.version) : undefined;
  return {
    name,
    version: debian?.upstream ?? installed.version,
    ...(debian && { release: debian.revision, epoch: debian.epoch }),
    ...(arch === undefined ? {} : { arch: arch.toUpperCase() }),
    packageManager: manager,
    filePath: `/${filePath}`,
    sourceLayerHash: layer,
    ...(fixedIn === undefined ? {} : { fixedInVersion: fixedIn }),
  };
}

function resourceOf(image: ScannedImage): NonNullable<EnhancedFinding['resources']>[number] {
  const { accountId, region, repository, digest } = image;
  return {
    type: 'AWS_ECR_CONTAINER_IMAGE',
    id: `arn:aws:ecr:${region}:${accountId}:repository/${repository}/${digest}`,
    details: {
      awsEcrContainerImage: {
        architecture: image.architecture,
        imageHash: digest,
        imageTags: [...image.tags],
        platform: 'LINUX',
        registry: accountId,
        repositoryName: repository,
      },
    },
  };
}

/** The same finding of the same image keeps its name from scan to scan. */
function findingArn({ id }: Vulnerability, { accountId, region, repository, digest }: ScannedImage): string {
  const hash = createHash('sha256').update(`${repository}@${digest}\n${id}`).digest('hex');
  return `arn:aws:inspector2:${region}:${accountId}:finding/${hash.slice(0, 32)}`;
}

const sources: readonly [prefix: string, name: string][] = [
  ['GHSA-', 'GITHUB'],
  ['PYSEC-', 'PYPA'],
  ['MAL-', 'OPENSSF'],
  ['DSA-', 'DEBIAN'],
  ['DLA-', 'DEBIAN'],
  ['DEBIAN-', 'DEBIAN'],
  ['DEBCHANGELOG-', 'DEBIAN'],
];

function sourceOf({ advisories }: Vulnerability): string {
  const ids = advisories.map((each) => each.id);
  return sources.find(([prefix]) => ids.some((id) => id.startsWith(prefix)))?.[1] ?? 'OSV';
}

function urlOf({ advisories, id }: Vulnerability): string {
  const references = advisories.flatMap((each: Advisory) => each.references);
  const advisory = references.find((reference) => reference.type === 'ADVISORY') ?? references[0];
  return advisory?.url ?? `https://osv.dev/vulnerability/${id}`;
}

function descriptionOf({ advisories, id }: Vulnerability): string {
  const text = advisories.map((each) => each.summary ?? each.details).find((each) => each !== undefined);
  return text ?? id;
}
