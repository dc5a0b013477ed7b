/**
 * What must hold, whatever happened. It knows the truth of each image from the world itself, not from the product: what
 * is written, copied and applied is held against it at once, and the end against what every story must come to.
 */
import type { MemoryStore } from '#adapters/memory/store.ts';
import type { Config } from '#core/config.ts';
import type { Change } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import type { Finding, Scan } from '#core/finding.ts';
import { candidateOf } from '#core/image.ts';
import { type EnvironmentKey, environmentId, secondsBetween } from '#core/names.ts';
import type { Enclosed } from '#core/ports.ts';
import type { KubernetesObject } from '#core/rollout.ts';
import type { Invocation } from './faults.ts';

export class Broken extends Error {
  override readonly name = 'Broken';
}

export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Broken(what);
}

type Complete = Extract<Scan, { status: 'complete' }>;

interface Notes {
  /** Digests that somebody who may has approved. */
  readonly approved: Set<string>;
  /** Digests that were promoted by a write that was allowed. */
  readonly released: Set<string>;
  /** Opened, and told to be over. */
  readonly incidents: Map<string, 'open' | 'recovered'>;
  last: Environment | undefined;
}

export class Oracle {
  readonly #notes = new Map<string, Notes>();
  readonly #now: () => string;
  /** The scans as the registry has them, by environment and digest, and since when. */
  readonly scans = new Map<string, Scan>();
  readonly #scannedAt = new Map<string, string>();
  #ruledAt: string;
  /** Told of a build that was begun, and of objects that were applied: the world has work to do. */
  buildStarted: (id: string) => void = () => undefined;
  onApplied: (cluster: string, id: string, digest: string) => void = () => undefined;
  onCopied: (id: string, digest: string) => void = () => undefined;
  onTaken: (what: 'build spared' | 'spared in vain') => void = () => undefined;
  broken: Broken | undefined;

  constructor(now: () => string) {
    this.#now = now;
    this.#ruledAt = now();
  }

  scanned(name: string, scan: Scan): void {
    this.scans.set(name, scan);
    this.#scannedAt.set(name, this.#now());
  }

  /** Policy or waivers changed for some function. */
  ruled(): void {
    this.#ruledAt = this.#now();
  }

