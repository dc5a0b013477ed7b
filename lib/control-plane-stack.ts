/** The control plane's table of contents: one construct per stage, in the order of core/flow.ts. */
import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Config } from '#core/config.ts';
import type { ClusterStack } from './cluster-stack.ts';
import type { DataStack } from './data-stack.ts';
import { acknowledge } from './kit/acknowledge.ts';
import type { BundledFunction } from './kit/bundled-function.ts';
import { type Place, placeOf } from './kit/dead-letter-places.ts';
import type { Foundation } from './kit/foundation.ts';
import type { PagerTopic } from './kit/pager-topic.ts';
import { ImageRequests, PinnedImage } from './kit/pinned-image.ts';
import { registryHost } from './kit/registry.ts';
import { Repositories } from './kit/repositories.ts';
import type { StageQueue } from './kit/stage-queue.ts';
import { AccessStage } from './stages/access.ts';
import { ClusterAlarms } from './stages/alarms.ts';
import { ApiStage } from './stages/api.ts';
import { BuildStage } from './stages/build.ts';
import { StageDashboard } from './stages/dashboard.ts';
import { dataJobs } from './stages/data-jobs.ts';
import { DeployStage } from './stages/deploy.ts';
import { DnsStage } from './stages/dns.ts';
import { GateStage } from './stages/gate.ts';
import type { JobSlotsStage } from './stages/job-slots.ts';
import { OutboxStage } from './stages/outbox.ts';
import { PagerStage } from './stages/pager.ts';
import { PromoteStage } from './stages/promote.ts';
import { ReconcileStage } from './stages/reconcile.ts';
import { RemoveStage } from './stages/remove.ts';
import { ScheduleStage } from './stages/schedule.ts';
import { WatcherStage } from './stages/watcher.ts';

export interface ControlPlaneStackProps {
  readonly config: Config;
  readonly data: DataStack;
  readonly clusters: readonly ClusterStack[];
}

export class ControlPlaneStack extends Stack {
  constructor(scope: Construct, id: string, { config, data, clusters }: ControlPlaneStackProps) {
    super(scope, id, { description: 'GetSchwifty: the stages from a request to a running environment' });
    const { table, bus, sources } = data;
    const foundation: Foundation = { table, bus, pager: data.pager.topic };
    const repositories = new Repositories(this, 'Repositories', config);

    const api = new ApiStage(this, 'Api', { ...foundation, config, sources });
    const build = new BuildStage(this, 'Build', { ...foundation, config, sources });
    const gate = new GateStage(this, 'Gate', { ...foundation, sources });
    const promote = new PromoteStage(this, 'Promote', { ...foundation, repositories });
    const images = new ImageRequests(this, 'ImageRequests', foundation);
    const { deploy, watchers } = this.#inClusters(clusters, { ...foundation, images });
    const clusterNames = clusters.map((cluster) => cluster.clusterName);
    const { workers, jobs, slots, starts } = dataJobs(this, {
      ...foundation,
      bucket: sources,
      images,
      clusters,
      teams: config.teams,
    });
    const dns = new DnsStage(this, 'Dns', { ...foundation, config, api });
    const remove = new RemoveStage(this, 'Remove', foundation);
    build.makesRepositories({ promoter: promote.function.role, remover: remove.function.role });
    const schedule = new ScheduleStage(this, 'Schedule', foundation);
    const pager = new PagerStage(this, 'Pager', { ...foundation, tells: data.pager });
    const shared = { build: build.queue, gate: gate.queue, promote: promote.queue };
    const late = { dns: dns.queue, remove: remove.queue, schedule: schedule.queue, pager: pager.queue };
    const looks = { ...shared, ...late, jobs: jobs.queue, starts: starts.queue, deploy, slots };
    const outbox = new OutboxStage(this, 'Outbox', { ...foundation, table, looks });
    const reconcile = new ReconcileStage(this, 'Reconcile', { ...foundation, looks, outbox });
    const queues = { build, gate, promote, dns, remove, jobs, 'job-starts': starts, schedule, pager };
    const each = { queues, deploy, slots, watchers, clusters, outbox, reconcile, images };
    const places = placesOf({ ...each, topic: data.pager });
    api.operates(places, { outbox: outbox.function, buildLogs: build.logs });
    const stages = [...Object.keys(queues), 'deploy', 'job-slots'];
    new StageDashboard(this, 'Dashboard', { stages, places });
    new ClusterAlarms(this, 'ClusterAlarms', { ...foundation, clusterNames });

    this.#tell({
      ApiUrl: api.url,
      ApiId: api.api.apiId,
      ...api.people.outputs,
      TableName: table.tableName,
      TopicArn: data.pager.topic.topicArn,
      HostedZoneId: dns.zone.hostedZoneId,
      RegistryHost: registryHost(this),
      ClusterNames: clusterNames.join(','),
      ...workers.outputs,
    });
    this.#tellOfStages({ api, ...queues, outbox, reconcile });
    acknowledge(this, {
      'cfn-lint W6001': 'People and runbooks look for all outputs here, also of what is in the data stack.',
    });
    for (const [name, of] of Object.entries({ deploy, 'job-slots': slots, watcher: watchers }))
      for (const stage of of) this.#tellOfStages({ [`${name}-${stage.clusterName}`]: stage });
  }

  /** Of each cluster: people's way in, who brings it to what environments want, and who sees what changes there. */
  #inClusters(clusters: readonly ClusterStack[], { images, ...foundation }: Foundation & Images) {
    const accessImage = PinnedImage.ofAccess(this, 'AccessImage', images);
    const forAccess = { table: foundation.table, image: accessImage, pager: foundation.pager };
    const deploy = clusters.map((cluster) => {
      const { clusterName } = cluster;
      const access = new AccessStage(this, `Access-${clusterName}`, { ...forAccess, in: cluster });
      return new DeployStage(this, `Deploy-${clusterName}`, { ...foundation, access, in: cluster });
    });
    const forWatchers = { ...foundation, image: PinnedImage.ofWatcher(this, 'WatcherImage', images) };
    const watchers = deploy.map(
      (deployer) => new WatcherStage(this, `Watcher-${deployer.clusterName}`, { ...forWatchers, deployer }),
    );
    return { deploy, watchers };
  }

  /** Per stage `<Stage>FunctionName`, `<Stage>QueueUrl` and `<Stage>DlqUrl`; a cluster's own are `Deploy<Cluster>…`, `Watcher<Cluster>…`. */
  #tellOfStages(stages: Readonly<Record<string, StageParts>>): void {
    for (const [name, stage] of Object.entries(stages)) {
      const prefix = name.replace(/(?:^|[^a-z0-9])([a-z0-9])/gi, (_, first: string) => first.toUpperCase());
      this.#tell({
        [`${prefix}FunctionName`]: stage.function.lambda.functionName,
        ...(stage.queue && {
          [`${prefix}QueueUrl`]: stage.queue.queue.queueUrl,
          [`${prefix}DlqUrl`]: stage.queue.deadLetters.queueUrl,
        }),
        ...(stage.deadLetters && { [`${prefix}DlqUrl`]: stage.deadLetters.queue.queueUrl }),
      });
    }
  }

  #tell(outputs: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}

