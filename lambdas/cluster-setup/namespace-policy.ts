/**
 * The deployer may delete namespaces and make Secrets, and RBAC can't say which: the API server itself lets it change and
 * delete the namespaces of environments, and make their SSH host keys, and refuses every other. Source: Kubernetes
 * documentation, "Validating Admission Policy".
 */
import { type KubernetesObject, managedBy } from '#core/labels.ts';
import { hostKeySecrets } from '#core/ssh-pod.ts';
import { deployersGroup } from './env.ts';
import { environmentLabel } from './image-policy.ts';

const apiVersion = 'admissionregistration.k8s.io/v1';

interface Limit {
  readonly name: string;
  readonly rule: { readonly resources: string[]; readonly operations: string[]; readonly scope: string };
  readonly expression: string;
  readonly messageExpression: string;
}

const byDeployers = { name: 'by-a-deployer', expression: `'${deployersGroup}' in request.userInfo.groups` };

const limits: readonly Limit[] = [
  {
    name: 'getschwifty-namespaces',
    rule: { resources: ['namespaces'], operations: ['UPDATE', 'DELETE'], scope: 'Cluster' },
    expression: `has(oldObject.metadata.labels) && '${environmentLabel}' in oldObject.metadata.labels`,
    messageExpression:
      "'namespace \"' + oldObject.metadata.name + '\" is no environment\\'s: GetSchwifty leaves it alone. Delete it or take another name.'",
  },
  {
    name: 'getschwifty-host-keys',
    rule: { resources: ['secrets'], operations: ['CREATE', 'UPDATE'], scope: 'Namespaced' },
    expression: `has(namespaceObject.metadata.labels) && '${environmentLabel}' in namespaceObject.metadata.labels && object.metadata.name.startsWith('${hostKeySecrets}') && object.type == 'Opaque'`,
    messageExpression:
      "'the deployer makes the SSH host keys of environments and no other Secret: not \"' + object.metadata.name + '\" in ' + namespaceObject.metadata.name + '.'",
  },
];

export const namespacePolicy: readonly KubernetesObject[] = limits.flatMap(
  ({ name, rule, expression, messageExpression }) => [
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name, labels: managedBy },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          matchPolicy: 'Equivalent',
          resourceRules: [{ apiGroups: [''], apiVersions: ['*'], ...rule }],
        },
        matchConditions: [byDeployers],
        validations: [{ expression, messageExpression, reason: 'Forbidden' }],
      },
    },
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name, labels: managedBy },
      spec: { policyName: name, validationActions: ['Deny'] },
    },
  ],
);
