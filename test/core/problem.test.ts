/** Why it is not Ready, from objects as a Kubernetes 1.36 cluster gave them (sights/), and from variants of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { assess } from '#core/health.ts';
import { problemOf } from '#core/problem.ts';
import { Autoscaler, Deployment, Pod, Service, type Sight } from '#core/sight.ts';
import * as z from '#core/zod.ts';

const folder = new URL('sights/', import.meta.url);
const Seen = z.object({
  deployment: Deployment,
  pods: z.array(Pod),
  service: Service,
  autoscaler: Autoscaler,
});
const sightOf = (name: string): Sight =>
  Seen.parse(JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')));
const registry = '000000000000.dkr.ecr.us-east-1.amazonaws.com';

const lines: Readonly<Record<string, string | undefined>> = {
  fine: undefined,
  notfound: `ImagePullBackOff: ${registry}/base/debian@sha256:${'1'.repeat(64)} can't be pulled: it is not in the registry. Was it deleted? Approve another image.`,
  norepo: `ImagePullBackOff: ${registry}/base/nothing:latest can't be pulled: it is not in the registry. Was it deleted? Approve another image.`,
  unreachable: `ImagePullBackOff: 10.1.1.1:1/x/y:1 can't be pulled: the registry can't be reached from the node. See the node's network: NAT gateway, endpoints.`,
  crash:
    'CrashLoopBackOff: the command ended 4 times with exit code 3. Change the command or the image. Its last words: cannot read /etc/app.conf: no such file',
  nocmd:
    'StartError: the command can\'t be started. Change the command or the image: exec: "/no/such/program": stat /no/such/program: no such file or directory: unknown',
  oom: 'OOMKilled: out of memory 4 times at its limit of 32Mi. Ask for more memory, or find the leak.',
  probe:
    'Not Ready: the command runs, but does not accept connections on port 9000, and was started again 2 times for it. Listen on 0.0.0.0 and the port in $PORT (9000), or have the spec say which port it is.',
  bigcpu: 'Unschedulable: no node has enough cpu (asked for: 100). Ask for less, or for another node pool.',
  bigmem:
    'Unschedulable: no node has enough memory (asked for: 1000000Mi). Ask for less, or for another node pool.',
  gpu: 'Unschedulable: no node has enough nvidia.com/gpu (asked for: 1). Ask for less, or for another node pool.',
  selector:
    "Unschedulable: 0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. Ask for another node pool, or have its nodes opened to this team.",
  quota:
    "FailedCreate: the namespace's quota is used up (requested: pods=1, used: pods=0, limited: pods=0). Ask for fewer or smaller replicas.",
  limit:
    "FailedCreate: the pod is outside the namespace's limit range. Ask for resources within it: maximum memory usage per Container is 16Mi, but limit is 32Mi",
  pss: 'FailedCreate: the pod breaks the cluster\'s pod security standard. Somebody changed the Deployment or the cluster\'s admission: violates PodSecurity "restricted:v1.36": allowPrivilegeEscalation != false (container "app" must set securityContext.allowPrivilegeEscalation=false)',
  root: 'CreateContainerConfigError: the image wants to run as root, which is refused. Build it with a USER that is a number other than 0.',
};

test.each(Object.entries(lines))('%s', (name, line) => {
  const health = assess({
    ...sightOf(name),
    service: { status: { loadBalancer: { ingress: [{ ip: '10.0.0.9' }] } } },
  });
  expect(health.problem).toBe(line);
  expect(health.ready).toBe(line === undefined);
});

test('each sight has its line', () => {
  const names = readdirSync(folder).map((file) => file.replace('.json', ''));
  expect(Object.keys(lines).sort()).toEqual(names.sort());
});

/** The pod of a sight, with parts of its one container's status changed. */
function variant(name: string, state: object, more: object = {}) {
  const sight = sightOf(name);
  const [pod] = sight.pods;
  if (!pod) throw new Error(`${name} has no pod`);
  const status = { ...pod.status.containerStatuses?.[0], name: 'app', state, ...more };
  return Pod.parse({ ...pod, status: { ...pod.status, containerStatuses: [status] } });
}
const pull = (message: string) =>
  problemOf(undefined, [variant('notfound', { waiting: { reason: 'ErrImagePull', message } })]);

