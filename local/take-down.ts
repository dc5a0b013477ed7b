/** Takes the whole local cloud down, in the order in which nothing of it holds up the next. */
import { existsSync, rmSync } from 'node:fs';
import { emulatorRuns, endEmulator } from '#local/aws/emulator.ts';
import type { Instance } from '#local/instance.ts';
import { interfaceExists } from '#local/kubernetes/network.ts';
import { nodeStatus, stopNode } from '#local/kubernetes/node.ts';
import { stopServices } from '#local/services/process.ts';
import { leftovers, unmountBuilds } from '#local/setup/leftovers.ts';

/** Idempotent. Returns what was there; throws, naming it, if anything stays. */
export async function down(instance: Instance): Promise<string[]> {
  const removed: string[] = [];
  if (await stopServices(instance)) removed.push('local services');
  for (const point of await unmountBuilds(instance)) removed.push(`mount ${point}`);
  if (emulatorRuns(instance)) removed.push('AWS emulator and its Lambdas');
  await endEmulator(instance);
  if ((await nodeStatus(instance)).state !== 'stopped') removed.push('Kubernetes node and its containers');
  const { hostInterface } = instance.network;
  if (await interfaceExists(hostInterface)) removed.push(`interface ${hostInterface} and its routes`);
  await stopNode(instance);
  const left = await leftovers(instance);
  if (left.length > 0)
    throw new Error(
      `this is left of the local cloud: ${left.join(', ')}; end it by hand, then run 'npm run local:down' again`,
    );
  if (existsSync(instance.state)) {
    rmSync(instance.state, { recursive: true });
    removed.push(instance.state);
  }
  return removed;
}
