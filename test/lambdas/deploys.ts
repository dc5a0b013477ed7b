/** What tests of the deployer tell it, and what they see come of it. */
import { start, web } from '../contracts/samples.ts';
import { image } from './ways.ts';
import { told, type World } from './world.ts';

export const approval = { approver: 'anna', approvedAt: start, policyVersion: '1', waivers: [] };
export const promotedEvent = (world: World) =>
  told({ type: 'ImagePromoted', environment: web, cluster: 'main', at: world.clock.now(), digest: image });
export const outgoing = async (world: World) =>
  (await world.store.pending(world.clock.now(), 100)).map(({ message }) =>
    message.kind === 'event'
      ? message.event.type
      : message.kind === 'look' && `look in ${message.delaySeconds} s`,
  );
export const release = async (world: World) => (await world.environment()).release;
