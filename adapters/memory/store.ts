/**
 * The table in memory. Environments go through the items of the real table and through JSON, so that what the schema
 * would lose there is lost here too. Each call does its work in one go: a simulation decides who comes first.
 */
import * as items from '#adapters/aws/items.ts';
import type { Failure } from '#core/dead-letter.ts';
import type { Audit, Change } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import { Conflict, Rejected } from '#core/errors.ts';
import {
  type Digest,
  type EnvironmentKey,
  type EnvironmentName,
  environmentId,
  type Instant,
  type TeamName,
} from '#core/names.ts';
import type {
  Chronicle,
  Directory,
  Due,
  Enclosed,
  EnvironmentStore,
  Failures,
  Outbox,
  OutboxEntry,
  OutboxRef,
} from '#core/ports.ts';
import { emptyLedger, type Ledger } from '#core/quota.ts';
import { byVersion } from '#core/trace.ts';
import type { Verdict } from '#core/verdict.ts';
import * as z from '#core/zod.ts';
import { MemoryKeptSnapshots } from './kept-snapshots.ts';
import { MemoryRequests } from './requests.ts';
import { MemoryTransfers } from './transfers.ts';

/** DynamoDB's limit of an item. */
const itemBytes = 400 * 1024;

interface Outgoing {
  readonly entry: OutboxEntry;
  readonly writtenAt: Instant;
}
type Approval = NonNullable<Enclosed['approval']> & { readonly environment: EnvironmentKey };

export class MemoryStore implements EnvironmentStore, Directory, Outbox, Chronicle, Failures {
  readonly #environments = new Map<string, string>();
  readonly #versions = new Map<string, number>();
  /** The sparse index of the real table. */
  readonly #due = new Map<string, Instant>();
  readonly #verdicts = new Map<string, Verdict>();
  /** Audit items and outbox items, as the table would have them. */
  readonly #ledgers = new Map<TeamName, Ledger>();
  readonly #lines = new Map<string, ReturnType<typeof items.auditItem>[]>();
  readonly #outbox = new Map<string, ReturnType<typeof items.outboxItems>[number] & { sentAt?: Instant }>();
  readonly #aside = new Map<string, OutboxEntry>();
  readonly #failures = new Map<string, Failure>();
  readonly #pending = new Map<string, Outgoing>();
  readonly requests = new MemoryRequests();
  readonly snapshots = new MemoryKeptSnapshots();
  readonly transfers = new MemoryTransfers();
  /** Oldest first. */
  readonly approvals: Approval[] = [];

  async read(key: EnvironmentKey): Promise<Environment | undefined> {
    return this.#stored(key);
  }

  async verdict(key: EnvironmentKey, digest: Digest): Promise<Verdict | undefined> {
    return this.#verdicts.get(verdictId(key, digest));
  }

  async ledger(team: TeamName): Promise<Ledger> {
    return this.ledgerNow(team);
  }

  /** Not awaited: a write is done in one go. */
  ledgerNow = (team: TeamName): Ledger => this.#ledgers.get(team) ?? emptyLedger(team);

  /** @throws Conflict where it is no longer what was read. */
  expect({ team, version }: Ledger): void {
    if (this.ledgerNow(team).version !== version - 1)
      throw new Conflict(`What team ${team} holds changed meanwhile.`);
  }

  hold(ledger: Ledger): void {
    this.#ledgers.set(ledger.team, ledger);
  }

  async keepVerdict(key: EnvironmentKey, verdict: Verdict): Promise<void> {
    const id = verdictId(key, verdict.digest);
    const known = this.#verdicts.get(id);
    if (known === undefined || known.decidedAt <= verdict.decidedAt) this.#verdicts.set(id, verdict);
  }

  async write(change: Change, enclosed: Enclosed = {}): Promise<void> {
    const { verdict, approval, request, ledger, snapshot, transfer, also } = enclosed;
    const { key } = change.environment;
    const changes = also ? [change, also] : [change];
    for (const each of changes) this.#mustFit(each);
    const known = verdict && this.#verdicts.get(verdictId(key, verdict.digest));
    if (verdict && known && known.decidedAt > verdict.decidedAt) {
      throw new Conflict(`A newer verdict on an image of ${environmentId(key)} is stored.`);
    }
    if (ledger) this.expect(ledger);
    if (snapshot) this.snapshots.expect(snapshot);
    if (transfer) this.transfers.expect(transfer);
    this.#keep(change, verdict);
    if (also) this.#keep(also);
    if (verdict) this.#verdicts.set(verdictId(key, verdict.digest), verdict);
    if (request) this.requests.done(request);
    if (ledger) this.hold(ledger);
    if (snapshot) this.snapshots.keep(snapshot);
    if (transfer) this.transfers.keep(transfer);
    if (approval) this.approvals.push({ ...approval, environment: key });
  }