  secondsSinceTruthOf(name: string): number {
    const now = this.#now();
    const turns = [this.#ruledAt, this.#scannedAt.get(name) ?? this.#ruledAt];
    return Math.min(...turns.map((turn) => secondsBetween(turn, now)));
  }

  notesOf(id: string): Notes {
    const known = this.#notes.get(id);
    if (known) return known;
    const notes: Notes = { approved: new Set(), released: new Set(), incidents: new Map(), last: undefined };
    this.#notes.set(id, notes);
    return notes;
  }

  get environments(): readonly string[] {
    return [...this.#notes.keys()];
  }

  /** The store, each of whose writes is held against the laws before it is seen by anybody. */
  watching(store: MemoryStore, invocation: Invocation): MemoryStore {
    const write = async (change: Change, enclosed: Enclosed = {}): Promise<void> => {
      await store.write(change, enclosed);
      this.hold(() => this.#checkWrite(change, enclosed, invocation));
    };
    return new Proxy(store, {
      get(target, property) {
        if (property === 'write') return write;
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  wrote(change: Change): void {
    this.hold(() => {
      const id = environmentId(change.environment.key);
      const notes = this.notesOf(id);
      for (const event of change.events) {
        if (event.type !== 'IncidentOpened' && event.type !== 'IncidentRecovered') continue;
        const state = notes.incidents.get(event.incident.id);
        const expected = event.type === 'IncidentOpened' ? undefined : 'open';
        must(
          state === expected,
          `${event.type} ${event.incident.id} was told when it was ${state ?? 'unknown'}`,
        );
        notes.incidents.set(event.incident.id, event.type === 'IncidentOpened' ? 'open' : 'recovered');
      }
    });
  }

  #checkWrite(change: Change, { approval, verdict }: Enclosed, invocation: Invocation): void {
    const { environment, audit, events } = change;
    const id = environmentId(environment.key);
    const notes = this.notesOf(id);
    const before = notes.last;
    notes.last = environment;
    must(
      environment.version === (before?.version ?? 0) + 1,
      `${id}: version ${before?.version} → ${environment.version}`,
    );
    const turned =
      before?.candidate.phase !== environment.candidate.phase ||
      before?.release.phase !== environment.release.phase;
    must(!turned || audit !== undefined, `${id} turned without a line in its audit`);
    must(!verdict || invocation.name === 'gate', `${invocation.name} wrote a verdict`);
    const { candidate } = environment;
    if (candidate.phase === 'promoting' && before?.candidate.phase !== 'promoting') {
      if (candidate.image.takenAt === undefined) this.#checkApproval(environment, approval, invocation);
      else this.onTaken('build spared');
      const { digest } = candidate.image;
      must(notes.approved.has(digest), `${id}: ${digest} is taken again, and nobody approved it`);
    }
    const { release } = environment;
    for (const { type } of events) {
      if (type === 'PromotionRefused' && candidate.phase === 'building') this.onTaken('spared in vain');
      if (type !== 'ImagePromoted') continue;
      const is = environment.life.state === 'stopped' ? 'stopping' : 'deploying';
      must(release.phase === is, `${id} was promoted, and is ${release.phase}`);
      must(
        invocation.goodDigests.has(`${id} ${release.digest}`),
        `${id}: ${release.digest} was promoted, and it blocks`,
      );
      must(
        notes.approved.has(release.digest),
        `${id}: ${release.digest} was promoted, and nobody approved it`,
      );
      notes.released.add(release.digest);
    }
    if (release.phase !== 'none')
      must(notes.released.has(release.digest), `${id}: ${release.digest} is to run, and was never promoted`);
  }

  #checkApproval(
    { candidate, key, requester }: Environment,
    approval: Enclosed['approval'],
    invocation: Invocation,
  ): void {
    const id = environmentId(key);
    must(
      invocation.name === 'api' && approval !== undefined,
      `${id} is being promoted, and no approval was written`,
    );
    const digest = 'image' in candidate ? candidate.image.digest : undefined;
    must(approval.digest === digest, `${id}: another digest was approved`);
    const team = invocation.config.teams.find(({ name }) => name === key.team);
    must(approval.approver.startsWith(`${team?.name}-approver`), `${approval.approver} approved for ${id}`);
    must(approval.approver !== requester, `${id} was approved by who asked for it`);
    this.notesOf(id).approved.add(approval.digest);
  }

  copied(invocation: Invocation, [from, , digest]: readonly unknown[]): void {
    this.hold(() => {
      const key = candidateOf(String(from));
      must(key !== undefined, `a copy from ${String(from)}`);
      const id = environmentId(key);
      must(
        this.notesOf(id).approved.has(String(digest)),
        `${id}: ${String(digest)} was copied, and nobody approved it`,
      );
      must(
        invocation.goodDigests.has(`${id} ${String(digest)}`),
        `${id}: ${String(digest)} was copied, and it blocks`,
      );
      this.onCopied(id, String(digest));
    });
  }

  applied(cluster: string, objects: unknown): void {
    this.hold(() => {
      for (const { kind, metadata } of objects as readonly KubernetesObject[]) {
        if (kind !== 'Deployment') continue;
        const id = metadata.annotations?.['getschwifty.dev/environment'] ?? '';
        const digest = metadata.annotations?.['getschwifty.dev/digest'] ?? '';
        const notes = this.notesOf(id);
        must(notes.released.has(digest), `${id}: ${digest} runs, and was never promoted`);
        must(notes.last?.cluster === cluster, `${id} runs in ${cluster}`);
        this.onApplied(cluster, id, digest);
      }
    });
  }

  /** Digests that are good at this instant, under the promoter's configuration. */
  seeGood(invocation: Invocation): void {
    for (const [name, scan] of this.scans) {
      if (invocation.goodDigests.has(name)) continue;
      const [id = ''] = name.split(' ');
      if (this.isGood(scan, id, invocation.config)) invocation.goodDigests.add(name);
    }
  }

  /** Said again in other words than core/verdict.ts says it. */
  isGood(scan: Scan, id: string, config: Config): boolean {
    if (scan.status !== 'complete') return false;
    return this.isFresh(scan, config) && scan.findings.every((finding) => this.#isLet(finding, id, config));
  }

  isFresh({ watched, completedAt }: Complete, { policy }: Config): boolean {
    return watched === true || secondsBetween(completedAt, this.#now()) <= policy.maxScanAgeHours * 3600;
  }

  #isLet({ id: cve, severity }: Finding, id: string, { policy, waivers }: Config): boolean {
    if (severity !== 'UNKNOWN' && severity !== 'UNTRIAGED' && !policy.block.includes(severity)) return true;
    const isFor = (key: EnvironmentKey) => environmentId(key) === id;
    return waivers.some(
      ({ cve: waived, team, environment, author, approver }) =>
        waived === cve &&
        author !== approver &&
        (environment ? isFor({ team, name: environment }) : id.startsWith(`${team}/`)),
    );
  }

  /** The first that breaks is the one that is told. */
  hold(check: () => void): void {
    if (this.broken) return;
    try {
      check();
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      this.broken = error;
    }
  }
}
