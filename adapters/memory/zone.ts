/**
 * A hosted zone in memory, with Route 53's own rules: a batch is all or nothing, a CNAME stands alone, what is there is
 * not created and what is not there is not deleted, a call has a size, and an account's requests and changes come from
 * two buckets.
 */
import { type DnsChange, type DnsRecord, isSame } from '#core/dns.ts';
import { type Buckets, perCall, sizeOf, takeRequest } from '#core/dns-calls.ts';
import { compareNames, type ZonePosition } from '#core/dns-order.ts';
import { Conflict, Retryable } from '#core/errors.ts';
import type { Clock, DnsZone } from '#core/ports.ts';

const pageSize = 300;

export class MemoryZone implements DnsZone {
  #records: readonly DnsRecord[] = [];
  #buckets: Buckets = {};
  readonly #clock: Clock | undefined;
  /** How often each was asked. */
  readonly calls = { list: 0, change: 0 };
  /** Called before a change: a test throws here what Route 53 would say. */
  before: (changes: readonly DnsChange[]) => void = () => undefined;

  /** @param clock without it the buckets are never empty. */
  constructor(clock?: Clock) {
    this.#clock = clock;
  }

  async records(names: readonly string[]): Promise<readonly DnsRecord[]> {
    this.#ask('list', 'ListResourceRecordSets', 0);
    return this.#records.filter(({ name }) => names.includes(name));
  }

  async page(from?: ZonePosition) {
    this.#ask('list', 'ListResourceRecordSets', 0);
    const sorted = [...this.#records].sort(compare);
    const start = from === undefined ? 0 : sorted.findIndex((record) => compare(record, from) >= 0);
    if (start < 0) return { records: [] };
    const next = sorted[start + pageSize];
    return {
      records: sorted.slice(start, start + pageSize),
      ...(next && { next: { name: next.name, type: next.type } }),
    };
  }

  names(): readonly string[] {
    return this.#records.map(({ name }) => name);
  }

  async change(changes: readonly DnsChange[]): Promise<void> {
    if (changes.length === 0) return;
    this.#ask('change', 'ChangeResourceRecordSets', changes.length);
    this.before(changes);
    const { records, characters } = sizeOf(changes);
    if (records > perCall.records) throw refused(`Number of records limit of ${perCall.records} exceeded.`);
    if (characters > perCall.characters)
      throw refused(`Number of characters limit of ${perCall.characters} exceeded.`);
    const next = new Map(this.#records.map((record) => [idOf(record), record]));
    const problems = changes.flatMap((change) => apply(next, change) ?? []);
    problems.push(...lonely(changes, [...next.values()]));
    if (problems.length > 0) throw refused(problems.join('; '));
    this.#records = [...next.values()];
  }

  #ask(kind: 'list' | 'change', call: string, changes: number): void {
    this.calls[kind] += 1;
    if (!this.#clock) return;
    const asked = takeRequest(this.#buckets, changes, Date.parse(this.#clock.now()));
    if (!asked.taken) throw new Retryable(`${call}: Throttling: Rate exceeded`);
    this.#buckets = asked.buckets;
  }
}

const idOf = ({ name, type }: DnsRecord): string => `${name} ${type}`;

const compare = (a: ZonePosition, b: ZonePosition): number =>
  compareNames(a.name, b.name) ||
  Number((a.type ?? '') > (b.type ?? '')) - Number((a.type ?? '') < (b.type ?? ''));

/** @returns what is wrong with it, as Route 53 says it: of all changes of a batch at once. */
function apply(records: Map<string, DnsRecord>, { action, record }: DnsChange): string | undefined {
  const id = idOf(record);
  const known = records.get(id);
  const what = `resource record set [name='${record.name}.', type='${record.type}']`;
  switch (action) {
    case 'CREATE':
      if (known) return `Tried to create ${what} but it already exists`;
      records.set(id, record);
      return undefined;
    case 'DELETE':
      if (!known) return `Tried to delete ${what} but it was not found`;
      if (!isSame(known, record))
        return `Tried to delete ${what} but the values provided do not match the current values`;
      records.delete(id);
      return undefined;
  }
}

function lonely(changes: readonly DnsChange[], records: readonly DnsRecord[]): string[] {
  const touched = new Set(changes.map(({ record }) => record.name));
  const at = Map.groupBy(
    records.filter(({ name }) => touched.has(name)),
    ({ name }) => name,
  );
  return [...at].flatMap(([name, here]) =>
    here.length > 1 && here.some(({ type }) => type === 'CNAME')
      ? [`RRSet of type CNAME with DNS name ${name}. is not permitted as it conflicts with other records`]
      : [],
  );
}

const refused = (message: string): Conflict => new Conflict(`Route 53 refused the changes: ${message}`);
