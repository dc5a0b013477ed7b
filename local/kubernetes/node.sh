#!/usr/bin/env bash
# PID 1 of the local cloud's Kubernetes node, in namespaces of its own (see startNode in node.ts, which sets
# the variables used here). Its end is the end of every process, container, mount and firewall rule below.
#
# The node sees the machine's files, but with a /run, /var/lib and /var/log of its own, so that every program
# runs with its usual paths and no two nodes meet:
#   /run/node         the instance's node folder: pki/, config/, lib/, log/
#   /run/logs         one log a component
#   /run/kubernetes   the folder of the binary, `kubectl` and the pause image
#   /run/tools        metrics-server and kube-router
set -euo pipefail
trap 'exit 0' TERM

for program in containerd ctr runc iptables ipset conntrack; do
  command -v "$program" >/dev/null || { echo "$program is not installed" >&2; exit 1; }
done

mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/node /run/logs /run/kubernetes /run/tools /run/kernel
mount --bind "$NODE_FOLDER" /run/node
mount --bind "$NODE_LOGS" /run/logs
mount --bind "$NODE_BINARIES" /run/kubernetes
mount --bind "$NODE_TOOLS" /run/tools
mount --bind /run/node/lib /var/lib
mount --bind /run/node/log /var/log

# The kubelet sets these for the whole machine where they differ. It is shown the values it wants instead,
# so that the machine keeps its own.
while read -r setting value; do
  echo "$value" >"/run/kernel/${setting//\//-}"
  mount --bind "/run/kernel/${setting//\//-}" "/proc/sys/$setting"
done <<'SETTINGS'
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
SETTINGS

# Where pods ask for AWS credentials: the address of EKS Pod Identity's agent leads to the local services.
iptables --table nat --append PREROUTING --destination 169.254.170.23 --protocol tcp --dport 80 \
  --jump DNAT --to-destination "$NODE_IDENTITY_AGENT"

pki=/run/node/pki
config=/run/node/config
kubernetes=/run/kubernetes/kubernetes

# Starts a component again whenever it ends, as a service manager does.
supervise() {
  local name=$1 status
  shift
  while true; do
    status=0
    "$@" >>"/run/logs/$name.log" 2>&1 || status=$?
    echo "$(date --iso-8601=seconds) $name ended with status $status and is started again: see $name.log"
    sleep 1
  done &
}

supervise containerd containerd --config "$config/containerd.toml"
supervise etcd "$kubernetes" etcd --data-dir /var/lib/etcd
supervise apiserver "$kubernetes" apiserver \
  --advertise-address="$NODE_ADDRESS" \
  --allow-privileged \
  --authentication-token-webhook-cache-ttl=10s \
  --authentication-token-webhook-config-file="$config/token-review.kubeconfig" \
  --authentication-token-webhook-version=v1 \
  --authorization-mode=Node,RBAC \
  --client-ca-file="$pki/ca.crt" \
  --enable-admission-plugins=NodeRestriction \
  --enable-aggregator-routing \
  --etcd-servers=http://127.0.0.1:2379 \
  --kubelet-client-certificate="$pki/apiserver-kubelet.crt" \
  --kubelet-client-key="$pki/apiserver-kubelet.key" \
  --kubelet-preferred-address-types=InternalIP \
  --proxy-client-cert-file="$pki/front-proxy.crt" \
  --proxy-client-key-file="$pki/front-proxy.key" \
  --requestheader-allowed-names=front-proxy-client \
  --requestheader-client-ca-file="$pki/ca.crt" \
  --requestheader-extra-headers-prefix=X-Remote-Extra- \
  --requestheader-group-headers=X-Remote-Group \
  --requestheader-username-headers=X-Remote-User \
  --service-account-issuer=https://kubernetes.default.svc \
  --service-account-key-file="$pki/sa.pub" \
  --service-account-signing-key-file="$pki/sa.key" \
  --service-cluster-ip-range="$NODE_SERVICES" \
  --tls-cert-file="$pki/apiserver.crt" \
  --tls-private-key-file="$pki/apiserver.key"

until ctr version >/dev/null 2>&1; do sleep 0.2; done
ctr --namespace k8s.io images import /run/kubernetes/pause.tar
until "$kubernetes" kubectl --kubeconfig "$pki/admin.kubeconfig" get --raw /readyz >/dev/null 2>&1; do sleep 0.5; done

supervise controller-manager "$kubernetes" controller-manager \
  --kubeconfig="$pki/controller-manager.kubeconfig" \
  --leader-elect=false \
  --root-ca-file="$pki/ca.crt" \
  --service-account-private-key-file="$pki/sa.key" \
  --use-service-account-credentials
supervise scheduler "$kubernetes" scheduler --kubeconfig="$pki/scheduler.kubeconfig" --leader-elect=false
supervise kubelet "$kubernetes" kubelet \
  --config="$config/kubelet.yaml" \
  --hostname-override="$NODE_NAME" \
  --kubeconfig="$pki/kubelet.kubeconfig" \
  --node-ip="$NODE_ADDRESS" \
  --node-labels="$NODE_LABELS"
supervise proxy "$kubernetes" proxy \
  --cluster-cidr="$NODE_PODS" \
  --conntrack-max-per-core=0 \
  --hostname-override="$NODE_NAME" \
  --kubeconfig="$pki/proxy.kubeconfig" \
  --proxy-mode=iptables

# Both as administrators: what they may do on EKS is not tested here.
"$kubernetes" kubectl --kubeconfig "$pki/admin.kubeconfig" apply --server-side --force-conflicts -f "$config/metrics-api.json"
supervise metrics-server /run/tools/metrics-server \
  --kubeconfig="$pki/admin.kubeconfig" \
  --authentication-kubeconfig="$pki/admin.kubeconfig" \
  --authorization-kubeconfig="$pki/admin.kubeconfig" \
  --bind-address="$NODE_ADDRESS" \
  --secure-port=4443 \
  --cert-dir=/run/metrics-server \
  --kubelet-insecure-tls \
  --kubelet-preferred-address-types=InternalIP \
  --metric-resolution=15s
# Its firewall alone: routes and Services are the CNI plugin's and kube-proxy's.
supervise network-policies /run/tools/kube-router \
  --run-firewall=true \
  --run-router=false \
  --run-service-proxy=false \
  --run-loadbalancer=false \
  --enable-ipv6=false \
  --metrics-port=0 \
  --health-port=0 \
  --kubeconfig="$pki/admin.kubeconfig" \
  --hostname-override="$NODE_NAME" \
  --service-cluster-ip-range="$NODE_SERVICES"

wait
