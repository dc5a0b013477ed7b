/** A rollout on a real cluster: its objects, what holds them, its ways to fail, and the way back. */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Released } from '#core/environment.ts';
import * as z from '#core/zod.ts';
import { get, notices, until } from '#local/demo/world.ts';
import { digestOf } from '../contracts/samples.ts';
import { access, cloud, output } from './cloud.ts';
import { kubectl } from './kubectl.ts';
import { forget, Story, served, table } from './releases.ts';

afterAll(forget);

const parsed = <S extends z.ZodMiniType>(schema: S, text: string): z.infer<S> =>
  schema.parse(JSON.parse(text));
const sqs = new SQSClient(access.sdk);
const look = (story: Story) =>
  sqs.send(
    new SendMessageCommand({
      QueueUrl: output('DeployMainQueueUrl'),
      MessageBody: JSON.stringify({
        id: 'e2e',
        source: 'getschwifty',
        'detail-type': 'ImagePromoted',
        detail: {
          environment: story.key,
          cluster: 'main',
          at: new Date().toISOString(),
          digest: digestOf('whatever was promoted when this was told'),
        },
      }),
    }),
  );

describe('what is well', () => {
  const well = new Story('well', { replicas: { min: 1, max: 3 }, readyWithinSeconds: 120 });
  let first: Released;

  beforeAll(async () => {
    await well.begin();
    first = await well.approved(await well.image(served));
  });

  it('is there whole, accepted by the cluster, and answers through its policies', async () => {
    await well.promote(first);
    const { release } = await well.reaches('ready', first.digest);
    const kinds = await well.kubectl(
      ...['get', 'quota,limits,netpol,deploy,hpa,svc', '--output', 'name', '--selector'],
      'app.kubernetes.io/managed-by=getschwifty',
    );
    expect(kinds.trim().split('\n').sort()).toEqual([
      'deployment.apps/app',
      'horizontalpodautoscaler.autoscaling/app',
      'limitrange/app',
      'networkpolicy.networking.k8s.io/default-deny',
      'networkpolicy.networking.k8s.io/reach-internet',
      'networkpolicy.networking.k8s.io/resolve',
      'networkpolicy.networking.k8s.io/serve',
      'resourcequota/app',
      'service/app',
    ]);
    if (release.phase !== 'ready') throw new Error('it is not Ready');
    const { address } = release;
    await until('an answer on port 80', 30, async () => (await get(address)).status === 404 || undefined);
  });

  it("can't reach the cluster's API, from where another pod can", async () => {
    const [host = '', port = ''] = new URL(cloud.kubernetes.endpoint).host.split(':');
    const tries = (namespace: string, pod: string) =>
      kubectl(
        ...['--namespace', namespace, 'exec', pod, '--', '/bin/sh', '-c'],
        `echo | busybox nc -w 3 ${host} ${port}`,
      ).then(
        () => 'open',
        () => 'closed',
      );
    // Else the policy would not be what closes it.
    const elsewhere = `elsewhere-${well.namespace}`;
    const image = `${cloud.registry}/release/${well.id}@${first.digest}`;
    try {
      const stays = ['--command', '--', '/bin/busybox', 'sleep', '300'];
      await kubectl('run', elsewhere, '--image', image, '--restart', 'Never', ...stays);
      await kubectl('wait', '--for', 'condition=Ready', `pod/${elsewhere}`, '--timeout=60s');
      const isOpen = async () => (await tries('default', elsewhere)) === 'open' || undefined;
      await until('the API to be open elsewhere', 30, isOpen);
    } finally {
      await kubectl('delete', 'pod', elsewhere, '--now', '--wait=false');
    }
    const isClosed = async () => (await tries(well.namespace, 'deploy/app')) === 'closed' || undefined;
    await until('the API to be closed', 30, isClosed);
  });

  it('has its fields put back, told once; a field of somebody else is left', async () => {
    await well.kubectl('annotate', 'deployment', 'app', 'someone.example/note=mine');
    await well.kubectl('set', 'env', 'deployment/app', 'DEBUG=1');
    await well.kubectl('patch', 'quota', 'app', '--patch', '{"spec":{"hard":{"pods":"99"}}}');
    await look(well);
    const audit = await until('the repair in the audit trail', 90, async () => {
      const lines = (await table.audit(well.key, 20)).filter(({ what }) => what.includes('put back'));
      return lines.length > 0 ? lines : undefined;
    });
    expect(audit).toHaveLength(1);
    expect(audit[0]?.what).toContain('put back ResourceQuota app (spec.hard.pods)');
    expect(await well.kubectl('get', 'quota', 'app', '--output', 'jsonpath={.spec.hard.pods}')).toBe('9');
    const Left = z.object({
      metadata: z.object({ annotations: z.record(z.string(), z.string()) }),
      spec: z.object({
        template: z.object({
          spec: z.object({
            containers: z.tuple([z.object({ env: z.array(z.object({ name: z.string() })) })]),
          }),
        }),
      }),
    });
    const left = parsed(Left, await well.kubectl('get', 'deployment', 'app', '--output', 'json'));
    expect(left.metadata.annotations['someone.example/note']).toBe('mine');
    expect(left.spec.template.spec.containers[0].env.map(({ name }) => name)).toEqual(['PORT', 'DEBUG']);
    await well.reaches('ready', first.digest);
  });

  it('two promotions and three deploys at once end with the newer digest, and change nothing twice', async () => {
    const burn = 'i=0; while :; do i=$((i+1)); done';
    const second = await well.approved(await well.image(`echo second; ${served}`));
    const third = await well.approved(await well.image(`${burn} & ${served}`));
    await well.promote(second);
    await well.promote(third);
    await Promise.all([look(well), look(well), look(well)]);
    await well.reaches('ready', third.digest);
    const revisions = await well.kubectl(
      'get',
      'replicasets',
      '--output',
      'jsonpath={..containers[0].image}',
    );
    const images = revisions.split(' ').filter((image) => image.endsWith(third.digest));
    expect(images).toHaveLength(1);
    expect(await notices(cloud, well.id)).toEqual([]);
  });

  it('is scaled out under load, and stays Ready and unrepaired meanwhile', async () => {
    const replicas = async () =>
      Number(await well.kubectl('get', 'deployment', 'app', '--output', 'jsonpath={.spec.replicas}'));
    await until('more than one replica', 150, async () => (await replicas()) > 1 || undefined);
    // The deployer looks once more, and leaves the autoscaler's count alone.
    const { version } = await well.environment();
    await until('a look at what was scaled out', 150, async () => {
      return (await well.environment()).version > version || undefined;
    });
    expect(await replicas()).toBeGreaterThan(1);
    expect((await well.environment()).release.phase).toBe('ready');
    const repairs = (await table.audit(well.key, 50)).filter(({ what }) => what.includes('put back'));
    expect(repairs).toHaveLength(1);
  });
});

