/** Worlds in which `checkout/web` has come to a certain point. */
import { approve } from '#core/approval.ts';
import { buildStarted } from '#core/build.ts';
import { judged, pushed } from '#core/candidate.ts';
import type { Environment } from '#core/environment.ts';
import { buildTag } from '#core/image.ts';
import type { Digest, Instant } from '#core/names.ts';
import { promoted } from '#core/promotion.ts';
import { observed } from '#core/release.ts';
import { complete, digestOf, mustChange, requested, verdict, web } from '../contracts/samples.ts';
import { anna, candidate, config, World } from './world.ts';

export const image = digestOf('image');
export const address = 'lb-1.elb.example';

/** Outbox and audit of the way are not what a test is about. */
async function settled(world: World): Promise<World> {
  for (const entry of await world.store.pending(world.clock.now(), 100)) await world.store.settle(entry);
  return world;
}

export async function building(world = new World()): Promise<World> {
  await world.store.write(requested({}, world.clock.now()));
  return settled(world);
}

export async function scanning(world = new World()): Promise<World> {
  await building(world);
  const id = await world.builder.start({ key: web, number: 1, context: {} });
  await world.decide((environment, now) =>
    buildStarted(environment, { number: 1, id, content: 'content-1' }, now),
  );
  world.registry.push(candidate, image, buildTag(1));
  await world.decide((environment, now) =>
    pushed(environment, { digest: image, pushedAt: now, tags: [buildTag(1)] }, now),
  );
  return settled(world);
}

export async function awaitingApproval(world = new World()): Promise<World> {
  await scanning(world);
  const { clock, store, registry } = world;
  registry.setScan(candidate, image, complete(clock.now()));
  const passed = verdict({ digest: image, decidedAt: clock.now() });
  const stored = { digest: image, pushedAt: clock.now(), tags: [buildTag(1)] };
  const environment = await world.environment();
  await store.write(mustChange(judged(environment, stored, passed, config.policy, clock.now())), {
    verdict: passed,
  });
  return settled(world);
}

export async function promoting(world = new World()): Promise<World> {
  await awaitingApproval(world);
  const [team] = config.teams;
  if (!team) throw new Error('the configuration has no team');
  const stored = await world.store.verdict(web, image);
  await world.decide((environment, now) => {
    const request = {
      environment,
      digest: image,
      person: anna,
      team,
      verdict: stored,
      policy: config.policy,
      now,
    };
    const decision = approve(request);
    if (decision.outcome === 'refused') throw new Error(decision.detail);
    return decision;
  });
  return settled(world);
}

export async function deploying(world = new World(), digest: Digest = image): Promise<World> {
  await promoting(world);
  await world.decide((environment: Environment, now: Instant) => promoted(environment, digest, now));
  return settled(world);
}

export async function ready(world = new World()): Promise<World> {
  await deploying(world);
  await world.deliver('deploy', { kind: 'look', environment: web });
  world.clock.advance(120);
  await world.deliver('deploy', { kind: 'look', environment: web });
  world.cluster.rollOut(web, world.clock.now(), address);
  const health = {
    digest: image,
    ready: true,
    idle: false,
    readySince: world.clock.now(),
    address,
    problem: undefined,
    lastOom: undefined,
  };
  await world.decide((environment, now) => observed(environment, health, now));
  return settled(world);
}
