/** A person's no: on what may be rejected, what becomes of it, and that the gate does not undo it. */
import { expect, it } from 'vitest';
import type { Environment } from '#core/environment.ts';
import { next } from '#core/machine.ts';
import { reject } from '#core/rejection.ts';
import {
  at,
  awaiting,
  built,
  changed,
  digest,
  fixable,
  image,
  policy,
  promoting,
  requested,
  scanning,
  unfixable,
  verdict,
} from './samples.ts';

const rejection = { digest: digest(1), person: 'sec', reason: 'its licence' };
const no = (environment: Environment) => reject(environment, rejection, at(500));
const blocked = changed(
  next(scanning(), { kind: 'judged', image: built(1), verdict: unfixable(1), policy }, at(300)),
).environment;
const newer: Environment = {
  ...awaiting(),
  candidate: { phase: 'scanning', image: built(2), since: at(1), lookAt: at(2) },
};

it.each([
  ['scanning', scanning()],
  ['blocked', blocked],
  ['awaiting-approval', awaiting()],
])('what is %s is refused with the reason, and waits for nothing any more', (_, environment) => {
  const { environment: after, audit, events } = changed(no(environment));
  expect(after.candidate).toEqual({
    phase: 'refused',
    image: built(1),
    reason: 'rejected by sec: its licence',
    since: at(500),
  });
  expect(after.release).toEqual(environment.release);
  expect(audit).toMatchObject({ actor: 'sec', what: 'rejected sha256:000000000000: its licence' });
  expect(events).toEqual([]);
});

it.each([
  ['nothing is built yet', requested(), 'No image'],
  ['it is being promoted', promoting(), 'Approved already'],
  [
    'it is promoted',
    changed(next(promoting(), { kind: 'promoted', digest: digest(1) }, at(400))).environment,
    'Approved already',
  ],
  ['it is refused already', changed(no(awaiting())).environment, 'Refused already'],
  ['a newer image is there', newer, 'Another image'],
])('409: %s', (_, environment, title) => {
  expect(no(environment)).toMatchObject({ outcome: 'refused', status: 409, title });
});

it('no verdict undoes it, and none rebuilds it; a newer image is judged as ever', () => {
  const { environment } = changed(no(awaiting()));
  for (const said of [verdict(1), unfixable(1), fixable(1)]) {
    const news = { kind: 'judged', image: built(1), verdict: said, policy } as const;
    expect(next(environment, news, at(600)).outcome).toBe('unchanged');
  }
  const pushed = next(environment, { kind: 'pushed', image: image(2, at(700)) }, at(700));
  expect(changed(pushed).environment.candidate.phase).toBe('scanning');
});
