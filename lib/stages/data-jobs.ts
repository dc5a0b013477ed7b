/** What data jobs are made of: the stage that leads them, the one that starts standing ones, their workers' image and role, and in each cluster who keeps workers there. */
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Config } from '#core/config.ts';
import type { ClusterStack } from '../cluster-stack.ts';
import { mayDecrypt } from '../kit/decrypting.ts';
import type { Foundation } from '../kit/foundation.ts';
import { JobWorkers } from '../kit/job-workers.ts';
import type { ImageRequests } from '../kit/pinned-image.ts';
import { mayListDatasets, mayReadDatasets } from '../kit/team-datasets.ts';
import { JobSlotsStage } from './job-slots.ts';
import { JobStartsStage } from './job-starts.ts';
import { JobsStage } from './jobs.ts';

export interface DataJobsProps extends Foundation {
  readonly bucket: Bucket;
  readonly images: ImageRequests;
  readonly clusters: readonly ClusterStack[];
  readonly teams: Config['teams'];
}

export function dataJobs(
  scope: Construct,
  { clusters, bucket, images, teams, ...foundation }: DataJobsProps,
) {
  const clusterNames = clusters.map(({ clusterName }) => clusterName);
  const workers = new JobWorkers(scope, 'JobWorkers', {
    table: foundation.table,
    bucket,
    images,
    clusterNames,
    teams,
  });
  const jobs = new JobsStage(scope, 'Jobs', { ...foundation, bucket, workers, clusterNames });
  const datasets = [...new Set(teams.flatMap((team) => team.datasets))];
  mayReadDatasets(jobs.function.role, datasets);
  mayListDatasets(jobs.function.role, datasets);
  mayDecrypt(jobs.function.role, 's3', [...new Set(teams.flatMap((team) => team.datasetKeys))]);
  const slots = clusters.map(
    (target) =>
      new JobSlotsStage(scope, `JobSlots-${target.clusterName}`, {
        ...foundation,
        worker: workers.image,
        in: target,
      }),
  );
  const starts = new JobStartsStage(scope, 'JobStarts', { ...foundation, bucket });
  return { workers, jobs, slots, starts };
}
