/** `schwifty snapshot`, in words. */
import { expect, test } from 'vitest';
import { SnapshotAnswer } from '#api/answers.ts';
import { snapshotsText, snapshotText } from '../../cli/snapshots.ts';

const kept = SnapshotAnswer.parse({
  name: 'web-20260105100000',
  state: 'kept',
  of: { team: 'checkout', name: 'web' },
  cluster: 'main',
  class: 'gp3',
  sizeGiB: 10,
  takenAt: '2026-01-05T10:00:00.000Z',
  driver: 'ebs.csi.eks.amazonaws.com',
  handle: 'snap-1',
  perMonth: 0.5,
  currency: 'USD',
});

test('one says what it is of, how large it is and what it costs', () => {
  expect(snapshotText(kept)).toBe(
    'web-20260105100000  10 GiB of class gp3  of checkout/web  in main  taken 2026-01-05T10:00:00.000Z  0.50 USD a month at most',
  );
});

test('one that nobody wants says who said so', () => {
  const since = '2026-02-05T10:00:00.000Z';
  expect(snapshotText({ ...kept, state: 'unwanted', by: 'rita', since })).toMatch(
    /deleted by rita at 2026-02-05/,
  );
});

test('a list says how a volume is made from one, and an empty one that there is none', () => {
  expect(
    snapshotsText({ snapshots: [kept] })
      .split('\n')
      .at(-1),
  ).toContain('from: <its name>');
  expect(snapshotsText({ snapshots: [] })).toBe('The team keeps no snapshots.');
});
