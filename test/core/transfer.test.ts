/** A transfer: which turns there are, and that whatever happens nothing is deleted that has no Ready successor. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { change } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import { next } from '#core/machine.ts';
import { addSeconds, type Instant, TeamName } from '#core/names.ts';
import { plannedLooks } from '#core/reconcile.ts';
import { Transfer } from '#core/transfer/item.ts';
import {
  accept,
  asItStands,
  giveUp,
  looked,
  offer,
  successorIn,
  successorOf,
} from '#core/transfer/transfer.ts';
import { keyOf, mustChange, requested, start, web } from '../contracts/samples.ts';

const billing = TeamName.parse('billing');
const heir = keyOf('billing', 'web');
const at = (seconds: number): Instant => addSeconds(start, seconds);
const old = requested().environment;

const must = (moved: ReturnType<typeof offer>): Transfer => {
  if ('outcome' in moved) throw new Error(moved.detail);
  return moved;
};
const handed = (environment: Environment, transfer: Transfer, now: Instant) =>
  mustChange(next(environment, { kind: 'handed', transfer }, now)).environment;
const offered = must(offer({ environment: old, to: billing, person: 'ann', before: undefined, now: at(0) }));
const accepted = must(accept(offered, 'ben', at(60)));
const over = must(giveUp(offered, { why: 'withdrawn', person: 'ann', now: at(60) }));
const successor = requested({ key: heir, from: web }, at(60)).environment;
const readied = (environment: Environment, now: Instant): Environment => {
  const approval = { approver: 'ben', approvedAt: now, policyVersion: '1', waivers: [] };
  const digest = `sha256:${'a'.repeat(64)}` as never;
  const parts = { digest, approval, address: 'lb', since: now, lookAt: addSeconds(now, 60) };
  return change(environment, { release: { phase: 'ready', ...parts } }, { at: now, actor: 'deploy' })
    .environment;
};
const done = looked(accepted, readied(successor, at(90)), at(90));

describe('the turns', () => {
  const moves = {
    accept: (transfer: Transfer) => accept(transfer, 'ben', at(100)),
    withdraw: (transfer: Transfer) => giveUp(transfer, { why: 'withdrawn', person: 'ann', now: at(100) }),
    refuse: (transfer: Transfer) => giveUp(transfer, { why: 'refused', person: 'ben', now: at(100) }),
    'look, in time': (transfer: Transfer) => looked(transfer, successor, at(100)),
    'look, late': (transfer: Transfer) => looked(transfer, successor, at(8 * 86_400)),
    'look, Ready': (transfer: Transfer) => looked(transfer, readied(successor, at(90)), at(100)),
    'look, it is gone': (transfer: Transfer) => looked(transfer, undefined, at(100)),
  };
  const same = 'same';
  const no = 'refused';
  const table: Record<string, readonly [Transfer, Record<keyof typeof moves, string>]> = {
    offered: [
      offered,
      {
        accept: 'accepted',
        withdraw: 'over withdrawn',
        refuse: 'over refused',
        'look, in time': same,
        'look, late': 'over expired',
        'look, Ready': same,
        'look, it is gone': same,
      },
    ],
    accepted: [
      accepted,
      {
        accept: no,
        withdraw: 'over withdrawn',
        refuse: 'over refused',
        'look, in time': same,
        'look, late': same,
        'look, Ready': 'done',
        'look, it is gone': 'over new-deleted',
      },
    ],
    done: [
      done,
      {
        accept: no,
        withdraw: no,
        refuse: no,
        'look, in time': same,
        'look, late': same,
        'look, Ready': same,
        'look, it is gone': same,
      },
    ],
    over: [
      over,
      {
        accept: no,
        withdraw: same,
        refuse: same,
        'look, in time': same,
        'look, late': same,
        'look, Ready': same,
        'look, it is gone': same,
      },
    ],
  };
  const cells = Object.values(table).flatMap(([before, row]) =>
    Object.entries(row).map(([move, becomes]) => ({ before, move: move as keyof typeof moves, becomes })),
  );
  it.each(cells)('$before.state, $move: $becomes', ({ before, move, becomes }) => {
    const moved = moves[move](before);
    if ('outcome' in moved) return expect(becomes).toBe(no);
    if (moved === before) return expect(becomes).toBe(same);
    expect([moved.state, 'why' in moved ? moved.why : undefined].filter(Boolean).join(' ')).toBe(becomes);
    expect(moved.version).toBe(before.version + 1);
    expect(Transfer.parse(JSON.parse(JSON.stringify(moved)))).toEqual(moved);
  });
});

describe('what takes its place', () => {
  it('is of the same name, and the one that was asked for by accepting alone', () => {
    expect(successorOf(accepted)).toEqual(heir);
    expect(successorIn(accepted, successor)).toBe(successor);
    const another = requested({ key: heir }, at(61)).environment;
    expect(successorIn(accepted, another)).toBeUndefined();
    expect(looked(accepted, readied(another, at(90)), at(100))).toMatchObject({ why: 'new-deleted' });
    expect(successorIn(offered, successor)).toBeUndefined();
  });

  it('is not Ready while it is stopped, unready or goes', () => {
    const ready = readied(successor, at(90));
    const stopped: Environment = { ...ready, life: { state: 'stopped', since: at(95) } };
    expect(looked(accepted, stopped, at(100))).toBe(accepted);
    const going = mustChange(
      next(ready, { kind: 'deletion-asked', person: { name: 'mia', groups: [] } }, at(95)),
    ).environment;
    expect(looked(accepted, going, at(100))).toMatchObject({ why: 'new-deleted', endedBy: 'mia' });
  });
});

describe('the environment that goes', () => {
  it('is looked at by the schedule at the end of the offer, then sooner, and ever more seldom', () => {
    const looksOf = (environment: Environment) =>
      plannedLooks(environment).flatMap(({ stage, at: when }) => (stage === 'schedule' ? [when] : []));
    let environment = handed(old, offered, at(0));
    expect(looksOf(environment)).toEqual([offered.until]);
    environment = handed(environment, accepted, at(60));
    expect(looksOf(environment)).toEqual([at(120)]);
    environment = handed(environment, accepted, at(60 + 1000));
    expect(looksOf(environment)).toEqual([at(60 + 1200)]);
    environment = handed(environment, accepted, at(60 + 86_400));
    expect(looksOf(environment)).toEqual([at(60 + 87_000)]);
    expect(looksOf(handed(environment, over, at(200)))).toEqual([]);
  });

  it('that is deleted by a person takes its offer with it', () => {
    const environment = handed(old, offered, at(0));
    expect(asItStands(offered, environment, at(10))).toBe(offered);
    const person = { name: 'rita', groups: [] };
    const gone = mustChange(next(environment, { kind: 'deletion-asked', person }, at(20))).environment;
    expect(gone.leaving).toBeUndefined();
    expect(asItStands(offered, gone, at(30))).toMatchObject({ why: 'old-deleted', endedBy: 'rita' });
    expect(asItStands(offered, undefined, at(30))).toMatchObject({ state: 'over' });
  });
});

interface World {
  transfer: Transfer | undefined;
  environment: Environment;
  successor: Environment | undefined;
  now: Instant;
}
type Event =
  | 'offer'
  | 'accept'
  | 'withdraw'
  | 'refuse'
  | 'look'
  | 'ready'
  | 'unready'
  | 'delete-new'
  | 'week';

/** As routes and stage write it: nothing where it is refused, else all. */
function step(world: World, event: Event): World {
  const { transfer, environment, successor: other, now } = world;
  if (environment.life.state !== 'running') return world;
  const say = (moved: Transfer | { readonly outcome: string }): World => {
    if ('outcome' in moved || moved === transfer) return world;
    return { ...world, transfer: moved, environment: handed(environment, moved, now) };
  };
  const stands = transfer && asItStands(transfer, environment, now);
  switch (event) {
    case 'offer':
      return say(offer({ environment, to: billing, person: 'ann', before: transfer, now }));
    case 'accept': {
      if (!stands || (other && other.life.state === 'running')) return world;
      const moved = say(accept(stands, 'ben', now));
      if (moved === world) return world;
      const request = { key: heir, cluster: 'main', requester: 'ben', spec: environment.spec, from: web };
      const gone = other && { version: other.version, builds: other.builds, untold: [] };
      const before = gone && { ...other, life: { state: 'deleted' as const, since: now, by: 'mia' } };
      return {
        ...moved,
        successor: mustChange(next(before, { kind: 'requested', request }, now)).environment,
      };
    }
    case 'withdraw':
      return stands && stands === transfer
        ? say(giveUp(stands, { why: 'withdrawn', person: 'ann', now }))
        : world;
    case 'refuse':
      return stands && stands === transfer
        ? say(giveUp(stands, { why: 'refused', person: 'ben', now }))
        : world;
    case 'look':
      return transfer && environment.leaving && environment.leaving.lookAt <= now
        ? say(looked(transfer, other, now))
        : world;
    case 'ready':
      return { ...world, successor: other && readied(other, now) };
    case 'unready':
      return { ...world, successor: other && { ...other, release: { phase: 'none' } } };
    case 'delete-new': {
      if (other?.life.state !== 'running') return world;
      const person = { name: 'mia', groups: [] };
      return {
        ...world,
        successor: mustChange(next(other, { kind: 'deletion-asked', person }, now)).environment,
      };
    }
    case 'week':
      return { ...world, now: addSeconds(now, 7 * 86_400) };
  }
}

