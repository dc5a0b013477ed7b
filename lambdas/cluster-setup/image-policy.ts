/**
 * In an environment's namespace runs what was released for that environment, and nothing else; in a data job's our worker, and what
 * was released for the job's team. Who may make pods there can still not run another image. The API server itself decides, before a pod is stored, and refuses where it can't.
 * Source: Kubernetes documentation, "Validating Admission Policy" and "Common Expression Language in Kubernetes".
 */
import { fieldManager, type KubernetesObject } from '#core/rollout.ts';

/** Every namespace of an environment has it (core/rollout.ts); the cluster's own and the watcher's don't. */
export const environmentLabel = 'getschwifty.dev/environment';
/** Every namespace of a data job has it (core/jobs/slot-objects.ts), and the team's beside it. */
export const jobLabel = 'getschwifty.dev/job';
const teamLabel = 'getschwifty.dev/team';

const group = 'admissionregistration.k8s.io';
const labels = { 'app.kubernetes.io/managed-by': fieldManager };

/** Namespaces of one sort. */
interface Where {
  readonly name: string;
  /** They have it, and no other. */
  readonly label: string;
  /** CEL: what follows `<registry>/release/`, and then how the rest is. */
  readonly released: string;
  readonly rest: string;
  /** What a person is told. */
  readonly remedy: string;
}

const environments: Where = {
  name: 'getschwifty-released-images',
  label: environmentLabel,
  // A namespace's name is `team--environment`, and can't be changed as its labels can.
  released: "namespaceObject.metadata.name.replace('--', '/') + '@sha256:'",
  rest: '^[0-9a-f]{64}$',
  remedy:
    "'here runs what was released for it, ' + variables.released + '<digest>. Have it built, approved and promoted.'",
};
const jobs: Where = {
  name: 'getschwifty-job-images',
  label: jobLabel,
  // Of who may write the namespace, namespace-policy.ts says that it is the keeper of slots.
  released: `namespaceObject.metadata.labels['${teamLabel}'] + '/'`,
  rest: '^[a-z0-9-]+@sha256:[0-9a-f]{64}$',
  remedy:
    "'a job runs what was released for an environment of its team, ' + variables.released + '<environment>@<digest>.'",
};

interface Kind {
  /** After the name of where it is. */
  readonly suffix: string;
  /** Of the object that is admitted to the pod that it is or makes. */
  readonly podSpec: string;
  readonly rules: readonly { apiGroups: string[]; resources: string[]; operations: string[] }[];
}

const written = ['CREATE', 'UPDATE'];

/** One policy each, so that the API server can check the types of its expressions. */
const kinds: readonly Kind[] = [
  {
    suffix: '',
    podSpec: 'object.spec',
    rules: [
      { apiGroups: [''], resources: ['pods'], operations: written },
      { apiGroups: [''], resources: ['pods/ephemeralcontainers'], operations: ['UPDATE'] },
    ],
  },
  {
    // What makes pods is told at once; else it would only fail to make them, out of its owner's sight.
    suffix: '-in-templates',
    podSpec: 'object.spec.template.spec',
    rules: [
      {
        apiGroups: ['apps'],
        resources: ['deployments', 'replicasets', 'statefulsets', 'daemonsets'],
        operations: written,
      },
      { apiGroups: ['batch'], resources: ['jobs'], operations: written },
      { apiGroups: [''], resources: ['replicationcontrollers'], operations: written },
    ],
  },
  {
    suffix: '-in-schedules',
    podSpec: 'object.spec.jobTemplate.spec.template.spec',
    rules: [{ apiGroups: ['batch'], resources: ['cronjobs'], operations: written }],
  },
];

/**
 * Policies before their bindings.
 * @param registry the host that release repositories are pulled from.
 * @param own images of ours by their digests, which run beside what was released: the gate's.
 */
export const imagePolicies = (registry: string, own: readonly string[]): KubernetesObject[] =>
  policiesOf(environments, registry, own);

/** The same of data jobs. @param own the worker's. */
export const jobImagePolicies = (registry: string, own: readonly string[]): KubernetesObject[] =>
  policiesOf(jobs, registry, own);

const policiesOf = (where: Where, registry: string, own: readonly string[]): KubernetesObject[] => [
  ...kinds.map((kind) => policy(where, kind, registry, own)),
  ...kinds.map((kind) => binding(where, kind)),
];

const expressions = (where: Where, podSpec: string, registry: string, own: readonly string[]) => [
  { name: 'pod', expression: podSpec },
  { name: 'released', expression: `${literal(`${registry}/release/`)} + ${where.released}` },
  {
    name: 'images',
    expression: ['containers', 'initContainers', 'ephemeralContainers'].map(imagesOf).join(' + '),
  },
  {
    name: 'volumes',
    expression:
      "(has(variables.pod.volumes) ? variables.pod.volumes : []).filter(v, has(v.image)).map(v, has(v.image.reference) ? v.image.reference : '')",
  },
  { name: 'own', expression: `[${own.map(literal).join(', ')}]` },
  {
    name: 'strangers',
    expression: `(variables.images + variables.volumes).filter(i, !(i in variables.own) && !(i.startsWith(variables.released) && i.substring(variables.released.size()).matches('${where.rest}')))`,
  },
];

const imagesOf = (list: string): string =>
  `(has(variables.pod.${list}) ? variables.pod.${list} : []).map(c, has(c.image) ? c.image : '')`;

/** Nothing that the name of a registry or an image can hold ends a literal: env.ts and access.ts see to it. */
const literal = (text: string): string => `'${text}'`;

function policy(
  where: Where,
  { suffix, podSpec, rules }: Kind,
  registry: string,
  own: readonly string[],
): KubernetesObject {
  const name = `${where.name}${suffix}`;
  return {
    apiVersion: `${group}/v1`,
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name, labels },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        matchPolicy: 'Equivalent',
        resourceRules: rules.map((rule) => ({ ...rule, apiVersions: ['*'], scope: 'Namespaced' })),
      },
      variables: expressions(where, podSpec, registry, own),
      validations: [
        {
          expression: 'variables.strangers.size() == 0',
          messageExpression: `'image "' + variables.strangers[0] + '" may not run in ' + namespaceObject.metadata.name + ': ' + ${where.remedy}`,
          reason: 'Forbidden',
        },
      ],
    },
  };
}

function binding(where: Where, { suffix }: Kind): KubernetesObject {
  const name = `${where.name}${suffix}`;
  return {
    apiVersion: `${group}/v1`,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name, labels },
    spec: {
      policyName: name,
      validationActions: ['Deny'],
      matchResources: {
        matchPolicy: 'Equivalent',
        namespaceSelector: { matchExpressions: [{ key: where.label, operator: 'Exists' }] },
      },
    },
  };
}
