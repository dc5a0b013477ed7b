/** The main job, end to end: what the demo shows, held by assertions. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Person, signIn } from '#local/demo/people.ts';
import * as story from '#local/demo/story.ts';
import { until } from '#local/demo/world.ts';
import { capture } from '#local/setup/run.ts';
import { access, cloud } from './cloud.ts';

const id = 'checkout/web';

describe('an environment, from the request to its recovery', () => {
  let alice: Person;
  let bob: Person;
  let digest = '';
  let address = '';

  beforeAll(async () => {
    alice = await signIn(access, 'alice');
    bob = await signIn(access, 'bob');
  });

  it('is asked for once', async () => {
    expect((await story.ask(alice, id))?.environment.requester).toBe('alice');
    expect(await story.ask(alice, id)).toBeUndefined();
  });

  it('is blocked with CVE, package, fixed version and rule, and rebuilt with what the verdict names', async () => {
    const lines = await story.blocked(alice, id);
    expect(lines.join('\n')).toMatch(
      /CVE-2021-44906 CRITICAL: minimist 1\.2\.5, fixed in 1\.2\.6 \(rule severity of policy 1\)/,
    );
    expect(lines.at(-1)).toMatch(/^build 2 takes .*minimist 1\.2\.6/);
    digest = await story.passed(alice, id);
  });

  it('is approved by somebody else, once', async () => {
    const own = await story.refusedApproval(alice, id, digest);
    expect([own.problem.status, own.problem.title]).toEqual([403, 'Your own request']);
    const approved = await bob.client.approve(id, digest);
    expect(approved.environment.candidate.phase).toBe('promoting');
    const twice = await story.refusedApproval(bob, id, digest);
    expect([twice.problem.status, twice.problem.title]).toEqual([409, 'Approved already']);
  });

  it('runs the approved digest and answers on port 80', async () => {
    const ready = await story.ready(alice, id);
    expect(ready.digest).toBe(digest);
    address = ready.address;
    expect((await story.served(address)).body).toMatch(/^Hello from app-/);
  });

  it('answers by its name', async () => {
    const { name, addresses } = await story.named(access, alice, id);
    expect(name).toBe('web.checkout.schwifty.example');
    expect(addresses).toEqual([address]);
    expect((await story.served(address, name)).status).toBe(200);
  });

  it('tells the pager of an out-of-memory kill, and of the recovery, once each', async () => {
    await story.exceedMemory(address);
    const opened = await story.paged(access, id, 'open', 180);
    expect(opened.summary).toMatch(
      /Container app of pod app-\S+ was killed at \S+: out of memory at its limit of 128Mi/,
    );
    await withoutWatcher(async () => {
      await story.exceedMemory(address);
      // Without it the kill is found by looking.
      await until('the second kill to be seen', 120, async () => {
        const { environment } = await alice.client.get(id);
        const [incident] = environment.incidents;
        return incident && incident.lastSeenAt > incident.openedAt ? incident : undefined;
      });
    });
    const recovered = await story.paged(access, id, 'recovered', 360);
    expect(recovered.incident).toBe(opened.incident);
  });

  it('is traced step by step: those of the flow in order, under one id, and the incident under its own', async () => {
    const olga = await signIn(access, 'olga');
    const isTold = (steps: Awaited<ReturnType<Person['client']['trace']>>, type: string) =>
      steps.some((step) => step.kind === 'event' && step.event.type === type && step.sentAt !== undefined);
    const steps = await until('the end of the story', 60, async () => {
      const all = await olga.client.trace(id);
      return isTold(all, 'IncidentRecovered') ? all : undefined;
    });
    const [first] = steps;
    const story = first?.story ?? '';
    expect(first).toMatchObject({ actor: 'alice', what: 'asked for the environment', cause: story });
    const own = await alice.client.trace(id, story);
    const told = own.flatMap((step) => (step.kind === 'event' ? [step.event.type] : []));
    expect(told.slice(0, 7)).toEqual([
      'EnvironmentRequested',
      'ImageBlocked',
      'RemediationRequested',
      'ImagePassed',
      'ImageApproved',
      'ImagePromoted',
      'EnvironmentReady',
    ]);
    const actors = own.flatMap((step) => (step.kind === 'change' ? [step.actor] : []));
    const order = ['alice', 'build', 'gate', 'bob', 'promote', 'deploy', 'dns'];
    expect([...new Set(actors)]).toEqual(order);
    for (const step of own)
      expect(step).toMatchObject(
        step.kind === 'event' ? { story, sentAt: expect.any(String) } : { story, cause: expect.any(String) },
      );
    const verdicts = own.flatMap((step) =>
      step.kind === 'change' && step.verdict ? [step.verdict.result] : [],
    );
    expect(verdicts).toEqual(['block', 'pass']);
    const incident = steps.find((step) => step.kind === 'event' && step.event.type === 'IncidentOpened');
    const ofIncident = await alice.client.trace(id, incident?.story);
    const ends = ofIncident.flatMap((step) =>
      step.kind === 'event' && 'incident' in step.event ? [step.event.type] : [],
    );
    expect(ends).toEqual(['IncidentOpened', 'IncidentRecovered']);
  });
});

async function withoutWatcher(work: () => Promise<void>): Promise<void> {
  const kubectl = (...args: string[]) =>
    capture(cloud.kubernetes.kubectl, [
      `--kubeconfig=${cloud.kubernetes.kubeconfig}`,
      '--namespace=getschwifty-system',
      ...args,
    ]);
  await kubectl('scale', 'deployment/watcher', '--replicas=0');
  await kubectl('wait', '--for=delete', 'pod', '--selector=app.kubernetes.io/name=watcher', '--timeout=60s');
  try {
    await work();
  } finally {
    await kubectl('scale', 'deployment/watcher', '--replicas=1');
  }
}
