/**
 * The instance as it really is on this machine: where a port or the subnet of its first choice is taken by
 * somebody else, another one. The choice is recorded in its state, so that every later command finds it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import * as z from '#core/zod.ts';
import { type Instance, instanceOf, type Network } from '#local/instance.ts';
import { attempt } from '#local/setup/run.ts';

const recordSchema = z.object({
  prefix: z.string(),
  ports: z.object({ aws: z.int(), services: z.int(), dns: z.int(), pager: z.int() }),
});
type Choice = z.infer<typeof recordSchema>;

const recordFile = (instance: Instance): string => join(instance.state, 'instance.json');

/** The instance as recorded, or with its first choices where it never was up. */
export function recordedInstance(name: string): Instance {
  const instance = instanceOf(name);
  const record = readRecord(instance);
  return record === undefined ? instance : withRecord(instance, record);
}

/** The instance that is up, or one whose subnet is free now. Writes nothing: see recordInstance. */
export async function chooseInstance(name: string): Promise<Instance> {
  const instance = instanceOf(name);
  const recorded = recordedInstance(name);
  if (networkInterfaces()[recorded.network.hostInterface] !== undefined) return recorded;
  const prefix = freePrefix(instance.network.prefix, await takenPrefixes());
  return withRecord(instance, { prefix, ports: instance.ports });
}

export function recordInstance(instance: Instance): Instance {
  mkdirSync(instance.state, { recursive: true });
  const choice: Choice = { prefix: instance.network.prefix, ports: instance.ports };
  writeFileSync(recordFile(instance), JSON.stringify(choice, null, 2));
  return instance;
}

/** Ports can be tried once the instance's address is there. */
export async function settlePorts(
  instance: Instance,
  running: ReadonlySet<keyof Instance['ports']>,
): Promise<Instance> {
  const { host } = instance.network;
  const taken = new Set<number>();
  const settle = async (name: keyof Instance['ports'], address: string): Promise<number> => {
    const wanted = instance.ports[name];
    const port = running.has(name) ? wanted : await freePort(address, wanted, taken);
    taken.add(port);
    return port;
  };
  const ports = {
    aws: await settle('aws', host),
    services: await settle('services', host),
    dns: await settle('dns', '127.0.0.1'),
    pager: await settle('pager', host),
  };
  return recordInstance({ ...instance, ports });
}

/** The first choice where it is free, else the next free one. */
export async function freePort(
  host: string,
  wanted: number,
  taken: ReadonlySet<number> = new Set(),
): Promise<number> {
  for (let port = wanted; port < Math.min(wanted + 1000, 65_536); port += 1) {
    if (!taken.has(port) && (await canListen(host, port))) return port;
  }
  throw new Error(`no free port on ${host} between ${wanted} and ${wanted + 1000}: end what listens there`);
}

function canListen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(new Error(`cannot listen on ${host}:${port}: ${error.message}`));
    });
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** Of `10.60` to `10.239`, the first choice or the next that no address and no route of this machine uses. */
export function freePrefix(wanted: string, taken: ReadonlySet<string>): string {
  const first = Number(wanted.split('.')[1]);
  for (let step = 0; step < 180; step += 1) {
    const prefix = `10.${60 + ((first - 60 + step) % 180)}`;
    if (!taken.has(prefix)) return prefix;
  }
  throw new Error('every subnet from 10.60.0.0/16 to 10.239.0.0/16 is in use on this machine: free one');
}

/** `10.96` is the cluster's own range of Services, whatever the machine uses. */
async function takenPrefixes(): Promise<Set<string>> {
  const { stdout } = await attempt('ip', ['route', 'show', 'table', 'all']);
  const addresses = Object.values(networkInterfaces()).flatMap(
    (all) => all?.map(({ address }) => address) ?? [],
  );
  return prefixesIn(`${stdout}\n${addresses.join('\n')}\n10.96.0.0/16`);
}

/** Every `10.N` that an address or a route names; a route wider than /16 takes all that it covers. */
export function prefixesIn(text: string): Set<string> {
  const taken = new Set<string>();
  for (const [, second, length] of text.matchAll(/\b10\.(\d+)\.\d+\.\d+(?:\/(\d+))?/g)) {
    const span = 2 ** Math.max(0, 16 - Number(length ?? 32));
    const from = Math.floor(Number(second) / span) * span;
    for (let octet = from; octet < from + span; octet += 1) taken.add(`10.${octet}`);
  }
  return taken;
}

function readRecord(instance: Instance): Choice | undefined {
  let text: string;
  try {
    text = readFileSync(recordFile(instance), 'utf8');
  } catch {
    return undefined;
  }
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch {
    throw new Error(
      `${recordFile(instance)} cannot be read: run 'npm run local:down', or remove ${instance.state}`,
    );
  }
}

function withRecord(instance: Instance, { prefix, ports }: Choice): Instance {
  const moved = (address: string): string => address.replace(instance.network.prefix, prefix);
  const { host, node, loadBalancers, pods } = instance.network;
  const network: Network = {
    ...instance.network,
    prefix,
    host: moved(host),
    node: moved(node),
    loadBalancers: moved(loadBalancers),
    pods: moved(pods),
  };
  return { ...instance, ports, network };
}
