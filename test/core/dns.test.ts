/** The DNS plan: what is missing is made, what moved is moved, and what is not ours is never touched. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DnsChange,
  type DnsRecord,
  desiredRecords,
  isSame,
  keyOfOwner,
  nameOf,
  ownerNameOf,
  type PlainRecord,
  planDns,
} from '#core/dns.ts';
import { EnvironmentKey } from '#core/names.ts';
import { key } from './samples.ts';

const naming = { zone: 'schwifty.example', installation: '0123456789ab' };
const ours = '"heritage=getschwifty,installation=0123456789ab"';
const older = '"heritage=getschwifty,environment=checkout/web"';
const name = nameOf(key, naming.zone);
const owner = ownerNameOf(name);
const loadBalancer = 'k8s-web-0123456789.elb.eu-west-1.amazonaws.com';
const wanted = (target: string) => desiredRecords(key, naming, target);
const record = (type: PlainRecord['type'], values: string[], at = name): DnsRecord => ({
  name: at,
  type,
  ttl: 60,
  values,
});
const alias = (target: string, zoneId = 'Z2IFOLAFXWLO4F'): DnsRecord => ({
  name,
  type: 'A',
  alias: { zoneId, target, evaluateTargetHealth: true },
});
const plan = (target: string | undefined, current: readonly DnsRecord[]) =>
  planDns(key, naming, target, current);
const changes = (target: string | undefined, current: readonly DnsRecord[]): readonly DnsChange[] => {
  const made = plan(target, current);
  if (made.outcome === 'foreign') throw new Error(made.reason);
  return made.changes;
};
/** As Route 53 applies a batch: it refuses what is there already, and what is not. */
function apply(current: readonly DnsRecord[], batch: readonly DnsChange[]): readonly DnsRecord[] {
  let records = current;
  for (const { action, record: made } of batch) {
    const known = records.find((one) => one.name === made.name && one.type === made.type);
    const isRight = action === 'CREATE' ? !known : known && isSame(known, made);
    if (!isRight) throw new Error(`${action} of ${made.type} ${made.name} is refused`);
    records = action === 'CREATE' ? [...records, made] : records.filter((one) => one !== known);
  }
  return records;
}

it('names the environment below its team, with its owner beside it', () => {
  expect(wanted('10.0.0.9')).toEqual([
    record('TXT', [ours], 'schwifty-owner.web.checkout.schwifty.example'),
    record('A', ['10.0.0.9'], 'web.checkout.schwifty.example'),
  ]);
});

it('a load balancer is an alias in its own zone, with its health; what AWS does not list is a CNAME', () => {
  expect(wanted(loadBalancer)[1]).toEqual(alias(loadBalancer));
  expect(wanted('web-1.eu-west-1.elb.amazonaws.com')[1]).toMatchObject({ type: 'CNAME' });
  expect(wanted('web-1.elb.xx-new-1.amazonaws.com')[1]).toMatchObject({ type: 'CNAME' });
  expect(wanted('lb.example.com')[1]).toMatchObject({ type: 'CNAME', values: ['lb.example.com'] });
});

it('an owner is 60 characters at most, so that one call has those of 500 environments', () => {
  expect(ours.length).toBeLessThanOrEqual(60);
});

it.each<[string, string | undefined]>([
  [owner, 'checkout/web'],
  [name, undefined],
  ['schwifty-owner.checkout.schwifty.example', undefined],
  ['schwifty-owner.a.web.checkout.schwifty.example', undefined],
  ['schwifty-owner.Web!.checkout.schwifty.example', undefined],
  ['schwifty-owner.web.checkout.other.example', undefined],
  ['schwifty-owner.schwifty.example', undefined],
])('%s is the owner record of %s', (text, id) => {
  const found = keyOfOwner(text, naming.zone);
  expect(found && `${found.team}/${found.name}`).toBe(id);
});