  #mustFit({ environment }: Change): void {
    const id = environmentId(environment.key);
    const expected = environment.version - 1;
    if ((this.#versions.get(id) ?? 0) !== expected)
      throw new Conflict(`${id} is no longer at version ${expected}: somebody else wrote first.`);
    if (JSON.stringify(items.environmentItem(environment)).length > itemBytes)
      throw new Rejected(`${id} is not taken by the table: it is too large. Ask for it with smaller files.`);
  }

  #keep(change: Change, verdict?: Verdict): void {
    const { key, version } = change.environment;
    const id = environmentId(key);
    const item = items.environmentItem(change.environment);
    const line = change.audit && items.auditItem(change, change.audit, verdict);
    this.#environments.set(id, JSON.stringify(item));
    this.#versions.set(id, version);
    if ('lookAt' in item) this.#due.set(id, item.lookAt);
    else this.#due.delete(id);
    this.post(items.outboxItems(change));
    if (line) this.#lines.set(id, [...(this.#lines.get(id) ?? []), line]);
  }

  /** Written with something else of the table, in one go with it. */
  post(outgoing: ReturnType<typeof items.outboxItems>): void {
    for (const written of outgoing) {
      const entry = items.outboxEntry(written);
      this.#outbox.set(entryId(entry), written);
      this.#pending.set(entryId(entry), { entry, writtenAt: written.writtenAt });
    }
  }

  async audit(key: EnvironmentKey, limit: number): Promise<readonly Audit[]> {
    return (this.#lines.get(environmentId(key)) ?? []).slice(-limit).map(items.auditLine);
  }

  async list(team: TeamName, after: EnvironmentName | undefined, limit: number) {
    const found = [...this.#environments.values()]
      .map((text): unknown => JSON.parse(text))
      .filter((item) => z.object({ listedIn: z.string() }).safeParse(item).success)
      .map(items.parseListed)
      .filter(({ key }) => key.team === team && items.partition('ENV', key) > items.listedAfter(team, after))
      .sort((a, b) => inOrder(a.key.name, b.key.name));
    return { listed: found.slice(0, limit), more: found.length > limit };
  }

  async due(now: Instant, limit: number): Promise<Due> {
    const due = [...this.#due].filter(([, lookAt]) => lookAt <= now);
    due.sort(([, a], [, b]) => inOrder(a, b));
    return items.dueOf(due.slice(0, limit).map(([id]) => JSON.parse(this.#environments.get(id) ?? '{}')));
  }

  /** What somebody made of an item by hand, or a version that writes otherwise. */
  tamper(key: EnvironmentKey, fields: Readonly<Record<string, unknown>>): void {
    const id = environmentId(key);
    const item: unknown = JSON.parse(this.#environments.get(id) ?? '{}');
    this.#environments.set(id, JSON.stringify(Object.assign({}, item, fields)));
  }

  async pending(olderThan: Instant, limit: number): Promise<readonly OutboxEntry[]> {
    return [...this.#pending.values()]
      .filter(({ writtenAt }) => writtenAt <= olderThan)
      .sort((a, b) => inOrder(a.writtenAt, b.writtenAt))
      .slice(0, limit)
      .map(({ entry }) => entry);
  }

  async settle(entry: OutboxRef, now?: Instant): Promise<void> {
    const id = entryId(entry);
    this.#pending.delete(id);
    this.#aside.delete(id);
    const written = this.#outbox.get(id);
    if (written) this.#outbox.set(id, { ...written, sentAt: now ?? written.writtenAt });
  }

  /** An entry that somebody else wrote: a newer version of the code, or a hand. */
  plant(item: { readonly pk: string; readonly sk: string }, writtenAt: Instant): void {
    const entry = items.outboxEntry(item);
    this.#pending.set(entryId(entry), { entry, writtenAt });
  }

  async setAside(entry: OutboxRef, reason: string): Promise<void> {
    const id = entryId(entry);
    const outgoing = this.#pending.get(id);
    if (!outgoing) return;
    this.#pending.delete(id);
    this.#aside.set(id, { ...outgoing.entry, message: { kind: 'unreadable', reason } });
  }

  async untold(ref: OutboxRef): Promise<OutboxEntry | undefined> {
    return this.#pending.get(entryId(ref))?.entry ?? this.#aside.get(entryId(ref));
  }

  async steps(key: EnvironmentKey, after: number, limit: number) {
    const id = environmentId(key);
    const lines = (this.#lines.get(id) ?? []).map(items.changeStep).filter(({ version }) => version > after);
    const changes = lines.slice(0, limit);
    const next = lines.length > limit ? changes.at(-1)?.version : undefined;
    const events = [...this.#outbox.values()]
      .filter(({ environment }) => environmentId(environment) === id)
      .flatMap((item) => items.eventStep(item) ?? [])
      .filter(({ version }) => version > after && version <= (next ?? version));
    const steps = [...changes, ...events].sort(byVersion);
    return next === undefined ? { steps } : { steps, next };
  }

  async keepFailure(messageId: string, failure: Failure): Promise<void> {
    this.#failures.set(messageId, failure);
  }

  async failure(messageId: string): Promise<Failure | undefined> {
    return this.#failures.get(messageId);
  }

  #stored(key: EnvironmentKey): Environment | undefined {
    const text = this.#environments.get(environmentId(key));
    return text === undefined ? undefined : items.parseEnvironmentItem(JSON.parse(text));
  }
}

const verdictId = (key: EnvironmentKey, digest: Digest): string => `${environmentId(key)} ${digest}`;
const entryId = ({ environment, id }: OutboxRef): string => `${environmentId(environment)} ${id}`;
const inOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
