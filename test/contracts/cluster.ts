/** What every cluster must do: what is applied is there, twice is once, and a look says what it sees. */
import { beforeEach, expect } from 'vitest';
import { Rejected } from '#core/errors.ts';
import { assess } from '#core/health.ts';
import { hostKeyIn, hostKeyObjects } from '#core/host-key-objects.ts';
import type { EnvironmentKey } from '#core/names.ts';
import type { ClusterClient } from '#core/ports.ts';
import { desiredObjects } from '#core/rollout.ts';
import { contract, type Deviations } from './contract.ts';
import { digestOf, keyOf, spec } from './samples.ts';

let runs = 0;

export function clusterContract(
  name: string,
  make: () => Promise<ClusterClient>,
  deviations: Deviations = {},
): void {
  contract(name, 'the cluster', deviations, (test) => {
    let cluster: ClusterClient;
    let key: EnvironmentKey;
    beforeEach(async () => {
      cluster = await make();
      key = keyOf('contract', `k${(runs++).toString(36)}-x${Date.now().toString(36)}`);
    });
    /** An image that the registry does not have: what is looked at is what was asked for. */
    const objects = (content: string) => {
      const digest = digestOf(content);
      const image = `000000000000.dkr.ecr.us-east-1.amazonaws.com/release/${key.team}/${key.name}@${digest}`;
      const cluster = { loadBalancerScheme: 'internal', kubernetesVersion: '1.36', drainSeconds: 5 } as const;
      return desiredObjects({ key, spec, image, digest, ...cluster });
    };

    test('where nothing was applied there is nothing', async () => {
      const nothing = { deployment: undefined, service: undefined, pods: [], objects: [] };
      expect(await cluster.look(key)).toMatchObject(nothing);
    });

    test('what was applied is seen, and is not Ready by that', async () => {
      await cluster.apply(objects('one'));
      const sight = await cluster.look(key);
      expect(sight.service).toBeDefined();
      expect(assess(sight)).toMatchObject({ digest: digestOf('one'), ready: false, lastOom: undefined });
    });

    test('applied twice is applied once: the same generation is asked for', async () => {
      await cluster.apply(objects('one'));
      const before = (await cluster.look(key)).deployment?.metadata.generation;
      await cluster.apply(objects('one'));
      expect((await cluster.look(key)).deployment?.metadata.generation).toBe(before);
    });

    test('another digest takes the place of the first', async () => {
      await cluster.apply(objects('one'));
      const before = (await cluster.look(key)).deployment?.metadata.generation ?? 0;
      await cluster.apply(objects('two'));
      const sight = await cluster.look(key);
      expect(assess(sight).digest).toBe(digestOf('two'));
      expect(sight.deployment?.metadata.generation).toBeGreaterThan(before);
    });

    test('what is made where it is not there is made once, and stays as it was made first', async () => {
      const [namespace] = objects('one');
      const [secret, first] = hostKeyObjects(key, {
        privateKey: 'x',
        publicKey: 'x',
        fingerprint: 'SHA256:1',
      });
      const [, second] = hostKeyObjects(key, { privateKey: 'y', publicKey: 'y', fingerprint: 'SHA256:2' });
      await expect(cluster.create(secret)).rejects.toThrow(Rejected);
      if (namespace) await cluster.apply([namespace]);
      expect(await cluster.create(secret)).toBe(true);
      expect(await cluster.create(secret)).toBe(false);
      const made = await Promise.all([cluster.create(first), cluster.create(second)]);
      expect(made.filter(Boolean)).toHaveLength(1);
      expect(hostKeyIn((await cluster.look(key)).objects)?.publicKey).toBe(made[0] ? 'x' : 'y');
    });

    test('an object without its namespace is refused', async () => {
      const homeless = objects('one').filter(({ kind }) => kind !== 'Namespace');
      await expect(cluster.apply(homeless)).rejects.toThrow(Rejected);
      expect((await cluster.look(key)).deployment).toBeUndefined();
    });
  });
}