describe('changes', () => {
  it('nothing there: both records', () => {
    expect(changes('10.0.0.9', []).map(({ action }) => action)).toEqual(['CREATE', 'CREATE']);
  });
  it('all there: none', () => {
    expect(changes('10.0.0.9', wanted('10.0.0.9'))).toEqual([]);
    expect(changes(loadBalancer, wanted(loadBalancer.toUpperCase()))).toEqual([]);
  });
  it('an address that moved: that one', () => {
    expect(changes('10.0.0.10', wanted('10.0.0.9'))).toEqual([
      { action: 'DELETE', record: record('A', ['10.0.0.9']) },
      { action: 'CREATE', record: record('A', ['10.0.0.10']) },
    ]);
  });
  it('from a name to an alias: one goes before the other comes', () => {
    expect(changes(loadBalancer, [record('TXT', [ours], owner), record('CNAME', [loadBalancer])])).toEqual([
      { action: 'DELETE', record: record('CNAME', [loadBalancer]) },
      { action: 'CREATE', record: alias(loadBalancer) },
    ]);
  });
  it('an alias in the wrong zone, or blind to health, is put right', () => {
    const [txt] = wanted(loadBalancer);
    if (!txt) throw new Error('no owner');
    expect(changes(loadBalancer, [txt, alias(loadBalancer, 'Z1')])).toHaveLength(2);
    const blind = { zoneId: 'Z2IFOLAFXWLO4F', target: loadBalancer, evaluateTargetHealth: false };
    expect(changes(loadBalancer, [txt, { name, type: 'A', alias: blind }])).toHaveLength(2);
  });
  it('another ttl is put right', () => {
    const current = wanted('10.0.0.9').map((known) => ({ ...known, ttl: 300 }));
    expect(changes('10.0.0.9', current)).toHaveLength(4);
  });
  it('an owner of before installations had an id is ours, and written anew', () => {
    expect(changes('10.0.0.9', [record('TXT', [older], owner), record('A', ['10.0.0.9'])])).toEqual([
      { action: 'DELETE', record: record('TXT', [older], owner) },
      { action: 'CREATE', record: record('TXT', [ours], owner) },
    ]);
  });
  it("somebody's TXT and AAAA at our name stay", () => {
    const theirs = [record('TXT', ['"google-site-verification=1"']), record('AAAA', ['2001:db8::1'])];
    const touched = [
      ...changes('10.0.0.10', [...wanted('10.0.0.9'), ...theirs]),
      ...changes(undefined, [...wanted('10.0.0.9'), ...theirs]),
    ];
    expect(touched.filter(({ record: it }) => theirs.some((their) => isSame(their, it)))).toEqual([]);
  });
  it('an environment that goes takes both of its records', () => {
    expect(changes(undefined, wanted(loadBalancer)).map(({ action }) => action)).toEqual([
      'DELETE',
      'DELETE',
    ]);
    expect(changes(undefined, [])).toEqual([]);
  });
});

describe('foreign', () => {
  it.each<[string, string | undefined, DnsRecord[]]>([
    ['an address without an owner', '10.0.0.9', [record('A', ['10.0.0.9'])]],
    ['an alias without an owner', loadBalancer, [alias(loadBalancer)]],
    [
      'an owner that is another installation',
      '10.0.0.9',
      [record('TXT', ['"heritage=getschwifty,installation=ba9876543210"'], owner)],
    ],
    [
      'an older owner that is another environment',
      '10.0.0.9',
      [record('TXT', ['"heritage=getschwifty,environment=checkout/api"'], owner)],
    ],
    ['an owner beside another one', '10.0.0.9', [record('TXT', [ours, '"heritage=external-dns"'], owner)]],
    [
      'an owner that is external-dns',
      '10.0.0.9',
      [record('TXT', ['"heritage=external-dns"'], owner), record('A', ['10.0.0.1'])],
    ],
    ['our owner text at another name', '10.0.0.9', [record('TXT', [ours]), record('A', ['10.0.0.1'])]],
    [
      'a TXT where a CNAME must stand alone',
      'lb.example.com',
      [...wanted('10.0.0.9'), record('TXT', ['"x"'])],
    ],
    ['records to be taken away that are not ours', undefined, [record('A', ['10.0.0.9'])]],
  ])('%s', (_, target, current) => {
    expect(plan(target, current)).toMatchObject({
      outcome: 'foreign',
      reason: expect.stringContaining('not ours'),
    });
  });
});

