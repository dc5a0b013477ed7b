/** What things are called: teams, environments, digests and instants, with the grammar that each must match. */
import * as z from './zod.ts';

/** No double hyphen: `team--name` (the namespace) then splits in one way only. */
const label = z
  .string()
  .check(
    z.minLength(2),
    z.maxLength(24),
    z.regex(
      /^[a-z](?:-?[a-z0-9])*$/,
      'lower-case letters, digits and single hyphens, beginning with a letter',
    ),
  );

export const TeamName = label.brand<'TeamName'>();
export type TeamName = z.infer<typeof TeamName>;

export const EnvironmentName = label.brand<'EnvironmentName'>();
export type EnvironmentName = z.infer<typeof EnvironmentName>;

export const ClusterName = z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/));

/** Of Karpenter, as a label's value (Kubernetes: object names, RFC 1123 label). */
export const NodePoolName = z
  .string()
  .check(z.regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'the name of a node pool'));

/** What data jobs are called: trail, outbox and ledger have them where environments are, so no environment is called so. */
export const jobNamePattern = /^job-[0-9a-f]{16}$/;

/** Of an environment that is asked for, or configured. */
export const NewEnvironmentName = EnvironmentName.check(
  z.refine((name) => !jobNamePattern.test(name), 'another name: data jobs are called so'),
);

export const Digest = z
  .string()
  .check(z.regex(/^sha256:[0-9a-f]{64}$/, 'a digest: sha256: and 64 hexadecimal digits'))
  .brand<'Digest'>();
export type Digest = z.infer<typeof Digest>;

/** ISO 8601 in UTC with milliseconds, so that instants sort as text. */
export const Instant = z.iso.datetime({ precision: 3 });
export type Instant = string;

export const EnvironmentKey = z.object({ team: TeamName, name: EnvironmentName });
export type EnvironmentKey = z.infer<typeof EnvironmentKey>;

/** `team/name`, as people write it. */
export const environmentId = (key: EnvironmentKey): string => `${key.team}/${key.name}`;

export function parseEnvironmentId(id: string): EnvironmentKey | undefined {
  const [team, name, ...rest] = id.split('/');
  const parsed = EnvironmentKey.safeParse({ team, name });
  return rest.length === 0 && parsed.success ? parsed.data : undefined;
}

/** The namespace of an environment. At most 50 characters: a Kubernetes label holds 63. */
export const namespaceOf = (key: EnvironmentKey): string => `${key.team}--${key.name}`;

export function parseNamespace(namespace: string): EnvironmentKey | undefined {
  const [team, name, ...rest] = namespace.split('--');
  const parsed = EnvironmentKey.safeParse({ team, name });
  return rest.length === 0 && parsed.success ? parsed.data : undefined;
}

export const addSeconds = (instant: Instant, seconds: number): Instant =>
  new Date(Date.parse(instant) + seconds * 1000).toISOString();

export const secondsBetween = (from: Instant, to: Instant): number =>
  (Date.parse(to) - Date.parse(from)) / 1000;
