/** Snapshots that are left of volumes: what is made from one, what is not, and when one may go. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillingContentOf, fillingObjects, whyNotFilled } from '#core/filling.ts';
import { gone, type KeptSnapshot, kept, unwanted, usedBy, whyNotFrom } from '#core/kept-snapshot.ts';
import { next } from '#core/machine.ts';
import { nextLookAt } from '#core/reconcile.ts';
import { SnapshotName, snapshotNameOf } from '#core/snapshot-name.ts';
import { Spec } from '#core/spec.ts';
import { Volume, whyNotAnother } from '#core/volume.ts';
import { VolumeClass } from '#core/volume-class.ts';
import { keyOf, mustChange, requested, spec, start, web } from '../contracts/samples.ts';

const driver = 'ebs.csi.eks.amazonaws.com';
const taken = { content: 'snapcontent-1', driver, handle: 'snap-1', sizeGiB: 10 };
const volume = Volume.parse({ sizeGiB: 10 });
const first = kept({ of: web, cluster: 'main', volume, since: start, taken });
const heir = keyOf('checkout', 'heir');
const gp3 = VolumeClass.parse({ name: 'gp3', storageClass: 's', snapshotClass: 'keeps' });
const main = { name: 'main', volumes: [gp3] };
const going: KeptSnapshot = { ...first, state: 'unwanted', by: 'rita', since: start };
const from = (parts: object = {}) => Volume.parse({ sizeGiB: 10, from: first.name, ...parts });

describe('its name', () => {
  it('says whose it was and when, and is its grammar', () => {
    expect(first.name).toBe('web-20260105100000');
    expect(SnapshotName.safeParse(first.name).success).toBe(true);
  });

  it.each([
    'web',
    'snap-0123456789abcdef0',
    'web-20260105100000\n',
    '../x-20260105100000',
    'a/b-20260105100000',
  ])('is never a handle or a path: %j', (text) => {
    expect(SnapshotName.safeParse(text).success).toBe(false);
  });

  it('two ends of a name have two', () => {
    const instants = fc
      .integer({ min: 0, max: 2_000_000_000 })
      .map((seconds) => new Date(seconds * 1000).toISOString());
    fc.assert(
      fc.property(instants, instants, (a, b) => {
        expect(snapshotNameOf(web.name, a) === snapshotNameOf(web.name, b)).toBe(a === b);
      }),
    );
  });
});

describe('what is made from it', () => {
  it.each([
    [first, from(), undefined],
    [first, from({ sizeGiB: 11 }), undefined],
    [undefined, from(), /keeps no snapshot called web-20260105100000/],
    [going, from(), /keeps no snapshot called/],
    [first, from({ sizeGiB: 9 }), /has 10 GiB: ask for 10 or more/],
    [first, from({ class: 'io2' }), /is of a volume of class gp3, and makes none of class io2/],
  ])('%#', (known, wanted, why) => {
    const said = whyNotFrom(known, wanted, main);
    if (why === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(why);
  });

  it('nothing where a cluster has no snapshots of its class', () => {
    const other = { name: 'second', volumes: [{ ...gp3, snapshotClass: undefined }] };
    expect(whyNotFrom(first, from(), other)).toBe(
      'class gp3 of cluster second has no snapshots: ask for it in cluster main',
    );
  });

  it('is never smaller than what was on the disk, whatever its spec said', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 99 }),
        fc.integer({ min: 1, max: 99 }),
        fc.integer({ min: 1, max: 99 }),
        (asked, was, wanted) => {
          const known = kept({
            of: web,
            cluster: 'main',
            volume: { ...volume, sizeGiB: asked },
            since: start,
            taken: { ...taken, sizeGiB: was },
          });
          const may = whyNotFrom(known, from({ sizeGiB: wanted }), main) === undefined;
          expect(may).toBe(wanted >= asked && wanted >= was);
        },
      ),
    );
  });

  it('is asked for with its environment, and its spec says so ever after', () => {
    expect(whyNotAnother(undefined, from())).toMatch(
      /^A volume is made from a snapshot when its environment/,
    );
    expect(whyNotAnother(from(), volume)).toMatch(/leave `from` as it is/);
    expect(whyNotAnother(volume, from())).toMatch(/leave `from` as it is/);
    expect(whyNotAnother(from(), from({ sizeGiB: 12 }))).toBeUndefined();
  });
});

describe('in the cluster', () => {
  const filled = { key: heir, createdAt: start };

  it('its handle comes to the namespace as what was there before, and stays when that goes', () => {
    const [content, snapshot] = fillingObjects(filled, first);
    expect(content).toMatchObject({
      kind: 'VolumeSnapshotContent',
      metadata: { name: 'checkout--heir--20260105100000' },
      spec: {
        deletionPolicy: 'Retain',
        driver,
        source: { snapshotHandle: 'snap-1' },
        volumeSnapshotRef: { namespace: 'checkout--heir', name: 'workspace-from' },
      },
    });
    expect(snapshot).toMatchObject({
      metadata: { namespace: 'checkout--heir', name: 'workspace-from' },
      spec: { source: { volumeSnapshotContentName: fillingContentOf(filled) } },
    });
  });

  const sight = { class: { driver, deletionPolicy: 'Retain' }, snapshots: [] };
  const failed = {
    metadata: { name: 'workspace-from' },
    status: { error: { message: 'InvalidSnapshot.NotFound' } },
  };
  it.each([
    [first, 'keeps', sight, undefined],
    [going, 'keeps', sight, /keeps no snapshot web-20260105100000 any more/],
    [undefined, 'keeps', sight, /keeps no snapshot/],
    [first, 'keeps', undefined, /has no VolumeSnapshotClass keeps\. Make it\./],
    [first, undefined, sight, /has no VolumeSnapshotClass for class gp3\. Make it\./],
    [
      first,
      'keeps',
      { ...sight, class: { ...sight.class, driver: 'efs.csi.aws.com' } },
      /Ask for it in cluster main\./,
    ],
    [first, 'keeps', { ...sight, snapshots: [failed] }, /InvalidSnapshot\.NotFound$/],
  ])('%#: what hinders it is said', (known, snapshotClass, seen, why) => {
    const said = whyNotFilled(known, first.name, snapshotClass, seen);
    if (why === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(why);
  });
});

describe('when nobody wants it', () => {
  const of = requested().environment;
  const asked = (parts: object = {}) => ({
    known: first,
    users: [],
    of,
    person: 'rita',
    now: start,
    ...parts,
  });
  const user = requested({ key: heir, spec: Spec.parse({ ...spec, volume: from() }) }).environment;
  const used = usedBy(first, heir, user.createdAt);

  it('it is marked, once', () => {
    const marked = unwanted(asked());
    expect(marked).toMatchObject({ state: 'unwanted', by: 'rita', version: 2 });
    if ('outcome' in marked) throw new Error(marked.detail);
    expect(unwanted(asked({ known: marked, person: 'anna' }))).toBe(marked);
    expect(gone(marked)).toMatchObject({ state: 'gone', version: 3 });
  });

  it('not while something is still to be made from it', () => {
    expect(unwanted(asked({ known: used, users: [user] }))).toMatchObject({
      status: 409,
      title: 'It is needed',
    });
    for (const other of [
      { ...user, filled: first.name },
      { ...user, createdAt: '2026-01-05T10:00:01.000Z' },
      { ...user, spec },
      { ...user, life: { state: 'deleted' as const, since: start, by: 'rita' } },
    ])
      expect(unwanted(asked({ known: used, users: [other] }))).toMatchObject({ state: 'unwanted' });
  });

  it('not while it goes to another team', () => {
    const leaving = { to: keyOf('billing', 'web').team, state: 'moving' as const, lookAt: start };
    const moved = { at: start, kept: true };
    expect(unwanted(asked({ of: { ...of, leaving, moved } }))).toMatchObject({ title: 'It is needed' });
    const earlier = { ...moved, at: '2026-01-05T10:00:01.000Z' };
    for (const other of [{ moved }, { leaving, moved: earlier }])
      expect(unwanted(asked({ of: { ...of, ...other } }))).toMatchObject({ state: 'unwanted' });
  });

  it('where its name is another cluster’s now, it is said where it is', () => {
    expect(unwanted(asked({ of: { ...of, cluster: 'second' } }))).toMatchObject({
      status: 409,
      detail: expect.stringContaining('VolumeSnapshotContent snapcontent-1'),
    });
  });

  it('the deployer is asked for it until it is gone, also of what is deleted, and of what has the name then', () => {
    const person = { name: 'rita', groups: [] };
    const ended = { ...of, life: { state: 'deleted' as const, since: start, by: 'rita' } };
    const told = mustChange(
      next(ended, { kind: 'snapshot-unwanted', snapshot: first.name, person }, start),
    ).environment;
    expect(nextLookAt(told)).toBe(start);
    expect(next(told, { kind: 'snapshot-unwanted', snapshot: first.name, person }, start).outcome).toBe(
      'unchanged',
    );
    const request = { key: web, cluster: 'main', requester: 'rita', spec };
    const anew = mustChange(next(told, { kind: 'requested', request }, start)).environment;
    expect(anew.dropping).toEqual(told.dropping);
    const after = mustChange(next(told, { kind: 'snapshot-gone', snapshot: first.name }, start));
    expect(after.environment.dropping).toBeUndefined();
    expect(after.audit?.what).toBe(`its snapshot ${first.name} is gone`);
    expect(next(after.environment, { kind: 'snapshot-gone', snapshot: first.name }, start).outcome).toBe(
      'unchanged',
    );
  });
});
