/**
 * The memory of bytes that came from outside and were passed on. Each comes in a buffer of its own, and V8 lets tens of MiB of them wait
 * until it collects, however small its young generation is: what comes next is then fresh memory, which the kernel clears page by page.
 * Collected every 2 MiB a worker takes half the time and 25 MiB less (docs/adr/0030).
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const everyBytes = 2 * 2 ** 20;
type Collect = NonNullable<typeof globalThis.gc>;
let collect: Collect | undefined;
let waiting = 0;

/** Nobody holds these any more. */
export function usedUp({ length }: Uint8Array): void {
  waiting += length;
  if (waiting < everyBytes) return;
  waiting = 0;
  collect ??= collector();
  collect({ type: 'minor' });
}

/** A worker's Node is started with it (core/jobs/worker-flags.ts). Nobody starts Lambda's so: there it is asked for when it is first wanted. */
function collector(): Collect {
  if (globalThis.gc) return globalThis.gc;
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc');
}
