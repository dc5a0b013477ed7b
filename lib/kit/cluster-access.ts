/**
 * What lets a function call a cluster's API: a network path (security groups) and an identity (an access entry). The
 * isolated subnets have routes to DynamoDB and S3 by gateway endpoints, and no other way out.
 */
import { CfnSecurityGroupIngress, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { CfnAccessEntry, type Cluster } from 'aws-cdk-lib/aws-eks-v2';
import { Construct } from 'constructs';
import type { BundledFunction } from './bundled-function.ts';

type Rights =
  | { readonly groups: readonly string[] }
  /** An EKS access policy, for the whole cluster. */
  | { readonly policyArn: string };

export class ClusterAccess extends Construct {
  /** Of a BundledFunction. */
  readonly network: { readonly vpc: Cluster['vpc']; readonly securityGroup: SecurityGroup };
  /** Of a function: how it finds the cluster. */
  readonly environment: Readonly<Record<'CLUSTER_NAME' | 'CLUSTER_ENDPOINT' | 'CLUSTER_CA', string>>;
  readonly #cluster: Cluster;

  constructor(scope: Construct, id: string, cluster: Cluster, clusterName: string) {
    super(scope, id);
    this.#cluster = cluster;
    const securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc: cluster.vpc,
      description: `May call the API of cluster ${clusterName}`,
      allowAllOutbound: false,
    });
    securityGroup.addEgressRule(
      Peer.anyIpv4(),
      Port.HTTPS,
      'the cluster, DynamoDB and S3: there is no other route',
    );
    new CfnSecurityGroupIngress(this, 'Ingress', {
      groupId: cluster.clusterSecurityGroupId,
      sourceSecurityGroupId: securityGroup.securityGroupId,
      ipProtocol: 'tcp',
      fromPort: 443,
      toPort: 443,
      description: 'Kubernetes API',
    });
    this.network = { vpc: cluster.vpc, securityGroup };
    this.environment = {
      CLUSTER_NAME: clusterName,
      CLUSTER_ENDPOINT: cluster.clusterEndpoint,
      CLUSTER_CA: cluster.clusterCertificateAuthorityData,
    };
  }

  enter(caller: BundledFunction, rights: Rights): CfnAccessEntry {
    return new CfnAccessEntry(this, 'Entry', {
      clusterName: this.#cluster.clusterName,
      principalArn: caller.role.roleArn,
      type: 'STANDARD',
      ...('groups' in rights
        ? { kubernetesGroups: [...rights.groups] }
        : { accessPolicies: [{ policyArn: rights.policyArn, accessScope: { type: 'cluster' } }] }),
    });
  }
}
