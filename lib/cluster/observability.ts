/** What sees into the cluster: Container Insights by the CloudWatch Observability add-on, and metrics-server for autoscaling. */
import type { Cluster } from 'aws-cdk-lib/aws-eks-v2';
import { CfnAddon } from 'aws-cdk-lib/aws-eks-v2';
import { ManagedPolicy, Role, ServicePrincipal, SessionTagsPrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledge, managedPolicies } from '../kit/acknowledge.ts';
import { logGroup } from '../kit/log-group.ts';

interface ObservabilityProps {
  readonly cluster: Cluster;
  readonly clusterName: string;
}

export class Observability extends Construct {
  constructor(scope: Construct, id: string, { cluster, clusterName }: ObservabilityProps) {
    super(scope, id);
    const agent = new Role(this, 'AgentRole', {
      description: `CloudWatch agent of cluster ${clusterName}`,
      // EKS Pod Identity; the agent that gives it is part of Auto Mode.
      assumedBy: new SessionTagsPrincipal(new ServicePrincipal('pods.eks.amazonaws.com')),
      managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName('CloudWatchAgentServerPolicy')],
    });
    const reason = 'The add-on is specified with this AWS managed policy, and AWS keeps it right.';
    acknowledge(agent, managedPolicies(['CloudWatchAgentServerPolicy'], reason));
    const insights = new CfnAddon(this, 'ContainerInsights', {
      addonName: 'amazon-cloudwatch-observability',
      clusterName: cluster.clusterName,
      podIdentityAssociations: [{ serviceAccount: 'cloudwatch-agent', roleArn: agent.roleArn }],
      resolveConflicts: 'OVERWRITE',
    });
    // Else the agent makes these groups itself, and their logs stay for ever.
    for (const kind of ['application', 'dataplane', 'host', 'performance']) {
      insights.node.addDependency(
        logGroup(this, `Logs-${kind}`, `/aws/containerinsights/${clusterName}/${kind}`),
      );
    }
    new CfnAddon(this, 'MetricsServer', {
      addonName: 'metrics-server',
      clusterName: cluster.clusterName,
      resolveConflicts: 'OVERWRITE',
    });
  }
}
