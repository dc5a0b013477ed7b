/**
 * Gives the cluster the roles that our functions need in it, the policy of what images may run, and later its watcher: a
 * function of ours applies them when a stack is deployed, and again when what it applies has changed. It answers
 * CloudFormation by a signed S3 URL, over the gateway endpoint.
 */
import { CustomResource, Duration, FileSystem } from 'aws-cdk-lib';
import type { Cluster } from 'aws-cdk-lib/aws-eks-v2';
import { AccessPolicyArn } from 'aws-cdk-lib/aws-eks-v2';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { Env, rolesResource } from '#lambdas/cluster-setup/env.ts';
import { acknowledge } from '../kit/acknowledge.ts';
import { ClusterAccess } from '../kit/cluster-access.ts';
import { DeadLetters } from '../kit/dead-letters.ts';
import { registryHost } from '../kit/registry.ts';
import { StageFunction } from '../kit/stage-function.ts';

interface ClusterSetupProps {
  readonly cluster: Cluster;
  readonly clusterName: string;
  readonly groups: readonly string[];
  readonly pager: ITopic;
}

const impact = 'Deployers have no rights in the cluster, or old ones: nothing is rolled out there.';

export class ClusterSetup extends Construct {
  /** For custom resources of other stacks that put something into this cluster. */
  readonly serviceToken: string;
  /** Another one when what the function applies may have changed. */
  readonly version: string;
  readonly deadLetters: DeadLetters;

  constructor(scope: Construct, id: string, { cluster, clusterName, groups, pager }: ClusterSetupProps) {
    super(scope, id);
    const name = 'cluster-setup';
    // CloudFormation invokes it asynchronously: what it can't take in three attempts would be gone.
    this.deadLetters = new DeadLetters(this, 'DeadLetters', { of: name, impact, pager });
    const access = new ClusterAccess(this, 'Access', cluster, clusterName);
    const setup = new StageFunction(this, 'Function', {
      name,
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
      failures: this.deadLetters.queue,
      impact,
      pager,
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
