/** The volume of what goes to another team: whose snapshot fills it, and what is so whatever happens, in whatever order. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Environment } from '#core/environment.ts';
import { kept } from '#core/kept-snapshot.ts';
import { next } from '#core/machine.ts';
import { addSeconds, type Instant, TeamName } from '#core/names.ts';
import { Spec } from '#core/spec.ts';
import type { Transfer } from '#core/transfer/item.ts';
import { mayMake, movedSnapshot, sourceOf } from '#core/transfer/moved.ts';
import { accept, asItStands, giveUp, looked, offer, specOf } from '#core/transfer/transfer.ts';
import { VolumeClass } from '#core/volume-class.ts';
import { keyOf, mustChange, requested, spec, start, verdict, web } from '../contracts/samples.ts';
import { digest, policy } from './samples.ts';

const billing = TeamName.parse('billing');
const heir = keyOf('billing', 'web');
const volumes = [VolumeClass.parse({ name: 'gp3', storageClass: 's', snapshotClass: 'keeps' })];
const taken = { content: 'c', driver: 'd', handle: 'snap-1', sizeGiB: 4 };
const approval = { approver: 'ann', approvedAt: start, policyVersion: policy.version, waivers: [] };
const running = { digest: digest(1), approval, since: start, lookAt: start };
const old: Environment = {
  ...requested({ spec: Spec.parse({ ...spec, volume: { sizeGiB: 4 } }) }).environment,
  release: { phase: 'ready', ...running, address: 'lb' },
};
const today = { verdict: verdict({ digest: digest(1) }), policy, waivers: [] };

function must(moved: ReturnType<typeof offer>): Transfer {
  if ('outcome' in moved) throw new Error(moved.detail);
  return moved;
}
const offered = must(
  offer({ environment: old, to: billing, person: 'ann', before: undefined, volumes, now: start }),
);
const at60 = addSeconds(start, 60);
const accepted = must(accept(offered, 'ben', at60));
const made = mustChange(
  next(
    undefined,
    {
      kind: 'requested',
      request: { key: heir, cluster: 'main', requester: 'ben', spec: specOf(old, accepted), from: web },
    },
    at60,
  ),
).environment;

describe('what the new one is filled from', () => {
  const moving = { ...accepted, state: 'moving', movedAt: at60, ran: true } as Transfer;
  const its = kept({
    of: web,
    cluster: 'main',
    volume: { sizeGiB: 4, class: 'gp3', access: 'ReadWriteOnce' },
    since: at60,
    taken,
  });
  const none = { state: 'there', snapshot: undefined };
  it.each([
    ['its transfer is under way', made, moving, its, { state: 'there', snapshot: its }],
    ['nothing is kept yet', made, moving, undefined, { state: 'to-come' }],
    ['it was accepted a moment ago', made, accepted, undefined, { state: 'to-come' }],
    [
      'a snapshot of the same name is of another environment',
      made,
      moving,
      { ...its, of: keyOf('checkout', 'other') },
      { state: 'to-come' },
    ],
    ['there is no transfer', made, undefined, its, none],
    ['it is only offered', made, offered, its, none],
    [
      'it is over',
      made,
      must(giveUp(moving as Transfer, { why: 'refused', person: 'ben', now: at60 })),
      its,
      none,
    ],
    ['it is of one of its name before it', { ...made, createdAt: addSeconds(at60, 1) }, moving, its, none],
    ['it is for another team', { ...made, key: keyOf('orders', 'web') }, moving, its, none],
  ] as const)('%s', (_, environment, transfer, snapshot, source) => {
    expect(sourceOf(environment, transfer, snapshot)).toEqual(source);
  });

  it('its spec names what will be kept, and nothing else changes', () => {
    expect(made).toMatchObject({ inPlaceOf: web, spec: { volume: { sizeGiB: 4, from: its.name } } });
    expect({ ...made.spec, volume: old.spec.volume }).toEqual(old.spec);
  });
});

interface World {
  readonly transfer: Transfer;
  readonly environment: Environment;
  readonly successor: Environment;
  readonly now: Instant;
  readonly made: number;
}
const ways = ['look', 'idle', 'take', 'ready', 'promoted', 'pass'] as const;
const ends = ['take-back', 'refuse', 'delete-new'] as const;
type Event = (typeof ways)[number] | (typeof ends)[number];
/** Most of it goes its way. */
const some = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom<Event>(...ways) },
  { weight: 1, arbitrary: fc.constantFrom<Event>(...ends) },
);

