/** The whole life of an environment that nobody configured, through the API alone: asked for, stopped, started, changed, deleted. */
import { DescribeRepositoriesCommand, ECRClient, RepositoryNotFoundException } from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repositoryOf } from '#core/image.ts';
import { EnvironmentKey, environmentId, namespaceOf } from '#core/names.ts';
import { type Person, signIn } from '#local/demo/people.ts';
import { until } from '#local/demo/world.ts';
import { ApiError } from '../../api/client/client.ts';
import { access } from './cloud.ts';
import { kubectl } from './kubectl.ts';
import { comes as comesTo } from './phases.ts';
import { giveMemory, memoryLimits } from './pods.ts';

/** Its use is counted before and after: nothing else has anything of this team. */
const team = 'ledger';
const key = EnvironmentKey.parse({ team, name: `l-${Date.now().toString(36).slice(-6)}` });
const id = environmentId(key);
const namespace = namespaceOf(key);
const heir = EnvironmentKey.parse({ ...key, name: `${key.name}-2` });
const ecr = new ECRClient(access.sdk);
const spec = {
  base: 'debian-12',
  packages: { apt: [{ name: 'busybox' }] },
  command: [
    ...['/bin/busybox', 'sh', '-c'],
    'echo started >> /workspace/starts; exec /bin/busybox httpd -f -p 9000 -h /tmp',
  ],
  volume: { sizeGiB: 1 },
  resources: { cpu: 0.05, memoryMiB: 32 },
};

let lena: Person;
let luca: Person;
const notThere = (error: unknown): undefined => {
  if (error instanceof ApiError && error.problem.status === 404) return undefined;
  throw error;
};
const comes = (phase: string, seconds: number) => comesTo(lena.client, id, phase, seconds);
const inPod = (...command: string[]) =>
  kubectl('-n', namespace, 'exec', 'deployment/app', '--', '/bin/busybox', ...command);
const volumeOf = (sizeGiB: number) => ({ sizeGiB, class: 'gp3', access: 'ReadWriteOnce' }) as const;
/** As often as its command began. */
const starts = async () => (await inPod('cat', '/workspace/starts')).trim().split('\n').length;
const pods = async () =>
  (await kubectl('-n', namespace, 'get', 'pods', '--output', 'name')).trim().split('\n').filter(Boolean);

async function keptSnapshot() {
  const { snapshots } = await lena.client.snapshots.list(key.team);
  const found = snapshots.find(({ of }) => of.name === key.name);
  if (!found) throw new Error('its snapshot is not in the list');
  return found;
}

async function isRepository(kind: 'candidate' | 'cache' | 'release'): Promise<boolean> {
  try {
    await ecr.send(new DescribeRepositoriesCommand({ repositoryNames: [repositoryOf(kind, key)] }));
    return true;
  } catch (error) {
    if (error instanceof RepositoryNotFoundException) return false;
    throw error;
  }
}

