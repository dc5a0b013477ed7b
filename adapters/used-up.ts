/**
 * The memory of bytes that came from outside and were passed on. Each comes in a buffer of its own, and V8 lets tens of MiB of them wait
 * until it collects, however small its young generation is: what comes next is then fresh memory, which the kernel clears page by page.
 * Collected every 2 MiB a worker takes little more than half the time, and 20 to 40 MiB less (docs/adr/0030).
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const everyBytes = 2 * 2 ** 20;
type Collect = () => void;
let collect: Collect | undefined;
let waiting = 0;

/** Nobody holds these any more. */
export function usedUp({ length }: Uint8Array): void {
  waiting += length;
  if (waiting < everyBytes) return;
  waiting = 0;
  collect ??= collector();
  collect();
}

/** A worker's Node is started with it (core/jobs/worker-flags.ts). Nobody starts Lambda's so: there it is asked for when it is first wanted. */
function collector(): Collect {
  const { gc } = globalThis;
  if (gc) return () => void gc({ type: 'minor' });
  setFlagsFromString('--expose-gc');
  const asked: unknown = runInNewContext('globalThis.gc');
  // Without one all works as it did: nothing may fail for it.
  return typeof asked === 'function' ? () => void asked({ type: 'minor' }) : () => undefined;
}
