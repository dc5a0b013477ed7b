/**
 * The Container Insights metrics that the local cloud publishes, with the dimension sets that AWS documents for
 * enhanced observability:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-enhanced-EKS.html
 * How each is computed follows what sends them in AWS, the CloudWatch agent:
 * github.com/amazon-contributing/opentelemetry-collector-contrib, receiver/awscontainerinsightreceiver/internal/stores
 *
 * PodName is the workload's name (a Deployment's, a Job's), FullPodName the pod's.
 */
export type Dimension =
  | 'ClusterName'
  | 'Namespace'
  | 'Service'
  | 'PodName'
  | 'FullPodName'
  | 'NodeName'
  | 'InstanceId';

type DimensionSets = readonly (readonly Dimension[])[];

const cluster = ['ClusterName'] as const;
const namespace = ['Namespace', 'ClusterName'] as const;
const service = ['Service', 'Namespace', 'ClusterName'] as const;
const workload = ['PodName', 'Namespace', 'ClusterName'] as const;
const pod = ['FullPodName', 'PodName', 'Namespace', 'ClusterName'] as const;
const node = ['NodeName', 'InstanceId', 'ClusterName'] as const;

const utilizationSets: DimensionSets = [workload, namespace, service, cluster, pod];
const statusSets: DimensionSets = [cluster, workload, service, pod];
const nodeSets: DimensionSets = [node, cluster];

export const documentedSets = {
  pod_cpu_utilization: utilizationSets,
  pod_cpu_utilization_over_pod_limit: utilizationSets,
  pod_memory_utilization: utilizationSets,
  pod_memory_utilization_over_pod_limit: utilizationSets,
  pod_memory_working_set: statusSets,
  pod_memory_limit: statusSets,
  pod_status_ready: statusSets,
  pod_status_running: statusSets,
  pod_status_pending: statusSets,
  pod_status_failed: statusSets,
  pod_status_succeeded: statusSets,
  pod_number_of_containers: statusSets,
  pod_number_of_running_containers: statusSets,
  pod_container_status_waiting_reason_crash_loop_back_off: statusSets,
  pod_container_status_waiting_reason_image_pull_error: statusSets,
  pod_number_of_container_restarts: [workload],
  // The manual also lists two sets with ContainerName, and the agent's source (translator/translate/otel/exporter/
  // awsemf/kubernetes.go) declares those of the pod instead. This is the one on which both agree.
  pod_container_status_terminated_reason_oom_killed: [cluster],
  node_cpu_utilization: nodeSets,
  node_memory_utilization: nodeSets,
  node_filesystem_utilization: nodeSets,
  node_number_of_running_pods: nodeSets,
  node_status_condition_ready: nodeSets,
  node_status_condition_memory_pressure: nodeSets,
  node_status_condition_disk_pressure: nodeSets,
  cluster_node_count: [cluster],
  cluster_failed_node_count: [cluster],
  namespace_number_of_running_pods: [namespace, cluster],
  service_number_of_running_pods: [service, cluster],
} satisfies Record<string, DimensionSets>;

export type MetricName = keyof typeof documentedSets;

const units = { Percent: /utilization/, Bytes: /memory_(working_set|limit)/ };

export type Unit = keyof typeof units | 'Count';

export const unitOf = (name: MetricName): Unit =>
  units.Percent.test(name) ? 'Percent' : units.Bytes.test(name) ? 'Bytes' : 'Count';