interface Images {
  readonly images: ImageRequests;
}

interface Failing extends Images {
  readonly queues: Readonly<Record<string, { readonly queue: StageQueue }>>;
  readonly deploy: readonly DeployStage[];
  readonly slots: readonly JobSlotsStage[];
  readonly watchers: readonly WatcherStage[];
  readonly topic: PagerTopic;
  readonly clusters: readonly ClusterStack[];
  readonly outbox: OutboxStage;
  readonly reconcile: ReconcileStage;
}

/** Whatever has a DLQ is here: a test holds it against the templates. */
function placesOf(failing: Failing): Place[] {
  const { queues, deploy, slots, watchers, clusters, outbox, reconcile, topic, images } = failing;
  return [
    ...Object.entries(queues).map(([name, { queue }]) => placeOf(name, queue)),
    ...deploy.map(({ clusterName, queue }) => placeOf(`deploy-${clusterName}`, queue)),
    ...slots.map(({ clusterName, queue }) => placeOf(`job-slots-${clusterName}`, queue)),
    ...watchers.map(({ clusterName, queue }) => placeOf(`watcher-${clusterName}`, queue)),
    { name: 'outbox', deadLetters: outbox.deadLetters.queue, to: { unmoved: 'outbox' } },
    { name: 'reconcile', deadLetters: reconcile.deadLetters.queue, to: { unmoved: 'reconcile' } },
    ...clusters.map(({ clusterName, setup }) => ({
      name: `cluster-setup-${clusterName}`,
      deadLetters: setup.deadLetters.queue,
      to: { unmoved: 'deployment' as const },
    })),
    { name: 'image-digest', deadLetters: images.deadLetters.queue, to: { unmoved: 'deployment' } },
    ...undelivered(topic),
  ];
}

const undelivered = ({ undelivered: of }: PagerTopic): Place[] =>
  of ? [{ name: 'pager-undelivered', deadLetters: of.queue, to: { unmoved: 'undelivered' } }] : [];

interface StageParts {
  readonly function: BundledFunction;
  readonly queue?: StageQueue;
  readonly deadLetters?: { readonly queue: { readonly queueUrl: string } };
}
