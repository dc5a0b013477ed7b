/** Entry of the build stage's function. */
import { CloudWatchBuildLogs } from '#adapters/aws/build-logs.ts';
import { BuildRecordItems } from '#adapters/aws/build-records.ts';
import { CodeBuilder } from '#adapters/aws/builder.ts';
import { inboxOf } from '#adapters/aws/inbox.ts';
import { EcrRepositoryMaker } from '#adapters/aws/repositories.ts';
import { EcrScanner } from '#adapters/aws/scanner.ts';
import { Table } from '#adapters/aws/table.ts';
import { WaiverItems } from '#adapters/aws/waivers.ts';
import { Builds } from '#core/builds.ts';
import { Catalog } from '#core/catalog.ts';
import { Team } from '#core/team.ts';
import * as z from '#core/zod.ts';
import { readConfig, readEnv, systemClock } from '../runtime/environment.ts';
import { queueHandler } from '../runtime/queue.ts';
import { build } from './build.ts';
import { Env } from './env.ts';

const env = readEnv(Env);
// Not `pick`: a team's schema takes no field beside those that it names, and the configuration has them all.
const { name, git } = Team.shape;
const table = new Table(env.TABLE_NAME);

export const handler = queueHandler(
  build({
    store: table,
    builder: new CodeBuilder({
      project: env.PROJECT_NAME,
      rolesArn: env.BUILDER_ROLES_ARN,
      bucket: env.SOURCE_BUCKET,
      registry: env.REGISTRY,
      logGroup: env.LOG_GROUP,
    }),
    repositories: new EcrRepositoryMaker({
      promoterRoleArn: env.PROMOTER_ROLE_ARN,
      keeperRoleArn: env.REMOVER_ROLE_ARN,
      builderRolesArn: env.BUILDER_ROLES_ARN,
    }),
    scanner: new EcrScanner(),
    logs: new CloudWatchBuildLogs(env.LOG_GROUP),
    records: new BuildRecordItems(env.TABLE_NAME),
    waivers: new WaiverItems(env.TABLE_NAME),
    config: readConfig(
      z.object({ catalog: Catalog, builds: Builds, teams: z.array(z.object({ name, git })) }),
    ),
    clock: systemClock,
  }),
  { stage: 'build', ...inboxOf(env.DLQ_URL), failures: table },
);
