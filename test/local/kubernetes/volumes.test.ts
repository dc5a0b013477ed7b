/** Which volumes the local cloud makes, grows and takes away. */
import { expect, it } from 'vitest';
import { type Claim, type Volume, workOf } from '#local/kubernetes/volumes.ts';

const claim = (parts: Partial<Claim['spec']> = {}, node: string | undefined = 'local'): Claim => ({
  metadata: {
    namespace: 'team--app',
    name: 'workspace',
    uid: 'u1',
    annotations: node === undefined ? {} : { 'volume.kubernetes.io/selected-node': node },
  },
  spec: {
    storageClassName: 'gp3',
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '2Gi' } },
    ...parts,
  },
});
const volume = (storage: string, phase = 'Bound', by = 'ebs.csi.eks.amazonaws.com'): Volume => ({
  metadata: { name: 'pvc-u1', annotations: { 'pv.kubernetes.io/provisioned-by': by } },
  spec: { capacity: { storage } },
  status: { phase },
});
const nothing = { make: [], grow: [], remove: [] };

it('makes one for a claim whose pod has a node, once', () => {
  expect(workOf([claim()], [], ['gp3'])).toEqual({ ...nothing, make: [claim()] });
  expect(workOf([claim()], [volume('2Gi', 'Available')], ['gp3'])).toEqual(nothing);
  const waiting = { ...claim(), metadata: { ...claim().metadata, annotations: {} } };
  expect(workOf([waiting], [], ['gp3'])).toEqual(nothing);
});

it('leaves claims of other classes alone', () => {
  expect(workOf([claim({ storageClassName: 'other' }), claim()], [], ['third'])).toEqual(nothing);
});

it('makes one larger where its claim asks for more, and never smaller', () => {
  const bound = claim({ volumeName: 'pvc-u1' });
  expect(workOf([bound], [volume('1Gi')], ['gp3'])).toEqual({
    ...nothing,
    grow: [{ name: 'pvc-u1', storage: '2Gi' }],
  });
  expect(workOf([bound], [volume('2048Mi')], ['gp3'])).toEqual(nothing);
  expect(workOf([bound], [volume('4Gi')], ['gp3'])).toEqual(nothing);
});

it('takes away what its claim left, and nothing of others', () => {
  expect(workOf([], [volume('2Gi', 'Released')], ['gp3'])).toEqual({ ...nothing, remove: ['pvc-u1'] });
  expect(workOf([], [volume('2Gi', 'Released', 'somebody.example')], ['gp3'])).toEqual(nothing);
});
