/**
 * What people's way into an environment is made of, as the pod, the gate and the access service must agree on it.
 * docs/adr/0020 says why there are three of them.
 */

/** Of the pod. Only the gate's is reached from outside; the others are bound to the pod's own 127.0.0.1. */
export const sshPorts = { gate: 2222, server: 2223, ask: 2224 } as const;

/** Nobody who logs in is the gate: its number is another than theirs. */
export const gateUser = 10002;

/** A projected token of a pod is good here alone, and no other token is. */
export const accessAudience = 'access.getschwifty.dev';

/** Where gates find the service that answers them. */
export const accessService = { namespace: 'getschwifty-system', name: 'access', port: 8080 } as const;

/** What the gate and the server take beside the application, in each pod. */
export interface Access {
  readonly ssh: boolean;
  /** Of all sessions of a pod together. */
  readonly memoryMiB: number;
}
const gate = { cpu: 0.01, memoryMiB: 96 } as const;
const server = { cpu: 0.02 } as const;
export const accessResources = ({ memoryMiB }: Access) => ({ gate, server: { ...server, memoryMiB } });

const none = { cpu: 0, memoryMiB: 0 };
export function besideOf(access: Access | undefined): { readonly cpu: number; readonly memoryMiB: number } {
  if (!access?.ssh) return none;
  return { cpu: gate.cpu + server.cpu, memoryMiB: gate.memoryMiB + access.memoryMiB };
}

/**
 * How an access service says that it is alive, so that its silence rings. The namespace is of its cluster alone: its role may
 * put metrics into no other, so that no cluster speaks for another one.
 */
export const accessHeartbeat = {
  namespaceOf: (cluster: string): string => `GetSchwifty/Access/${cluster}`,
  metric: 'Alive',
  everyMs: 60_000,
} as const;
