/**
 * One local cloud is one instance. Everything that it occupies on the machine (folder, ports, addresses,
 * network interfaces, cgroup) follows from its id, so that two checkouts, or a demo and the tests, run side by side.
 */
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Instance {
  /** Six hexadecimal digits of the hash of checkout and name. */
  readonly id: string;
  /** `demo` for `npm start`, `test` for `npm test`. */
  readonly name: string;
  /** The checkout. */
  readonly root: string;
  /** Everything that this instance writes; removed by `npm run local:down`. */
  readonly state: string;
  /** One log file a component: `<logs>/<component>.log`. */
  readonly logs: string;
  /** Shared by all instances and checkouts, keyed by version or content. */
  readonly cache: string;
  /** First choices: `freePort` in local/setup/ports.ts replaces one that is in use. */
  readonly ports: {
    readonly aws: number;
    readonly services: number;
    readonly dns: number;
    readonly pager: number;
  };
  readonly network: Network;
  /** Parent cgroup of the node's pods. */
  readonly cgroup: string;
}

export interface Network {
  /** `10.N`: the first two octets of every address below. */
  readonly prefix: string;
  /** The host's end of the veth: the emulator and the local services listen here. */
  readonly host: string;
  /** The node's end: the Kubernetes API server and the kubelet. */
  readonly node: string;
  /** Addresses given to Services of type LoadBalancer, routed by the host to the node. */
  readonly loadBalancers: string;
  readonly pods: string;
  readonly services: string;
  /** Interface names, at most 15 characters. */
  readonly hostInterface: string;
  readonly nodeInterface: string;
}

const checkout = dirname(dirname(fileURLToPath(import.meta.url)));

export function instanceOf(name: string, root: string = checkout): Instance {
  const hash = createHash('sha256').update(`${root}\n${name}`).digest();
  const id = hash.toString('hex').slice(0, 6);
  const slot = hash.readUInt16BE(4) % 1000;
  const prefix = `10.${60 + (slot % 180)}`;
  const port = 20_000 + slot * 8;
  const state = join('/var/lib/getschwifty', id);
  return {
    id,
    name,
    root,
    state,
    logs: join(state, 'logs'),
    cache: join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'getschwifty'),
    ports: { aws: port, services: port + 1, dns: port + 2, pager: port + 3 },
    network: {
      prefix,
      host: `${prefix}.0.1`,
      node: `${prefix}.0.2`,
      loadBalancers: `${prefix}.1.0/24`,
      pods: `${prefix}.128.0/17`,
      services: '10.96.0.0/16',
      hostInterface: `gs${id}h`,
      nodeInterface: `gs${id}n`,
    },
    cgroup: `getschwifty-${id}`,
  };
}
