/**
 * The deployer may delete namespaces, and RBAC can't say which: the API server itself lets it change and delete those of
 * environments, and refuses every other. Source: Kubernetes documentation, "Validating Admission Policy".
 */
import { type KubernetesObject, managedBy } from '#core/labels.ts';
import { deployersGroup } from './env.ts';
import { environmentLabel } from './image-policy.ts';

const apiVersion = 'admissionregistration.k8s.io/v1';
const name = 'getschwifty-namespaces';
const metadata = { name, labels: managedBy };

export const namespacePolicy: readonly KubernetesObject[] = [
  {
    apiVersion,
    kind: 'ValidatingAdmissionPolicy',
    metadata,
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        matchPolicy: 'Equivalent',
        resourceRules: [
          {
            apiGroups: [''],
            apiVersions: ['*'],
            resources: ['namespaces'],
            operations: ['UPDATE', 'DELETE'],
            scope: 'Cluster',
          },
        ],
      },
      matchConditions: [
        { name: 'by-a-deployer', expression: `'${deployersGroup}' in request.userInfo.groups` },
      ],
      validations: [
        {
          expression: `has(oldObject.metadata.labels) && '${environmentLabel}' in oldObject.metadata.labels`,
          messageExpression:
            "'namespace \"' + oldObject.metadata.name + '\" is no environment\\'s: GetSchwifty leaves it alone. Delete it or take another name.'",
          reason: 'Forbidden',
        },
      ],
    },
  },
  {
    apiVersion,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata,
    spec: { policyName: name, validationActions: ['Deny'] },
  },
];
