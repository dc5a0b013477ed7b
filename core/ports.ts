/** What the stages need of the world. Each port has a real adapter and a fake that pass the same contract tests. */
import type { Look, Sweep } from './aws-events.ts';
import type { DeadLetterPlace, DeadMessage, Failure } from './dead-letter.ts';
import type { Audit, Change } from './decision.ts';
import type { DnsChange, DnsRecord } from './dns.ts';
import type { DryRunAnswer, DryRunRequest } from './dns-dry-run.ts';
import type { ZonePosition } from './dns-order.ts';
import type { DrainAnswer, DrainRequest } from './drain.ts';
import type { LiveObject } from './drift.ts';
import type { Environment, Image, Listed } from './environment.ts';
import type { DomainEvent } from './events.ts';
import type { Scan } from './finding.ts';
import type { Notice } from './incident.ts';
import type { KeptSnapshot } from './kept-snapshot.ts';
import type { Digest, EnvironmentKey, EnvironmentName, Instant, TeamName } from './names.ts';
import type { GoodKey, PersonKey, RevokedKey } from './person-key.ts';
import type { Ledger } from './quota.ts';
import type { LookStage } from './reconcile.ts';
import type { Report } from './report.ts';
import type { RequestRef } from './request-ports.ts';
import type { ResizeSight, Size } from './resize.ts';
import type { KubernetesObject } from './rollout.ts';
import type { Alive, Seen } from './seen.ts';
import type { Sight } from './sight.ts';
import type { ClusterSnapshots } from './snapshot-ports.ts';
import type { Step } from './trace.ts';
import type { Transfer } from './transfer/item.ts';
import type { Verdict } from './verdict.ts';
import type { KeptWaiver } from './waiver.ts';

/** What is written with a change, in the same transaction. */
export interface Enclosed {
  /** By the gate alone. */
  readonly verdict?: Verdict;
  /** By the approval stage alone. */
  readonly approval?: { readonly digest: Digest; readonly approver: string; readonly at: Instant };
  /** The request that the change does: from then on it is done, whatever becomes of its answer. */
  readonly request?: RequestRef | undefined;
  /** What the team holds with the change; its version is the next one. */
  readonly ledger?: Ledger | undefined;
  /** One that a team keeps; its version is the next one. */
  readonly snapshot?: KeptSnapshot | undefined;
  /** What ties it to another team's environment; its version is the next one. */
  readonly transfer?: Transfer | undefined;
  /** Of that other environment. */
  readonly also?: Change | undefined;
}

export interface EnvironmentStore {
  read(key: EnvironmentKey): Promise<Environment | undefined>;
  verdict(key: EnvironmentKey, digest: Digest): Promise<Verdict | undefined>;
  /** Of version 0 where the team holds nothing yet. */
  ledger(team: TeamName): Promise<Ledger>;
  /** Keeps a verdict where the environment itself does not change. A newer one that is there already stays. */
  keepVerdict(key: EnvironmentKey, verdict: Verdict): Promise<void>;
  /**
   * Environment, audit line, outgoing events and what is enclosed: all or nothing.
   * @throws Rejected for an environment that is too large to be stored.
   * @throws Conflict when the stored version is not `change.environment.version - 1`, or a newer verdict is stored, or
   * ledger, snapshot, transfer or the other environment is no longer what was read.
   */
  write(change: Change, enclosed?: Enclosed): Promise<void>;
  audit(key: EnvironmentKey, limit: number): Promise<readonly Audit[]>;
  /** Environments that somebody is to look at by now, longest waiting first. */
  due(now: Instant, limit: number): Promise<Due>;
}

/** A team's environments, by name. It follows what is written after a moment. */
export interface Directory {
  /**
   * @param after the last name of the page before.
   * @returns whether there are more after these.
   */
  list(
    team: TeamName,
    after: EnvironmentName | undefined,
    limit: number,
  ): Promise<{ readonly listed: readonly Listed[]; readonly more: boolean }>;
}

export interface Due {
  readonly environments: readonly Environment[];
  /** Items that this version can't read: for people to look at. */
  readonly unreadable: readonly Unreadable[];
}
export interface Unreadable {
  readonly item: string;
  readonly reason: string;
}

