/** The DNS plan: what is missing is made, what moved is moved, and what is not ours is never touched. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DnsChange, type DnsRecord, desiredRecords, nameOf, ownerNameOf, planDns } from '#core/dns.ts';
import { EnvironmentKey } from '#core/names.ts';
import { key } from './samples.ts';

const zone = 'schwifty.example';
const name = nameOf(key, zone);
const wanted = (target: string) => desiredRecords(key, zone, target);
const record = (type: DnsRecord['type'], values: string[], at = name): DnsRecord => ({
  name: at,
  type,
  ttl: 60,
  values,
});
const plan = (target: string, current: DnsRecord[]) => planDns(key, wanted(target), current);
const changes = (target: string, current: DnsRecord[]): readonly DnsChange[] => {
  const made = plan(target, current);
  if (made.outcome === 'foreign') throw new Error(made.reason);
  return made.changes;
};
/** As Route 53 applies a batch: an UPSERT takes the place of the record of that name and type. */
const apply = (current: readonly DnsRecord[], batch: readonly DnsChange[]): DnsRecord[] =>
  batch.reduce<DnsRecord[]>(
    (records, { action, record: made }) => {
      const others = records.filter((known) => known.name !== made.name || known.type !== made.type);
      return action === 'UPSERT' ? [...others, made] : others;
    },
    [...current],
  );

it('names the environment below its team, with its owner beside it', () => {
  expect(wanted('10.0.0.9')).toEqual([
    record(
      'TXT',
      ['"heritage=getschwifty,environment=checkout/web"'],
      'schwifty-owner.web.checkout.schwifty.example',
    ),
    record('A', ['10.0.0.9'], 'web.checkout.schwifty.example'),
  ]);
  expect(wanted('app-1.elb.us-east-1.amazonaws.com')[1]).toMatchObject({ type: 'CNAME' });
});

describe('changes', () => {
  it('nothing there: both records', () => {
    expect(changes('10.0.0.9', []).map(({ action }) => action)).toEqual(['UPSERT', 'UPSERT']);
  });
  it('all there: none', () => expect(changes('10.0.0.9', wanted('10.0.0.9'))).toEqual([]));
  it('an address that moved: that one', () => {
    expect(changes('10.0.0.10', wanted('10.0.0.9'))).toEqual([
      { action: 'UPSERT', record: record('A', ['10.0.0.10']) },
    ]);
  });
  it('from an address to a host name: one goes before the other comes', () => {
    expect(changes('lb.example.com', wanted('10.0.0.9'))).toEqual([
      { action: 'DELETE', record: record('A', ['10.0.0.9']) },
      { action: 'UPSERT', record: record('CNAME', ['lb.example.com']) },
    ]);
  });
  it('another ttl is put right', () => {
    const current = wanted('10.0.0.9').map((known) => ({ ...known, ttl: 300 }));
    expect(changes('10.0.0.9', current)).toHaveLength(2);
  });
  it("somebody's TXT at our name stays", () => {
    const current = [...wanted('10.0.0.9'), record('TXT', ['"google-site-verification=1"'])];
    expect(changes('10.0.0.10', current)).toHaveLength(1);
  });
});

describe('foreign', () => {
  const owner = ownerNameOf(name);
  it.each<[string, string, DnsRecord[]]>([
    ['an address without an owner', '10.0.0.9', [record('A', ['10.0.0.9'])]],
    [
      'an owner that is another environment',
      '10.0.0.9',
      [record('TXT', ['"heritage=getschwifty,environment=checkout/api"'], owner)],
    ],
    [
      'an owner that is external-dns',
      '10.0.0.9',
      [record('TXT', ['"heritage=external-dns"'], owner), record('A', ['10.0.0.1'])],
    ],
    [
      'our owner text at another name',
      '10.0.0.9',
      [record('TXT', ['"heritage=getschwifty,environment=checkout/web"']), record('A', ['10.0.0.1'])],
    ],
    [
      'a TXT where a CNAME must stand alone',
      'lb.example.com',
      [...wanted('10.0.0.9'), record('TXT', ['"x"'])],
    ],
  ])('%s', (_, target, current) => {
    expect(plan(target, current)).toMatchObject({
      outcome: 'foreign',
      reason: expect.stringContaining('not ours'),
    });
  });
});

describe('laws', () => {
  const targets = fc.constantFrom('10.0.0.9', '10.0.0.10', 'a.example.com', 'b.example.com');
  const anyRecord = fc.record({
    name: fc.constantFrom(name, ownerNameOf(name)),
    type: fc.constantFrom<DnsRecord['type']>('A', 'CNAME', 'TXT'),
    ttl: fc.constantFrom(60, 300),
    values: fc.uniqueArray(
      fc.constantFrom('10.0.0.9', 'a.example.com', '"x"', '"heritage=getschwifty,environment=checkout/web"'),
      { minLength: 1, maxLength: 2 },
    ),
  });
  const anyZone = fc.uniqueArray(anyRecord, {
    selector: (known) => `${known.name} ${known.type}`,
    maxLength: 6,
  });

  it('after the plan is applied, the plan is empty', () =>
    fc.assert(
      fc.property(anyZone, targets, (current, target) => {
        const made = plan(target, current);
        if (made.outcome === 'foreign') return;
        expect(changes(target, apply(current, made.changes))).toEqual([]);
      }),
    ));
  it('nothing is written where the owner record is not ours, and no TXT is ever deleted', () =>
    fc.assert(
      fc.property(anyZone, targets, (current, target) => {
        const made = plan(target, current);
        if (made.outcome === 'foreign') return;
        const ours = current.some(
          (known) =>
            known.name === ownerNameOf(name) && known.values.some((value) => value.includes('checkout/web')),
        );
        expect(ours || current.length === 0).toBe(true);
        for (const { action, record: made_ } of made.changes) {
          expect([name, ownerNameOf(name)]).toContain(made_.name);
          if (action === 'DELETE') expect(made_.type).not.toBe('TXT');
        }
      }),
    ));
  it('one environment never takes the name of another', () => {
    const other = EnvironmentKey.parse({ team: 'checkout', name: 'api' });
    expect(planDns(other, desiredRecords(other, zone, '10.0.0.1'), wanted('10.0.0.9')).outcome).toBe(
      'foreign',
    );
  });
});