describe('an image that can not be pulled', () => {
  it.each([
    ['failed to authorize: failed to fetch anonymous token: 403 Forbidden', /refuses the node/],
    ['pull access denied, repository does not exist or may require authorization', /refuses the node/],
    ['failed to resolve reference: unexpected status: 429 Too Many Requests', /too many requests/],
    ['toomanyrequests: Rate exceeded', /too many requests/],
    ['manifest unknown', /not in the registry/],
    ['dial tcp: lookup 000000000000.dkr.ecr.us-east-1.amazonaws.com: no such host', /can't be reached/],
    ['dial tcp 10.0.0.1:443: connect: connection refused', /can't be reached/],
    ['no match for platform in manifest', /no match for platform/],
  ])('%s', (message, expected) => expect(pull(message)).toMatch(expected));

  it('the name of the image is no reason: this one has all the words', () => {
    const image = `${registry}/base/debian@sha256:${'1'.repeat(64)}`;
    expect(pull(`failed to resolve reference "${image}": no match for platform`)).not.toMatch(
      /not in the registry/,
    );
  });
});

describe('a command that ends', () => {
  const ended = (terminated: object) =>
    problemOf(undefined, [
      variant('crash', { waiting: { reason: 'CrashLoopBackOff' } }, { lastState: { terminated } }),
    ]);
  it('and said nothing', () =>
    expect(ended({ exitCode: 1, reason: 'Error' })).toMatch(/exit code 1\..* It said nothing\.$/));
  it('well, which is an end all the same', () =>
    expect(ended({ exitCode: 0, reason: 'Completed' })).toMatch(/exit code 0/));
  it('with words that would draw on a terminal, or never end', () => {
    const line = ended({
      exitCode: 1,
      reason: 'Error',
      message: `a\n\u001b[31mred\u001b[0m \u202e${'x'.repeat(5000)}`,
    });
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(line.length).toBeLessThan(500);
    expect(line).toContain('red');
  });
  it('just now', () =>
    expect(
      problemOf(undefined, [variant('crash', { terminated: { exitCode: 7, reason: 'Error' } })]),
    ).toMatch(/exit code 7/));
});

describe('a pod that runs', () => {
  it('and never listened', () =>
    expect(
      problemOf(undefined, [variant('probe', { running: {} }, { started: false, restartCount: 0 })]),
    ).toBe(
      'Not Ready: the command runs, but does not accept connections on port 9000. Listen on 0.0.0.0 and the port in $PORT (9000), or have the spec say which port it is.',
    ));
  it('is told of by its own port, not by what is wanted since', () => {
    const pod = variant('probe', { running: {} }, { started: false, restartCount: 0 });
    const ports = [
      { name: 'debug', containerPort: 5005 },
      { name: 'http', containerPort: 8080 },
    ];
    const moved = { ...pod, spec: { containers: pod.spec.containers.map((each) => ({ ...each, ports })) } };
    expect(problemOf(undefined, [moved])).toContain(
      'on port 8080. Listen on 0.0.0.0 and the port in $PORT (8080)',
    );
  });
  it('and stopped listening', () =>
    expect(problemOf(undefined, [variant('probe', { running: {} }, { started: true })])).toMatch(
      /takes none now/,
    ));
  it('is not what is wrong while it is Ready, nor when it ends', () => {
    const [ready] = sightOf('fine').pods;
    const crashing = sightOf('crash').pods[0];
    if (!ready || !crashing) throw new Error('a sight has no pod');
    const ending = {
      ...crashing,
      metadata: { ...crashing.metadata, deletionTimestamp: '2026-11-25T02:50:00Z' },
    };
    expect(problemOf(undefined, [ending, ready])).toMatch(/No pod yet/);
    expect(problemOf(undefined, [ready, crashing])).toMatch(/exit code 3/);
  });
  it('of the newest version is heard before one of an older', () => {
    const [older, newer] = [sightOf('crash').pods[0], sightOf('oom').pods[0]];
    if (!older || !newer) throw new Error('a sight has no pod');
    const at = (pod: typeof older, creationTimestamp: string) => ({
      ...pod,
      metadata: { ...pod.metadata, creationTimestamp },
    });
    const both = [at(older, '2026-11-25T02:00:00Z'), at(newer, '2026-11-25T02:01:00Z')];
    expect(problemOf(undefined, both)).toMatch(/^OOMKilled/);
    expect(problemOf(undefined, both.toReversed())).toMatch(/^OOMKilled/);
  });
});

test('nothing there, and nobody says why', () => {
  expect(problemOf(undefined, [])).toMatch(/^No pod yet/);
  const { deployment } = sightOf('probe');
  expect(problemOf(deployment, [])).toMatch(/^No pod was made in time/);
});
