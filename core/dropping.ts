/** Kept snapshots that nobody wants any more, as the environment of their name says of them: it is there, or it is gone. */
import { change, type Decision, unchanged } from './decision.ts';
import type { Environment } from './environment.ts';
import { addSeconds, type Instant } from './names.ts';
import type { Person } from './roles.ts';

export function unwanted(
  environment: Environment,
  { snapshot, person }: { readonly snapshot: string; readonly person: Person },
  now: Instant,
): Decision {
  const snapshots = environment.dropping?.snapshots ?? [];
  if (snapshots.includes(snapshot)) return unchanged('it is to be taken away already');
  const dropping = { snapshots: [...snapshots, snapshot], lookAt: now };
  return change(
    environment,
    { dropping },
    { at: now, actor: person.name, what: `deleted its snapshot ${snapshot}` },
  );
}

export function gone(environment: Environment, snapshot: string, now: Instant): Decision {
  const { dropping, ...rest } = environment;
  if (!dropping?.snapshots.includes(snapshot)) return unchanged('it is gone already');
  const snapshots = dropping.snapshots.filter((other) => other !== snapshot);
  const left = snapshots.length === 0 ? {} : { dropping: { snapshots, lookAt: addSeconds(now, 1) } };
  return change(rest, left, { at: now, actor: 'deploy', what: `its snapshot ${snapshot} is gone` });
}
