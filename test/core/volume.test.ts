/** A volume: what may be asked for, what may become of it, what holds it in the cluster, and what its deletion leaves. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LiveObject } from '#core/drift.ts';
import { lastSnapshot, leavingVolume, SnapshotContent, type SnapshotSight } from '#core/last-snapshot.ts';
import { desiredObjects } from '#core/rollout.ts';
import { Deployment } from '#core/sight.ts';
import { Spec } from '#core/spec.ts';
import { Volume, whyNotAnother } from '#core/volume.ts';
import { VolumeClass, VolumeClasses, whyNoVolume } from '#core/volume-class.ts';
import * as z from '#core/zod.ts';
import { at, digest, key, spec } from './samples.ts';

const once = Volume.parse({ sizeGiB: 10 });
const many = Volume.parse({ sizeGiB: 10, class: 'efs', access: 'ReadWriteMany' });
const classes = z.array(VolumeClass).parse([
  { name: 'gp3', storageClass: 'getschwifty-gp3' },
  { name: 'efs', storageClass: 'efs-sc', access: ['ReadWriteOnce', 'ReadWriteMany'], grows: false },
]);
const withVolume = (volume: object, parts: object = {}) => Spec.safeParse({ ...spec, volume, ...parts });
const messageOf = ({ error }: { error?: z.core.$ZodError | undefined }) => error?.issues[0]?.message;

describe('what may be asked for', () => {
  it('ten GiB of a class that each cluster of ours has, for one pod', () => {
    expect(withVolume({ sizeGiB: 10 }).data?.volume).toEqual(once);
    expect(whyNoVolume(once, VolumeClasses.parse(undefined))).toBeUndefined();
  });

  it('not for two pods, unless many may write it', () => {
    const refusal = withVolume({ sizeGiB: 10 }, { replicas: { min: 1, max: 2 } });
    expect(messageOf(refusal)).toMatch(/^a ReadWriteOnce volume has one pod at a time: ask for 1 replica/);
    expect(refusal.error?.issues[0]?.path).toEqual(['replicas']);
    expect(withVolume(many, { replicas: 3 }).success).toBe(true);
  });

  it.each([{ sizeGiB: 0 }, { sizeGiB: 1.5 }, { sizeGiB: 20_000 }, { sizeGiB: 1, class: 'a/b' }, {}])(
    'not %j',
    (volume) => {
      expect(withVolume(volume).success).toBe(false);
    },
  );

  it.each([
    [{ ...once, class: 'io2' }, 'no class of volumes is called io2; the cluster has gp3, efs'],
    [
      { ...once, access: 'ReadWriteMany' as const },
      'volumes of class gp3 are ReadWriteOnce; ReadWriteMany has efs',
    ],
    [{ ...many, sizeGiB: 11 }, "volumes of class efs can't be made larger: it has 10 GiB"],
    [many, undefined],
  ])('%j of this cluster: %s', (volume, why) => {
    expect(whyNoVolume(volume, classes, many)).toBe(why);
  });
});

describe('what may become of one', () => {
  const volumes = fc.option(
    fc.record({
      sizeGiB: fc.integer({ min: 1, max: 100 }),
      class: fc.constantFrom('gp3', 'efs'),
      access: fc.constantFrom('ReadWriteOnce' as const, 'ReadWriteMany' as const),
    }),
    { nil: undefined },
  );

  it('never less than it was, and nothing else than it was', () => {
    fc.assert(
      fc.property(volumes, volumes, (before, after) => {
        const may = whyNotAnother(before, after) === undefined;
        const keeps =
          before === undefined ||
          (after !== undefined &&
            after.class === before.class &&
            after.access === before.access &&
            after.sizeGiB >= before.sizeGiB);
        expect(may).toBe(keeps);
      }),
    );
  });

  it('is said with what to do', () => {
    expect(whyNotAnother(once, { ...once, sizeGiB: 5 })).toBe(
      "Its volume has 10 GiB, and can't be made smaller. Ask for 10 or more.",
    );
    expect(whyNotAnother(once, undefined)).toMatch(/^Its volume would go, with all that is on it\./);
    expect(whyNotAnother(once, many)).toMatch(/^Its volume is ReadWriteOnce of class gp3, and stays so\./);
  });
});

const objectsOf = (parts: object, storageClass?: string) =>
  desiredObjects({
    key,
    spec: Spec.parse({ ...spec, ...parts }),
    image: `r.example/release/checkout/web@${digest(1)}`,
    digest: digest(1),
    loadBalancerScheme: 'internal',
    kubernetesVersion: '1.36',
    drainSeconds: 5,
    storageClass,
  });
const one = (kind: string, objects: ReturnType<typeof objectsOf>) =>
  objects.find((object) => object.kind === kind);

describe('in the cluster', () => {
  it('a claim holds it, and the only pod ends before the next has it', () => {
    const objects = objectsOf({ volume: { sizeGiB: 2048 } }, 'getschwifty-gp3');
    expect(one('PersistentVolumeClaim', objects)).toMatchObject({
      metadata: { name: 'workspace', namespace: 'checkout--web' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'getschwifty-gp3',
        resources: { requests: { storage: '2Ti' } },
      },
    });
    expect(one('Deployment', objects)).toMatchObject({
      spec: {
        strategy: { type: 'Recreate' },
        template: {
          spec: {
            securityContext: { fsGroupChangePolicy: 'OnRootMismatch' },
            containers: [
              {
                volumeMounts: [{ mountPath: '/tmp' }, { name: 'workspace', mountPath: '/workspace' }],
              },
            ],
            volumes: [{ name: 'tmp' }, { persistentVolumeClaim: { claimName: 'workspace' } }],
          },
        },
      },
    });
    const kinds = objects.map(({ kind }) => kind);
    expect(kinds.indexOf('PersistentVolumeClaim')).toBeLessThan(kinds.indexOf('Deployment'));
    expect(one('ResourceQuota', objects)).toMatchObject({ spec: { hard: { persistentvolumeclaims: '1' } } });
  });

  it('what many may write is rolled out beside what runs', () => {
    const objects = objectsOf({ volume: many, replicas: 2 }, 'efs-sc');
    expect(one('Deployment', objects)).toMatchObject({ spec: { strategy: { type: 'RollingUpdate' } } });
  });

  it('where there is none, nothing is said of one', () => {
    const objects = objectsOf({});
    expect(one('PersistentVolumeClaim', objects)).toBeUndefined();
    expect(JSON.stringify(objects)).not.toMatch(/workspace|fsGroupChangePolicy/);
    expect(
      Deployment.safeParse({ ...one('Deployment', objects), metadata: { generation: 1 }, status: {} })
        .success,
    ).toBe(true);
  });
});

describe('when its environment is deleted', () => {
  const claim = LiveObject.parse({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'workspace' },
    status: { phase: 'Bound' },
  });
  const leaving = (snapshotClass?: string, objects = [claim]) =>
    leavingVolume(
      { key, spec: { volume: once }, since: at(0) },
      [{ name: 'gp3', storageClass: 's', access: ['ReadWriteOnce'], grows: true, snapshotClass }],
      objects,
    );
  const last = (
    sight: SnapshotSight | undefined,
    snapshotClass: string | undefined = 'keeps',
    content?: SnapshotContent,
  ) => {
    const known = leaving(snapshotClass);
    if (!known) throw new Error('nothing is left');
    return lastSnapshot(known, sight, content);
  };
  const retains = { deletionPolicy: 'Retain', driver: 'ebs.csi.eks.amazonaws.com' };
  const name = last({ class: retains, snapshots: [] }).make?.metadata.name ?? '';
  const seen = (status: object, content?: SnapshotContent) =>
    last({ class: retains, snapshots: [{ metadata: { name }, status }] }, 'keeps', content);

  it('what was never used is not kept', () => {
    expect(leaving('keeps', [])).toBeUndefined();
    expect(leaving('keeps', [LiveObject.parse({ ...claim, status: { phase: 'Pending' } })])).toBeUndefined();
  });

  it('goes, and is said to, where its class has no snapshots', () => {
    const known = leaving();
    expect(known && lastSnapshot(known, undefined)).toEqual({
      done: true,
      told: 'its volume of 10 GiB goes with all that is on it: class gp3 has no snapshots',
    });
  });

  it('a snapshot of its own is made first, and waited for', () => {
    expect(last({ class: retains, snapshots: [] })).toMatchObject({
      done: false,
      make: {
        kind: 'VolumeSnapshot',
        metadata: { namespace: 'checkout--web' },
        spec: { volumeSnapshotClassName: 'keeps', source: { persistentVolumeClaimName: 'workspace' } },
      },
    });
    expect(name).toMatch(/^workspace-\d{14}$/);
    const making = { done: false, told: 'its volume of 10 GiB waits for its snapshot, which is being made' };
    expect(seen({})).toEqual(making);
    expect(seen({ readyToUse: false, error: { message: 'throttled' } })).toEqual({
      done: false,
      told: 'its volume of 10 GiB waits for its snapshot: throttled',
    });
    const ready = { readyToUse: true, boundVolumeSnapshotContentName: 'snapcontent-1' };
    expect(seen(ready)).toEqual(making);
    const content = SnapshotContent.parse({
      metadata: { name: 'snapcontent-1', uid: 'u' },
      spec: { driver: retains.driver, volumeSnapshotRef: { namespace: 'checkout--web' } },
      status: { snapshotHandle: 'snap-1', restoreSize: 10 * 1024 ** 3 + 1 },
    });
    expect(seen(ready, content)).toEqual({
      done: true,
      told: `its volume of 10 GiB stays as snapshot web-${name.slice(-14)} (snap-1 of ${retains.driver})`,
      keep: { content: 'snapcontent-1', driver: retains.driver, handle: 'snap-1', sizeGiB: 11 },
    });
  });

  it.each([
    [undefined, /the cluster has no VolumeSnapshotClass keeps\. Make it/],
    [{ ...retains, deletionPolicy: 'Delete' }, /VolumeSnapshotClass keeps would delete it\. Make it retain/],
  ])('under a class that is %j the data stays, and what to do is said', (snapshotClass, why) => {
    const { done, make, told } = last({ class: snapshotClass, snapshots: [] });
    expect([done, make]).toEqual([false, undefined]);
    expect(told).toMatch(why);
  });
});
