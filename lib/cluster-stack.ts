/** One cluster: its network, EKS in Auto Mode, what watches it, and the roles inside it that our functions need. */
import { Stack } from 'aws-cdk-lib';
import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  type IVpc,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Cluster, ClusterLoggingTypes, EndpointAccess, KubernetesVersion } from 'aws-cdk-lib/aws-eks-v2';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { Cluster as ClusterConfig } from '#core/cluster.ts';
import { deployersGroup } from '#lambdas/cluster-setup/env.ts';
import { Observability } from './cluster/observability.ts';
import { ClusterSetup } from './cluster/setup.ts';
import { acknowledge, managedPolicies } from './kit/acknowledge.ts';
import { choicesOf, removalPolicyOf } from './kit/context.ts';
import { logGroup } from './kit/log-group.ts';

const autoMode = 'EKS Auto Mode is specified with these AWS managed policies, and AWS keeps them right.';

export interface ClusterStackProps {
  readonly cluster: ClusterConfig;
  readonly pager: ITopic;
}

export class ClusterStack extends Stack {
  /** As in the configuration; also the name that EKS knows. */
  readonly clusterName: string;
  readonly cluster: Cluster;
  readonly setup: ClusterSetup;

  constructor(scope: Construct, id: string, { cluster, pager }: ClusterStackProps) {
    super(scope, id, { description: `GetSchwifty: cluster ${cluster.name}` });
    this.clusterName = cluster.name;
    this.cluster = this.#cluster(cluster, this.#network());
    const made = { cluster: this.cluster, clusterName: cluster.name };
    new Observability(this, 'Observability', made);
    this.setup = new ClusterSetup(this, 'Setup', { ...made, groups: [deployersGroup], pager });
  }

  /** What a node needs, and no more: nodes pull images, they don't push them. */
  #nodeRole(): Role {
    const policies = ['AmazonEKSWorkerNodeMinimalPolicy', 'AmazonEC2ContainerRegistryPullOnly'];
    const role = new Role(this, 'NodeRole', {
      assumedBy: new ServicePrincipal('ec2.amazonaws.com'),
      managedPolicies: policies.map((name) => ManagedPolicy.fromAwsManagedPolicyName(name)),
    });
    acknowledge(role, managedPolicies(policies, autoMode));
    return role;
  }

  /** Nodes in the private subnets, what may reach nothing but the cluster in the isolated ones. */
  #network(): Vpc {
    const vpc = new Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: choicesOf(this).natGateways,
      subnetConfiguration: [
        { name: 'public', subnetType: SubnetType.PUBLIC, cidrMask: 24 },
        { name: 'nodes', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 18 },
        { name: 'functions', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 24 },
      ],
      // Takes no custom resource, and nothing of ours uses the default group.
      restrictDefaultSecurityGroup: false,
      gatewayEndpoints: {
        DynamoDb: { service: GatewayVpcEndpointAwsService.DYNAMODB },
        S3: { service: GatewayVpcEndpointAwsService.S3 },
      },
    });
    vpc.addFlowLog('Rejected', {
      destination: FlowLogDestination.toCloudWatchLogs(logGroup(this, 'FlowLogs')),
      trafficType: FlowLogTrafficType.REJECT,
    });
    return vpc;
  }

  #cluster(config: ClusterConfig, vpc: Vpc): Cluster {
    const controlPlaneLogs = logGroup(this, 'ControlPlaneLogs', `/aws/eks/${config.name}/cluster`);
    const cluster = new Cluster(this, 'Cluster', {
      clusterName: config.name,
      version: KubernetesVersion.of(config.kubernetesVersion),
      // As an interface: CDK's classes are not made for exactOptionalPropertyTypes.
      vpc: vpc as IVpc,
      vpcSubnets: [{ subnetType: SubnetType.PRIVATE_WITH_EGRESS }],
      compute: { nodePools: ['system', 'general-purpose'], nodeRole: this.#nodeRole() },
      // Nobody calls Kubernetes from outside: people use the API, the deployer is in the VPC (docs/adr/0004).
      endpointAccess: EndpointAccess.PRIVATE,
      // Who may enter is in access entries alone, not in who happened to deploy.
      bootstrapClusterCreatorAdminPermissions: false,
      secretsEncryptionKey: new Key(this, 'SecretsKey', {
        description: `Kubernetes secrets of cluster ${config.name}`,
        enableKeyRotation: true,
        removalPolicy: removalPolicyOf(this),
      }),
      clusterLogging: [
        ClusterLoggingTypes.API,
        ClusterLoggingTypes.AUDIT,
        ClusterLoggingTypes.AUTHENTICATOR,
        ClusterLoggingTypes.CONTROLLER_MANAGER,
        ClusterLoggingTypes.SCHEDULER,
      ],
      outputConfigCommand: false,
    });
    // Else EKS makes the group itself, and its logs stay for ever.
    cluster.node.addDependency(controlPlaneLogs);
    acknowledge(cluster, {
      ...managedPolicies(
        ['Cluster', 'Compute', 'BlockStorage', 'LoadBalancing', 'Networking'].map(
          (name) => `AmazonEKS${name}Policy`,
        ),
        autoMode,
      ),
      'CloudFormation-Validate::W9009': 'The construct of CDK writes this property; what it says is so.',
      'cfn-lint W3005': 'CDK lets a cluster wait for its subnets by name, too: harmless.',
    });
    return cluster;
  }
}
