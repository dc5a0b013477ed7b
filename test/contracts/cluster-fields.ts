/** Whose field is whose, in every cluster: our fields are ours, what others set beside them stays, and what is gone is gone. */
import { beforeAll, describe, expect, test } from 'vitest';
import { type LiveObject, planOf } from '#core/drift.ts';
import { EnvironmentKey } from '#core/names.ts';
import type { ClusterClient } from '#core/ports.ts';
import { desiredObjects } from '#core/rollout.ts';
import { Spec } from '#core/spec.ts';
import type { SshInput } from '#core/ssh-pod.ts';
import { digestOf, spec } from './samples.ts';

export interface ClusterWorld {
  readonly cluster: ClusterClient;
  /** What a person does with kubectl: a merge patch, in a list the elements that change by their names. */
  edit(key: EnvironmentKey, kind: string, name: string, patch: object): Promise<void>;
  delete(key: EnvironmentKey, kind: string, name: string): Promise<void>;
}

const digest = digestOf('image');

export function clusterFieldsContract(
  name: string,
  namespace: string,
  make: () => Promise<ClusterWorld>,
): void {
  const key = EnvironmentKey.parse({ team: 'contract', name: namespace });
  const image = `000000000000.dkr.ecr.us-east-1.amazonaws.com/release/contract/${namespace}@${digest}`;
  const ssh: SshInput = { image, url: 'http://10.96.0.10:8080', hostKeySecret: 'ssh-host-key-contract' };
  const desired = (parts: object = {}, ssh?: SshInput) =>
    desiredObjects({
      key,
      spec: Spec.parse({ ...spec, replicas: 2, resources: { cpu: 1, memoryMiB: 1024 }, ...parts }),
      image,
      digest,
      ssh,
      loadBalancerScheme: 'internal',
      kubernetesVersion: '1.36',
      storageClass: 'getschwifty-gp3',
      drainSeconds: 5,
    });

  describe(`${name} keeps fields to their owners`, () => {
    let world: ClusterWorld;
    beforeAll(async () => {
      world = await make();
    });
    const live = async () => (await world.cluster.look(key)).objects;
    const object = async (kind: string, called = 'app'): Promise<LiveObject | undefined> =>
      (await live()).find((one) => one.kind === kind && one.metadata.name === called);
    const plan = async (wanted = desired()) => planOf(wanted, await live());
    const repair = async () => world.cluster.apply((await plan()).apply);

    test('what was never applied is not there', async () => {
      const sight = await world.cluster.look(key);
      expect(sight).toMatchObject({ deployment: undefined, service: undefined, pods: [], objects: [] });
    });

    test('what is applied is there as it was applied, and applying it again changes nothing', async () => {
      await world.cluster.apply(desired());
      expect((await plan()).differences).toEqual([]);
      const before = await object('NetworkPolicy', 'serve');
      await world.cluster.apply(desired());
      expect(await object('NetworkPolicy', 'serve')).toEqual(before);
      expect(await world.cluster.look(key)).toMatchObject({ autoscaler: { spec: { minReplicas: 2 } } });
    });

    test('so is what SSH needs, and it goes when it is not wanted any more', async () => {
      const on = desired({ access: { ssh: true } }, ssh);
      await world.cluster.apply(on);
      expect((await plan(on)).differences).toEqual([]);
      const off = await plan();
      expect(off.differences.join()).toMatch(/Deployment app.*Service app.*NetworkPolicy ask-access/);
      await world.cluster.apply(off.apply);
      await world.cluster.remove(off.remove);
      expect((await plan()).differences).toEqual([]);
    });

    test('another port takes the place of the one before', async () => {
      const moved = desired({ port: 8080 });
      await world.cluster.apply((await plan(moved)).apply);
      expect((await plan(moved)).differences).toEqual([]);
      const ports = JSON.stringify((await object('Deployment'))?.['spec']).match(
        /"containerPort":(?:8|9)0\d+/g,
      );
      expect(ports).toEqual(['"containerPort":8080']);
      await repair();
      expect((await plan()).differences).toEqual([]);
    });

    test('twice at once is once', async () => {
      await Promise.all([world.cluster.apply(desired()), world.cluster.apply(desired())]);
      expect((await plan()).differences).toEqual([]);
    });

    test('our field is put back', async () => {
      await world.edit(key, 'Service', 'app', {
        spec: { ports: [{ name: 'http', port: 80, targetPort: 22 }] },
      });
      expect((await plan()).differences).toEqual(['Service app (spec.ports.http.targetPort)']);
      await repair();
      expect((await plan()).differences).toEqual([]);
    });

    test('a policy that somebody opened is closed', async () => {
      await world.edit(key, 'NetworkPolicy', 'default-deny', { spec: { egress: [{}] } });
      expect((await plan()).differences).toEqual(['NetworkPolicy default-deny (spec.egress)']);
      await repair();
      expect((await plan()).differences).toEqual([]);
    });

    test("somebody else's field beside ours is no difference, and a repair leaves it", async () => {
      const note = { metadata: { annotations: { 'someone.example/note': 'mine' } } };
      await world.edit(key, 'Deployment', 'app', { ...note, spec: { replicas: 3 } });
      expect((await plan()).differences).toEqual([]);
      await world.cluster.apply(desired());
      const deployment = await object('Deployment');
      expect(deployment?.metadata['annotations']).toMatchObject({ 'someone.example/note': 'mine' });
      expect(deployment).toMatchObject({ spec: { replicas: 3 } });
    });

    test('what somebody deleted is made again', async () => {
      await world.delete(key, 'ResourceQuota', 'app');
      expect((await plan()).differences).toEqual(['ResourceQuota app (it is missing)']);
      await repair();
      expect((await plan()).differences).toEqual([]);
    });

    test('what is no longer wanted is removed, and removing it twice is removing it once', async () => {
      const { apply, remove } = await plan(desired({ replicas: 1 }));
      expect(remove.map(({ kind }) => kind)).toEqual(['PodDisruptionBudget']);
      await world.cluster.apply(apply);
      await world.cluster.remove(remove);
      await world.cluster.remove(remove);
      expect(await object('PodDisruptionBudget')).toBeUndefined();
      expect((await plan(desired({ replicas: 1 }))).differences).toEqual([]);
    });

    test('a volume takes the place of a rollout beside what runs, and grows', async () => {
      const kept = (sizeGiB: number) => desired({ replicas: 1, volume: { sizeGiB } });
      await world.cluster.apply((await plan(kept(1))).apply);
      expect((await plan(kept(1))).differences).toEqual([]);
      expect((await plan(kept(2))).differences).toEqual([
        'PersistentVolumeClaim workspace (spec.resources.requests.storage)',
      ]);
    });

    test('what was made anew since it was seen is not removed', async () => {
      await world.cluster.apply(desired());
      const { remove } = await plan(desired({ replicas: 1 }));
      await world.delete(key, 'PodDisruptionBudget', 'app');
      await world.cluster.apply(desired());
      await expect(world.cluster.remove(remove)).rejects.toThrow();
      expect(await object('PodDisruptionBudget')).toBeDefined();
    });
  });
}
