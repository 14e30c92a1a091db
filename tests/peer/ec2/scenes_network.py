"""Scenarios of key pairs, security groups, and the network that is there."""

import pathlib
import subprocess
import tempfile

from common import tagged
from scene import count, of, pick, scene, where

FOLDER = pathlib.Path(tempfile.mkdtemp())


def public(kind):
    """A public key."""
    path = FOLDER / kind
    if not path.exists():
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "someone", "-f", path], check=True)
    return path.with_suffix(".pub").read_bytes()


@scene
def key_pairs_that_are_imported(t):
    """Both kinds, as they are described; a name that is taken; what is no key."""
    for kind in ("rsa", "ed25519"):
        made = t.ask("import_key_pair", lambda a: [a["KeyName"], a["KeyPairId"]], KeyName=kind, PublicKeyMaterial=public(kind))
        t.note("length of its fingerprint", len(made["KeyFingerprint"]))
    t.ask("describe_key_pairs", of("KeyPairs", "KeyName", "KeyType"))
    t.ask("import_key_pair", KeyName="rsa", PublicKeyMaterial=public("ed25519"))
    t.ask("import_key_pair", KeyName="bad", PublicKeyMaterial=b"ssh-rsa nonsense")
    t.ask("import_key_pair", KeyName="empty", PublicKeyMaterial=b"")


@scene
def a_key_pair_that_is_made(t):
    """Its private half comes with the answer, once."""
    t.ask("create_key_pair", lambda a: a["KeyMaterial"].splitlines()[0], KeyName="made")
    t.ask("create_key_pair", KeyName="made")
    t.ask("create_key_pair", lambda a: a["KeyMaterial"].splitlines()[0], KeyName="other", KeyType="ed25519")
    t.ask("create_key_pair", KeyName="third", KeyType="dsa")


@scene
def key_pairs_that_are_looked_for(t):
    """By name, id, filter and tag; names and ids that are not there."""
    made = t.have("import_key_pair", KeyName="mine", PublicKeyMaterial=public("rsa"), TagSpecifications=tagged(key_pair={"a": "b"}))
    shown = of("KeyPairs", "KeyName", "Tags")
    t.ask("describe_key_pairs", shown, KeyNames=["mine"])
    t.ask("describe_key_pairs", shown, KeyPairIds=[made["KeyPairId"]])
    t.ask("describe_key_pairs", shown, Filters=where("key-name", "m*"))
    t.ask("describe_key_pairs", shown, Filters=where("tag:a", "b"))
    t.ask("describe_key_pairs", shown, Filters=where("key-name", "none"))
    t.ask("describe_key_pairs", shown, KeyNames=["none"])
    t.ask("describe_key_pairs", shown, KeyNames=["mine", "none"])
    t.ask("describe_key_pairs", shown, KeyPairIds=["key-0123456789abcdef0"])


@scene
def key_pairs_that_are_deleted(t):
    """By name and id; one that is not there is deleted already."""
    made = t.have("import_key_pair", KeyName="mine", PublicKeyMaterial=public("rsa"))
    t.ask("delete_key_pair", KeyName="none")
    t.ask("delete_key_pair", KeyPairId=made["KeyPairId"])
    t.ask("describe_key_pairs", count("KeyPairs"))
    t.ask("import_key_pair", KeyName="mine", PublicKeyMaterial=public("rsa"))


@scene
def security_groups_that_are_made(t):
    """Their names are unique in a network, and not those of ids."""
    group = t.ask("create_security_group", lambda a: a["GroupId"], GroupName="mine", Description="first", TagSpecifications=tagged(security_group={"a": "b"}))["GroupId"]
    t.ask("create_security_group", GroupName="mine", Description="second")
    t.ask("create_security_group", GroupName="MINE", Description="second")
    t.ask("create_security_group", GroupName="sg-mine", Description="third")
    t.ask("create_security_group", GroupName="lost", Description="fourth", VpcId="vpc-0123456789abcdef0")
    t.ask("describe_security_groups", of("SecurityGroups", "GroupName", "Description", "Tags", "OwnerId"), GroupIds=[group])
    egress = lambda a: [pick(p, "IpProtocol", "IpRanges") for p in a["SecurityGroups"][0]["IpPermissionsEgress"]]
    t.ask("describe_security_groups", egress, GroupIds=[group])


