/** What the API server lets the deployer do with VolumeSnapshotContents, which are of no namespace: those of environments, and no harm to any. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import * as z from '#core/zod.ts';
import { deployersGroup } from '#lambdas/cluster-setup/env.ts';
import { cloud } from './cloud.ts';

const driver = 'somebody.example';
const deployer = ['--as', 'deployer', '--as-group', deployersGroup];

function kubectl(args: readonly string[], object?: object): string {
  const { kubectl: program, kubeconfig } = cloud.kubernetes;
  const input = object === undefined ? '' : JSON.stringify(object);
  const { stdout, stderr } = spawnSync(program, ['--kubeconfig', kubeconfig, ...args], {
    input,
    encoding: 'utf8',
  });
  return `${stdout}${stderr}`;
}
const content = (name: string, spec: object = {}) => ({
  apiVersion: 'snapshot.storage.k8s.io/v1',
  kind: 'VolumeSnapshotContent',
  metadata: { name },
  spec: {
    driver,
    deletionPolicy: 'Retain',
    source: { snapshotHandle: 'snap-1' },
    volumeSnapshotRef: { namespace: 'team--admission', name: 's' },
    ...spec,
  },
});
const volumeHandle = { source: { volumeHandle: 'vol-1' } };
const strangers = { volumeSnapshotRef: { namespace: 'kube-system', name: 's' } };
const refused = 'the deployer leaves it alone';
const create = (object: object) => kubectl([...deployer, 'create', '--dry-run=server', '-f', '-'], object);
const patch = (name: string, spec: object) =>
  kubectl([
    ...deployer,
    ...['patch', 'volumesnapshotcontent', name, '--type', 'merge', '--dry-run=server'],
    ...['--patch', JSON.stringify({ spec })],
  ]);
const remove = (name: string) =>
  kubectl([...deployer, 'delete', 'volumesnapshotcontent', name, '--dry-run=server']);

/** As the cluster's own controller makes them, of a driver that nobody runs here. */
const [taken, theirs, named] = ['admission-taken', 'admission-theirs', 'team--admission--named'];
beforeAll(() => {
  for (const object of [
    content(taken, volumeHandle),
    content(theirs, { ...volumeHandle, ...strangers }),
    content(named),
  ])
    expect(kubectl(['apply', '-f', '-'], object)).toContain(object.metadata.name);
});
afterAll(() => {
  kubectl(['delete', 'volumesnapshotcontents', taken, theirs, named, '--wait=false']);
});

it('it names a snapshot that is there for an environment', () => {
  expect(create(content('team--admission--20260105100000'))).toContain('created (server dry run)');
});

it.each([
  ['of another namespace', content('kube-system--x', strangers)],
  ['by a name that is not its own', content('snapcontent-1')],
  ['that would be taken along', content('team--admission--1', { deletionPolicy: 'Delete' })],
  ['made from a volume', content('team--admission--1', volumeHandle)],
])('it makes none %s', (_, object) => {
  expect(create(object)).toContain(refused);
});

it('it lets go what was taken of an environment, and nothing that it only named, nor another’s', () => {
  expect(patch(taken, { deletionPolicy: 'Delete' })).toContain('patched');
  expect(patch(named, { deletionPolicy: 'Delete' })).toContain(refused);
  expect(patch(theirs, { deletionPolicy: 'Delete' })).toContain(refused);
  expect(patch(taken, { driver: 'another.example' })).toContain(refused);
  expect(patch(taken, strangers)).toContain(refused);
  expect(remove(named)).toContain('deleted');
  expect(remove(theirs)).toContain(refused);
});

it('the policy is without a warning of the API server about its expressions', () => {
  const Policy = z.object({
    spec: z.object({ failurePolicy: z.literal('Fail') }),
    status: z.object({
      typeChecking: z.optional(z.object({ expressionWarnings: z.optional(z.array(z.unknown())) })),
    }),
  });
  const text = kubectl([
    'get',
    'validatingadmissionpolicy',
    'getschwifty-snapshot-contents',
    '--output',
    'json',
  ]);
  expect(Policy.parse(JSON.parse(text)).status.typeChecking?.expressionWarnings ?? []).toEqual([]);
});
