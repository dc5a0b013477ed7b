/** What every DNS zone must do: Route 53's rules, which the plan of core/dns.ts relies on. */
import { beforeEach, expect } from 'vitest';
import type { DnsChange, DnsRecord } from '#core/dns.ts';
import { Conflict } from '#core/errors.ts';
import type { DnsZone } from '#core/ports.ts';
import { contract, type Deviations } from './contract.ts';

let runs = 0;

export function dnsZoneContract(
  name: string,
  zoneName: string,
  make: () => DnsZone,
  deviations: Deviations = {},
): void {
  contract(name, 'the DNS zone', deviations, (test) => {
    let zone: DnsZone;
    let host: string;
    beforeEach(() => {
      zone = make();
      host = `n${runs++}-${Date.now().toString(36)}.contract.${zoneName}`;
    });
    const record = (parts: Partial<DnsRecord> = {}): DnsRecord => ({
      name: host,
      type: 'A',
      ttl: 60,
      values: ['192.0.2.1'],
      ...parts,
    });
    const upsert = (...records: DnsRecord[]): DnsChange[] =>
      records.map((one) => ({ action: 'UPSERT', record: one }));
    const remove = (one: DnsRecord): DnsChange => ({ action: 'DELETE', record: one });

    test('a name without records has none, nor has one whose neighbours have', async () => {
      await zone.change(upsert(record({ name: `a.${host}` })));
      expect(await zone.records([host])).toEqual([]);
    });

    test('records come back as they were written, those of the names asked for alone', async () => {
      const alias = record({ type: 'CNAME', values: ['lb-1.elb.example'] });
      const owner = record({ name: `owner.${host}`, type: 'TXT', values: ['"heritage=a,environment=b"'] });
      await zone.change(upsert(alias, owner, record({ name: `other.${host}` })));
      const found = await zone.records([host, owner.name]);
      expect(found).toHaveLength(2);
      expect(found).toEqual(expect.arrayContaining([alias, owner]));
    });

    test('an upsert replaces what is there, and writing it twice is writing it once', async () => {
      await zone.change(upsert(record()));
      const moved = record({ values: ['192.0.2.2', '192.0.2.3'] });
      await zone.change(upsert(moved));
      await zone.change(upsert(moved));
      const [found, ...others] = await zone.records([host]);
      expect(others).toEqual([]);
      expect([...(found?.values ?? [])].sort()).toEqual(moved.values);
    });

    test('a deletion and what takes its place are one batch', async () => {
      await zone.change(upsert(record()));
      const alias = record({ type: 'CNAME', values: ['lb-1.elb.example'] });
      await zone.change([remove(record()), ...upsert(alias)]);
      expect(await zone.records([host])).toEqual([alias]);
    });

    test('deleting what is not there with these values is refused', async () => {
      await zone.change(upsert(record()));
      await expect(zone.change([remove(record({ values: ['192.0.2.9'] }))])).rejects.toThrow(Conflict);
      await expect(zone.change([remove(record({ name: `none.${host}` }))])).rejects.toThrow(Conflict);
      expect(await zone.records([host])).toEqual([record()]);
    });

    test('of a batch with one change that is refused, none is made', async () => {
      const owner = record({ name: `owner.${host}`, type: 'TXT', values: ['"mine"'] });
      await expect(zone.change([...upsert(owner), remove(record())])).rejects.toThrow(Conflict);
      expect(await zone.records([host, owner.name])).toEqual([]);
    });

    // Route 53 developer guide, "Supported DNS record types", CNAME.
    test('a CNAME can not stand beside another record', async () => {
      await zone.change(upsert(record()));
      const alias = record({ type: 'CNAME', values: ['lb-1.elb.example'] });
      await expect(zone.change(upsert(alias))).rejects.toThrow(Conflict);
      expect(await zone.records([host])).toEqual([record()]);
    });

    test('a name and its records are found among hundreds of neighbours', async () => {
      const neighbours = Array.from({ length: 400 }, (_, i) => record({ name: `a${i}.${host}` }));
      for (let i = 0; i < neighbours.length; i += 100)
        await zone.change(upsert(...neighbours.slice(i, i + 100)));
      expect(await zone.records([`a7.${host}`, `a399.${host}`])).toEqual([
        record({ name: `a7.${host}` }),
        record({ name: `a399.${host}` }),
      ]);
    });

    test('nothing to change is nothing to do', async () => {
      await zone.change([]);
      expect(await zone.records([host])).toEqual([]);
    });
  });
}