@scene
def security_groups_that_are_looked_for(t):
    """By name, filter and tag; ids and names that are not there."""
    t.group("one", TagSpecifications=tagged(security_group={"a": "b"}))
    t.group("two")
    shown = of("SecurityGroups", "GroupName")
    t.ask("describe_security_groups", shown)
    t.ask("describe_security_groups", shown, GroupNames=["one"])
    t.ask("describe_security_groups", shown, Filters=where("group-name", "t*"))
    t.ask("describe_security_groups", shown, Filters=where("tag:a", "b"))
    t.ask("describe_security_groups", shown, Filters=where("group-name", "none"))
    t.ask("describe_security_groups", shown, GroupNames=["none"])
    t.ask("describe_security_groups", shown, GroupIds=["sg-0123456789abcdef0"])
    t.ask("describe_security_groups", shown, GroupIds=["group"])
    t.ask("describe_security_groups", shown, Filters=where("colour", "green"))


def rule(**more):
    return [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/24"}], **more}]


@scene
def rules_of_a_security_group(t):
    """Added, added twice, and in forms that are refused."""
    group = t.group()
    add = lambda permissions: t.ask("authorize_security_group_ingress", lambda a: a["Return"], GroupId=group, IpPermissions=permissions)
    add(rule())
    add(rule())
    add(rule(IpRanges=[{"CidrIp": "10.0.1.0/24"}, {"CidrIp": "10.0.0.0/24"}]))
    add(rule(IpRanges=[{"CidrIp": "nonsense"}]))
    add(rule(IpRanges=[{"CidrIp": "10.0.0.0/33"}]))
    add(rule(FromPort=23, ToPort=22))
    add(rule(FromPort=-5))
    add(rule(IpProtocol="nonsense"))
    look = lambda a: [[p["IpProtocol"], p.get("FromPort"), sorted(r["CidrIp"] for r in p["IpRanges"])] for p in a["SecurityGroups"][0]["IpPermissions"]]
    t.ask("describe_security_groups", look, GroupIds=[group])
    t.ask("describe_security_groups", count("SecurityGroups"), Filters=where("ip-permission.cidr", "10.0.0.0/24"))
    t.ask("authorize_security_group_ingress", GroupId="sg-0123456789abcdef0", IpPermissions=rule())


@scene
def a_rule_for_an_address_in_a_network(t):
    """The network is kept, not the address."""
    group = t.group()
    t.have("authorize_security_group_ingress", GroupId=group, IpPermissions=rule(IpRanges=[{"CidrIp": "10.0.0.7/24"}]))
    t.ask("describe_security_groups", lambda a: a["SecurityGroups"][0]["IpPermissions"][0]["IpRanges"], GroupIds=[group])


@scene
def security_groups_that_are_deleted(t):
    """Unknown ones, the default one, and one twice."""
    group = t.group()
    t.ask("delete_security_group", GroupId=group)
    t.ask("delete_security_group", GroupId=group)
    t.ask("delete_security_group", GroupId="sg-0123456789abcdef0")
    t.ask("delete_security_group", GroupId="group")
    t.ask("delete_security_group", GroupName="none")
    default = t.have("describe_security_groups", Filters=where("group-name", "default"))["SecurityGroups"][0]["GroupId"]
    t.ask("delete_security_group", GroupId=default)


@scene
def a_security_group_that_an_instance_has(t):
    """It stays as long as its instance lives."""
    group = t.group()
    id = t.instance(SecurityGroupIds=[group])
    t.ask("delete_security_group", GroupId=group)
    t.have("stop_instances", InstanceIds=[id])
    t.until(lambda: t.state(id), "stopped")
    t.ask("delete_security_group", GroupId=group)
    t.have("terminate_instances", InstanceIds=[id])
    t.until(lambda: t.state(id), "terminated")
    t.ask("delete_security_group", GroupId=group)


@scene
def a_security_group_that_another_one_names(t):
    """It stays as long as a rule refers to it."""
    one, two = t.group("one"), t.group("two")
    permissions = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": one}]}]
    t.ask("authorize_security_group_ingress", GroupId=two, IpPermissions=permissions)
    t.ask("delete_security_group", GroupId=one)
    t.ask("delete_security_group", GroupId=two)
    t.ask("delete_security_group", GroupId=one)


@scene
def the_default_network(t):
    """One network, with a public subnet in every zone."""
    vpc = t.ask("describe_vpcs", of("Vpcs", "CidrBlock", "IsDefault", "State"), Filters=where("is-default", "true"))["Vpcs"][0]["VpcId"]
    subnets = lambda a: sorted({json_of(s) for s in a["Subnets"]})
    json_of = lambda s: str([s["DefaultForAz"], s["MapPublicIpOnLaunch"], s["State"], s["VpcId"] == vpc])
    t.ask("describe_subnets", subnets, Filters=where("vpc-id", vpc))
    t.ask("describe_subnets", count("Subnets"), Filters=where("availability-zone", "us-east-1a"))
    t.ask("describe_subnets", count("Subnets"), SubnetIds=["subnet-0123456789abcdef0"])
    t.ask("describe_vpcs", count("Vpcs"), VpcIds=["vpc-0123456789abcdef0"])
