/** Teams that want more workers at once than their cluster has for data jobs. */
import { priorities } from '#core/jobs/priority.ts';
import type { TeamName } from '#core/names.ts';
import { Asking } from '../asking.ts';
import type { JobsWorld } from '../world.ts';

/** Each team asks within so many seconds. */
const withinSeconds = 90;

/** In the storm, or when it is over. */
export function planContest(world: JobsWorld, teams: readonly TeamName[], seconds: number): void {
  const { random, timeline } = world.cloud;
  const asking = new Asking(world.cloud, 'contest');
  const at = random.pick([random.between(0, seconds * 0.5), seconds + 30]);
  for (const team of teams)
    for (let i = random.whole(1, 2); i > 0; i--)
      timeline.in(at + random.between(0, withinSeconds), `a job of ${team} beside others`, () =>
        ask(world, asking, team),
      );
}

async function ask(world: JobsWorld, asking: Asking, team: TeamName): Promise<void> {
  const { random } = world.cloud;
  const folder = `datasets/${team}/c${asking.number()}/`;
  const objects = random.whole(2, 6);
  for (let i = 0; i < objects; i++) world.put(`${folder}part-${i}`, Buffer.from(`${i} of ${team}\n`));
  const job = {
    dataset: `s3://jobs/${folder}`,
    command: ['cat'],
    parallelism: random.whole(1, objects),
    resources: { cpu: 0.5, memoryMiB: 64 },
    toleratedFailures: objects,
    priority: random.pick(priorities),
  };
  await asking.ask(team, 'job beside others', { path: '/jobs', body: { team, job } });
}
