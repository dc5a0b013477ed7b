/** How the API server finds metrics-server, which runs on the node as a plain process: the objects, applied at its start. */
const metricsPort = 4443;

export function metricsApi(nodeAddress: string) {
  const metadata = {
    name: 'metrics-server',
    namespace: 'kube-system',
    labels: { 'k8s-app': 'metrics-server' },
  };
  const serviceLabel = { ...metadata.labels, 'kubernetes.io/service-name': metadata.name };
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata,
        // Without a selector: its one endpoint is below.
        spec: { clusterIP: 'None', ports: [{ name: 'https', port: 443, targetPort: metricsPort }] },
      },
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { ...metadata, labels: serviceLabel },
        addressType: 'IPv4',
        endpoints: [{ addresses: [nodeAddress], conditions: { ready: true } }],
        ports: [{ name: 'https', port: metricsPort, protocol: 'TCP' }],
      },
      {
        apiVersion: 'apiregistration.k8s.io/v1',
        kind: 'APIService',
        metadata: { name: 'v1beta1.metrics.k8s.io' },
        spec: {
          group: 'metrics.k8s.io',
          version: 'v1beta1',
          service: { name: metadata.name, namespace: metadata.namespace },
          groupPriorityMinimum: 100,
          versionPriority: 100,
          insecureSkipTLSVerify: true,
        },
      },
    ],
  };
}
