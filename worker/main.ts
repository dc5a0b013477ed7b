/** Entry of a worker of a data job, in a pod beside the container that its commands run in. */
import { env } from 'node:process';
import { parse } from '#core/errors.ts';
import { SlotEnv } from './env.ts';
import { Slot } from './slot.ts';
import { startWorker } from './start.ts';

const { SLOT_FOLDER } = parse(SlotEnv, env, "the worker's environment");
let slot: Slot | undefined;
await startWorker(async (stop) => {
  slot = await Slot.open(SLOT_FOLDER, stop);
  return slot;
});
slot?.close();
