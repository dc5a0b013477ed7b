/**
 * The disk that a local build may fill. CodeBuild's machine has one of its own, which goes with the build; here it is this
 * machine's, with everything else on it: a build ends before it is full, and says so.
 */
import { statfs } from 'node:fs/promises';

const gib = 1024 ** 3;

interface DiskLimits {
  /** What may become less while it runs. */
  readonly taken: number;
  /** What is left to everything else, whoever takes it. */
  readonly left: number;
}
const usual: DiskLimits = { taken: 32 * gib, left: 2 * gib };

/** Why the build was ended, for people. */
export class DiskFull extends Error {}

interface Watched {
  /** Any folder on that disk. */
  readonly folder: string;
  readonly limits?: DiskLimits;
  readonly everyMs?: number;
  readonly free?: (folder: string) => Promise<number>;
}

export interface DiskWatch {
  /** Aborted with a DiskFull. */
  readonly signal: AbortSignal;
  readonly close: () => void;
}

/** What others take meanwhile counts as the build's: nobody can tell who took it without reading all of the disk. */
export async function watchDisk(watched: Watched): Promise<DiskWatch> {
  const { folder, limits = usual, everyMs = 500, free = freeOn } = watched;
  const full = new AbortController();
  const before = await free(folder);
  let isLooking = false;
  const look = async () => {
    if (isLooking) return;
    isLooking = true;
    try {
      const reason = reasonOf(before, await free(folder), limits);
      if (reason !== undefined) full.abort(new DiskFull(reason));
    } catch {
      // The folder goes with the build: its end is told by others.
    } finally {
      isLooking = false;
    }
  };
  const timer = setInterval(() => void look(), everyMs).unref();
  await look();
  return { signal: full.signal, close: () => clearInterval(timer) };
}

function reasonOf(before: number, now: number, { taken, left }: DiskLimits): string | undefined {
  if (now < left)
    return `this machine's disk is full: ${inGib(now)} are free, and builds leave ${inGib(left)}; make room, or install less`;
  if (before - now > taken)
    return `it filled the disk: ${inGib(before - now)} since it began, of at most ${inGib(taken)}; install less, or delete in the instruction that wrote it`;
  return undefined;
}

const inGib = (bytes: number): string => `${(bytes / gib).toFixed(1)} GiB`;

async function freeOn(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
