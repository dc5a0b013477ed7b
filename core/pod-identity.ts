/**
 * What EKS Pod Identity's webhook would add to a pod, written into ours: an association takes seconds to be known, and a pod that
 * was made before it would never get its credentials. Source: Amazon EKS user guide, "Learn how EKS Pod Identity grants pods
 * access to AWS services".
 */

/** Where the SDK finds its token, and where the agent is on each node. */
const identity = {
  volume: 'eks-pod-identity-token',
  path: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount',
  file: 'eks-pod-identity-token',
  audience: 'pods.eks.amazonaws.com',
} as const;
export const identityAgent = { address: '169.254.170.23', port: 80 } as const;

/** Of a pod: containers that the webhook is to leave as they are, by its own README. */
export const skipContainers = 'eks.amazonaws.com/skip-containers';

export const identityEnvironment = {
  AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://${identityAgent.address}/v1/credentials`,
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: `${identity.path}/${identity.file}`,
};
export const identityMount = { name: identity.volume, mountPath: identity.path, readOnly: true };
export const identityVolume = {
  name: identity.volume,
  projected: {
    sources: [
      {
        serviceAccountToken: {
          audience: identity.audience,
          expirationSeconds: 86_400,
          path: identity.file,
        },
      },
    ],
  },
};