/** Something outgoing that was written with a change and is perhaps not sent yet. */
export interface OutboxRef {
  readonly environment: EnvironmentKey;
  /** `<version of the change>-<position in it>`: orders the entries of one environment. */
  readonly id: string;
}
export interface OutboxEntry extends OutboxRef {
  readonly message: OutboxMessage;
}
export type OutboxMessage =
  | { readonly kind: 'event'; readonly event: DomainEvent }
  /** A look that is due before reconcile comes by. */
  | {
      readonly kind: 'look';
      readonly stage: LookStage;
      readonly cluster: string;
      readonly delaySeconds: number;
      readonly story?: string | undefined;
    }
  /** Written by a newer version or by hand: it can't be sent, and must not stop what can. */
  | { readonly kind: 'unreadable'; readonly reason: string };

export interface Outbox {
  /** Written before `olderThan` and not told since. */
  pending(olderThan: Instant, limit: number): Promise<readonly OutboxEntry[]>;
  /** Told: it leaves the index of pending ones and is deleted a week later. */
  settle(entry: OutboxRef, now: Instant): Promise<void>;
  /** Can't be read: it leaves the index of pending ones and stays, with the reason, until people saw to it. */
  setAside(entry: OutboxRef, reason: string, now: Instant): Promise<void>;
  /** One entry, pending or not; undefined when there is none, or it was told already. */
  untold(ref: OutboxRef): Promise<OutboxEntry | undefined>;
}

/** What happened to an environment, as it was written with each of its changes. */
export interface Chronicle {
  /**
   * Changes after version `after`, in order, with their events.
   * @param limit of changes that have an audit line.
   * @returns where the next page begins, if there is one.
   */
  steps(
    key: EnvironmentKey,
    after: number,
    limit: number,
  ): Promise<{ readonly steps: readonly Step[]; readonly next?: number }>;
}

/** The queues of what failed. Messages are held for a time, and come back by themselves if nothing becomes of them. */
export interface DeadLetterQueues {
  readonly places: readonly DeadLetterPlace[];
  count(name: string): Promise<number>;
  /** Ten messages at most, hidden from everybody else for `seconds`; none when there are none to be had now. */
  receive(name: string, seconds: number): Promise<readonly HeldMessage[]>;
  /** Gives back what was held. */
  release(name: string, held: HeldMessage): Promise<void>;
  /** Sends a copy to the stage's own queue. */
  resend(name: string, held: HeldMessage): Promise<void>;
  remove(name: string, held: HeldMessage): Promise<void>;
}
export interface HeldMessage extends DeadMessage {
  /** For this receiving of it alone. */
  readonly handle: string;
}

export interface OutboxDrain {
  drain(entries: DrainRequest['entries']): Promise<DrainAnswer>;
}

/** Why a message failed, by its id: for messages that SQS moves to a DLQ, which has no place for a reason. */
export interface Failures {
  keepFailure(messageId: string, failure: Failure): Promise<void>;
  failure(messageId: string): Promise<Failure | undefined>;
}

export interface EventBus {
  /** @returns for each event, in their order, why it was not taken; undefined where it was. */
  tell(events: readonly DomainEvent[]): Promise<readonly (string | undefined)[]>;
}

export interface LookQueues {
  /** `cluster` chooses among the deployers. @throws Rejected where there is no such queue. */
  send(stage: LookStage, cluster: string, look: Look, delaySeconds: number): Promise<void>;
}

/** A cluster's watcher speaks to its deployer. */
export interface Sights {
  /** At most ten. @returns for each message, in their order, why it was not taken; undefined where it was. */
  send(messages: readonly (Seen | Alive)[]): Promise<readonly (string | undefined)[]>;
}

export interface ImageScanner {
  /** Undefined when the registry has no such image. */
  image(repository: string, digest: Digest): Promise<Image | undefined>;
  imageByTag(repository: string, tag: string): Promise<Image | undefined>;
  /** All findings, every page of them. */
  scan(repository: string, digest: Digest): Promise<Scan>;
}

