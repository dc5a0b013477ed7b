/** Many names as one plan in few calls; what is refused is found, and what Route 53 takes is modelled. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DnsRecord, desiredRecords, isSame, namesOf } from '#core/dns.ts';
import { isOrphan, isSweepDue, ownedIn, planZone, supposedRecords } from '#core/dns-batch.ts';
import {
  afterRefusal,
  type Buckets,
  blamed,
  callsOf,
  type Group,
  perCall,
  sizeOf,
  takeRequest,
} from '#core/dns-calls.ts';
import { compareNames } from '#core/dns-order.ts';
import { EnvironmentKey, environmentId } from '#core/names.ts';

const naming = { zone: 'schwifty.example', installation: '0123456789ab' };
const keyOf = (i: number) => EnvironmentKey.parse({ team: `team${i % 7}`, name: `env${i}` });
const host = (i: number) => `k8s-env${i}-0123456789abcdef.elb.us-east-1.amazonaws.com`;
const many = (count: number) => Array.from({ length: count }, (_, i) => ({ key: keyOf(i), target: host(i) }));

/** The memory zone's way, as values: what is refused throws. */
function apply(current: readonly DnsRecord[], groups: readonly Group[]): DnsRecord[] {
  const records = new Map(current.map((it) => [`${it.name} ${it.type}`, it]));
  for (const { action, record } of groups.flatMap(({ changes }) => changes)) {
    const id = `${record.name} ${record.type}`;
    const known = records.get(id);
    if (action === 'CREATE' ? known !== undefined : !known || !isSame(known, record))
      throw new Error(`${action} ${id}`);
    if (action === 'CREATE') records.set(id, record);
    else records.delete(id);
  }
  return [...records.values()];
}