it('whatever happens, in whatever order: it is deleted only while its own successor is Ready, and both items agree', () => {
  const events: readonly Event[] = [
    'offer',
    'accept',
    'withdraw',
    'refuse',
    'accept',
    'look',
    'look',
    'ready',
    'ready',
    'unready',
    'delete-new',
    'week',
  ];
  const ends = new Set<string>();
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...events), { minLength: 15, maxLength: 40 }), (story) => {
      let world: World = { transfer: undefined, environment: old, successor: undefined, now: at(0) };
      for (const event of story) {
        const before = world;
        world = {
          ...step(world, event),
          now: addSeconds(event === 'week' ? step(world, event).now : world.now, 61),
        };
        const { transfer, environment, successor: other } = world;
        expect(transfer?.version ?? 0).toBeGreaterThanOrEqual(before.transfer?.version ?? 0);
        if (environment.life.state === 'deleting') {
          expect(transfer?.state).toBe('done');
          if (before.environment.life.state === 'running') {
            expect(other?.release.phase).toBe('ready');
            expect(other?.life.state).toBe('running');
            expect(transfer && successorIn(transfer, other)).toBeDefined();
          }
        } else {
          const open = transfer?.state === 'offered' || transfer?.state === 'accepted';
          expect(environment.leaving?.state).toBe(open ? transfer.state : undefined);
        }
        if (transfer) ends.add(transfer.state);
      }
    }),
    { numRuns: 500 },
  );
  expect([...ends].sort()).toEqual(['accepted', 'done', 'offered', 'over']);
});
