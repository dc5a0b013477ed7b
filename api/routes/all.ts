/** Every route of the API, in the order of its document. A new one goes into a file of its own here, and into this list. */
import type { Route } from '../route.ts';
import { approvalRoutes } from './approvals.ts';
import { buildLogRoutes } from './build-log.ts';
import { catalogRoutes } from './catalog.ts';
import { dlqRoutes } from './dlqs.ts';
import { environmentRoutes } from './environments.ts';
import { healthRoutes } from './health.ts';
import { imageRoutes } from './images.ts';
import { jobFileRoutes } from './job-files.ts';
import { jobRoutes } from './jobs.ts';
import { keyRoutes } from './keys.ts';
import { lifecycleRoutes } from './lifecycle.ts';
import { listRoutes } from './list.ts';
import { nameRoutes } from './names.ts';
import { planRoutes } from './plan.ts';
import { sessionRoutes } from './sessions.ts';
import { snapshotRoutes } from './snapshots.ts';
import { standingJobRoutes } from './standing-jobs.ts';
import { teamRoutes } from './teams.ts';
import { traceRoutes } from './trace.ts';
import { transferRoutes } from './transfers.ts';
import { waiverRoutes } from './waivers.ts';

export const routes: readonly Route[] = [
  ...catalogRoutes,
  ...environmentRoutes,
  ...lifecycleRoutes,
  ...buildLogRoutes,
  ...listRoutes,
  ...planRoutes,
  ...nameRoutes,
  ...imageRoutes,
  ...traceRoutes,
  ...approvalRoutes,
  ...teamRoutes,
  ...keyRoutes,
  ...sessionRoutes,
  ...snapshotRoutes,
  ...waiverRoutes,
  ...transferRoutes,
  ...jobRoutes,
  ...jobFileRoutes,
  ...standingJobRoutes,
  ...dlqRoutes,
  ...healthRoutes,
];
