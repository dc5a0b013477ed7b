/** Schedules of the simulation: some minutes of one hour, so that a story comes to rest; their times in other words than the product's. */
import type { When } from '#core/jobs/standing/standing.ts';
import { addSeconds, type Instant } from '#core/names.ts';
import { start } from '../../../contracts/samples.ts';
import type { Random } from '../../random.ts';

/** The hour in which stories are told, as clocks of these places show it in January. */
const hours = [
  { timeZone: 'UTC', hour: 10 },
  { timeZone: 'Europe/Berlin', hour: 11 },
] as const;

export function cronAt(random: Random): { readonly cron: string; readonly timeZone: string } {
  const first = random.whole(2, 15);
  const second = first + random.whole(5, 15);
  const third = second + random.whole(5, 18);
  const { timeZone, hour } = random.pick(hours);
  return { cron: `${first},${second},${third} ${hour} * * *`, timeZone };
}

/** All of that day. */
export function timesOf({ cron }: Extract<When, { kind: 'schedule' }>): readonly Instant[] {
  const [minutes = ''] = cron.split(' ');
  return minutes.split(',').map((minute) => addSeconds(start, Number(minute) * 60));
}