describe('an environment that the configuration does not name', () => {
  beforeAll(async () => {
    [lena, luca] = await Promise.all([
      signIn(access, 'lena', [`${team}-members`]),
      signIn(access, 'luca', [`${team}-members`, `${team}-approvers`]),
    ]);
  });
  afterAll(async () => {
    for (const each of [id, environmentId(heir)])
      await lena.client.delete(each).catch((error: unknown) => {
        if (!(error instanceof ApiError && [404, 409].includes(error.problem.status))) throw error;
      });
  });

  it('is built in repositories of its own, and runs when somebody approves it', async () => {
    const before = (await lena.client.usage(team)).used;
    await lena.client.create({ ...key, spec });
    expect((await lena.client.usage(team)).used).toMatchObject({
      environments: before.environments + 1,
      memoryMiB: before.memoryMiB + 32,
      storageGiB: before.storageGiB + 1,
    });
    const { environment } = await comes('awaiting-approval', 300);
    if (environment.candidate.phase !== 'awaiting-approval') throw new Error(environment.candidate.phase);
    expect(await Promise.all((['candidate', 'cache', 'release'] as const).map(isRepository))).toEqual([
      true,
      true,
      true,
    ]);
    await luca.client.approve(id, environment.candidate.image.digest);
    await comes('ready', 180);
    expect(await pods()).toHaveLength(1);
    expect(await starts()).toBe(1);
  });

  it('is stopped: no pod is left, its quota is free, and it starts again with what is on its volume', async () => {
    const before = (await lena.client.usage(team)).used;
    await lena.client.stop(id);
    await comes('stopped', 120);
    expect(await pods()).toEqual([]);
    expect((await lena.client.usage(team)).used).toMatchObject({
      memoryMiB: before.memoryMiB - 32,
      storageGiB: before.storageGiB,
    });
    await lena.client.start(id);
    await comes('ready', 180);
    expect(await pods()).toHaveLength(1);
    expect(await starts()).toBe(2);
  });

  it('is given more memory without a build, and keeps its pod', async () => {
    const before = await pods();
    await giveMemory(lena.client, key, 48);
    await comes('ready', 180);
    expect(await memoryLimits(key)).toEqual(['48Mi']);
    expect(await pods()).toEqual(before);
    expect(await starts()).toBe(2);
    const steps = await lena.client.trace(id);
    const lines = steps.flatMap((step) => (step.kind === 'change' ? [step.what] : []));
    expect(lines.join('\n')).toContain('its pods were resized in place');
    const sets = await kubectl('-n', namespace, 'get', 'replicasets', '--output', 'name');
    expect(sets.trim().split('\n')).toHaveLength(1);
  });

  it('is reached from where its spec says, and by all again; its pod stays', async () => {
    const before = await pods();
    const ranges = async () =>
      (
        await kubectl(
          ...[
            '-n',
            namespace,
            'get',
            'service',
            'app',
            '--output',
            'jsonpath={.spec.loadBalancerSourceRanges}',
          ],
        )
      ).trim();
    const { environment } = await lena.client.get(id);
    const { spec: asIs, release } = environment;
    if (release.phase !== 'ready') throw new Error(release.phase);
    const answers = () =>
      fetch(`http://${release.address}/`, { signal: AbortSignal.timeout(3000) }).then(
        () => true,
        () => false,
      );
    expect([await ranges(), await answers()]).toEqual(['', true]);
    await lena.client.change(id, { ...asIs, access: { ...asIs.access, sourceRanges: ['203.0.113.0/24'] } });
    await until('its ranges', 120, async () =>
      (await ranges()) === '["203.0.113.0/24"]' ? true : undefined,
    );
    await comes('ready', 120);
    await until('no answer to others', 30, async () => ((await answers()) ? undefined : true));
    await lena.client.change(id, asIs);
    await until('no ranges', 120, async () => ((await ranges()) === '' ? true : undefined));
    await comes('ready', 120);
    await until('an answer to all', 30, async () => ((await answers()) ? true : undefined));
    expect(await pods()).toEqual(before);
    const steps = await lena.client.trace(id);
    const lines = steps.flatMap((step) => (step.kind === 'change' ? [step.what] : []));
    expect(lines.join('\n')).not.toContain('put back');
  });

  it('is given a larger volume, and refused a smaller one', async () => {
    const { environment } = await lena.client.get(id);
    await lena.client.change(id, { ...environment.spec, volume: volumeOf(2) });
    await until('a volume of the new size', 120, async () => {
      const size = await kubectl(
        ...['-n', namespace, 'get', 'pvc', 'workspace', '--output', 'jsonpath={.status.capacity.storage}'],
      );
      return size.trim() === '2Gi' ? true : undefined;
    });
    await comes('ready', 120);
    const smaller = { ...environment.spec, volume: volumeOf(1) };
    const refusal = await lena.client.change(id, smaller).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ problem: { status: 409, title: 'Its volume stays' } });
  });

  it('may not ask for more than its team has left', async () => {
    const { environment } = await lena.client.get(id);
    const huge = { ...environment.spec, resources: { ...environment.spec.resources, memoryMiB: 1_000_000 } };
    const refusal = await lena.client.change(id, huge).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ problem: { status: 409, title: 'Over the quota' } });
  });

  it('leaves nothing but its history when it is deleted', async () => {
    const volume = await kubectl(
      ...['-n', namespace, 'get', 'pvc', 'workspace', '--output', 'jsonpath={.spec.volumeName}'],
    );
    expect((await lena.client.delete(id)).phase).toBe('deleting');
    const again = await lena.client.create({ ...key, spec }).catch((error: unknown) => error);
    expect(again).toMatchObject({ problem: { status: 409 } });
    await until('its end', 300, async () =>
      (await lena.client.get(id).catch(notThere)) === undefined ? true : undefined,
    );
    expect(await kubectl('get', 'namespace', namespace, '--ignore-not-found')).toBe('');
    await until('the end of its volume', 60, async () =>
      (await kubectl('get', 'pv', volume, '--ignore-not-found')) === '' ? true : undefined,
    );
    for (const kind of ['candidate', 'cache', 'release'] as const)
      expect(await isRepository(kind)).toBe(false);
    const steps = await lena.client.trace(id);
    const lines = steps.flatMap((step) => (step.kind === 'change' ? [step.what] : []));
    expect(lines.join('\n')).toMatch(
      /deleted it[\s\S]*its volume of 2 GiB stays as snapshot [\s\S]*its namespace is gone[\s\S]*all of it is gone/,
    );
  });

  it('leaves a snapshot, from which another one is made with what was on its volume', async () => {
    const snapshot = await keptSnapshot();
    expect(snapshot).toMatchObject({ of: key, sizeGiB: 2, state: 'kept' });
    const from = { sizeGiB: 2, from: snapshot.name };
    const small = await lena.client
      .create({ ...heir, spec: { ...spec, volume: { ...from, sizeGiB: 1 } } })
      .catch((error: unknown) => error);
    expect(small).toMatchObject({ problem: { status: 422, fields: [{ path: 'spec.volume.from' }] } });
    await lena.client.create({ ...heir, spec: { ...spec, volume: from } });
    const early = await lena.client.snapshots
      .delete(key.team, snapshot.name)
      .catch((error: unknown) => error);
    expect(early).toMatchObject({ problem: { status: 409, title: 'It is needed' } });
    const { environment } = await comesTo(lena.client, environmentId(heir), 'awaiting-approval', 300);
    if (environment.candidate.phase !== 'awaiting-approval') throw new Error(environment.candidate.phase);
    await luca.client.approve(environmentId(heir), environment.candidate.image.digest);
    await comesTo(lena.client, environmentId(heir), 'ready', 180);
    const starts = await kubectl(
      ...[
        '-n',
        namespaceOf(heir),
        'exec',
        'deployment/app',
        '--',
        '/bin/busybox',
        'cat',
        '/workspace/starts',
      ],
    );
    expect(starts.trim().split('\n')).toHaveLength(3);
    const { history } = await lena.client.get(environmentId(heir));
    expect(history.map(({ what }) => what).join('\n')).toContain(
      `its volume was made from snapshot ${snapshot.name}`,
    );
  });

  it('and which is gone when nobody wants it any more; what was made from it stays', async () => {
    const { name, handle } = await keptSnapshot();
    const handles = async () =>
      kubectl(...['get', 'volumesnapshotcontents', '--output', 'jsonpath={.items[*].status.snapshotHandle}']);
    const before = (await handles()).split(' ').filter((each) => each === handle).length;
    expect((await lena.client.snapshots.delete(key.team, name)).state).toBe('unwanted');
    await until('its end', 120, async () =>
      (await lena.client.snapshots.list(key.team)).snapshots.some((each) => each.name === name)
        ? undefined
        : true,
    );
    await until('the end of its object', 30, async () =>
      (await handles()).split(' ').filter((each) => each === handle).length < before ? true : undefined,
    );
    expect((await lena.client.get(environmentId(heir))).phase).toBe('ready');
  });
});
