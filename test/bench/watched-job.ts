/** A data job until it has ended: who works for it is looked at, and killed now and then. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from '#core/zod.ts';
import type { Person } from '#local/demo/people.ts';
import { capture } from '#local/setup/run.ts';
import type { BenchCloud } from './cloud.ts';

const MiB = 2 ** 20;
const sampleMs = 2000;
const deadlineMs = 30 * 60_000;

const Metrics = z.object({
  items: z.array(
    z.object({
      containers: z.array(z.object({ name: z.string(), usage: z.object({ memory: z.string() }) })),
    }),
  ),
});
const Pods = z.object({
  items: z.array(
    z.object({ metadata: z.object({ name: z.string() }), status: z.object({ phase: z.string() }) }),
  ),
});

/** @throws where it does not succeed. */
export async function watched({ cloud }: BenchCloud, { client }: Person, id: string, killEveryMs: number) {
  const namespace = id.split('/')[1] ?? '';
  const kubectl = (...args: string[]) =>
    capture(cloud.kubernetes.kubectl, ['--kubeconfig', cloud.kubernetes.kubeconfig, ...args]);
  const found = { kills: 0, workerMiB: [] as number[], commandMiB: [] as number[] };
  let nextKill = Date.now() + killEveryMs;
  for (const end = Date.now() + deadlineMs; Date.now() < end; await sleep(sampleMs)) {
    const { job } = await client.jobs.get(id);
    if (job.phase === 'ended') {
      if (job.outcome !== 'succeeded') throw new Error(`${id} ${job.outcome}: ${job.reason ?? ''}`);
      return found;
    }
    if (job.phase !== 'running' && job.phase !== 'sending') continue;
    const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods`;
    // None before the first sample of its metrics server.
    const metrics = await kubectl('get', '--raw', path).catch(() => '{"items":[]}');
    for (const { containers } of Metrics.parse(JSON.parse(metrics)).items)
      for (const { name, usage } of containers)
        (name === 'worker' ? found.workerMiB : found.commandMiB).push(mebibytes(usage.memory));
    if (Date.now() < nextKill) continue;
    nextKill = Date.now() + killEveryMs;
    const pods = Pods.parse(
      JSON.parse(await kubectl('--namespace', namespace, 'get', 'pods', '--output', 'json')),
    );
    const running = pods.items.filter(({ status }) => status.phase === 'Running');
    const victim = running[Math.floor(Math.random() * running.length)]?.metadata.name;
    if (victim === undefined) continue;
    await kubectl('--namespace', namespace, 'delete', 'pod', victim, '--grace-period=0', '--force');
    found.kills += 1;
  }
  throw new Error(`${id} did not end in ${deadlineMs / 60_000} minutes`);
}

/** Of Kubernetes' quantities those that metrics have. */
function mebibytes(quantity: string): number {
  const [, number = '0', unit = ''] = /^(\d+)(Ki|Mi|Gi)?$/.exec(quantity) ?? [];
  const factor = { '': 1 / MiB, Ki: 1 / 1024, Mi: 1, Gi: 1024 }[unit] ?? 0;
  return Number(number) * factor;
}
