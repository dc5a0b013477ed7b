/**
 * The table in memory. Environments go through the items of the real table and through JSON, so that what the schema
 * would lose there is lost here too. Each call does its work in one go: a simulation decides who comes first.
 */
import * as items from '#adapters/aws/items.ts';
import type { Audit, Change } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import { Conflict, Rejected } from '#core/errors.ts';
import { type Digest, type EnvironmentKey, environmentId, type Instant } from '#core/names.ts';
import type { Due, Enclosed, EnvironmentStore, Outbox, OutboxEntry } from '#core/ports.ts';
import type { Verdict } from '#core/verdict.ts';

/** DynamoDB's limit of an item. */
const itemBytes = 400 * 1024;

interface Outgoing {
  readonly entry: OutboxEntry;
  readonly writtenAt: Instant;
}
type Approval = NonNullable<Enclosed['approval']> & { readonly environment: EnvironmentKey };

export class MemoryStore implements EnvironmentStore, Outbox {
  readonly #environments = new Map<string, string>();
  readonly #versions = new Map<string, number>();
  /** The sparse index of the real table. */
  readonly #due = new Map<string, Instant>();
  readonly #verdicts = new Map<string, Verdict>();
  readonly #audit = new Map<string, Audit[]>();
  readonly #pending = new Map<string, Outgoing>();
  /** Oldest first. */
  readonly approvals: Approval[] = [];

  async read(key: EnvironmentKey): Promise<Environment | undefined> {
    return this.#stored(key);
  }

  async verdict(key: EnvironmentKey, digest: Digest): Promise<Verdict | undefined> {
    return this.#verdicts.get(verdictId(key, digest));
  }

  async keepVerdict(key: EnvironmentKey, verdict: Verdict): Promise<void> {
    const id = verdictId(key, verdict.digest);
    const known = this.#verdicts.get(id);
    if (known === undefined || known.decidedAt <= verdict.decidedAt) this.#verdicts.set(id, verdict);
  }

  async write(change: Change, { verdict, approval }: Enclosed = {}): Promise<void> {
    const { key, version } = change.environment;
    const id = environmentId(key);
    if ((this.#versions.get(id) ?? 0) !== version - 1) {
      throw new Conflict(`${id} is no longer at version ${version - 1}: somebody else wrote first.`);
    }
    const known = verdict && this.#verdicts.get(verdictId(key, verdict.digest));
    if (verdict && known && known.decidedAt > verdict.decidedAt) {
      throw new Conflict(`A newer verdict on an image of ${id} is stored.`);
    }
    const item = items.environmentItem(change.environment);
    const environment = JSON.stringify(item);
    if (environment.length > itemBytes)
      throw new Rejected(`${id} is not taken by the table: it is too large. Ask for it with smaller files.`);
    const entries = items.outboxItems(change).map((item) => items.outboxEntry(item));
    this.#environments.set(id, environment);
    this.#versions.set(id, version);
    if ('lookAt' in item) this.#due.set(id, item.lookAt);
    else this.#due.delete(id);
    for (const entry of entries) this.#pending.set(entryId(entry), { entry, writtenAt: change.at });
    if (change.audit) this.#audit.set(id, [...(this.#audit.get(id) ?? []), change.audit]);
    if (verdict) this.#verdicts.set(verdictId(key, verdict.digest), verdict);
    if (approval) this.approvals.push({ ...approval, environment: key });
  }

  async audit(key: EnvironmentKey, limit: number): Promise<readonly Audit[]> {
    return (this.#audit.get(environmentId(key)) ?? []).slice(-limit);
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

  async settle(entry: OutboxEntry): Promise<void> {
    this.#pending.delete(entryId(entry));
  }

  #stored(key: EnvironmentKey): Environment | undefined {
    const text = this.#environments.get(environmentId(key));
    return text === undefined ? undefined : items.parseEnvironmentItem(JSON.parse(text));
  }
}

const verdictId = (key: EnvironmentKey, digest: Digest): string => `${environmentId(key)} ${digest}`;
const entryId = ({ environment, id }: OutboxEntry): string => `${environmentId(environment)} ${id}`;
const inOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