/** As the stages and routes write it: nothing where it is refused, else all. */
function step(world: World, event: Event): World {
  const { environment, successor, now } = world;
  const transfer = asItStands(world.transfer, environment, now);
  const say = (moved: ReturnType<typeof giveUp>): World => {
    if ('outcome' in moved || moved === transfer) return world;
    const decision = next(environment, { kind: 'handed', transfer: moved, back: { today } }, now);
    return decision.outcome === 'changed'
      ? { ...world, transfer: moved, environment: decision.environment }
      : world;
  };
  const release = (phase: 'deploying' | 'ready'): World =>
    successor.life.state === 'running'
      ? {
          ...world,
          successor: {
            ...successor,
            release: phase === 'ready' ? { phase, ...running, address: 'lb' } : { phase, ...running },
          },
        }
      : world;
  switch (event) {
    case 'look':
      return say(looked(transfer, successor, now, environment));
    case 'idle':
      return environment.release.phase === 'stopping'
        ? { ...world, environment: { ...environment, release: { phase: 'stopped', ...running } } }
        : world;
    case 'take': {
      if (!environment.moved || environment.moved.kept) return world;
      const isMade = world.made > 0 || mayMake(environment);
      const keep = isMade ? { keep: taken } : {};
      const decision = next(environment, { kind: 'moved', waits: true, ...keep }, now);
      return decision.outcome === 'changed'
        ? { ...world, environment: decision.environment, made: isMade ? 1 : 0 }
        : world;
    }
    case 'ready': {
      const source = sourceOf(
        successor,
        transfer,
        environment.moved?.kept ? movedSnapshot(environment, taken) : undefined,
      );
      return successor.release.phase === 'deploying' && source.state === 'there' && source.snapshot
        ? release('ready')
        : world;
    }
    case 'promoted':
      return successor.release.phase === 'none' ? release('deploying') : world;
    case 'take-back':
      return say(giveUp(transfer, { why: 'withdrawn', person: 'ann', now }));
    case 'refuse':
      return say(giveUp(transfer, { why: 'refused', person: 'ben', now }));
    case 'delete-new': {
      const decision = next(successor, { kind: 'deletion-asked', person: { name: 'mia', groups: [] } }, now);
      return decision.outcome === 'changed' ? { ...world, successor: decision.environment } : world;
    }
    case 'pass':
      return { ...world, now: addSeconds(now, 60) };
  }
}

it('whatever happens: none is deleted whose data did not come, and what is taken back runs', () => {
  const first = mustChange(next(old, { kind: 'handed', transfer: offered }, start)).environment;
  const begun: World = {
    transfer: accepted,
    environment: mustChange(next(first, { kind: 'handed', transfer: accepted }, at60)).environment,
    successor: made,
    now: at60,
    made: 0,
  };
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.array(some, { minLength: 10, maxLength: 40 }), (happened) => {
      const { transfer, environment, successor } = happened.reduce(step, begun);
      const { life, moved, release } = environment;
      seen.add(transfer.state);
      if (life.state === 'deleting') {
        expect([transfer.state, moved?.kept]).toEqual(['done', true]);
        expect(successor.key).toEqual(heir);
      }
      if (transfer.state === 'accepted') expect([life.state, release.phase]).toEqual(['running', 'ready']);
      if (transfer.state === 'moving') expect(life.state).toBe('stopped');
      if (transfer.state === 'over')
        expect([life.state, environment.leaving]).toEqual(['running', undefined]);
      if (moved?.kept) expect(moved.lookAt).toBeUndefined();
    }),
    { numRuns: 2000 },
  );
  expect([...seen].sort()).toEqual(['accepted', 'done', 'moving', 'over']);
});