describe('laws', () => {
  const targets = fc.constantFrom('10.0.0.9', '10.0.0.10', 'a.example.com', loadBalancer, undefined);
  const values = fc.uniqueArray(fc.constantFrom('10.0.0.9', 'a.example.com', '"x"', ours, older), {
    minLength: 1,
    maxLength: 2,
  });
  const plain = fc.record({
    name: fc.constantFrom(name, owner),
    type: fc.constantFrom<PlainRecord['type']>('A', 'AAAA', 'CNAME', 'TXT'),
    ttl: fc.constantFrom(60, 300),
    values,
  });
  const aliases = fc.record({
    name: fc.constantFrom(name, owner),
    type: fc.constantFrom<PlainRecord['type']>('A', 'AAAA'),
    alias: fc.record({
      zoneId: fc.constantFrom('Z1', 'Z2IFOLAFXWLO4F'),
      target: fc.constantFrom(loadBalancer, 'other.example'),
      evaluateTargetHealth: fc.boolean(),
    }),
  });
  /** As a zone can be: one record of a name and type, a CNAME alone; half of them begin with our own owner record. */
  const anyZone = fc
    .tuple(fc.boolean(), fc.array(fc.oneof(plain, aliases), { maxLength: 6 }))
    .map(([isOwned, some]) => {
      const all: DnsRecord[] = isOwned ? [record('TXT', [ours], owner), ...some] : some;
      return all.filter((it, i) => {
        const before = all.slice(0, i).filter((other) => other.name === it.name);
        return !before.some(
          (other) => other.type === it.type || other.type === 'CNAME' || it.type === 'CNAME',
        );
      });
    });

  it('after the plan is applied, what is wanted is there and the plan is empty', () =>
    fc.assert(
      fc.property(anyZone, targets, (current, target) => {
        const made = plan(target, current);
        if (made.outcome === 'foreign') return;
        const after = apply(current, made.changes);
        const again = plan(target, after);
        // What somebody put beside ours is there still, alone.
        if (again.outcome === 'foreign') expect(target).toBeUndefined();
        else expect(again.changes).toEqual([]);
        for (const want of target === undefined ? [] : wanted(target))
          expect(after.some((it) => isSame(it, want))).toBe(true);
      }),
    ));
  it('nothing is written where the owner record is not ours, and nothing that is not of our kinds is ever touched', () =>
    fc.assert(
      fc.property(anyZone, targets, (current, target) => {
        const made = plan(target, current);
        if (made.outcome === 'foreign') return;
        const owned = current.some(
          (it) => it.name === owner && it.type === 'TXT' && 'values' in it && it.values.length === 1,
        );
        expect(owned || current.length === 0).toBe(true);
        for (const { record: touched } of made.changes) {
          const isOwner = touched.name === owner && touched.type === 'TXT';
          const isAddress = touched.name === name && ['A', 'CNAME'].includes(touched.type);
          expect(isOwner || isAddress).toBe(true);
        }
      }),
    ));
  it('one environment never takes the name of another', () => {
    const other = EnvironmentKey.parse({ team: 'checkout', name: 'api' });
    const there = [record('A', ['10.0.0.9'], nameOf(other, naming.zone)), ...wanted('10.0.0.9')];
    expect(planDns(other, naming, '10.0.0.1', there).outcome).toBe('foreign');
  });
});