describe('calls', () => {
  it('500 new environments are two calls, with the longest names there can be', () => {
    const long = Array.from({ length: 500 }, (_, i) => ({
      key: EnvironmentKey.parse({ team: 'a'.repeat(24), name: `${'b'.repeat(20)}${i}`.slice(0, 24) }),
      target: host(i),
    }));
    const { groups } = planZone(long, naming, []);
    expect(callsOf(groups)).toHaveLength(2);
  });

  it('hold every group once, in order, within what Route 53 takes', () => {
    const changeOf = (i: number, values: string[]) => ({
      action: 'CREATE' as const,
      record: { name: `n${i}.example`, type: 'TXT' as const, ttl: 60, values },
    });
    const anyGroups = fc.array(
      fc.array(fc.array(fc.string({ maxLength: 2000 }), { maxLength: 40 }), { minLength: 1, maxLength: 3 }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(anyGroups, (some) => {
        const groups = some.map((records, i) => ({
          id: `${i}`,
          changes: records.map((it) => changeOf(i, it)),
        }));
        const calls = callsOf(groups);
        expect(calls.flat()).toEqual(groups);
        for (const call of calls) {
          const { records, characters } = sizeOf(call.flatMap(({ changes }) => changes));
          const isWithin = records <= perCall.records && characters <= perCall.characters;
          expect(isWithin || call.length === 1).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('the plan of a zone', () => {
  const kinds = fc.constantFrom('new', 'right', 'moved', 'foreign', 'goes', 'gone');
  it('applied gives what is wanted, twice gives nothing, and what is foreign stays as it was', () => {
    fc.assert(
      fc.property(fc.array(kinds, { maxLength: 60 }), (some) => {
        const wishes = some.map((kind, i) => ({
          key: keyOf(i),
          target: kind === 'goes' || kind === 'gone' ? undefined : host(i),
        }));
        const theirs: DnsRecord[] = [];
        const current = some.flatMap((kind, i): readonly DnsRecord[] => {
          const [name] = namesOf(keyOf(i), naming.zone);
          if (kind === 'right') return desiredRecords(keyOf(i), naming, host(i));
          if (kind === 'moved' || kind === 'goes') return desiredRecords(keyOf(i), naming, `old-${host(i)}`);
          if (kind !== 'foreign') return [];
          const their: DnsRecord = { name, type: 'A', ttl: 300, values: ['192.0.2.7'] };
          theirs.push(their);
          return [their];
        });
        const { groups, foreign } = planZone(wishes, naming, current);
        const after = apply(current, groups);
        const again = planZone(wishes, naming, after);
        expect(again.groups).toEqual([]);
        expect([...foreign.keys()]).toEqual(
          some.flatMap((kind, i) => (kind === 'foreign' ? environmentId(keyOf(i)) : [])),
        );
        for (const their of theirs) expect(after).toContain(their);
        const wanted = wishes.flatMap(({ key, target }) =>
          target === undefined || foreign.has(environmentId(key)) ? [] : desiredRecords(key, naming, target),
        );
        expect(after).toHaveLength(wanted.length + theirs.length);
        for (const want of wanted) expect(after.some((it) => isSame(it, want))).toBe(true);
      }),
    );
  });

  it('supposes what was written last; where nothing would change, or nothing is known of what is to go, it must be read', () => {
    const key = keyOf(1);
    const dns = { name: 'env1', target: host(2) };
    expect(supposedRecords({}, { key, target: host(1) }, naming)).toEqual([]);
    expect(supposedRecords({ dns }, { key, target: host(1) }, naming)).toEqual(
      desiredRecords(key, naming, host(2)),
    );
    expect(supposedRecords({ dns }, { key, target: undefined }, naming)).toHaveLength(2);
    expect(supposedRecords({ dns }, { key, target: host(2) }, naming)).toBeUndefined();
    expect(supposedRecords({}, { key, target: undefined }, naming)).toBeUndefined();
  });

  it('of a page, the owner records of this installation, and no others, are ours', () => {
    const mine = desiredRecords(keyOf(1), naming, host(1));
    const others = desiredRecords(keyOf(2), { ...naming, installation: 'ba9876543210' }, host(2));
    const elsewhere = desiredRecords(keyOf(3), { ...naming, zone: 'other.example' }, host(3));
    expect(ownedIn([...mine, ...others, ...elsewhere], naming)).toEqual([keyOf(1)]);
  });

  it('an orphan is of no environment, or of one that was deleted', () => {
    const deleting = { since: '', by: '', left: [], swept: false, lookAt: '' };
    expect(isOrphan(undefined)).toBe(true);
    expect(isOrphan({ life: { state: 'deleted', since: '', by: '' } })).toBe(true);
    expect(isOrphan({ life: { state: 'deleting', ...deleting } })).toBe(false);
    expect(isOrphan({ life: { state: 'stopped', since: '' } })).toBe(false);
  });

  it('the zone is looked through once an hour', () => {
    const minutes = Array.from({ length: 180 }, (_, i) => new Date(Date.UTC(2026, 0, 1, 0, i)).toISOString());
    expect(minutes.filter(isSweepDue)).toHaveLength(3);
  });
});

describe('what is refused', () => {
  const groups = planZone(many(40), naming, []).groups;
  const [first, second] = groups;
  if (!first || !second) throw new Error('no groups');

  it.each([
    "Tried to create resource record set [name='env1.team1.schwifty.example.', type='A'] but it already exists",
    "Tried to delete resource record set [name='schwifty-owner.env1.team1.schwifty.example.', type='TXT'] but it was not found",
    'RRSet of type CNAME with DNS name env1.team1.schwifty.example. is not permitted as it conflicts with other records',
  ])('is named: %s', (message) => {
    expect(blamed(groups, message)).toEqual([second]);
  });
  it('a name that only begins so is not named', () => {
    expect(blamed(groups, "[name='env1.team1.schwifty.example.org.', type='A']")).toEqual([]);
  });
  it('is out, and the others are one call again', () => {
    const { refused, again } = afterRefusal(groups, "[name='env1.team1.schwifty.example.']");
    expect(refused).toEqual([second]);
    expect(again.flat()).toEqual(groups.filter((it) => it !== second));
    expect(again).toHaveLength(1);
  });
  it('is looked for in halves where nothing is named', () => {
    const { refused, again } = afterRefusal(groups, 'something is wrong');
    expect(refused).toEqual([]);
    expect(again.map((half) => half.length)).toEqual([20, 20]);
    expect(again.flat()).toEqual(groups);
    expect(afterRefusal([first], 'something is wrong')).toEqual({ refused: [first], again: [] });
  });
});

describe('what Route 53 takes', () => {
  /** Every `everyMs`, as many calls of that size as it takes. @returns how many it took in those milliseconds. */
  function taken(changes: number, everyMs: number, ms: number): number {
    let buckets: Buckets = {};
    let calls = 0;
    for (let now = 0; now <= ms; now += everyMs) {
      for (
        let asked = takeRequest(buckets, changes, now);
        asked.taken;
        asked = takeRequest(buckets, changes, now)
      ) {
        buckets = asked.buckets;
        calls += 1;
      }
    }
    return calls;
  }
  it('50 requests at once, 10 a second after that', () => {
    expect(taken(0, 1, 0)).toBe(50);
    expect(taken(0, 1, 10_000)).toBe(150);
  });
  it('1,500 changes at once, 100 a second after that', () => {
    expect(taken(1_000, 100, 4_000)).toBe(1);
    expect(taken(1_000, 100, 5_000)).toBe(2);
    expect(taken(100, 100, 0)).toBe(15);
    expect(taken(100, 100, 10_000)).toBe(25);
  });
  it('a call that one of the buckets refuses takes nothing of the other', () => {
    const some = takeRequest({}, 1_000, 0);
    if (!some.taken) throw new Error('an empty bucket');
    expect(takeRequest(some.buckets, 1_000, 0)).toEqual({ taken: false, waitMs: 5_000 });
    expect(takeRequest(some.buckets, 1_000, 5_000).taken).toBe(true);
  });
});

it('names are in the order of Route 53: a hyphen before the end of a label', () => {
  const sorted = ['web.a.example', 'web-2.a.example', 'x.web.a.example', 'a.example', 'web.b.example'].sort(
    compareNames,
  );
  expect(sorted).toEqual([
    'a.example',
    'web-2.a.example',
    'web.a.example',
    'x.web.a.example',
    'web.b.example',
  ]);
});
