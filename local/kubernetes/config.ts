/** The node's configuration files, as text by path below `/run/node/config` (see node.sh). */
import { stringify } from 'yaml';
import type { Instance } from '#local/instance.ts';
import { metricsApi } from './metrics-api.ts';
import { pauseImage } from './pause-image.ts';

export interface NodeSettings {
  /** Where the API server asks who an EKS token belongs to. */
  readonly tokenReviewUrl: string;
  /** Images named `<host>/…` are pulled from `endpoint`, over plain HTTP and without credentials. */
  readonly registry: { readonly host: string; readonly endpoint: string };
}

export function nodeConfig(instance: Instance, settings: NodeSettings): Record<string, string> {
  return {
    'kubelet.yaml': stringify(kubelet(instance)),
    'metrics-api.json': JSON.stringify(metricsApi(instance.network.node)),
    'token-review.kubeconfig': stringify(tokenReview(settings.tokenReviewUrl)),
    'containerd.toml': containerd,
    'cni/10-pods.conflist': JSON.stringify(podNetwork(instance.network.pods), null, 2),
    [`certs.d/${settings.registry.host}/hosts.toml`]: mirror(settings.registry.endpoint),
    // There is no cluster DNS: pods reach Services by the environment variables or addresses they are given.
    'resolv.conf': '',
  };
}

const kubelet = (instance: Instance) => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  authentication: { x509: { clientCAFile: '/run/node/pki/ca.crt' } },
  cgroupDriver: 'cgroupfs',
  cgroupRoot: `/${instance.cgroup}`,
  containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
  // The disk is the machine's: pods are not to be evicted because its owner keeps it fuller than a node's.
  evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
  failCgroupV1: false,
  failSwapOn: false,
  // By threshold it would remove the pause image, which cannot be pulled again.
  imageGCHighThresholdPercent: 100,
  imageGCLowThresholdPercent: 99,
  // As on EC2, where metrics take the instance's id from here.
  providerID: `aws:///us-east-1a/i-${instance.id.padStart(17, '0')}`,
  resolvConf: '/run/node/config/resolv.conf',
  serializeImagePulls: false,
  // A pod sees a change of its ConfigMap within this time; by itself it is a minute.
  syncFrequency: '15s',
});

const tokenReview = (url: string) => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'token-review', cluster: { server: url } }],
  users: [{ name: 'apiserver', user: {} }],
  contexts: [{ name: 'token-review', context: { cluster: 'token-review', user: 'apiserver' } }],
  'current-context': 'token-review',
});

/** `ptp` rather than `bridge`: pods are routed, so that br_netfilter need not be loaded on the machine. */
const podNetwork = (subnet: string) => ({
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: [
    {
      type: 'ptp',
      ipam: { type: 'host-local', ranges: [[{ subnet }]], routes: [{ dst: '0.0.0.0/0' }] },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
});

/** `restrict_oom_score_adj`: without CAP_SYS_RESOURCE (in some virtual machines) runc could not start anything. */
const containerd = `version = 2

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  restrict_oom_score_adj = true

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/run/node/config/cni"

  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"

  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/run/node/config/certs.d"
`;

const mirror = (endpoint: string): string => `server = "${endpoint}"

[host."${endpoint}"]
  capabilities = ["pull", "resolve"]
`;
