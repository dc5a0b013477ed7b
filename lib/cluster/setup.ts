/**
 * Gives the cluster the roles that our functions need in it, the policy of what images may run, and later its watcher: a
 * function of ours applies them when a stack is deployed, and again when what it applies has changed. It answers
 * CloudFormation by a signed S3 URL, over the gateway endpoint.
 */
import { CustomResource, Duration, FileSystem } from 'aws-cdk-lib';
import type { Cluster } from 'aws-cdk-lib/aws-eks-v2';
import { AccessPolicyArn } from 'aws-cdk-lib/aws-eks-v2';
import { Construct } from 'constructs';
import { Env, rolesResource } from '#lambdas/cluster-setup/env.ts';
import { acknowledge } from '../kit/acknowledge.ts';
import { BundledFunction } from '../kit/bundled-function.ts';
import { ClusterAccess } from '../kit/cluster-access.ts';
import { registryHost } from '../kit/registry.ts';

interface ClusterSetupProps {
  readonly cluster: Cluster;
  readonly clusterName: string;
  readonly groups: readonly string[];
}

export class ClusterSetup extends Construct {
  /** For custom resources of other stacks that put something into this cluster. */
  readonly serviceToken: string;
  /** Another one when what the function applies may have changed. */
  readonly version: string;

  constructor(scope: Construct, id: string, { cluster, clusterName, groups }: ClusterSetupProps) {
    super(scope, id);
    const access = new ClusterAccess(this, 'Access', cluster, clusterName);
    const setup = new BundledFunction(this, 'Function', {
      name: 'cluster-setup',
      description: "Applies our functions' Kubernetes roles, the image policy and the watcher",
      env: Env,
      environment: {
        CLUSTER_NAME: clusterName,
        CLUSTER_ENDPOINT: cluster.clusterEndpoint,
        CLUSTER_CA: cluster.clusterCertificateAuthorityData,
        REGISTRY: registryHost(this),
      },
      // It waits for its access entry to be known: 12 attempts of at most 15 seconds.
      timeout: Duration.minutes(4),
      network: access.network,
    });
    const entry = access.enter(setup, {
      policyArn: AccessPolicyArn.AMAZON_EKS_CLUSTER_ADMIN_POLICY.policyArn,
    });
    this.serviceToken = setup.lambda.functionArn;
    this.version = FileSystem.fingerprint(setup.bundle);
    const resource = new CustomResource(this, 'Resource', {
      resourceType: rolesResource,
      serviceToken: this.serviceToken,
      serviceTimeout: Duration.minutes(10),
      properties: { Groups: [...groups], Registry: registryHost(this), Version: this.version },
    });
    resource.node.addDependency(entry, access, setup, cluster.vpc);
    acknowledge(resource, {
      'cfn-lint W3005': 'It waits for all of the function, its permissions too, and so for the function.',
    });
  }
}
