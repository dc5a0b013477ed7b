/** What every DNS zone must do: Route 53's rules, which the plan of core/dns.ts relies on. */
import { beforeEach, expect } from 'vitest';
import type { DnsChange, DnsRecord, PlainRecord } from '#core/dns.ts';
import { blamed } from '#core/dns-calls.ts';
import type { ZonePosition } from '#core/dns-order.ts';
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
    const record = (parts: Partial<PlainRecord> = {}): DnsRecord => ({
      name: host,
      type: 'A',
      ttl: 60,
      values: ['192.0.2.1'],
      ...parts,
    });
    /** As one of a Network Load Balancer. */
    const alias = (target: string, evaluateTargetHealth = true): DnsRecord => ({
      name: host,
      type: 'A',
      alias: {
        zoneId: 'Z26RNL4JYFTOTI',
        target: `${target}.elb.us-east-1.amazonaws.com`,
        evaluateTargetHealth,
      },
    });
    const create = (...records: DnsRecord[]): DnsChange[] =>
      records.map((one) => ({ action: 'CREATE', record: one }));
    const remove = (...records: DnsRecord[]): DnsChange[] =>
      records.map((one) => ({ action: 'DELETE', record: one }));

    test('a name without records has none, nor has one whose neighbours have', async () => {
      await zone.change(create(record({ name: `a.${host}` })));
      expect(await zone.records([host])).toEqual([]);
    });

    test('records come back as they were written, those of the names asked for alone', async () => {
      const canonical = record({ type: 'CNAME', values: ['lb-1.elb.example'] });
      const owner = record({ name: `owner.${host}`, type: 'TXT', values: ['"heritage=a,environment=b"'] });
      await zone.change(create(canonical, owner, record({ name: `other.${host}` })));
      const found = await zone.records([host, owner.name]);
      expect(found).toHaveLength(2);
      expect(found).toEqual(expect.arrayContaining([canonical, owner]));
    });

    test('an alias comes back as it was written, and is deleted by what it was written with alone', async () => {
      await zone.change(create(alias('k8s-a-1')));
      expect(await zone.records([host])).toEqual([alias('k8s-a-1')]);
      await expect(zone.change(remove(alias('k8s-a-2')))).rejects.toThrow(Conflict);
      await expect(zone.change(remove(alias('k8s-a-1', false)))).rejects.toThrow(Conflict);
      expect(await zone.records([host])).toEqual([alias('k8s-a-1')]);
      await zone.change([...remove(alias('k8s-a-1')), ...create(alias('k8s-a-2'))]);
      expect(await zone.records([host])).toEqual([alias('k8s-a-2')]);
    });

    test('what is there already is not created, and the refusal names it', async () => {
      await zone.change(create(record()));
      const other = record({ values: ['192.0.2.2'] });
      const beside = record({ name: `beside.${host}` });
      const failure = await zone.change(create(beside, other)).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(Conflict);
      const [mine, theirs] = [
        { id: 'mine', changes: create(other) },
        { id: 'beside', changes: create(beside) },
      ];
      expect(blamed([mine, theirs], String(failure))).toEqual([mine]);
      expect(await zone.records([host, beside.name])).toEqual([record()]);
    });

    test('a deletion and what takes its place are one batch', async () => {
      await zone.change(create(record()));
      const canonical = record({ type: 'CNAME', values: ['lb-1.elb.example'] });
      await zone.change([...remove(record()), ...create(canonical)]);
      expect(await zone.records([host])).toEqual([canonical]);
    });

    test('deleting what is not there with these values is refused', async () => {
      await zone.change(create(record()));
      await expect(zone.change(remove(record({ values: ['192.0.2.9'] })))).rejects.toThrow(Conflict);
      await expect(zone.change(remove(record({ name: `none.${host}` })))).rejects.toThrow(Conflict);
      expect(await zone.records([host])).toEqual([record()]);
    });

    test('of a batch with one change that is refused, none is made', async () => {
      const owner = record({ name: `owner.${host}`, type: 'TXT', values: ['"mine"'] });
      await expect(zone.change([...create(owner), ...remove(record())])).rejects.toThrow(Conflict);
      expect(await zone.records([host, owner.name])).toEqual([]);
    });

    // Route 53 developer guide, "Supported DNS record types", CNAME.
    test('a CNAME can not stand beside another record', async () => {
      await zone.change(create(record()));
      const canonical = record({ type: 'CNAME', values: ['lb-1.elb.example'] });
      await expect(zone.change(create(canonical))).rejects.toThrow(Conflict);
      expect(await zone.records([host])).toEqual([record()]);
    });

    // Route 53 developer guide, "Quotas", "Maximums on API requests".
    test('a call takes 1,000 records and 32,000 characters, and nothing of more', async () => {
      const some = (count: number) =>
        create(...Array.from({ length: count }, (_, i) => record({ name: `n${i}.${host}` })));
      const long = (count: number) =>
        create(
          ...Array.from({ length: 2 }, (_, i) =>
            record({ name: `t${i}.${host}`, type: 'TXT', values: texts(count) }),
          ),
        );
      // Each with full buckets: what is refused may cost, too.
      await expect(make().change(some(1_001))).rejects.toThrow(Conflict);
      await expect(make().change(long(81))).rejects.toThrow(Conflict);
      expect(await zone.records([`n0.${host}`, `t0.${host}`])).toEqual([]);
      await make().change(some(1_000));
      await make().change(long(80));
    });

    test('a name and its records are found among hundreds of neighbours, by few calls', async () => {
      const neighbours = Array.from({ length: 400 }, (_, i) => record({ name: `a${i}.${host}` }));
      await zone.change(create(...neighbours));
      const names = ['a7', 'a399', 'a-7', 'b'].map((name) => `${name}.${host}`);
      expect(byName(await zone.records(names))).toEqual([
        record({ name: `a399.${host}` }),
        record({ name: `a7.${host}` }),
      ]);
      expect(byName(await zone.records(neighbours.map(({ name }) => name)))).toEqual(byName(neighbours));
    });

    test('page by page, every record is there once, beside those of others', async () => {
      const some = Array.from({ length: 350 }, (_, i) => record({ name: `p${i}.${host}` }));
      await zone.change(create(...some));
      const found: DnsRecord[] = [];
      let from: ZonePosition | undefined = { name: host };
      for (let pages = 0; pages < 10; pages++) {
        const page: Awaited<ReturnType<DnsZone['page']>> = await zone.page(from);
        found.push(...page.records);
        from = page.next;
        if (from === undefined || !from.name.endsWith(host)) break;
      }
      expect(byName(found.filter(({ name }) => name.endsWith(`.${host}`)))).toEqual(byName(some));
    });

    test('nothing to change is nothing to do', async () => {
      await zone.change([]);
      expect(await zone.records([host])).toEqual([]);
    });
  });
}

/** 200 characters each, with the quotation marks. */
const texts = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `"${String(i).padStart(198, '0')}"`);

const byName = (records: readonly DnsRecord[]): DnsRecord[] =>
  [...records].sort((a, b) => Number(a.name > b.name) - Number(a.name < b.name));
