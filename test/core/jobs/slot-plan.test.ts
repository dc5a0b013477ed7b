/** What is done about a job's slots, and told of them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planSlots } from '#core/jobs/slot-plan.ts';
import type { SlotJob, SlotsSight } from '#core/jobs/slot-sight.ts';
import { SlotsSeen } from '#core/jobs/slots.ts';
import { at, t0 } from '../samples.ts';
import { jobOf, place, podOf, wantedSlots } from './slot-samples.ts';

const sight = (more: Partial<SlotsSight> = {}): SlotsSight => ({
  namespace: 'there',
  jobs: [],
  pods: [],
  memory: {},
  ...more,
});
const plan = (wanted = wantedSlots(), seen = sight(), now = t0) => planSlots(wanted, place, seen, now);
const names = (objects: readonly { readonly metadata: { readonly name: string } }[]) =>
  objects.map(({ metadata }) => metadata.name);

describe('slots', () => {
  it('that are missing are filled, each once', () => {
    expect(names(plan().create)).toEqual(['slot-0-0', 'slot-1-0', 'slot-2-0']);
    const some = sight({ jobs: [jobOf(1)], pods: [podOf(1)] });
    expect(names(plan(wantedSlots(), some).create)).toEqual(['slot-0-0', 'slot-2-0']);
  });

  it('that run tell what memory they use, where the cluster measured it', () => {
    const seen = sight({
      jobs: [jobOf(0), jobOf(1), jobOf(2, 0, 'Complete')],
      pods: [podOf(0), podOf(1), podOf(2)],
      memory: { 'slot-0-0': 5000, 'slot-2-0': 7000 },
    });
    expect(plan(wantedSlots(), seen).seen.slots.map(({ memoryBytes }) => memoryBytes)).toEqual([
      5000,
      undefined,
      undefined,
    ]);
  });

  it('whose command has no container any more, and whose worker waits for it all the same, are ended and filled again', () => {
    const status = (worker: object) => ({
      phase: 'Running',
      containerStatuses: [
        { name: 'worker', state: worker },
        { name: 'command', state: { terminated: { exitCode: 128, reason: 'StartError', finishedAt: t0 } } },
      ],
    });
    const later = (seconds: number, worker: object = { running: {} }) =>
      plan(
        wantedSlots({ slots: 1 }),
        sight({ jobs: [jobOf(0)], pods: [podOf(0, 0, status(worker))] }),
        at(seconds),
      );
    expect(names(later(119).end)).toEqual([]);
    expect(later(119).seen.slots[0]).toMatchObject({ state: 'failed', reason: 'command: StartError' });
    expect(names(later(120).end)).toEqual(['slot-0-0']);
    expect(later(120).seen.lookAt).toBe(at(135));
    expect(names(later(500, { terminated: { exitCode: 0 } }).end)).toEqual([]);
    expect(names(plan(wantedSlots({ slots: 1 })).create)).toEqual(['slot-0-0']);
  });

  it('that are too many are left to end by themselves, and not filled again', () => {
    const jobs = [jobOf(0), jobOf(1), jobOf(2, 0, 'Complete')];
    const { create, end, removeNamespace } = plan(wantedSlots({ slots: 1 }), sight({ jobs }));
    expect({ create, end, removeNamespace }).toEqual({ create: [], end: [], removeNamespace: false });
  });

  it('whose worker ended are filled again at once, and those that fail again and again ever later', () => {
    const of = (ended: 'Complete' | 'Failed', failures: number, after: number) => {
      const jobs = Array.from({ length: failures }, (_, turn) => jobOf(0, turn, ended));
      return names(plan(wantedSlots({ slots: 1 }), sight({ jobs }), at(after)).create);
    };
    expect(of('Complete', 1, 0)).toEqual(['slot-0-1']);
    expect(of('Failed', 1, 9)).toEqual([]);
    expect(of('Failed', 1, 10)).toEqual(['slot-0-1']);
    expect(of('Failed', 4, 79)).toEqual([]);
    expect(of('Failed', 4, 80)).toEqual(['slot-0-4']);
    expect(of('Failed', 60, 300)).toEqual(['slot-0-60']);
  });

  it('whose worker was ended after a while are filled again at once, however often', () => {
    const killed = (turn: number, seconds: number) => jobOf(0, turn, 'Failed', at(seconds), t0);
    const of = (jobs: SlotJob[], after: number) =>
      names(plan(wantedSlots({ slots: 1 }), sight({ jobs }), at(after)).create);
    expect(of([killed(6, 20)], 20)).toEqual(['slot-0-7']);
    expect(of([killed(6, 19)], 20)).toEqual([]);
    // One that worked begins the count anew.
    const jobs = [killed(3, 1), killed(4, 1), killed(5, 30), killed(6, 2), killed(7, 2)];
    expect(of(jobs, 21)).toEqual([]);
    expect(of(jobs, 22)).toEqual(['slot-0-8']);
  });

  it('whose command was killed for want of memory are filled at once: what comes next is another chunk', () => {
    const containerStatuses = [
      { name: 'worker', state: { terminated: { exitCode: 0 } } },
      { name: 'command', state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } },
    ];
    const seen = sight({ jobs: [jobOf(0, 0, 'Failed')], pods: [podOf(0, 0, { containerStatuses })] });
    const { create, seen: told } = plan(wantedSlots({ slots: 1 }), seen);
    expect(names(create)).toEqual(['slot-0-1']);
    expect(told.slots).toMatchObject([{ slot: 0, state: 'oom-killed' }]);
  });

  it('of a paused job are ended, and of one that goes on are filled', () => {
    const jobs = [jobOf(0), jobOf(1, 0, 'Complete')];
    const paused = plan(wantedSlots({ phase: 'paused', slots: 0 }), sight({ jobs }));
    expect(names(paused.end)).toEqual(['slot-0-0']);
    expect(paused.create).toEqual([]);
    expect(paused.removeNamespace).toBe(false);
  });

  it('of a job that ends go with its namespace, until it is gone', () => {
    const wanted = wantedSlots({ phase: 'ending', slots: 0 });
    const one = plan(wanted, sight({ jobs: [jobOf(0)] }));
    expect([one.removeNamespace, one.apply, one.seen.namespace]).toEqual([true, [], 'there']);
    const two = plan(wanted, sight({ namespace: 'leaving' }));
    expect([two.removeNamespace, two.seen.namespace]).toEqual([false, 'there']);
    const last = plan(wanted, sight({ namespace: 'gone' }));
    expect([last.removeNamespace, last.seen.namespace, last.seen.lookAt]).toEqual([false, 'gone', undefined]);
  });

  it('are not made in a namespace that is on its way out', () => {
    const { apply, create } = plan(wantedSlots(), sight({ namespace: 'leaving' }));
    expect([apply, create]).toEqual([[], []]);
  });
});

describe('what is told', () => {
  it.each([
    ['no pod yet', undefined, 'waiting', undefined],
    ['running', { phase: 'Running' }, 'running', undefined],
    [
      'no room',
      {
        conditions: [
          {
            type: 'PodScheduled',
            status: 'False',
            reason: 'Unschedulable',
            message: '0/3 nodes are available',
          },
        ],
      },
      'unschedulable',
      'Unschedulable: 0/3 nodes are available',
    ],
    [
      'an image that is not there',
      {
        phase: 'Pending',
        containerStatuses: [
          { name: 'command', state: { waiting: { reason: 'ImagePullBackOff', message: 'not found' } } },
        ],
      },
      'waiting',
      'command: ImagePullBackOff: not found',
    ],
  ] as const)('%s', (_, status, state, reason) => {
    const pods = status ? [podOf(0, 0, status)] : [];
    const { seen } = plan(wantedSlots({ slots: 1 }), sight({ jobs: [jobOf(0)], pods }));
    expect(seen.slots[0]?.state).toBe(state);
    expect(seen.slots[0]?.reason).toBe(reason);
  });

  it('a worker that failed says why, and one whose own container had no memory is no chunk’s failure', () => {
    const failedBy = (terminated: object) =>
      plan(
        wantedSlots(),
        sight({
          jobs: [jobOf(0, 0, 'Failed')],
          pods: [podOf(0, 0, { containerStatuses: [{ name: 'worker', state: { terminated } }] })],
        }),
      ).seen.slots[0];
    expect(failedBy({ exitCode: 1, reason: 'Error', message: 'no table' })).toMatchObject({
      state: 'failed',
      reason: 'worker: Error: no table',
    });
    expect(failedBy({ exitCode: 137, reason: 'OOMKilled' })).toMatchObject({ state: 'failed' });
  });

  it('is by the newest turn of a slot, and of the newest pod of it', () => {
    const jobs = [jobOf(0, 2), jobOf(0, 0, 'Failed'), jobOf(0, 1, 'Complete')];
    const { seen } = plan(wantedSlots(), sight({ jobs, pods: [podOf(0, 2)] }));
    expect(seen.slots).toMatchObject([{ slot: 0, state: 'running', restarts: 2 }]);
  });
});

it('whatever is seen, no slot has two workers, and what is told is what may be stored', () => {
  const job = fc
    .record({
      slot: fc.nat(5),
      turn: fc.nat(4),
      ended: fc.constantFrom(undefined, 'Complete' as const, 'Failed' as const),
    })
    .map(({ slot, turn, ended }) => jobOf(slot, turn, ended));
  fc.assert(
    fc.property(fc.array(job), fc.nat(6), fc.nat(1000), (jobs, slots, after) => {
      const wanted = wantedSlots({ slots });
      const { create, end, seen } = plan(wanted, sight({ jobs }), at(after));
      const made = names(create).map((name) => name.split('-')[1]);
      expect(new Set(made).size).toBe(made.length);
      const latest = (slot: number) =>
        jobs
          .filter(({ metadata }) => metadata.labels['getschwifty.dev/slot'] === String(slot))
          .map(({ metadata, status }) => ({
            turn: Number(metadata.labels['getschwifty.dev/turn']),
            open: status.conditions.length === 0,
          }))
          .sort((a, b) => b.turn - a.turn)[0];
      for (const slot of made) expect(Number(slot)).toBeLessThan(slots);
      for (let slot = 0; slot < slots; slot++)
        if (
          latest(slot)?.open &&
          jobs.filter((j) => j.metadata.labels['getschwifty.dev/slot'] === String(slot)).length === 1
        )
          expect(made).not.toContain(String(slot));
      // None of its name is there already.
      for (const name of names(create)) expect(names(jobs)).not.toContain(name);
      expect(end).toEqual([]);
      const { team, name, cluster } = wanted;
      SlotsSeen.parse({ team, name, cluster, version: 1, at: t0, wanted: 1, ...seen });
    }),
  );
});