/** An environment's repositories, with their settings and their protection. */
export interface RepositoryMaker {
  /** Doing it twice is doing it once. */
  make(key: EnvironmentKey): Promise<void>;
}
export interface RepositoryRemover {
  /** With all their images. What is not there is gone. */
  remove(key: EnvironmentKey): Promise<void>;
}

/** Reports of scans, one a digest: the newest. */
export interface Reports {
  keep(report: Report): Promise<void>;
  /** Whoever has it may read the report until it expires. That there is one, the stored verdict says. */
  link(
    key: EnvironmentKey,
    digest: Digest,
  ): Promise<{ readonly url: string; readonly expiresSeconds: number }>;
}

export interface ImagePromoter {
  /** Copies a digest and all that it refers to; doing it twice is doing it once. */
  copy(from: string, to: string, digest: Digest, tag: string): Promise<void>;
}

/** All of an environment's objects that carry its label, as they are now. */
export interface ClusterSight extends Sight {
  readonly objects: readonly LiveObject[];
}

export interface ClusterClient extends ClusterSnapshots {
  /**
   * Server-side apply under our own field manager, what an object depends on before it.
   * @throws Rejected where the cluster refuses an object, Retryable where it may take it later.
   */
  apply(objects: readonly KubernetesObject[]): Promise<void>;
  /** @returns whether it was made: not where one of its name is there, which stays as it is. */
  create(object: KubernetesObject): Promise<boolean>;
  /** Removes what is still the object that was seen, and of a kind that may be removed. */
  remove(objects: readonly LiveObject[]): Promise<void>;
  look(key: EnvironmentKey): Promise<ClusterSight>;
  /** Whether pods that run can be resized, and what they are made from. */
  resizeSight(key: EnvironmentKey): Promise<ResizeSight>;
  /** @throws Rejected where the cluster will not have it. */
  resize(key: EnvironmentKey, pod: string, size: Size): Promise<void>;
  /** While it is held its Deployment replaces no pods. */
  hold(key: EnvironmentKey, is: boolean): Promise<void>;
}

export interface DnsZone {
  records(names: readonly string[]): Promise<readonly DnsRecord[]>;
  /** Some of all records, in the zone's own order, and where the next ones begin. */
  page(
    from?: ZonePosition,
  ): Promise<{ readonly records: readonly DnsRecord[]; readonly next?: ZonePosition }>;
  /**
   * All or none.
   * @throws Conflict where the records are not those that the changes were planned on, with their names where Route 53
   * says them; Retryable where it takes no more now; Rejected where there is no such zone.
   */
  change(changes: readonly DnsChange[]): Promise<void>;
}

/** The DNS stage says what it would do. */
export interface NamePlanner {
  plan(request: DryRunRequest): Promise<DryRunAnswer>;
}

/** Asks the DNS stage to look through the zone, page by page. */
export interface Sweeps {
  send(sweep: Sweep): Promise<void>;
}

export interface Pager {
  tell(notice: { readonly subject: string; readonly body: Readonly<Record<string, unknown>> }): Promise<void>;
}

/** Which notices are being told, and which were: two deliveries of one event must not ring twice. */
export interface Notices {
  /** Whose it is tells, until `until`: then it can be taken again, for who had it may have crashed. */
  take(
    key: EnvironmentKey,
    notice: Notice,
    now: Instant,
    until: Instant,
  ): Promise<'yours' | 'taken' | 'told'>;
  told(key: EnvironmentKey, notice: Notice, now: Instant): Promise<void>;
}

/** SSH keys of a team's people. What was revoked stays, so that it is never good again. */
export interface PersonKeys {
  list(team: TeamName): Promise<readonly PersonKey[]>;
  /** @throws Conflict where the team has that key, whatever became of it. */
  add(key: GoodKey): Promise<void>;
  /** @throws Conflict where there is no such key, or it is revoked already. */
  revoke(key: RevokedKey): Promise<void>;
}

/** Waivers that were made by the API, whatever became of them. */
export interface Waivers {
  list(team: TeamName): Promise<readonly KeptWaiver[]>;
  /** @throws Conflict when the stored version is not `waiver.version - 1`. */
  write(waiver: KeptWaiver): Promise<void>;
}

export interface Clock {
  now(): Instant;
}
