"""EKS clusters whose API server is the local node: endpoint and certificate are told by `POST /_local/eks`, before
or after the cluster is made. Auto Mode's configuration is kept, so that DescribeCluster answers it.
"""

import re
from typing import Any

from ministack.core.responses import get_account_id, new_uuid
from ministack.services import ec2, eks
from ministack.services.cloudformation import provisioners

from .admin import BadRequest, route
from .extend import extends, needs

needs(eks, "_clusters", "_get_docker")
needs(ec2, "_security_groups", "_DEFAULT_VPC_ID", "_ensure_defaults_initialized", "_subnets")
needs(provisioners, "_eks_cluster_fields", "_pascal_to_camel")

_node: dict[str, str] = {}
_KEPT = (
    "ComputeConfig",
    "StorageConfig",
    "UpgradePolicy",
    "ZonalShiftConfig",
    "KubernetesNetworkConfig",
    "EncryptionConfig",
    "DeletionProtection",
)


@extends(eks, "_get_docker")
def _no_containers(_original: Any) -> None:
    """ministack would start k3s where it finds Docker; the cluster is the local node, everywhere."""


@route("POST", "eks")
def _set_node(_match: re.Match[str], body: dict[str, Any]) -> dict[str, Any]:
    endpoint, authority = body.get("endpoint"), body.get("certificateAuthority")
    if not isinstance(endpoint, str) or not endpoint.startswith("https://") or not isinstance(authority, str):
        raise BadRequest('the body must be { "endpoint": "https://…", "certificateAuthority": "<base64 PEM>" }')
    _node.update(endpoint=endpoint, authority=authority)
    for cluster in eks._clusters.values():
        _connect(cluster)
    return {"clusters": list(eks._clusters.keys())}


def resume(node: dict[str, str]) -> None:
    """After a restart: ministack gives the clusters that it takes up again addresses of its own."""
    _node.update(node)
    for cluster in eks._clusters._data.values():
        _connect(cluster)


def _connect(cluster: dict[str, Any]) -> None:
    if _node:
        cluster["endpoint"] = _node["endpoint"]
        cluster["certificateAuthority"] = {"data": _node["authority"]}


@extends(eks, "_create_cluster")
def _create_cluster(original: Any, body: dict[str, Any], creator_arn: str | None = None) -> Any:
    response = original(body, creator_arn)
    if response[0] < 400:
        cluster = eks._clusters[body["name"]]
        cluster["status"] = "ACTIVE"
        _connect(cluster)
        _keep(cluster, body)
        _make_security_group(cluster)
    return response


def _keep(cluster: dict[str, Any], body: dict[str, Any]) -> None:
    for name in _KEPT:
        key = name[:1].lower() + name[1:]
        if key in body:
            kept = cluster.get(key)
            cluster[key] = {**kept, **body[key]} if isinstance(kept, dict) else body[key]


def _make_security_group(cluster: dict[str, Any]) -> None:
    """EKS makes the cluster's security group; rules of a template refer to it."""
    ec2._ensure_defaults_initialized()
    network = cluster["resourcesVpcConfig"]
    subnet = next((ec2._subnets[each] for each in network["subnetIds"] if each in ec2._subnets), None)
    network["vpcId"] = subnet["VpcId"] if subnet else ec2._DEFAULT_VPC_ID
    group = network["clusterSecurityGroupId"]
    ec2._security_groups[group] = {
        "GroupId": group,
        "GroupName": f"eks-cluster-sg-{cluster['name']}-{new_uuid()[:8]}",
        "Description": "EKS created security group",
        "VpcId": network["vpcId"],
        "OwnerId": get_account_id(),
        "IpPermissions": [],
        "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    }


@extends(eks, "_delete_cluster")
def _delete_cluster(original: Any, name: str) -> Any:
    cluster = eks._clusters.get(name)
    response = original(name)
    if response[0] < 400 and cluster is not None:
        ec2._security_groups.pop(cluster["resourcesVpcConfig"]["clusterSecurityGroupId"], None)
    return response


@extends(provisioners, "_eks_cluster_fields")
def _cluster_fields(original: Any, props: dict[str, Any]) -> dict[str, Any]:
    fields = original(props)
    for name in _KEPT:
        if name in props:
            fields[name[:1].lower() + name[1:]] = _typed(provisioners._pascal_to_camel(props[name]))
    return fields


def _typed(value: Any) -> Any:
    """Booleans reach CloudFormation as text."""
    if isinstance(value, dict):
        return {key: _typed(each) for key, each in value.items()}
    return value == "true" if value in ("true", "false") else value
