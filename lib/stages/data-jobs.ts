/** What data jobs are made of: the stage that leads them, their workers' image and role, and in each cluster who keeps workers there. */
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { ClusterStack } from '../cluster-stack.ts';
import type { Foundation } from '../kit/foundation.ts';
import { JobWorkers } from '../kit/job-workers.ts';
import { JobSlotsStage } from './job-slots.ts';
import { JobsStage } from './jobs.ts';

export interface DataJobsProps extends Foundation {
  readonly bucket: Bucket;
  readonly clusters: readonly ClusterStack[];
}

export function dataJobs(scope: Construct, { clusters, bucket, ...foundation }: DataJobsProps) {
  const clusterNames = clusters.map(({ clusterName }) => clusterName);
  const workers = new JobWorkers(scope, 'JobWorkers', { table: foundation.table, bucket, clusterNames });
  const jobs = new JobsStage(scope, 'Jobs', { ...foundation, bucket, workers, clusterNames });
  const slots = clusters.map(
    (target) =>
      new JobSlotsStage(scope, `JobSlots-${target.clusterName}`, {
        ...foundation,
        worker: workers.image,
        in: target,
      }),
  );
  return { workers, jobs, slots };
}
