/**
 * What a watcher tells its cluster's deployer. It is a hint: it says where to look and never what is there, so whoever
 * speaks as a watcher can cause a look and nothing else.
 */
import { ClusterName, EnvironmentKey } from './names.ts';
import * as z from './zod.ts';

export const Fact = z.enum([
  'existence',
  'ready',
  'oom',
  'restarts',
  'waiting',
  'scheduling',
  'end',
  'rollout',
  'image',
  'refusal',
  'address',
]);
export type Fact = z.infer<typeof Fact>;

/** Which facts differ is for the logs; it is never decided upon. */
export const Seen = z.strictObject({
  kind: z.literal('seen'),
  environment: EnvironmentKey,
  cluster: ClusterName,
  facts: z.array(Fact).check(z.maxLength(Fact.options.length)),
});
export type Seen = z.infer<typeof Seen>;

/** Once a minute while all is watched: an alarm rings when the queue gets nothing for a while. */
export const Alive = z.strictObject({ kind: z.literal('alive'), cluster: ClusterName });
export type Alive = z.infer<typeof Alive>;
