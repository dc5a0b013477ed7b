/**
 * What an environment with SSH has beside its application: the server in a container of the environment's own image, the
 * gate before it, and what both are given. docs/adr/0020 says why each is as it is.
 */
import { accessAudience, accessResources, gateUser, sshPorts } from './access.ts';
import { appUser } from './app-user.ts';
import { endsAtOnce, lifecycle } from './draining.ts';
import { hardened } from './isolation.ts';
import { type KubernetesObject, metadataOf } from './labels.ts';
import type { EnvironmentKey } from './names.ts';
import { cpuQuantity, memoryQuantity } from './quantity.ts';
import type { Spec } from './spec.ts';
import { workspaceMount } from './workspace.ts';

/** What the deployer knows of it beside the spec. */
export interface SshInput {
  /** Our own, by its digest: OpenSSH and the gate. */
  readonly image: string;
  /** Of the access service. */
  readonly url: string;
  /** The name of the Secret with the environment's host key. */
  readonly hostKeySecret: string;
}

const home = '/getschwifty/ssh';
const tokenFolder = '/var/run/secrets/getschwifty';
const filesName = 'ssh';
/** What the name of each Secret with a host key begins with. */
export const hostKeySecrets = 'ssh-host-key-';
/** How many connections a pod takes at once. */
const maxConnections = 64;

/** sshd takes a command for keys only from a file of root's, in folders of root's: a ConfigMap's are. */
export const sshFiles = (key: EnvironmentKey): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: metadataOf(key, filesName),
  data: {
    keys: `#!${home}/bin/busybox sh\nexec ${home}/keys "$@"\n`,
    // Whatever user the image knows: who logs in is the one that pods run as.
    passwd: `root:x:0:0:root:/:/bin/false\napp:x:${appUser}:${appUser}:app:/workspace:${home}/shell\n`,
  },
});

const resources = ({ cpu, memoryMiB }: { cpu: number; memoryMiB: number }) => {
  const memory = memoryQuantity(memoryMiB);
  return { requests: { cpu: cpuQuantity(cpu), memory }, limits: { memory } };
};

/** Copies OpenSSH to where it was made to run. */
export const sshInit = ({ image }: SshInput) => ({
  name: 'ssh-files',
  image,
  command: ['/access/ssh/bin/busybox', 'cp', '-R', '/access/ssh/.', `${home}/`],
  resources: resources({ cpu: 0.01, memoryMiB: 32 }),
  securityContext: hardened,
  volumeMounts: [{ name: 'ssh', mountPath: home }],
});

interface Housing {
  readonly spec: Spec;
  readonly image: string;
  readonly drainSeconds: number;
}

/** It is the gate that ends sessions with their pod, and says so: were the server gone first, they would look as if people had left. */
const afterGateSeconds = 3;

/** Both drain as the application does: a session that is open goes on until then, and so does one that begins. */
export function sshContainers({ spec, image, ...drained }: Housing, ssh: SshInput) {
  const { gate, server } = accessResources(spec.access);
  return [
    {
      name: 'ssh',
      image,
      command: [
        `${home}/bin/socat`,
        `TCP4-LISTEN:${sshPorts.server},bind=127.0.0.1,fork,reuseaddr,max-children=${maxConnections}`,
        `EXEC:${home}/serve,nofork`,
      ],
      resources: resources(server),
      ...lifecycle({ drainSeconds: drained.drainSeconds + afterGateSeconds }),
      terminationMessagePolicy: 'FallbackToLogsOnError',
      securityContext: hardened,
      volumeMounts: [
        { name: 'ssh', mountPath: home, readOnly: true },
        { name: 'ssh-host-key', mountPath: '/getschwifty/host-key', readOnly: true },
        { name: 'ssh-keys', mountPath: '/getschwifty-keys', subPath: 'keys', readOnly: true },
        { name: 'ssh-passwd', mountPath: '/etc/passwd', subPath: 'passwd', readOnly: true },
        { name: 'ssh-tmp', mountPath: '/tmp' },
        workspaceMount,
      ],
    },
    {
      name: 'ssh-gate',
      image: ssh.image,
      args: ['/access/gate.mjs'],
      env: [
        { name: 'ACCESS_URL', value: ssh.url },
        { name: 'TOKEN_FILE', value: `${tokenFolder}/token` },
      ],
      ports: [{ name: 'ssh', containerPort: sshPorts.gate, protocol: 'TCP' }],
      resources: resources(gate),
      ...lifecycle(drained),
      startupProbe: { tcpSocket: { port: 'ssh' }, periodSeconds: 1, failureThreshold: 60, ...endsAtOnce },
      livenessProbe: { tcpSocket: { port: 'ssh' }, periodSeconds: 10, failureThreshold: 6, ...endsAtOnce },
      terminationMessagePolicy: 'FallbackToLogsOnError',
      securityContext: { ...hardened, runAsUser: gateUser, runAsGroup: gateUser },
      volumeMounts: [{ name: 'ssh-token', mountPath: tokenFolder, readOnly: true }],
    },
  ];
}

/** Two volumes of one ConfigMap: a file each, so that each mount has a name of its own. */
const file = (name: string, key: string) => ({
  name,
  configMap: { name: filesName, defaultMode: 0o555, items: [{ key, path: key }] },
});

export const sshVolumes = ({ hostKeySecret }: SshInput) => [
  { name: 'ssh', emptyDir: { sizeLimit: '64Mi' } },
  { name: 'ssh-tmp', emptyDir: { sizeLimit: '256Mi' } },
  file('ssh-keys', 'keys'),
  file('ssh-passwd', 'passwd'),
  // Its group's too: sshd minds the mode of a key only where it owns the file.
  { name: 'ssh-host-key', secret: { secretName: hostKeySecret, defaultMode: 0o440 } },
  {
    name: 'ssh-token',
    projected: {
      sources: [
        { serviceAccountToken: { audience: accessAudience, expirationSeconds: 3600, path: 'token' } },
      ],
    },
  },
];

/**
 * The gate is to see who connects: an NLB tells pods its own address, unless it is asked for the client's; so does a node
 * that leads connections on to others (`externalTrafficPolicy`). Source: Elastic Load Balancing, "Client IP preservation".
 */
export const sshServiceAnnotations = {
  'service.beta.kubernetes.io/aws-load-balancer-target-group-attributes': 'preserve_client_ip.enabled=true',
};
export const sshServicePort = { name: 'ssh', port: 22, targetPort: 'ssh', protocol: 'TCP' };
