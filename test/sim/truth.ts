/** What is true of images under a policy and its waivers, said again in other words than core/ says it. */
import type { Config } from '#core/config.ts';
import type { Finding, Scan } from '#core/finding.ts';
import { addSeconds, environmentId, type Instant, secondsBetween } from '#core/names.ts';
import type { KeptWaiver } from '#core/waiver.ts';
import { must } from './broken.ts';

type Complete = Extract<Scan, { status: 'complete' }>;

/** Who asks: each function has a configuration and a clock of its own. */
export interface Asker {
  readonly config: Config;
  readonly skewSeconds: number;
}

/** A waiver that people made by the API. */
interface Made {
  readonly waiver: KeptWaiver;
  readonly goodSince?: Instant;
  readonly endedAt?: Instant;
}

export class Truth {
  readonly #now: () => Instant;
  readonly #made = new Map<string, Made>();

  constructor(now: () => Instant) {
    this.#now = now;
  }

  /** Each write of one. */
  waived(waiver: KeptWaiver): void {
    const { team, id, author, state } = waiver;
    const name = `${team} ${id}`;
    const before = this.#made.get(name);
    const was = before?.waiver;
    must(waiver.version === (was?.version ?? 0) + 1, `${name}: version ${was?.version} → ${waiver.version}`);
    must(was === undefined || was.author === author, `${name} has another author than before`);
    must(was?.state !== 'withdrawn', `${name} was withdrawn, and is ${state}`);
    if (state === 'good') {
      must(waiver.approver !== author, `${name} was approved by who proposed it`);
      must([author, waiver.approver].every(isSecurity), `${name} was approved by ${waiver.approver}`);
    }
    const now = this.#now();
    this.#made.set(name, {
      ...before,
      waiver,
      ...(state === 'good' ? { goodSince: now } : {}),
      ...(state === 'withdrawn' ? { endedAt: now } : {}),
    });
  }

  /** When a waiver of the team began or ended to count last. */
  turnedAt(id: string): Instant | undefined {
    const now = this.#now();
    const turns = [...this.#made.values()]
      .filter(({ waiver: { team }, goodSince }) => goodSince !== undefined && id.startsWith(`${team}/`))
      .flatMap(({ goodSince, endedAt, waiver: { expiresAt } }) => [goodSince, endedAt, expiresAt]);
    return turns
      .filter((turn) => turn !== undefined && turn <= now)
      .sort()
      .at(-1);
  }

  isGood(scan: Scan, id: string, asker: Asker): boolean {
    if (scan.status !== 'complete' || !this.isFresh(scan, asker.config)) return false;
    const blocking = scan.findings.filter((finding) => this.blocks(finding, asker.config));
    return blocking.every((finding) => this.waiversFor(finding, id, asker).length > 0);
  }

  isFresh({ watched, completedAt }: Complete, { policy }: Config): boolean {
    return watched === true || secondsBetween(completedAt, this.#now()) <= policy.maxScanAgeHours * 3600;
  }

  /** Where nobody waived it. */
  blocks({ severity }: Finding, { policy }: Config): boolean {
    return severity === 'UNKNOWN' || severity === 'UNTRIAGED' || policy.block.includes(severity);
  }

  /** The ids of those that count now. */
  waiversFor({ id: cve }: Finding, id: string, asker: Asker): readonly string[] {
    return this.#inForce(id, asker, this.#now())
      .filter((waiver) => waiver.cve === cve)
      .map((waiver) => waiver.id);
  }

  /** The ids of those that counted at some instant since. */
  waiversSince(id: string, asker: Asker, since: Instant): ReadonlySet<string> {
    return new Set(this.#inForce(id, asker, since).map((waiver) => waiver.id));
  }

  #inForce(id: string, { config, skewSeconds }: Asker, since: Instant) {
    const made = [...this.#made.values()].flatMap(({ waiver, goodSince, endedAt }) => {
      const isOver = waiver.expiresAt <= addSeconds(since, skewSeconds) || (endedAt ?? since) < since;
      return goodSince === undefined || isOver ? [] : [waiver];
    });
    const isOurs = ({ team, environment }: Pick<KeptWaiver, 'team' | 'environment'>) =>
      environment ? environmentId({ team, name: environment }) === id : id.startsWith(`${team}/`);
    return [...config.waivers.filter(({ author, approver }) => author !== approver), ...made].filter(isOurs);
  }
}

const isSecurity = (person: string): boolean => person.startsWith('security-');
