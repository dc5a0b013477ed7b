/** What a job wants of its cluster, and what may be seen there. */
import type { SlotsPlace } from '#core/jobs/slot-objects.ts';
import { SlotJob, SlotPod } from '#core/jobs/slot-sight.ts';
import { SlotsWanted } from '#core/jobs/slots.ts';
import type * as z from '#core/zod.ts';
import { t0 } from '../samples.ts';

const registry = '000000000000.dkr.ecr.us-east-1.amazonaws.com';
const name = 'job-0123456789abcdef';

export const wantedSlots = (more: Partial<z.input<typeof SlotsWanted>> = {}): SlotsWanted =>
  SlotsWanted.parse({
    team: 'checkout',
    name,
    cluster: 'main',
    version: 1,
    at: t0,
    phase: 'running',
    slots: 3,
    image: `${registry}/release/checkout/tools@sha256:${'1'.repeat(64)}`,
    resources: { cpu: 0.5, memoryMiB: 256 },
    spot: false,
    spec: {
      job: name,
      input: { bucket: 'input' },
      results: { bucket: 'results', prefix: `jobs/${name}/` },
      records: { kind: 'lines' },
      command: ['wc', '-l'],
    },
    queueUrl: `https://sqs.us-east-1.amazonaws.com/000000000000/${name}`,
    table: 'table',
    ...more,
  });

export const place: SlotsPlace = {
  kubernetesVersion: '1.36',
  workerImage: `${registry}/assets@sha256:${'2'.repeat(64)}`,
  architecture: 'amd64',
  region: 'us-east-1',
};

const metadataOf = (slot: number, turn: number, uid: string) => ({
  name: `slot-${slot}-${turn}`,
  namespace: name,
  uid,
  labels: { 'getschwifty.dev/slot': String(slot), 'getschwifty.dev/turn': String(turn) },
});

/** @param began without it the cluster does not say when. */
export const jobOf = (
  slot: number,
  turn = 0,
  ended?: 'Complete' | 'Failed',
  at = t0,
  began?: string,
): SlotJob => {
  const conditions = ended ? [{ type: ended, status: 'True', lastTransitionTime: at }] : [];
  return SlotJob.parse({
    metadata: metadataOf(slot, turn, `j-${slot}-${turn}`),
    status: { conditions, ...(began && { startTime: began }) },
  });
};

export const podOf = (slot: number, turn = 0, status: object = { phase: 'Running' }): SlotPod =>
  SlotPod.parse({ metadata: { ...metadataOf(slot, turn, `p-${slot}`), creationTimestamp: t0 }, status });
