/**
 * ECR's findings in our words. What ECR leaves out or names as nothing documented does becomes `UNKNOWN` or
 * `unknown`, and that blocks. Shapes: ECR API reference, ImageScanFinding and EnhancedImageScanFinding.
 */
import type { EnhancedImageScanFinding, ImageScanFinding, VulnerablePackage } from '@aws-sdk/client-ecr';
import { type Ecosystem, type Finding, type Scan, Severity } from '#core/finding.ts';

const severityOf = (text: string | undefined): Severity => {
  const parsed = Severity.safeParse(text === 'UNDEFINED' ? 'UNTRIAGED' : text);
  return parsed.success ? parsed.data : 'UNKNOWN';
};

/** Basic scanning: operating system packages, and nothing about fixes. */
export function basicFinding(finding: ImageScanFinding): Finding {
  const attribute = (key: string) => finding.attributes?.find((entry) => entry.key === key)?.value;
  return {
    id: finding.name ?? 'unnamed finding',
    severity: severityOf(finding.severity),
    package: attribute('package_name') ?? 'unnamed package',
    installed: attribute('package_version') ?? 'unknown',
    ecosystem: 'os',
    fix: 'unknown',
    ...(finding.uri === undefined ? {} : { url: finding.uri }),
  };
}

/**
 * Enhanced scanning (Amazon Inspector): one finding may name several packages, each with its own fix. One that a
 * suppression rule hides counts: an exception is a waiver, with two people, a reason and an end.
 */
export function enhancedFinding(finding: EnhancedImageScanFinding): Finding[] {
  if (finding.status === 'CLOSED') return [];
  const details = finding.packageVulnerabilityDetails;
  const packages = details?.vulnerablePackages?.length
    ? details.vulnerablePackages
    : [{ name: 'unnamed package' }];
  return packages.map((pkg) => ({
    id:
      details?.relatedVulnerabilities?.find((id) => id.startsWith('MAL-')) ??
      details?.vulnerabilityId ??
      finding.title ??
      'unnamed finding',
    severity: severityOf(finding.severity),
    package: pkg.name ?? 'unnamed package',
    installed: versionOf(pkg),
    ecosystem: ecosystemOf(pkg.packageManager),
    ...fixOf(finding.fixAvailable, pkg.fixedInVersion),
    ...(details?.sourceUrl === undefined ? {} : { url: details.sourceUrl }),
  }));
}

/** Inspector writes `NotAvailable` where there is no fix for this package. */
function fixOf(available: string | undefined, fixedIn: string | undefined): Pick<Finding, 'fix' | 'fixedIn'> {
  const version = fixedIn === undefined || fixedIn === 'NotAvailable' ? undefined : fixedIn;
  if (version !== undefined && (available === 'YES' || available === 'PARTIAL'))
    return { fix: 'yes', fixedIn: version };
  if (available === 'PARTIAL') return { fix: 'partial' };
  return { fix: available === 'NO' ? 'no' : 'unknown' };
}

function versionOf({ epoch, version, release }: VulnerablePackage): string {
  if (version === undefined) return 'unknown';
  return `${epoch ? `${epoch}:` : ''}${version}${release ? `-${release}` : ''}`;
}

/** Inspector API reference, VulnerablePackage: packageManager. */
function ecosystemOf(manager: string | undefined): Ecosystem {
  switch (manager) {
    case 'OS':
      return 'os';
    case 'PIP':
    case 'PIPENV':
    case 'POETRY':
    case 'PYTHON':
    case 'PYTHONPKG':
      return 'pip';
    case 'NPM':
    case 'NODEPKG':
    case 'PNPM':
    case 'YARN':
      return 'npm';
    default:
      return 'other';
  }
}

/** ECR API reference, ImageScanStatus. Enhanced scanning is `ACTIVE` for as long as it watches the image. */
export function scanStatus(
  status: string | undefined,
  description: string | undefined,
): 'complete' | 'watched' | Exclude<Scan, { status: 'complete' }> {
  const reason = description ?? `ECR says ${status ?? 'nothing'}`;
  switch (status) {
    case 'COMPLETE':
      return 'complete';
    case 'ACTIVE':
      return 'watched';
    case 'IN_PROGRESS':
    case 'PENDING':
      return { status: 'pending' };
    case 'UNSUPPORTED_IMAGE':
      return { status: 'unsupported', reason };
    default:
      return { status: 'failed', reason };
  }
}
