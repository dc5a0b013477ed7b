/** More memory for an environment that runs, as its stories ask for it; and what its pods have by then. */
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

/** The application's limit in each pod that is to stay. */
export async function memoryLimits(key: EnvironmentKey): Promise<(string | undefined)[]> {
  const text = await kubectl('--namespace', namespaceOf(key), 'get', 'pods', '--output', 'json');
  const staying = Pods.parse(JSON.parse(text)).items.filter((pod) => !pod.metadata.deletionTimestamp);
  return staying.map(
    ({ spec }) => spec.containers.find(({ name }) => name === 'app')?.resources?.limits?.['memory'],
  );
}
