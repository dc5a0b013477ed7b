/** A build that fills the disk is ended with a reason, before this machine has no room left. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { abortedAs } from '#local/images/build-contract.ts';
import { DiskFull, type DiskWatch, watchDisk } from '#local/images/build-disk.ts';

const gib = 1024 ** 3;
let free = 0;
let watch: DiskWatch | undefined;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  watch?.close();
  vi.useRealTimers();
});

async function begin(freeGib: number): Promise<AbortSignal> {
  free = freeGib * gib;
  watch = await watchDisk({ folder: '/', free: async () => free });
  return watch.signal;
}

async function later(freeGib: number): Promise<void> {
  free = freeGib * gib;
  await vi.advanceTimersByTimeAsync(500);
}

test('what a build usually takes ends nothing', async () => {
  const signal = await begin(100);
  await later(68);
  await later(90);
  expect(signal.aborted).toBe(false);
});

test('more than that fails it, and it says how much', async () => {
  const signal = await begin(100);
  await later(67.9);
  expect(signal.reason).toBeInstanceOf(DiskFull);
  expect(String(signal.reason)).toContain('it filled the disk: 32.1 GiB since it began, of at most 32.0 GiB');
  expect(abortedAs(signal)).toBe('FAILED');
});

test('a small disk is not filled to its end', async () => {
  const signal = await begin(10);
  await later(2);
  expect(signal.aborted).toBe(false);
  await later(1.9);
  expect(String(signal.reason)).toContain('1.9 GiB are free, and builds leave 2.0 GiB');
});

test('on a disk that is full already it is not begun', async () => {
  expect((await begin(1)).reason).toBeInstanceOf(DiskFull);
});

test('the first reason stays, and nothing is looked at after its end', async () => {
  const signal = await begin(100);
  await later(60);
  const { reason } = signal;
  await later(1);
  expect(signal.reason).toBe(reason);
  const another = await begin(100);
  watch?.close();
  await later(1);
  expect(another.aborted).toBe(false);
});

test('a look that fails ends nothing', async () => {
  let looks = 0;
  const look = async () => {
    looks += 1;
    if (looks > 1) throw new Error('ENOENT');
    return 100 * gib;
  };
  watch = await watchDisk({ folder: '/', free: look });
  await vi.advanceTimersByTimeAsync(1500);
  expect(looks).toBe(5);
  expect(watch.signal.aborted).toBe(false);
});

test('it reads a real disk', async () => {
  vi.useRealTimers();
  const folder = await mkdtemp(join(tmpdir(), 'disk-test-'));
  try {
    const limits = { taken: 1024 * gib, left: Number.MAX_SAFE_INTEGER };
    watch = await watchDisk({ folder, limits });
    expect(String(watch.signal.reason)).toMatch(/: \d+\.\d GiB are free/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a stop and a timeout keep their own names', () => {
  expect([abortedAs(AbortSignal.abort('STOPPED')), abortedAs(AbortSignal.abort('TIMED_OUT'))]).toEqual([
    'STOPPED',
    'TIMED_OUT',
  ]);
});
