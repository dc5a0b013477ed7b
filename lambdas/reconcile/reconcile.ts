/** Once a minute: environments, data jobs and standing jobs that are due are looked at again, and what was written but not sent is sent; once an hour the zone. */

import { isSweepDue } from '#core/dns-batch.ts';
import { Retryable } from '#core/errors.ts';
import { stageOf } from '#core/jobs/job-change.ts';
import type { JobStore } from '#core/jobs/job-ports.ts';
import type { StandingJobs } from '#core/jobs/standing/ports.ts';
import { count } from '#core/measures.ts';
import { addSeconds } from '#core/names.ts';
import type { EnvironmentStore, Sweeps } from '#core/ports.ts';
import { lookFor, stagesToLook } from '#core/reconcile.ts';
import { type SendDeps, send } from '../outbox/send.ts';
import { log } from '../runtime/log.ts';
import { measure } from '../runtime/metrics.ts';

/** What one run takes on; the rest is due still, a minute later. */
const dueLimit = 500;
const pendingLimit = 200;
/** The stream tells within seconds; what is older than this was lost on its way. */
const pendingSeconds = 60;

export interface ReconcileDeps extends SendDeps {
  readonly store: Pick<EnvironmentStore, 'due'>;
  readonly jobs: Pick<JobStore, 'due'>;
  readonly standing: Pick<StandingJobs, 'due'>;
  readonly sweeps: Sweeps;
}

export const reconcile = (deps: ReconcileDeps) => async (): Promise<void> => {
  const { store, jobs, standing, outbox, looks, sweeps, clock } = deps;
  const now = clock.now();
  const [due, dueJobs, dueStanding] = await Promise.all([
    store.due(now, dueLimit),
    jobs.due(now, dueLimit),
    standing.due(now, dueLimit),
  ]);
  const sent = await Promise.allSettled([
    ...due.environments.flatMap((environment) =>
      stagesToLook(environment, now).map((stage) =>
        looks.send(stage, environment.cluster, lookFor(environment, stage), 0),
      ),
    ),
    ...dueJobs.jobs.map(({ team, name, cluster, phase }) =>
      looks.send(stageOf({ phase }), cluster, { kind: 'look', environment: { team, name } }, 0),
    ),
    ...dueStanding.standing.map(({ team, name }) =>
      looks.send('job-starts', '', { kind: 'look', environment: { team, name } }, 0),
    ),
  ]);
  const [swept] = await Promise.allSettled(isSweepDue(now) ? [sweeps.send({ kind: 'sweep' })] : []);
  const unsent = await send(deps, await outbox.pending(addSeconds(now, -pendingSeconds), pendingLimit));
  const failures = [
    ...[...due.unreadable, ...dueJobs.unreadable, ...dueStanding.unreadable].map(
      ({ item, reason }) => `${item} can't be read: ${reason}`,
    ),
    ...[...sent, ...(swept ? [swept] : [])].flatMap((result) =>
      result.status === 'rejected' ? [String(result.reason)] : [],
    ),
    ...unsent.map(({ reason }) => reason),
  ];
  measure([count('Handled', sent.length), count('Unsent', failures.length)]);
  log.info('reconciled', {
    due: due.environments.length + dueJobs.jobs.length + dueStanding.standing.length,
    looks: sent.length,
    failures: failures.length,
  });
  if (failures.length > 0) throw new Retryable(`Reconcile could not do everything: ${failures.join('; ')}`);
};
