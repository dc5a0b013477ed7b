/** Who keeps the slots of jobs, on the API server: it writes in namespaces of jobs alone, and there runs what may run there. */
import { randomBytes } from 'node:crypto';
import { DescribeClusterCommand, EKSClient, ListPodIdentityAssociationsCommand } from '@aws-sdk/client-eks';
import { afterAll, describe, expect, it } from 'vitest';
import { eksToken } from '#adapters/aws/eks-token.ts';
import { EksWorkerIdentities } from '#adapters/aws/worker-identities.ts';
import { KubernetesJobCluster } from '#adapters/kubernetes/job-cluster.ts';
import { houseObjects, slotJob } from '#core/jobs/slot-objects.ts';
import { JobName, type SlotsWanted } from '#core/jobs/slots.ts';
import * as z from '#core/zod.ts';
import { jobClusterContract } from '../contracts/job-cluster.ts';
import { workerIdentitiesContract } from '../contracts/worker-identities.ts';
import { place as anyPlace, wantedSlots } from '../core/jobs/slot-samples.ts';
import { access, cloud, output } from './cloud.ts';
import { kubectl } from './kubectl.ts';
import { sessionOf } from './session.ts';

const eks = new EKSClient(access.sdk);
const { cluster: main } = await eks.send(new DescribeClusterCommand({ name: 'main' }));
const sts = await sessionOf(output('JobSlotsMainFunctionName'));
const keeper = new KubernetesJobCluster({
  endpoint: main?.endpoint ?? '',
  ca: main?.certificateAuthority?.data ?? '',
  token: () => eksToken('main', sts),
});
const image = output('JobWorkerImage');
const place = { ...anyPlace, workerImage: image };

jobClusterContract('KubernetesJobCluster', () => keeper, { image });
workerIdentitiesContract('EksWorkerIdentities', {
  identities: new EksWorkerIdentities(output('JobWorkerRolesArn'), eks),
  count: async (namespace) => {
    const list = new ListPodIdentityAssociationsCommand({ clusterName: 'main', namespace });
    return ((await eks.send(list)).associations ?? []).length;
  },
});

const Policies = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({ typeChecking: z.object({ expressionWarnings: z.optional(z.array(z.unknown())) }) }),
    }),
  ),
});

describe('the keeper of slots', () => {
  const name = JobName.parse(`job-${randomBytes(8).toString('hex')}`);
  const { image: _, ...plain } = wantedSlots();
  const wanted: SlotsWanted = { ...plain, name, nodePool: 'nowhere' };
  const released = (team: string, digit: string) =>
    `${cloud.registry}/release/${team}/tools@sha256:${digit.repeat(64)}`;
  const somebodys = `somebodys-${randomBytes(3).toString('hex')}`;
  afterAll(async () => {
    await keeper.remove(name);
    await kubectl('delete', 'namespace', somebodys, '--ignore-not-found', '--wait=false');
  });

  it('makes no namespace but that of a job, with the label that says so', async () => {
    const [home] = houseObjects(wanted, place);
    if (!home) throw new Error('there is none');
    const other = { ...home, metadata: { ...home.metadata, name: 'job-of-somebody' } };
    await expect(keeper.apply([other])).rejects.toThrow(/is no data job's/);
    const bare = { ...home, metadata: { ...home.metadata, labels: {} } };
    await expect(keeper.apply([bare])).rejects.toThrow(/is no data job's/);
    await kubectl('create', 'namespace', somebodys);
    await expect(keeper.remove(somebodys)).rejects.toThrow(/is no data job's/);
    await expect(
      keeper.apply([{ ...home, metadata: { ...home.metadata, name: somebodys } }]),
    ).rejects.toThrow(/is no data job's/);
  });

  it('writes nothing elsewhere', async () => {
    const map = houseObjects(wanted, place).find(({ kind }) => kind === 'ConfigMap');
    if (!map) throw new Error('there is none');
    const elsewhere = { ...map, metadata: { ...map.metadata, namespace: 'default' } };
    await expect(keeper.apply([elsewhere])).rejects.toThrow(/nowhere else: not in default/);
  });

  it("runs our worker and what was released for the job's team, and nothing else", async () => {
    await keeper.apply(houseObjects(wanted, place));
    await keeper.create(slotJob(wanted, place, 0, 0));
    await keeper.create(slotJob({ ...wanted, image: released('checkout', '1') }, place, 1, 0));
    for (const [slot, foreign] of [
      released('another', '1'),
      `${cloud.registry}/release/checkout/tools:latest`,
      `${cloud.registry}/candidate/checkout/tools@sha256:${'1'.repeat(64)}`,
      'docker.io/library/debian:12',
    ].entries())
      await expect(keeper.create(slotJob({ ...wanted, image: foreign }, place, slot + 2, 0))).rejects.toThrow(
        `image "${foreign}" may not run in ${name}`,
      );
    expect((await keeper.sight(name)).jobs.map(({ metadata }) => metadata.name).sort()).toEqual([
      'slot-0-0',
      'slot-1-0',
    ]);
  });

  it('is judged by policies whose expressions have types that fit', async () => {
    const found = await kubectl('get', 'validatingadmissionpolicies', '--output', 'json');
    for (const { metadata, status } of Policies.parse(JSON.parse(found)).items)
      expect(status, metadata.name).toEqual({ typeChecking: {} });
  });
});
