/** What the local cloud does for snapshots, turn by turn, as external-snapshotter and a driver would. */
import { expect, it } from 'vitest';
import { handleOf, isHandle } from '#local/kubernetes/snapshots/handle.ts';
import {
  Content,
  contentFinalizer,
  Snapshot,
  type Step,
  snapshotFinalizer,
  stepsOf,
} from '#local/kubernetes/snapshots/steps.ts';

const driver = 'ebs.csi.eks.amazonaws.com';
const volumes = [{ namespace: 'team--app', name: 'workspace', volume: 'pvc-1', bytes: 1024 }];
const snapshot = (spec: object, parts: object = {}): Snapshot =>
  Snapshot.parse({
    metadata: { namespace: 'team--app', name: 's', uid: 'u1', ...parts },
    spec: { source: spec },
  });
const made = snapshot({ persistentVolumeClaimName: 'workspace' });
const given = snapshot({ volumeSnapshotContentName: 'c' });

interface World {
  snapshots: Snapshot[];
  contents: Content[];
  readonly sizes: Map<string, number>;
}
const world = (...snapshots: Snapshot[]): World => ({ snapshots, contents: [], sizes: new Map() });
const preProvisioned = (snapshotHandle: string, ref = 's') =>
  Content.parse({
    metadata: { name: 'c', uid: 'c1' },
    spec: {
      driver,
      deletionPolicy: 'Retain',
      source: { snapshotHandle },
      volumeSnapshotRef: { namespace: 'team--app', name: ref },
    },
  });

const isObject = (it: unknown): it is object => typeof it === 'object' && it !== null && !Array.isArray(it);
function merged(value: object, body: object): object {
  const all: Record<string, unknown> = { ...value };
  for (const [name, part] of Object.entries(body)) {
    const before = all[name];
    all[name] = isObject(before) && isObject(part) ? merged(before, part) : part;
  }
  return all;
}

/** As the API server would: an object goes when nothing holds it. */
function apply(state: World, step: Step): void {
  if (step.step === 'copy') return void state.sizes.set(step.handle, step.bytes);
  if (step.step === 'delete-copy') return void state.sizes.delete(step.handle);
  const name = step.path
    .replace(/\/status$/, '')
    .split('/')
    .at(-1);
  if (step.step === 'make') {
    const object = merged(step.object, { metadata: { uid: 'c1' } });
    return void state.contents.push(Content.parse(object));
  }
  const change = (object: object) =>
    merged(object, step.step === 'patch' ? step.body : { metadata: { deletionTimestamp: 'now' } });
  const isGone = ({ metadata }: Snapshot | Content) =>
    metadata.deletionTimestamp !== undefined && metadata.finalizers.length === 0;
  if (step.path.includes('/volumesnapshotcontents/'))
    state.contents = state.contents
      .map((each) => (each.metadata.name === name ? Content.parse(change(each)) : each))
      .filter((each) => !isGone(each));
  else
    state.snapshots = state.snapshots
      .map((each) => (each.metadata.name === name ? Snapshot.parse(change(each)) : each))
      .filter((each) => !isGone(each));
}

/** Until nothing is left to do. @returns how many turns it took. */
function settle(state: World): number {
  for (let turns = 0; turns < 20; turns++) {
    const steps = stepsOf({ ...state, volumes, driver, sizeOf: (handle) => state.sizes.get(handle) });
    if (steps.length === 0) return turns;
    for (const step of steps) apply(state, step);
  }
  throw new Error('it never comes to rest');
}
const remove = (state: World) => {
  state.snapshots = state.snapshots.map((each) => ({
    ...each,
    metadata: { ...each.metadata, deletionTimestamp: 'now' },
  }));
};
const removeContent = (state: World) => {
  state.contents = state.contents.map((each) => ({
    ...each,
    metadata: { ...each.metadata, deletionTimestamp: 'now' },
  }));
};

it('one of a claim is copied, bound, ready, and comes to rest', () => {
  const state = world(made);
  settle(state);
  const handle = handleOf('c1');
  expect(isHandle(handle)).toBe(true);
  expect(state.sizes).toEqual(new Map([[handle, 1024]]));
  expect(state.contents).toMatchObject([
    {
      metadata: { name: 'snapcontent-u1', finalizers: [contentFinalizer] },
      status: { readyToUse: true, snapshotHandle: handle, restoreSize: 1024 },
    },
  ]);
  expect(state.snapshots).toMatchObject([
    {
      metadata: { finalizers: [snapshotFinalizer] },
      status: { readyToUse: true, boundVolumeSnapshotContentName: 'snapcontent-u1' },
    },
  ]);
});

it('it waits for a claim that has no volume', () => {
  const state = world(snapshot({ persistentVolumeClaimName: 'other' }));
  settle(state);
  expect([state.contents, state.sizes.size]).toEqual([[], 0]);
});

it('what its class retains stays when it goes, and goes when it is deleted with the other policy', () => {
  const state = world(made);
  settle(state);
  remove(state);
  settle(state);
  expect([state.snapshots, state.contents.length, state.sizes.size]).toEqual([[], 1, 1]);
  state.contents = state.contents.map((each) =>
    Content.parse(merged(each, { spec: { deletionPolicy: 'Delete' } })),
  );
  settle(state);
  expect(state.sizes.size).toBe(1);
  removeContent(state);
  settle(state);
  expect([state.contents, state.sizes.size]).toEqual([[], 0]);
});

it('one that was there before is bound by its handle, which stays when both are deleted', () => {
  const state = world(given);
  const handle = handleOf('elsewhere');
  state.sizes.set(handle, 2048);
  state.contents.push(preProvisioned(handle));
  settle(state);
  expect(state.snapshots).toMatchObject([
    { status: { readyToUse: true, boundVolumeSnapshotContentName: 'c' } },
  ]);
  expect(state.contents).toMatchObject([
    { spec: { volumeSnapshotRef: { uid: 'u1' } }, status: { restoreSize: 2048 } },
  ]);
  removeContent(state);
  settle(state);
  expect(state.contents).toHaveLength(1);
  remove(state);
  settle(state);
  expect([state.snapshots, state.contents, state.sizes.size]).toEqual([[], [], 1]);
});

it.each([
  [preProvisioned(handleOf('nothing')), /is not there$/],
  [preProvisioned(handleOf('nothing'), 'another'), /bound to a different snapshot$/],
])('%#: what can’t be bound or is not there says so, once', (content, why) => {
  const state = world(given);
  state.contents.push(content);
  settle(state);
  expect(state.snapshots[0]?.status?.error?.message).toMatch(why);
});

it('one of another driver is left alone', () => {
  const state = world();
  state.contents.push(
    Content.parse(merged(preProvisioned(handleOf('x')), { spec: { driver: 'efs.csi.aws.com' } })),
  );
  expect(settle(state)).toBe(0);
});
