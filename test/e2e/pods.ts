/** More memory for an environment that runs, as its stories ask for it; and of what its pods are by then. */
import { isApp } from '#core/labels.ts';
import { type EnvironmentKey, environmentId, namespaceOf } from '#core/names.ts';
import { Pod } from '#core/sight.ts';
import * as z from '#core/zod.ts';
import type { Client } from '../../api/client/client.ts';
import { kubectl } from './kubectl.ts';

const Pods = z.object({ items: z.array(Pod) });

/** @throws where it would be built for it. */
export async function giveMemory(client: Client, key: EnvironmentKey, memoryMiB: number): Promise<void> {
  const id = environmentId(key);
  const { spec, builds } = (await client.get(id)).environment;
  const changed = await client.change(id, { ...spec, resources: { ...spec.resources, memoryMiB } });
  if (changed.environment.builds !== builds) throw new Error(`${id} is built for a change of its memory`);
}

/** Of pods that are to stay: those that are replaced may be there for a while. */
async function stayingContainers(key: EnvironmentKey) {
  const text = await kubectl('--namespace', namespaceOf(key), 'get', 'pods', '--output', 'json');
  const staying = Pods.parse(JSON.parse(text)).items.filter((pod) => !pod.metadata.deletionTimestamp);
  return staying.flatMap(({ spec }) => spec.containers);
}

export const containersOf = async (key: EnvironmentKey): Promise<string[]> =>
  (await stayingContainers(key)).map(({ name }) => name);

/** The application's, in each pod. */
export const memoryLimits = async (key: EnvironmentKey): Promise<(string | undefined)[]> =>
  (await stayingContainers(key)).filter(isApp).map(({ resources }) => resources?.limits?.['memory']);
