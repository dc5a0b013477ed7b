/**
 * The deployer may delete namespaces and make Secrets, and RBAC can't say which: the API server itself lets it change and
 * delete the namespaces of environments, and make their SSH host keys, and name snapshots of their volumes, and refuses every other. So it lets the keeper of slots
 * write in the namespaces of data jobs alone. Source: Kubernetes documentation, "Validating Admission Policy".
 */
import { type KubernetesObject, managedBy } from '#core/labels.ts';
import { hostKeySecrets } from '#core/ssh-pod.ts';
import { deployersGroup, slotKeepersGroup } from './env.ts';
import { environmentLabel, jobLabel } from './image-policy.ts';
import { slotKeeperWrites } from './slot-keepers.ts';

const apiVersion = 'admissionregistration.k8s.io/v1';

interface Rule {
  readonly apiGroups: string[];
  readonly resources: string[];
  readonly operations: string[];
  readonly scope: string;
}
interface Limit {
  readonly name: string;
  /** The Kubernetes group that it is for. */
  readonly of: string;
  readonly rules: readonly Rule[];
  readonly expression: string;
  readonly messageExpression: string;
}

/** CEL: the name of a data job's namespace, core/jobs/slots.ts. */
const isJob = (name: string): string => `${name}.matches('^job-[0-9a-f]{16}$')`;
/** CEL: of what is made, changed or deleted. */
const it = "(request.operation == 'DELETE' ? oldObject : object)";
const labelled = `has(${it}.metadata.labels) && '${jobLabel}' in ${it}.metadata.labels && ${it}.metadata.labels['${jobLabel}'] == ${it}.metadata.name`;

/** CEL: the namespace that a VolumeSnapshotContent is of, whose field is called as a word of CEL is. */
const refers = (object: string): string => `dyn(${object}.spec.volumeSnapshotRef)['namespace']`;
const isEnvironments = (object: string): string =>
  `${refers(object)}.matches('^[a-z](-?[a-z0-9])*--[a-z](-?[a-z0-9])*$')`;
/**
 * What it makes names a snapshot that is there, for one environment, and never takes the snapshot along; what the cluster made of an
 * environment's volume it may let go, and change nothing else of it.
 */
const snapshotContents = [
  `request.operation != 'CREATE' || (${isEnvironments('object')} && has(object.spec.source.snapshotHandle) && object.metadata.name.startsWith(${refers('object')} + '--'))`,
  `request.operation != 'UPDATE' || (${isEnvironments('oldObject')} && ${refers('object')} == ${refers('oldObject')} && object.spec.driver == oldObject.spec.driver)`,
  "request.operation == 'DELETE' || object.spec.deletionPolicy == 'Retain' || has(object.spec.source.volumeHandle)",
  `request.operation != 'DELETE' || ${isEnvironments('oldObject')}`,
];

const limits: readonly Limit[] = [
  {
    name: 'getschwifty-namespaces',
    of: deployersGroup,
    rules: [
      { apiGroups: [''], resources: ['namespaces'], operations: ['UPDATE', 'DELETE'], scope: 'Cluster' },
    ],
    expression: `has(oldObject.metadata.labels) && '${environmentLabel}' in oldObject.metadata.labels`,
    messageExpression:
      "'namespace \"' + oldObject.metadata.name + '\" is no environment\\'s: GetSchwifty leaves it alone. Delete it or take another name.'",
  },
  {
    name: 'getschwifty-host-keys',
    of: deployersGroup,
    rules: [
      { apiGroups: [''], resources: ['secrets'], operations: ['CREATE', 'UPDATE'], scope: 'Namespaced' },
    ],
    expression: `has(namespaceObject.metadata.labels) && '${environmentLabel}' in namespaceObject.metadata.labels && object.metadata.name.startsWith('${hostKeySecrets}') && object.type == 'Opaque'`,
    messageExpression:
      "'the deployer makes the SSH host keys of environments and no other Secret: not \"' + object.metadata.name + '\" in ' + namespaceObject.metadata.name + '.'",
  },
  {
    name: 'getschwifty-snapshot-contents',
    of: deployersGroup,
    rules: [
      {
        apiGroups: ['snapshot.storage.k8s.io'],
        resources: ['volumesnapshotcontents'],
        operations: ['CREATE', 'UPDATE', 'DELETE'],
        scope: 'Cluster',
      },
    ],
    expression: snapshotContents.map((each) => `(${each})`).join(' && '),
    messageExpression: `'VolumeSnapshotContent "' + ${it}.metadata.name + '" is no environment\\'s, or would be another than it was: the deployer leaves it alone.'`,
  },
  {
    name: 'getschwifty-job-namespaces',
    of: slotKeepersGroup,
    rules: [
      {
        apiGroups: [''],
        resources: ['namespaces'],
        operations: ['CREATE', 'UPDATE', 'DELETE'],
        scope: 'Cluster',
      },
    ],
    expression: `${isJob(`${it}.metadata.name`)} && ${labelled}`,
    messageExpression: `'namespace "' + ${it}.metadata.name + '" is no data job\\'s: the keeper of slots leaves it alone.'`,
  },
  {
    name: 'getschwifty-job-objects',
    of: slotKeepersGroup,
    rules: slotKeeperWrites.map(([group, resources]) => ({
      apiGroups: [group],
      resources: [...resources],
      operations: ['CREATE', 'UPDATE', 'DELETE'],
      scope: 'Namespaced',
    })),
    expression: isJob('request.namespace'),
    messageExpression:
      "'the keeper of slots writes in namespaces of data jobs and nowhere else: not in ' + request.namespace + '.'",
  },
];

export const namespacePolicy: readonly KubernetesObject[] = limits.flatMap(
  ({ name, of, rules, expression, messageExpression }) => [
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name, labels: managedBy },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          matchPolicy: 'Equivalent',
          resourceRules: rules.map((rule) => ({ apiVersions: ['*'], ...rule })),
        },
        matchConditions: [{ name: 'by-one-of-them', expression: `'${of}' in request.userInfo.groups` }],
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
