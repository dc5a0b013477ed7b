/** A hosted zone in memory, with Route 53's own rules: a batch is all or nothing, and a CNAME stands alone. */
import type { DnsChange, DnsRecord } from '#core/dns.ts';
import { Conflict } from '#core/errors.ts';
import type { DnsZone } from '#core/ports.ts';

export class MemoryZone implements DnsZone {
  #records: readonly DnsRecord[] = [];

  async records(names: readonly string[]): Promise<readonly DnsRecord[]> {
    return this.#records.filter(({ name }) => names.includes(name));
  }

  names(): readonly string[] {
    return this.#records.map(({ name }) => name);
  }

  async change(changes: readonly DnsChange[]): Promise<void> {
    const next = changes.reduce(applied, this.#records);
    const lonely = next.find(
      (record) =>
        record.type === 'CNAME' && next.some((other) => other !== record && other.name === record.name),
    );
    if (lonely) throw refused(`the CNAME ${lonely.name} can't stand beside other records`);
    this.#records = next;
  }
}

function applied(records: readonly DnsRecord[], { action, record }: DnsChange): readonly DnsRecord[] {
  const known = records.find((other) => other.name === record.name && other.type === record.type);
  if (action === 'DELETE' && (!known || !sameContent(known, record))) {
    throw refused(`${record.type} ${record.name} is not there with these values`);
  }
  const others = records.filter((other) => other !== known);
  return action === 'DELETE' ? others : [...others, record];
}

const sameContent = (a: DnsRecord, b: DnsRecord): boolean =>
  a.ttl === b.ttl && [...a.values].sort().join('\n') === [...b.values].sort().join('\n');

const refused = (message: string): Conflict => new Conflict(`Route 53 refused the changes: ${message}`);
