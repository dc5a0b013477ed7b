/** The events that we tell on our own bus. Each names its environment, or its data job; the sequence orders those of one of them. */
import { Incident } from './incident.ts';
import { ClusterName, Digest, EnvironmentKey, Instant } from './names.ts';
import { origin } from './story.ts';
import { Fix } from './verdict.ts';
import * as z from './zod.ts';

export const eventSource = 'getschwifty';

/** The version of the change that tells an event, and the event's place in it. */
const Sequence = z.object({ version: z.int(), position: z.int() });

const about = {
  environment: EnvironmentKey,
  cluster: ClusterName,
  at: Instant,
  /** Tells older from newer among the events of one environment; absent from what was written before there was one. */
  sequence: z.optional(Sequence),
  ...origin,
};
const event = <T extends string, F extends z.core.$ZodShape>(type: T, fields: F) =>
  z.object({ type: z.literal(type), ...about, ...fields });

export const DomainEvent = z.discriminatedUnion('type', [
  event('EnvironmentRequested', { build: z.int() }),
  /** Another spec, a rebuild, a stop or a start. `build` where an image is to be built. */
  event('EnvironmentChanged', { build: z.optional(z.int()) }),
  event('EnvironmentDeleted', {}),
  event('RemediationRequested', { build: z.int(), fixes: z.array(Fix) }),
  event('ImagePassed', { digest: Digest }),
  event('ImageBlocked', { digest: Digest, blocking: z.int() }),
  event('ImageApproved', { digest: Digest, approver: z.string() }),
  /** In place of a build: it was approved and released before, and is promoted again. */
  event('ImageTaken', { digest: Digest, build: z.int() }),
  event('PromotionRefused', { digest: Digest, reason: z.string() }),
  event('ImagePromoted', { digest: Digest }),
  event('EnvironmentReady', { digest: Digest, address: z.string() }),
  /** Of a data job, whose key is where an environment's would be: core/jobs/slots.ts has what. */
  event('JobSlotsWanted', {}),
  event('JobSlotsSeen', {}),
  event('IncidentOpened', { incident: Incident }),
  event('IncidentRecovered', { incident: Incident }),
]);
export type DomainEvent = z.infer<typeof DomainEvent>;
export type DomainEventType = DomainEvent['type'];
