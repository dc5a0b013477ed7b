/** What the configuration says of shares: core/jobs/share.ts has what comes of it. */
import * as z from '../zod.ts';

/** That data jobs may have in a cluster at once, those that hold a snapshot not counted. Without it, as many as they want. */
export const JobWorkers = z.optional(z.int().check(z.minimum(1), z.maximum(10_000)));

/** Where a cluster's workers are shared, a team of weight 2 has twice as many as one of weight 1. */
export const JobWeight = z._default(z.int().check(z.minimum(1), z.maximum(100)), 1);
