/** A cluster that environments run in, and which of them do, as far as it is a matter of configuration. */
import { Cidr } from './cidr.ts';
import { defaultDrainSeconds } from './draining.ts';
import { schemes } from './exposure.ts';
import { JobWorkers } from './jobs/share-settings.ts';
import { ClusterName, EnvironmentKey, NewEnvironmentName, NodePoolName, type TeamName } from './names.ts';
import { VolumeClasses } from './volume-class.ts';
import * as z from './zod.ts';

const arn = /^arn:aws(?:-cn|-us-gov)?:acm:[a-z0-9-]+:\d{12}:certificate\/[0-9a-f-]{36}$/;
const Certificate = z.string().check(z.regex(arn, 'the ARN of a certificate of ACM'));

export const Cluster = z.strictObject({
  name: ClusterName,
  kubernetesVersion: z.string().check(z.regex(/^1\.\d+$/)),
  /** Who may reach an environment's address at the most: the VPC, or everybody. A spec may say less. */
  loadBalancerScheme: z._default(z.enum(schemes), 'internal'),
  /**
   * By team: the certificate of ACM, in the cluster's region, for `*.<team>.<zone>`. Environments of a team that has one serve
   * TLS on port 443 too.
   */
  certificates: z._default(z.record(z.string(), Certificate), {}),
  /** Where AWS is reached at private addresses, as those of interface endpoints are: its data jobs may call them. */
  awsEndpoints: z.optional(
    z.array(z.strictObject({ cidr: Cidr, port: z.int().check(z.minimum(1), z.maximum(65_535)) })),
  ),
  /** Of Karpenter, by name: those that a data job may ask for. */
  jobNodePools: z.optional(z.array(NodePoolName).check(z.maxLength(50))),
  /** Where jobs could use more, each team has its share. */
  jobWorkers: JobWorkers,
  /** What its environments may keep their work on. */
  volumes: VolumeClasses,
  /** For how long a pod that goes still answers, until no load balancer leads to it any more. */
  drainSeconds: z._default(z.int().check(z.minimum(0), z.maximum(600)), defaultDrainSeconds),
});
export type Cluster = z.infer<typeof Cluster>;

/** Undefined where its environments serve no TLS. */
export const certificateOf = ({ certificates }: Pick<Cluster, 'certificates'>, team: TeamName) =>
  certificates[team];

/** An environment, and the cluster that it is to run in. */
export const PlacedEnvironment = z.strictObject({
  ...EnvironmentKey.shape,
  name: NewEnvironmentName,
  cluster: ClusterName,
});
