/**
 * `POST /scan` of the local cloud: what ECR does after a push, or when it is asked. The emulator asks, keeps the
 * answer and tells of it.
 */
import * as z from '#core/zod.ts';
import type { Advisories } from './advisories.ts';
import { type BasicFinding, basicFindings, type EnhancedFinding, enhancedFinding } from './findings.ts';
import { readInventory } from './inventory.ts';
import { assess } from './match.ts';
import type { Unassessed } from './packages/package.ts';
import { UnsupportedImage } from './registry.ts';

const scanRequest = z.object({
  repository: z.string().check(z.minLength(1)),
  digest: z.string().check(z.regex(/^sha256:[0-9a-f]{64}$/)),
  tags: z._default(z.array(z.string()), []),
  scanType: z.enum(['BASIC', 'ENHANCED']),
});

type ScanRequest = z.infer<typeof scanRequest>;

interface ScanDependencies {
  /** `http://host:port` of the registry. */
  readonly registry: string;
  readonly accountId: string;
  readonly region: string;
  readonly advisories: Advisories;
  /** Which image of an index stands for it: `amd64` or `arm64`. */
  readonly architecture: string;
  readonly now: () => Date;
  readonly log: (line: string) => void;
}

export interface ScanResult {
  readonly status: 'COMPLETE' | 'FAILED' | 'UNSUPPORTED_IMAGE';
  readonly description?: string;
  /** Of scans of type BASIC. */
  readonly findings?: readonly BasicFinding[];
  /** Of scans of type ENHANCED. */
  readonly enhancedFindings?: readonly EnhancedFinding[];
  readonly severityCounts: Readonly<Record<string, number>>;
  /** Packages that no answer was found for: with one of them the scan is FAILED. */
  readonly notAssessed: readonly Unassessed[];
  /** Seconds since 1970, as are all instants in findings. */
  readonly completedAt: number;
  readonly vulnerabilitySourceUpdatedAt: number;
}

export function scanHandler(deps: ScanDependencies): (request: Request) => Promise<Response> {
  // One image at a time: what a scan holds in memory is then held once.
  let previous: Promise<unknown> = Promise.resolve();
  return async (request) => {
    const parsed = scanRequest.safeParse(await request.json().catch(() => undefined));
    if (!parsed.success) return Response.json({ message: z.prettifyError(parsed.error) }, { status: 400 });
    const result = previous.then(() => scan(deps, parsed.data));
    previous = result;
    return Response.json(await result);
  };
}

/** Never throws: a scan that breaks is FAILED and says why, as nothing may pass for want of an answer. */
async function scan(deps: ScanDependencies, request: ScanRequest): Promise<ScanResult> {
  const started = performance.now();
  const result = await attempt(deps, request);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const counts = Object.entries(result.severityCounts).map(([severity, count]) => `${count} ${severity}`);
  const outcome = result.description ?? (counts.join(', ') || 'no findings');
  deps.log(`${request.repository}@${request.digest}: ${result.status} in ${seconds} s: ${outcome}`);
  return result;
}

async function attempt(deps: ScanDependencies, request: ScanRequest): Promise<ScanResult> {
  try {
    return await scanImage(deps, request);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const unsupported = error instanceof UnsupportedImage;
    return {
      ...emptyResult(deps),
      status: unsupported ? 'UNSUPPORTED_IMAGE' : 'FAILED',
      description: unsupported ? `UnsupportedImageError: the image cannot be scanned: ${reason}` : reason,
    };
  }
}

async function scanImage(deps: ScanDependencies, request: ScanRequest): Promise<ScanResult> {
  const { registry, accountId, region } = deps;
  const { repository, digest, tags, scanType } = request;
  const inventory = await readInventory({ registry, repository, digest }, deps.architecture);
  // Basic scanning looks at nothing but the operating system's packages.
  const basic = scanType === 'BASIC';
  const packages = basic ? inventory.packages.filter((each) => each.manager === 'OS') : inventory.packages;
  const { vulnerabilities, unassessed } = assess(packages, deps.advisories);
  const notAssessed = [...inventory.unassessed, ...unassessed];

  const result = emptyResult(deps);
  const scannedAt = result.completedAt;
  const image = {
    accountId,
    region,
    repository,
    digest,
    tags,
    architecture: inventory.architecture,
    scannedAt,
  };
  const found = basic
    ? { findings: basicFindings(vulnerabilities) }
    : { enhancedFindings: vulnerabilities.map((vulnerability) => enhancedFinding(vulnerability, image)) };
  return {
    ...result,
    ...found,
    severityCounts: countBy(basic ? (found.findings ?? []) : (found.enhancedFindings ?? [])),
    notAssessed,
    ...(notAssessed.length === 0 ? {} : { status: 'FAILED' as const, description: describe(notAssessed) }),
  };
}

function emptyResult(deps: ScanDependencies): ScanResult {
  return {
    status: 'COMPLETE',
    severityCounts: {},
    notAssessed: [],
    completedAt: deps.now().getTime() / 1000,
    vulnerabilitySourceUpdatedAt: deps.advisories.updatedAt.getTime() / 1000,
  };
}

function countBy(findings: readonly { severity?: string | undefined }[]): Record<string, number> {
  const groups = Map.groupBy(findings, (finding) => finding.severity ?? 'UNDEFINED');
  return Object.fromEntries([...groups].map(([severity, group]) => [severity, group.length]));
}

function describe(notAssessed: readonly Unassessed[]): string {
  const shown = notAssessed
    .slice(0, 5)
    .map(({ name, version, reason }) => `${[name, version].filter(Boolean).join(' ')} (${reason})`);
  const more = notAssessed.length > shown.length ? ` and ${notAssessed.length - shown.length} more` : '';
  return `The scan is not complete: not assessed: ${shown.join(', ')}${more}`;
}
