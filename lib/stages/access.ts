/**
 * What lets people log in to a cluster's environments: the service that gates ask, with an identity that may read people's
 * SSH keys, keep who logged in and say that it is alive, and do nothing else. It is there before the deployer, which tells gates where it is.
 */
import { CustomResource, Duration, Stack } from 'aws-cdk-lib';
import { type Alarm, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { FilterPattern, LogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { accessHeartbeat } from '#core/access.ts';
import { unansweredWords, unjudgedWords } from '#core/gate.ts';
import { accessAccount, accessResource } from '#lambdas/cluster-setup/env.ts';
import type { ClusterStack } from '../cluster-stack.ts';
import { acknowledge } from '../kit/acknowledge.ts';
import { alarm } from '../kit/alarm.ts';
import type { PinnedImage } from '../kit/pinned-image.ts';
import { podIdentity } from '../kit/pod-identity.ts';
import { readingKeys, writingSessions } from '../kit/table-access.ts';
import { unscopedFinding } from '../kit/unscoped.ts';

const impact = 'Nobody logs in to environments by SSH; after a minute without an answer open sessions end.';

export interface AccessStageProps {
  readonly table: Table;
  readonly image: PinnedImage;
  readonly in: ClusterStack;
  readonly pager: ITopic;
}

export class AccessStage extends Construct {
  /** What gates are made from, by its digest. */
  readonly image: string;
  /** Where gates ask, within the cluster. */
  readonly url: string;

  constructor(scope: Construct, id: string, { table, image, pager, in: target }: AccessStageProps) {
    super(scope, id);
    const identity = podIdentity(this, {
      in: target,
      account: accessAccount,
      description: `Access service of cluster ${target.clusterName}: reads people's SSH keys, keeps who logged in, says that it is alive, nothing else`,
      allow: (role) => {
        role.addToPolicy(readingKeys(table));
        role.addToPolicy(writingSessions(table));
        role.addToPolicy(beating(target.clusterName));
        acknowledge(role, unscopedFinding(['cloudwatch:PutMetricData']));
      },
    });
    const inCluster = new CustomResource(this, 'InCluster', {
      resourceType: accessResource,
      serviceToken: target.setup.serviceToken,
      serviceTimeout: Duration.minutes(10),
      properties: {
        Image: image.reference,
        Architecture: image.architecture,
        TableName: table.tableName,
        Region: Stack.of(this).region,
        Version: target.setup.version,
      },
    });
    inCluster.node.addDependency(identity);
    this.#alarm(target.clusterName, pager);
    // Once it was told to be there: before, its silence says nothing.
    this.#silence(target.clusterName, pager).node.addDependency(inCluster);
    this.image = image.reference;
    this.url = inCluster.getAttString('Url');
  }

  /** Gates say when they have no answer; their log is where Container Insights puts those of pods. */
  #alarm(clusterName: string, pager: ITopic): void {
    const group = `/aws/containerinsights/${clusterName}/application`;
    const filter = new MetricFilter(this, 'Unanswered', {
      logGroup: LogGroup.fromLogGroupName(this, 'PodLogs', group),
      filterPattern: FilterPattern.anyTerm(unansweredWords, unjudgedWords),
      metricNamespace: 'GetSchwifty',
      metricName: `SshUnanswered-${clusterName}`,
      metricValue: '1',
    });
    alarm(this, 'NoAnswer', {
      metric: filter.metric({ statistic: 'Sum', period: Duration.minutes(5) }),
      threshold: 3,
      seen: `Gates of cluster ${clusterName} have no answer from its access service.`,
      impact,
      runbook: 'access',
      pager,
    });
  }

  /** Also while nobody logs in, and none of the gates asks. */
  #silence(clusterName: string, pager: ITopic): Alarm {
    return alarm(this, 'Silent', {
      metric: new Metric({
        namespace: accessHeartbeat.namespaceOf(clusterName),
        metricName: accessHeartbeat.metric,
        statistic: 'Sum',
        period: Duration.minutes(1),
      }),
      threshold: 1,
      below: true,
      evaluationPeriods: 5,
      silenceRings: true,
      seen: `The access service of cluster ${clusterName} has said nothing for five minutes.`,
      impact,
      runbook: 'access',
      pager,
    });
  }
}

const beating = (clusterName: string): PolicyStatement =>
  new PolicyStatement({
    actions: ['cloudwatch:PutMetricData'],
    resources: ['*'],
    conditions: { StringEquals: { 'cloudwatch:namespace': accessHeartbeat.namespaceOf(clusterName) } },
  });
