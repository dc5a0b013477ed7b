/** An AWS identity for what runs in a cluster, by EKS Pod Identity: for one service account of one cluster alone. */
import { CfnPodIdentityAssociation } from 'aws-cdk-lib/aws-eks-v2';
import { Role, ServicePrincipal, SessionTagsPrincipal } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { ClusterStack } from '../cluster-stack.ts';
import { acknowledge } from './acknowledge.ts';

export interface PodIdentityProps {
  readonly in: ClusterStack;
  readonly account: { readonly namespace: string; readonly name: string };
  readonly description: string;
  /** What it may do. */
  readonly allow: (role: Role) => void;
}

/** @returns what there is to wait for: the role and its policy come before it. */
export function podIdentity(scope: Construct, props: PodIdentityProps): CfnPodIdentityAssociation {
  const { cluster, clusterName } = props.in;
  const { namespace, name } = props.account;
  const onlyThis = {
    'aws:RequestTag/eks-cluster-name': clusterName,
    'aws:RequestTag/kubernetes-namespace': namespace,
    'aws:RequestTag/kubernetes-service-account': name,
  };
  const eks = new ServicePrincipal('pods.eks.amazonaws.com').withConditions({ StringEquals: onlyThis });
  const role = new Role(scope, 'Role', {
    description: props.description,
    assumedBy: new SessionTagsPrincipal(eks),
  });
  props.allow(role);
  const association = new CfnPodIdentityAssociation(scope, 'Identity', {
    clusterName: cluster.clusterName,
    namespace,
    serviceAccount: name,
    roleArn: role.roleArn,
  });
  association.node.addDependency(role);
  acknowledge(association, {
    'cfn-lint W3005': 'It waits for the role with its policy, and so for the role.',
  });
  return association;
}
