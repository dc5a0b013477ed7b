/**
 * The memory of bytes that came from outside and were passed on. Each comes in a buffer of its own, and V8 lets tens of MiB of them wait
 * until it collects, however small its young generation is: what comes next is then fresh memory, which the kernel clears page by page.
 * Collected every 2 MiB a worker takes half the time and 25 MiB less (docs/adr/0030).
 */
const everyBytes = 2 * 2 ** 20;
let waiting = 0;

/** Nobody holds these any more. */
export function usedUp({ length }: Uint8Array): void {
  waiting += length;
  if (waiting < everyBytes) return;
  waiting = 0;
  // Where Node was started without --expose-gc (core/jobs/worker-flags.ts has it), V8 collects when it wants to.
  globalThis.gc?.({ type: 'minor' });
}
