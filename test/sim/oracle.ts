/**
 * What must hold, whatever happened. It knows the truth of each image from the world itself, not from the product: what
 * is written, copied and applied is held against it at once, and the end against what every story must come to.
 */
import type { MemoryStore } from '#adapters/memory/store.ts';
import type { Change } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import type { Scan } from '#core/finding.ts';
import { candidateOf } from '#core/image.ts';
import { type EnvironmentKey, environmentId, secondsBetween } from '#core/names.ts';
import type { Enclosed } from '#core/ports.ts';
import type { KubernetesObject } from '#core/rollout.ts';
import type { Verdict } from '#core/verdict.ts';
import type { KeptWaiver } from '#core/waiver.ts';
import { Approvals } from './approvals.ts';
import { Broken, must } from './broken.ts';
import type { Invocation } from './faults.ts';
import { Handed } from './handed.ts';
import { Kept } from './kept.ts';
import { Times } from './times.ts';
import { Truth } from './truth.ts';

interface Notes {
  /** Digests that somebody who may has ever approved: those may be in its release repository. */
  readonly approved: Set<string>;
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
  readonly truth: Truth;
  readonly times: Times;
  readonly handed: Handed;
  readonly kept = new Kept();
  readonly #approvals: Approvals;
  #ruledAt: string;
  /** Told of a build that was begun, and of objects that were applied: the world has work to do. */
  buildStarted: (id: string) => void = () => undefined;
  onApplied: (cluster: string, id: string, digest: string) => void = () => undefined;
  onSnapshot: (cluster: string, namespace: string, name: string) => void = () => undefined;
  onCopied: (id: string, digest: string) => void = () => undefined;
  onTaken: (what: 'build spared' | 'spared in vain') => void = () => undefined;
  broken: Broken | undefined;

  constructor(now: () => string) {
    this.#now = now;
    this.#ruledAt = now();
    this.truth = new Truth(now);
    this.times = new Times(now);
    this.handed = new Handed(now, (id) => this.#notes.get(id)?.last);
    this.#approvals = new Approvals(now, this.truth);
  }

  scanned(name: string, scan: Scan): void {
    this.scans.set(name, scan);
    this.#scannedAt.set(name, this.#now());
  }

  /** Policy or waivers changed for some function. */
  ruled(): void {
    this.#ruledAt = this.#now();
  }

  /** By the API, with its effect. */
  waived(waiver: KeptWaiver): void {
    this.hold(() => this.truth.waived(waiver));
  }

  secondsSinceTruthOf(name: string): number {
    const now = this.#now();
    const waived = this.truth.turnedAt(name);
    const turns = [this.#ruledAt, this.#scannedAt.get(name) ?? this.#ruledAt, ...(waived ? [waived] : [])];
    return Math.min(...turns.map((turn) => secondsBetween(turn, now)));
  }

  notesOf(id: string): Notes {
    const known = this.#notes.get(id);
    if (known) return known;
    const notes: Notes = { approved: new Set(), incidents: new Map(), last: undefined };
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
      const { also, transfer, snapshot } = enclosed;
      this.hold(() => {
        this.#checkWrite(change, enclosed, invocation);
        if (also) this.#checkWrite(also, { transfer }, invocation);
        this.kept.wrote(change.environment, snapshot, invocation);
        this.handed.wrote(
          also ? [change.environment, also.environment] : [change.environment],
          transfer,
          invocation,
        );
      });
    };
    const keepVerdict = (key: EnvironmentKey, verdict: Verdict): Promise<void> => {
      const kept = store.keepVerdict(key, verdict);
      const id = environmentId(key);
      // A newer one may be there already.
      void store.verdict(key, verdict.digest).then((stored) => {
        if (stored === verdict) this.hold(() => this.#approvals.judged(id, verdict, invocation));
      });
      return kept;
    };
    return new Proxy(store, {
      get(target, property) {
        if (property === 'write') return write;
        if (property === 'keepVerdict') return keepVerdict;
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

  #checkWrite(change: Change, { approval, verdict, transfer }: Enclosed, invocation: Invocation): void {
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
    if (verdict) this.#approvals.judged(id, verdict, invocation);
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
    }
    this.#approvals.wrote(before, change, invocation);
    this.times.wrote(before, change, invocation, transfer !== undefined);
  }

  #checkApproval(environment: Environment, approval: Enclosed['approval'], invocation: Invocation): void {
    const { candidate, key, requester } = environment;
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
    this.#approvals.given(environment, invocation);
  }

  copied(invocation: Invocation, [from, , digest]: readonly unknown[]): void {
    this.hold(() => {
      const key = candidateOf(String(from));
      must(key !== undefined, `a copy from ${String(from)}`);
      const id = environmentId(key);
      const name = `${id} ${String(digest)}`;
      must(invocation.goodDigests.has(name), `${name} was copied, and it blocks`);
      this.#approvals.mustHold(name, invocation, 'copied');
      this.onCopied(id, String(digest));
    });
  }

  applied(cluster: string, objects: unknown, invocation: Invocation): void {
    this.hold(() => {
      for (const { kind, metadata } of objects as readonly KubernetesObject[]) {
        if (kind === 'VolumeSnapshot') this.onSnapshot(cluster, metadata.namespace ?? '', metadata.name);
        if (kind !== 'Deployment') continue;
        const id = metadata.annotations?.['getschwifty.dev/environment'] ?? '';
        const digest = metadata.annotations?.['getschwifty.dev/digest'] ?? '';
        const notes = this.notesOf(id);
        this.#approvals.applied(id, digest, invocation);
        must(notes.last?.cluster === cluster, `${id} runs in ${cluster}`);
        this.onApplied(cluster, id, digest);
      }
    });
  }

  /** Digests that are good at this instant, and those that are approved, under the promoter's configuration. */
  seeGood(invocation: Invocation): void {
    for (const [name, scan] of this.scans) {
      if (invocation.goodDigests.has(name)) continue;
      const [id = ''] = name.split(' ');
      if (this.truth.isGood(scan, id, invocation)) invocation.goodDigests.add(name);
    }
    this.#approvals.seeHeld(invocation, this.scans);
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
