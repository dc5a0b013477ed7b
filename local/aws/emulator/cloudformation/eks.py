"""EKS access entries, add-ons and pod identity associations."""

import urllib.parse
from typing import Any

from ministack.services import eks
from ministack.services.cloudformation import provisioners

from ..extend import needs
from . import Made, Props, answered, camel, register

needs(eks, "_create_access_entry", "_delete_access_entry", "_update_access_entry", "_access_entry_arn")
needs(eks, "_associate_access_policy", "_disassociate_access_policy", "_list_associated_access_policies")
needs(eks, "_create_addon", "_delete_addon", "_update_addon", "_addon_arn")
needs(eks, "_access_entries", "_ae_key")
needs(eks, "_create_pod_identity_association", "_update_pod_identity_association")
needs(eks, "_delete_pod_identity_association")

# Of Auto Mode and of hybrid nodes, which ministack would refuse.
_TYPES = {"EC2": "STANDARD", "HYBRID_LINUX": "STANDARD", "HYPERPOD_LINUX": "STANDARD"}


def _create_entry(_logical_id: str, props: Props, _stack: str) -> Made:
    cluster, principal, kind = props["ClusterName"], props["PrincipalArn"], props.get("Type", "STANDARD")
    body = {
        "principalArn": principal,
        "type": _TYPES.get(kind, kind),
        "kubernetesGroups": props.get("KubernetesGroups", []),
        "username": props.get("Username", ""),
        "tags": provisioners._tag_map(props.get("Tags")),
    }
    answered(eks._create_access_entry(cluster, body))
    eks._access_entries[eks._ae_key(cluster, principal)]["type"] = kind
    _associate(cluster, principal, props)
    return f"{principal}|{cluster}", {"AccessEntryArn": eks._access_entry_arn(cluster, principal)}


def _associate(cluster: str, principal: str, props: Props) -> None:
    for policy in props.get("AccessPolicies") or []:
        body = {"policyArn": policy["PolicyArn"], "accessScope": camel(policy["AccessScope"])}
        answered(eks._associate_access_policy(cluster, principal, body))


def _update_entry(_physical_id: str, _old: Props, new: Props) -> dict[str, Any]:
    cluster, principal = new["ClusterName"], new["PrincipalArn"]
    body = {"kubernetesGroups": new.get("KubernetesGroups", []), "username": new.get("Username", "")}
    answered(eks._update_access_entry(cluster, principal, body))
    associated = answered(eks._list_associated_access_policies(cluster, principal, {}))
    for policy in associated["associatedAccessPolicies"]:
        answered(eks._disassociate_access_policy(cluster, principal, policy["policyArn"]))
    _associate(cluster, principal, new)
    return {"AccessEntryArn": eks._access_entry_arn(cluster, principal)}


def _delete_entry(physical_id: str, _props: Props) -> None:
    principal, cluster = physical_id.split("|")
    eks._delete_access_entry(cluster, principal)


def _addon_body(props: Props) -> dict[str, Any]:
    return {
        "addonName": props["AddonName"],
        "addonVersion": props.get("AddonVersion", ""),
        "serviceAccountRoleArn": props.get("ServiceAccountRoleArn", ""),
        "configurationValues": props.get("ConfigurationValues", ""),
        "podIdentityAssociations": camel(props.get("PodIdentityAssociations", [])),
        "tags": provisioners._tag_map(props.get("Tags")),
    }


def _create_addon(_logical_id: str, props: Props, _stack: str) -> Made:
    cluster, name = props["ClusterName"], props["AddonName"]
    answered(eks._create_addon(cluster, _addon_body(props)))
    return f"{cluster}|{name}", {"Arn": eks._addon_arn(cluster, name)}


def _update_addon(_physical_id: str, _old: Props, new: Props) -> dict[str, Any]:
    answered(eks._update_addon(new["ClusterName"], new["AddonName"], _addon_body(new)))
    return {"Arn": eks._addon_arn(new["ClusterName"], new["AddonName"])}


def _delete_addon(physical_id: str, _props: Props) -> None:
    cluster, name = physical_id.split("|")
    eks._delete_addon(cluster, name)


def _association_body(props: Props) -> dict[str, Any]:
    body = {
        "namespace": props["Namespace"],
        "serviceAccount": props["ServiceAccount"],
        "roleArn": props["RoleArn"],
        "disableSessionTags": provisioners._cfn_bool(props.get("DisableSessionTags", False)),
        "tags": provisioners._tag_map(props.get("Tags")),
    }
    optional = {"targetRoleArn": props.get("TargetRoleArn"), "policy": props.get("Policy")}
    return {**body, **{key: value for key, value in optional.items() if value}}


def _association_attributes(association: dict[str, Any]) -> dict[str, Any]:
    return {
        "AssociationArn": association["associationArn"],
        "AssociationId": association["associationId"],
        "ExternalId": association.get("externalId", ""),
    }


def _create_association(_logical_id: str, props: Props, _stack: str) -> Made:
    answer = answered(eks._create_pod_identity_association(props["ClusterName"], _association_body(props)))
    association = answer["association"]
    return association["associationArn"], _association_attributes(association)


def _update_association(physical_id: str, _old: Props, new: Props) -> dict[str, Any]:
    body, identifier = _association_body(new), physical_id.rsplit("/", 1)[-1]
    answer = answered(eks._update_pod_identity_association(new["ClusterName"], identifier, body))
    return _association_attributes(answer["association"])


def _delete_association(physical_id: str, props: Props) -> None:
    identifier = urllib.parse.unquote(physical_id.rsplit("/", 1)[-1])
    eks._delete_pod_identity_association(props["ClusterName"], identifier)


register("AWS::EKS::AccessEntry", _create_entry, _delete_entry, _update_entry)
register("AWS::EKS::Addon", _create_addon, _delete_addon, _update_addon)
register("AWS::EKS::PodIdentityAssociation", _create_association, _delete_association, _update_association)