describe('what is not Ready in time', () => {
  const good = `echo good; ${served}`;
  const notThere = digestOf('never pushed');
  const stories = {
    crash: [
      'echo "no database at db:5432"; exit 3',
      /^CrashLoopBackOff: .* exit code 3\..*no database at db:5432/,
    ],
    probe: ['sleep 1000', /^Not Ready: the command runs, but does not accept connections on port 9000/],
    pull: [undefined, /^(?:Err)?Image\w+: .* can't be pulled: it is not in the registry\./],
  } as const;
  const failing = Object.keys(stories).map((name) => ({ name, story: new Story(name) }));
  const large = new Story('large', { resources: { cpu: 100, memoryMiB: 32 } });
  const before = new Map<string, Released>();
  const bad = new Map<string, Released>();

  beforeAll(async () => {
    for (const { name, story } of failing) {
      await story.begin();
      const [command] = z.tuple([z.optional(z.string()), z.unknown()]).parse(Reflect.get(stories, name));
      before.set(name, await story.approved(await story.image(good)));
      bad.set(name, await story.approved(command === undefined ? notThere : await story.image(command)));
    }
    await large.begin();
    bad.set('large', await large.approved(await large.image(good)));
    const of = (map: Map<string, Released>, name: string): Released => {
      const found = map.get(name);
      if (!found) throw new Error(`no image of ${name}`);
      return found;
    };
    for (const { name, story } of failing) await story.promote(of(bad, name), of(before, name));
    await large.promote(of(bad, 'large'));
  });

  it.each(failing)(
    '$name: goes back to what was Ready, says why, and pages once',
    async ({ name, story }) => {
      const digest = before.get(name)?.digest ?? notThere;
      const { release } = await story.reaches('ready', digest);
      const line = z.tuple([z.unknown(), z.instanceof(RegExp)]).parse(Reflect.get(stories, name))[1];
      expect(release).toMatchObject({
        failed: { digest: bad.get(name)?.digest, reason: expect.stringMatching(line) },
      });
      const [page, ...more] = await until('a page', 60, async () => {
        const pages = await notices(cloud, story.id);
        return pages.length > 0 ? pages : undefined;
      });
      expect(more).toEqual([]);
      expect(page).toMatchObject({ kind: 'rollout', state: 'open' });
      expect(page?.summary).toContain(`Rolled back to ${digest.slice(0, 19)}, which bob approved at`);
      const running = await story.kubectl(
        'get',
        'deployment',
        'app',
        '--output',
        'jsonpath={..containers[0].image}',
      );
      expect(running).toMatch(digest);
    },
  );

  it('unschedulable, with nothing to go back to: is held, and says which resource', async () => {
    const digest = bad.get('large')?.digest ?? notThere;
    const { release } = await large.reaches('held', digest);
    expect(release).toMatchObject({
      reason:
        'Unschedulable: no node has enough cpu (asked for: 100). Ask for less, or for another node pool.',
    });
    const [page] = await until('a page', 60, async () => {
      const pages = await notices(cloud, large.id);
      return pages.length > 0 ? pages : undefined;
    });
    expect(page?.summary).toContain('It was not rolled back: nothing was Ready before it.');
  });
});
