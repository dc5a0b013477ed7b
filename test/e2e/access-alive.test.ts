/** The access service in its cluster says that it is alive, and its AWS identity speaks for no other cluster. */
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { beforeAll, describe, expect, it } from 'vitest';
import { MetricHeartbeat } from '#adapters/aws/heartbeat.ts';
import { accessHeartbeat } from '#core/access.ts';
import { until } from '#local/demo/world.ts';
import { heartbeatContract } from '../contracts/heartbeat.ts';
import { heardIn, metricHeartbeat } from '../contracts/metric-heartbeat.ts';
import { access } from './cloud.ts';

const metrics = new CloudWatchClient(access.sdk);
const own = accessHeartbeat.namespaceOf('main');
let namespaces = 0;

describe('an access service', () => {
  let its: CloudWatchClient;
  beforeAll(async () => {
    const { Roles = [] } = await new IAMClient(access.sdk).send(new ListRolesCommand({ MaxItems: 1000 }));
    const tags = {
      'eks-cluster-name': 'main',
      'kubernetes-namespace': 'getschwifty-system',
      'kubernetes-service-account': 'access',
    };
    const { Credentials } = await new STSClient(access.sdk).send(
      new AssumeRoleCommand({
        RoleArn: Roles.find(({ RoleName }) => RoleName?.includes('Accessmain'))?.Arn ?? '',
        RoleSessionName: 'e2e',
        Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      }),
    );
    its = new CloudWatchClient({
      ...access.sdk,
      credentials: {
        accessKeyId: Credentials?.AccessKeyId ?? '',
        secretAccessKey: Credentials?.SecretAccessKey ?? '',
        ...(Credentials?.SessionToken ? { sessionToken: Credentials.SessionToken } : {}),
      },
    });
  });

  it('says that it is alive, which its alarm hears', async () => {
    await until('a heartbeat', 120, async () => ((await heardIn(metrics, own)) > 0 ? true : undefined));
    const state = await until('its alarm to be quiet', 120, async () => {
      const { MetricAlarms = [] } = await metrics.send(new DescribeAlarmsCommand({}));
      const alarm = MetricAlarms.find(({ Namespace }) => Namespace === own);
      return alarm?.StateValue === 'OK' ? alarm : undefined;
    });
    expect(state).toMatchObject({ TreatMissingData: 'breaching', EvaluationPeriods: 5 });
  });

  it.each([
    ["another cluster's", accessHeartbeat.namespaceOf('other')],
    ["the functions'", 'GetSchwifty'],
    ["Container Insights'", 'ContainerInsights'],
  ])('may put metrics into its own namespace, and not into %s', async (_, namespace) => {
    await new MetricHeartbeat(own, 'E2e', its).beat();
    await expect(new MetricHeartbeat(namespace, accessHeartbeat.metric, its).beat()).rejects.toThrow(
      /not authorized to perform: cloudwatch:PutMetricData/,
    );
  });
});

heartbeatContract('MetricHeartbeat', () => {
  namespaces += 1;
  return metricHeartbeat(access.sdk, `heart-${Date.now().toString(36)}-${namespaces}`);
});
