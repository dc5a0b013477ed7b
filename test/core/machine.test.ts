/** Where the state machine begins and ends; how it turns in between, the laws and the tests of its parts say. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Environment } from '#core/environment.ts';
import { candidateTurns, type News, next, releaseTurns, type Turn } from '#core/machine.ts';
import { TeamName } from '#core/names.ts';
import { drawPhases } from '#core/phases-drawing.ts';
import {
  ann,
  approval,
  at,
  awaiting,
  bob,
  building,
  built,
  changed,
  deploying,
  digest,
  fixable,
  gone,
  healthy,
  image,
  key,
  policy,
  promoting,
  ready,
  released,
  requested,
  scanning,
  spec,
  team,
  unfixable,
  verdict,
} from './samples.ts';

const lines = (turns: readonly Turn[]): string[] =>
  turns.flatMap(({ from, news, to }) =>
    from.flatMap((a) => to.filter((b) => b !== a).map((b) => `${a} → ${b}: ${news}`)),
  );
function after(environment: Environment, news: News): Environment {
  const decision = next(environment, news, at(1000));
  return decision.outcome === 'changed' ? decision.environment : environment;
}
const request = { key, cluster: 'main', requester: 'ann', spec };

it('an environment is asked for once', () => {
  expect(changed(next(undefined, { kind: 'requested', request }, at(0))).environment).toEqual(requested());
  expect(next(requested(), { kind: 'requested', request }, at(1))).toMatchObject({
    outcome: 'refused',
    status: 409,
    title: 'It exists',
  });
});

it('news of what nobody asked for changes nothing', () => {
  const news = { kind: 'pushed', image: built(1) } as const;
  expect(next(undefined, news, at(0))).toEqual({
    outcome: 'unchanged',
    why: 'nobody asked for this environment',
  });
});

it('a verdict on what runs and waits to be replaced by nothing newer says both in one change', () => {
  const runs = { ...awaiting(), release: ready().release, recheckAt: at(3600) };
  const news = { kind: 'judged', image: built(1), verdict: unfixable(1), policy } as const;
  const { environment, events, audit } = changed(next(runs, news, at(300)));
  expect(environment).toMatchObject({
    version: runs.version + 1,
    candidate: { phase: 'blocked' },
    release: runs.release,
    incidents: [{ kind: 'vulnerable', digest: digest(1) }],
    untold: [{ state: 'open' }],
    recheckAt: at(3900),
  });
  expect(events.map(({ type }) => type)).toEqual(['ImageBlocked', 'IncidentOpened']);
  expect(audit?.what).toMatch(/is blocked by 1: .*; sha256:0{12} runs and is blocked by 1$/);
});

it('a verdict on what runs beside a newer image leaves the newer one alone', () => {
  const runs = { ...deploying(1), candidate: { ...awaiting().candidate, image: built(2) } };
  const at300 = next(
    { ...runs, candidate: { phase: 'scanning', image: built(2), since: at(200), lookAt: at(260) } },
    {
      kind: 'judged',
      image: built(1),
      verdict: unfixable(1),
      policy,
    },
    at(300),
  );
  expect(changed(at300).events.map(({ type }) => type)).toEqual(['IncidentOpened']);
  expect(changed(at300).environment.candidate).toMatchObject({ phase: 'scanning', lookAt: at(260) });
  const same = { kind: 'judged', image: built(1), verdict: verdict(1), policy } as const;
  expect(next(ready(), same, at(300)).outcome).toBe('changed');
});

const known = { content: 'content-1', image: built(1), approval, fixes: [] };
const newer = image(7, at(950), ['build-1']);
const done = {
  state: 'done' as const,
  from: requested().key,
  to: TeamName.parse('billing'),
  offeredBy: 'ann',
  offeredAt: at(0),
  until: at(9),
  acceptedBy: 'ben',
  acceptedAt: at(1),
  endedAt: at(2),
  version: 3,
};
const anyNews: readonly News[] = [
  { kind: 'build-not-started', reason: 'the base is gone' },
  { kind: 'build-failed', id: 'build:1', reason: 'it failed' },
  { kind: 'taken', content: known.content },
  { kind: 'pushed', image: newer },
  { kind: 'judged', image: newer, verdict: verdict(7), policy },
  { kind: 'judged', image: newer, verdict: unfixable(7), policy },
  { kind: 'judged', image: newer, verdict: fixable(7), policy },
  { kind: 'approved', digest: digest(1), person: bob, team, verdict: verdict(1), policy },
  { kind: 'rejected', rejection: { digest: digest(1), person: 'sec', reason: 'a licence' } },
  { kind: 'promotion-refused', digest: digest(1), objection: gone('it was deleted') },
  { kind: 'promotion-refused', digest: digest(1), objection: { reason: 'it turned', judgeAgain: true } },
  { kind: 'promoted', digest: digest(1) },
  { kind: 'observed', health: healthy(1, { readySince: at(0) }) },
  { kind: 'observed', health: healthy(1, { ready: false }) },
  { kind: 'observed', health: healthy(1, { ready: false }), back: { to: released(3) } },
  { kind: 'observed', health: healthy(1, { ready: false, idle: true }) },
  { kind: 'changed', spec: { ...spec, command: ['sleep', '1'] }, person: ann },
  { kind: 'changed', spec: { ...spec, replicas: { min: 2, max: 2 } }, person: ann },
  { kind: 'rebuild-asked', useCache: true, person: ann },
  { kind: 'stop-asked', person: ann },
  { kind: 'start-asked', person: ann, today: { verdict: verdict(1), policy, waivers: [] } },
  { kind: 'deletion-asked', person: ann },
  { kind: 'extension-asked', ttl: undefined, person: ann },
  { kind: 'time-came', today: { verdict: verdict(1), policy, waivers: [] } },
  { kind: 'handed', transfer: done },
  { kind: 'handed', transfer: { ...done, state: 'moving', movedAt: at(2), ran: true } },
  {
    kind: 'handed',
    transfer: { ...done, state: 'over', why: 'withdrawn', endedBy: 'ann', movedAt: at(2), ran: true },
    back: { today: { verdict: verdict(1), policy, waivers: [] } },
  },
];
/** The same with what time may ask for: its ttl is over, it is to run, it is not. The tests' day is a Sunday. */
const timed = (environment: Environment): Environment[] => [
  { ...environment, spec: { ...environment.spec, ttl: '1h' }, expiry: { at: at(0) } },
  ...['sun' as const, 'wed' as const].map((day) => {
    const workingHours = { timeZone: 'UTC', days: [day], from: '00:00', to: '24:00' };
    return { ...environment, spec: { ...environment.spec, workingHours }, hours: { lookAt: at(0) } };
  }),
];
const unready: Environment = {
  ...promoting(),
  release: { phase: 'unready', ...released(1), reason: 'down', since: at(9), lookAt: at(9) },
};
const held: Environment = {
  ...promoting(),
  release: { phase: 'held', ...released(1), reason: 'never up', since: at(9), lookAt: at(9) },
};
const rollingBack: Environment = {
  ...promoting(),
  release: {
    phase: 'rolling-back',
    ...released(1),
    failed: { digest: digest(2), reason: 'never up' },
    deadline: at(9),
    since: at(9),
    lookAt: at(1000),
  },
};
const stopping = after({ ...promoting(), release: ready().release }, { kind: 'stop-asked', person: ann });
const stopped = after(stopping, {
  kind: 'observed',
  health: healthy(1, { ready: false, idle: true }),
});
const blocked = after(scanning(), { kind: 'judged', image: built(1), verdict: unfixable(1), policy });
/** It was changed, and changed back. */
const spared = after(
  { ...requested(), known: [known] },
  { kind: 'changed', spec: { ...spec, command: ['sleep', '1'] }, person: ann },
);
const everyPhase: readonly Environment[] = [
  requested(),
  building(),
  spared,
  after(spared, { kind: 'taken', content: known.content }),
  after(building(), { kind: 'build-failed', id: 'build:1', reason: 'it failed' }),
  scanning(),
  blocked,
  awaiting(),
  promoting(),
  after(promoting(), { kind: 'promoted', digest: digest(1) }),
  after(promoting(), { kind: 'promotion-refused', digest: digest(1), objection: gone('it was deleted') }),
  { ...promoting(), release: ready().release },
  deploying(1, undefined, { lookAt: 1000 }),
  rollingBack,
  unready,
  held,
  stopping,
  stopped,
  ...[stopping, stopped].map((each) => ({
    ...each,
    leaving: { to: done.to, state: 'moving' as const, lookAt: at(9) },
  })),
  after(requested(), { kind: 'stop-asked', person: ann }),
  { ...promoting(), life: { state: 'stopped', since: at(9) } },
];

it.each([
  ['candidate', candidateTurns],
  ['release', releaseTurns],
] as const)(
  'the phases of the %s turn as the table says: no turn that is not there, none that never happens',
  (part, turns) => {
    const seen = new Set<string>();
    for (const environment of [...everyPhase, ...everyPhase.flatMap(timed)]) {
      for (const news of anyNews) {
        const [a, b] = [environment[part].phase, after(environment, news)[part].phase];
        if (a !== b) seen.add(`${a} → ${b}: ${news.kind}`);
      }
    }
    expect([...seen].sort()).toEqual(lines(turns).sort());
  },
);

it('docs/phases.md is drawn from it', () => {
  const written = readFileSync(new URL('../../docs/phases.md', import.meta.url), 'utf8');
  expect(written, 'run `npm run docs`').toBe(drawPhases());
});
