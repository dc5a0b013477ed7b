/** What people on call were told: a notice stays with the environment until it was heard, and goes out in its order. */
import { change, type Decision, unchanged } from './decision.ts';
import type { Environment } from './environment.ts';
import type { Notice } from './incident.ts';
import type { Instant } from './names.ts';

export function paged(environment: Environment, heard: readonly Notice[], now: Instant): Decision {
  const isHeard = ({ state, incident }: Notice): boolean =>
    heard.some((notice) => notice.state === state && notice.incident.id === incident.id);
  const untold = environment.untold.filter((notice) => !isHeard(notice));
  if (untold.length === environment.untold.length) return unchanged('people were told already');
  const what = heard.map(({ state, incident }) => `told people of ${incident.kind} (${state})`).join(', ');
  return change(environment, { untold }, { at: now, actor: 'pager', what, story: heard[0]?.incident.id });
}
