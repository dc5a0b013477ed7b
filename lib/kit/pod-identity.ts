/** Who may take a role by EKS Pod Identity: one service account of one cluster. */
import { type IPrincipal, ServicePrincipal, SessionTagsPrincipal } from 'aws-cdk-lib/aws-iam';

export const podPrincipal = (
  clusterName: string,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): IPrincipal =>
  new SessionTagsPrincipal(
    new ServicePrincipal('pods.eks.amazonaws.com').withConditions({
      StringEquals: {
        'aws:RequestTag/eks-cluster-name': clusterName,
        'aws:RequestTag/kubernetes-namespace': namespace,
        'aws:RequestTag/kubernetes-service-account': name,
      },
    }),
  );
