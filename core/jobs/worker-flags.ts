/**
 * How a worker's Node is started. What it reads comes in small buffers that are soon used up: a small young generation finds them
 * there, where finding costs little; in a large one they grow old first, and both memory and time are twice as much. The old one is
 * looked through before it grows beyond what is ever held: some 20 MiB, the longest footer of Parquet among it. When the young one is
 * to be collected a worker says itself (adapters/used-up.ts). Of V8's four tiers two are left: what the two between its interpreter and
 * its optimizing compiler need for their work is kept for good, some 20 MB, and no worker is faster for them (docs/adr/0030).
 */
export const workerFlags = [
  '--max-semi-space-size=1',
  '--max-old-space-size=64',
  '--expose-gc',
  '--no-maglev',
  '--no-sparkplug',
] as const;
