"""EC2 resources of a VPC with NAT, flow logs and rules that stand apart from their security group."""

import re
from typing import Any

from ministack.services import ec2
from ministack.services.cloudformation import provisioners

from ..extend import needs
from . import Made, Props, answered, register

needs(ec2, "_allocate_address", "_release_address", "_addresses", "_create_nat_gateway", "_delete_nat_gateway")
needs(ec2, "_create_flow_logs", "_delete_flow_logs", "_security_groups", "_sg_rule_id", "_subnets")
needs(provisioners, "_ec2_apply_tags", "_ec2_sg_permissions")


def _element(xml: str, name: str) -> str:
    match = re.search(f"<{name}>([^<]+)</{name}>", xml)
    if match is None:
        raise ValueError(f"EC2's answer has no {name}: {xml}")
    return match[1]


def _create_address(_logical_id: str, props: Props, _stack: str) -> Made:
    answer = answered(ec2._allocate_address({"Domain": props.get("Domain", "vpc")}))
    allocation, address = _element(answer, "allocationId"), _element(answer, "publicIp")
    provisioners._ec2_apply_tags(allocation, props)
    return address, {"AllocationId": allocation, "PublicIp": address}


def _release_address(physical_id: str, _props: Props) -> None:
    for allocation, address in list(ec2._addresses.items()):
        if address["PublicIp"] == physical_id:
            ec2._release_address({"AllocationId": allocation})


def _create_nat(_logical_id: str, props: Props, _stack: str) -> Made:
    names = ("SubnetId", "AllocationId", "ConnectivityType")
    answer = answered(ec2._create_nat_gateway({name: props[name] for name in names if name in props}))
    nat = _element(answer, "natGatewayId")
    provisioners._ec2_apply_tags(nat, props)
    return nat, {"NatGatewayId": nat}


def _delete_nat(physical_id: str, _props: Props) -> None:
    ec2._delete_nat_gateway({"NatGatewayId": physical_id})


def _create_flow_log(_logical_id: str, props: Props, _stack: str) -> Made:
    names = ("ResourceType", "TrafficType", "LogDestinationType", "LogDestination", "LogGroupName")
    params = {name: props[name] for name in names if name in props}
    answer = answered(ec2._create_flow_logs({**params, "ResourceId.1": props["ResourceId"]}))
    flow_log = _element(answer, "item")
    provisioners._ec2_apply_tags(flow_log, props)
    return flow_log, {"Id": flow_log}


def _delete_flow_log(physical_id: str, _props: Props) -> None:
    ec2._delete_flow_logs({"FlowLogId.1": physical_id})


def _register_rule(resource_type: str, store: str, egress: bool) -> None:
    def create(_logical_id: str, props: Props, _stack: str) -> Made:
        rules = _rules(props["GroupId"], store)
        (rule,) = provisioners._ec2_sg_permissions([props])
        rule["SecurityGroupRuleId"] = ec2._sg_rule_id(props["GroupId"], egress, rule)
        rules.append(rule)
        return rule["SecurityGroupRuleId"], {"Id": rule["SecurityGroupRuleId"]}

    def delete(physical_id: str, props: Props) -> None:
        if props["GroupId"] in ec2._security_groups:
            rules = _rules(props["GroupId"], store)
            rules[:] = [rule for rule in rules if rule.get("SecurityGroupRuleId") != physical_id]

    register(resource_type, create, delete)


def _rules(group_id: str, store: str) -> list[dict[str, Any]]:
    group = ec2._security_groups.get(group_id)
    if group is None:
        raise ValueError(f"The security group '{group_id}' does not exist")
    return group.setdefault(store, [])


register("AWS::EC2::EIP", _create_address, _release_address)
register("AWS::EC2::NatGateway", _create_nat, _delete_nat)
register("AWS::EC2::FlowLog", _create_flow_log, _delete_flow_log)
_register_rule("AWS::EC2::SecurityGroupIngress", "IpPermissions", False)
_register_rule("AWS::EC2::SecurityGroupEgress", "IpPermissionsEgress", True)
