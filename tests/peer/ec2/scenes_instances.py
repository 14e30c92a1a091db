"""Scenarios of instances: launching, states, attributes, and looking for them."""

from common import tagged
from scene import AWAY, BASE, count, instances, pick, scene, tag_list, where

ABSENT = "i-0123456789abcdef0"
LAUNCH = {"ImageId": BASE, "InstanceType": "t2.micro", "MinCount": 1, "MaxCount": 1}
changes = lambda key: lambda a: [[c["PreviousState"]["Name"], c["CurrentState"]["Name"], c["CurrentState"]["Code"]] for c in a[key]]
names = lambda a: sorted(i["State"]["Name"] for i in instances(a))


def reason(answer):
    """Why an instance is in its state."""
    i = instances(answer)[0]
    return [i["State"]["Name"], i["State"]["Code"], i.get("StateReason", {}).get("Code"), i.get("StateTransitionReason", "").split(" (")[0]]


@scene
def launching_what_does_not_exist(t):
    """Images, key pairs, groups, subnets, zones and types that are not there."""
    run = lambda **more: t.ask("run_instances", **{**LAUNCH, **more})
    run(ImageId="ami-0123456789abcdef0")
    run(ImageId="ami-x")
    run(KeyName="none")
    run(SecurityGroupIds=["sg-0123456789abcdef0"])
    run(SecurityGroups=["none"])
    run(SubnetId="subnet-0123456789abcdef0")
    run(Placement={"AvailabilityZone": "us-east-1z"})
    run(InstanceType="x0.none")
    t.ask("describe_instances", names)


@scene
def launching_what_does_not_fit(t):
    """An architecture that the type has not, and an old type that cannot boot hvm."""
    arm = t.registered(t.snapshot(), "arm", Architecture="arm64")["ImageId"]
    t.ask("run_instances", **{**LAUNCH, "ImageId": arm})
    t.ask("run_instances", **{**LAUNCH, "InstanceType": "m1.small"})


@scene
def launching_no_instance_at_all(t):
    """Counts that make no sense."""
    t.ask("run_instances", **{**LAUNCH, "MinCount": 0, "MaxCount": 0})
    t.ask("run_instances", **{**LAUNCH, "MinCount": 2, "MaxCount": 1})


@scene
def launching_several_at_once(t):
    """One reservation, numbered from 0."""
    t.ask("run_instances", lambda a: sorted(i["AmiLaunchIndex"] for i in a["Instances"]), **{**LAUNCH, "MinCount": 1, "MaxCount": 3})
    t.ask("describe_instances", lambda a: [len(a["Reservations"]), len(instances(a))])


@scene
def a_launch_that_is_only_tried(t):
    """DryRun says whether it would work, and launches nothing."""
    t.ask("run_instances", DryRun=True, **LAUNCH)
    t.ask("run_instances", DryRun=True, **{**LAUNCH, "ImageId": "ami-0123456789abcdef0"})
    t.ask("describe_instances", names)


@scene
def a_launch_with_a_client_token(t):
    """The same call again is the same instance; another call with the token is refused."""
    first = t.ask("run_instances", ClientToken="token", **LAUNCH)
    again = t.ask("run_instances", ClientToken="token", **LAUNCH)
    t.note("one instance", first["Instances"][0]["InstanceId"] == again["Instances"][0]["InstanceId"])
    t.ask("run_instances", **{**LAUNCH, "ClientToken": "token", "InstanceType": "t2.small"})
    t.ask("describe_instances", names, Filters=where("instance-state-name", "pending", "running"))
    t.ask("run_instances", lambda a: a["Instances"][0]["ClientToken"], ClientToken="other", **LAUNCH)


@scene
def client_tokens_are_of_a_region(t):
    """The token of one region means nothing in another."""
    id = t.image("twice")["ImageId"]
    there = t.have("copy_image", AWAY, SourceRegion="us-east-1", SourceImageId=id, Name="twice")["ImageId"]
    t.made(there, AWAY)
    t.ask("run_instances", ClientToken="token", **{**LAUNCH, "ImageId": id})
    t.ask("run_instances", region=AWAY, ClientToken="token", **{**LAUNCH, "ImageId": there})


@scene
def a_client_token_that_is_too_long(t):
    """At most 64 characters."""
    t.ask("run_instances", ClientToken="x" * 65, **LAUNCH)


@scene
def instances_by_their_client_token(t):
    """A filter of DescribeInstances."""
    t.have("run_instances", ClientToken="token", **LAUNCH)
    t.ask("describe_instances", lambda a: len(instances(a)), Filters=where("client-token", "token"))
    t.ask("describe_instances", lambda a: len(instances(a)), Filters=where("client-token", "other"))


@scene
def an_instance_and_its_volumes_tagged_when_launched(t):
    """One call tags both; a kind that is not launched is refused."""
    t.ask("run_instances", **LAUNCH, TagSpecifications=tagged(image={"a": "b"}))
    made = t.ask("run_instances", lambda a: a["Instances"][0].get("Tags"), **LAUNCH, TagSpecifications=tagged(instance={"a": "instance"}, volume={"a": "volume"}))
    id = made["Instances"][0]["InstanceId"]
    t.until(lambda: t.state(id), "running")
    t.ask("describe_instances", lambda a: instances(a)[0]["Tags"], InstanceIds=[id])
    t.ask("describe_volumes", lambda a: [v["Tags"] for v in a["Volumes"]], Filters=where("tag:a", "volume"))


@scene
def an_instance_that_starts(t):
    """Pending first, then running."""
    made = t.ask("run_instances", lambda a: [a["Instances"][0]["State"], a["OwnerId"]], **LAUNCH)
    id = made["Instances"][0]["InstanceId"]
    t.until(lambda: t.state(id), "running")
    shown = ("ImageId", "InstanceType", "Architecture", "VirtualizationType", "RootDeviceType", "RootDeviceName", "AmiLaunchIndex", "KeyName", "Monitoring")
    t.ask("describe_instances", lambda a: pick(instances(a)[0], *shown), InstanceIds=[id])
    t.ask("describe_instances", lambda a: [bool(instances(a)[0].get(k)) for k in ("PublicIpAddress", "PrivateIpAddress", "SubnetId", "VpcId")], InstanceIds=[id])
    t.ask("describe_instances", lambda a: [g["GroupName"] for g in instances(a)[0]["SecurityGroups"]], InstanceIds=[id])


@scene
def an_instance_that_stops_and_starts(t):
    """States of the answers and afterwards, with their reasons."""
    id = t.instance()
    t.ask("stop_instances", changes("StoppingInstances"), InstanceIds=[id])
    t.until(lambda: t.state(id), "stopped")
    t.ask("describe_instances", reason, InstanceIds=[id])
    t.ask("describe_instances", lambda a: bool(instances(a)[0].get("PublicIpAddress")), InstanceIds=[id])
    t.ask("stop_instances", changes("StoppingInstances"), InstanceIds=[id])
    t.ask("start_instances", changes("StartingInstances"), InstanceIds=[id])
    t.until(lambda: t.state(id), "running")
    t.ask("describe_instances", reason, InstanceIds=[id])
    t.ask("start_instances", changes("StartingInstances"), InstanceIds=[id])


@scene
def an_instance_that_is_terminated(t):
    """It is described for a while, with its reason; its volume goes; a second time does no harm."""
    id = t.instance()
    t.ask("terminate_instances", changes("TerminatingInstances"), InstanceIds=[id])
    t.until(lambda: t.state(id), "terminated")
    t.ask("describe_instances", reason, InstanceIds=[id])
    t.ask("describe_instances", lambda a: bool(instances(a)[0].get("PublicIpAddress")), InstanceIds=[id])
    t.ask("describe_volumes", count("Volumes"))
    t.ask("terminate_instances", changes("TerminatingInstances"), InstanceIds=[id])
    t.ask("stop_instances", changes("StoppingInstances"), InstanceIds=[id])
    t.ask("start_instances", changes("StartingInstances"), InstanceIds=[id])
    t.ask("reboot_instances", InstanceIds=[id])


@scene
def terminating_what_is_not_there(t):
    """Unknown and malformed ids; one wrong id spares all."""
    for id in (ABSENT, "i-x", "instance"):
        t.ask("terminate_instances", InstanceIds=[id])
    id = t.instance()
    t.ask("terminate_instances", InstanceIds=[id, ABSENT])
    t.ask("describe_instances", names, InstanceIds=[id])


@scene
def stopping_what_is_not_there(t):
    """Unknown and malformed ids."""
    for id in (ABSENT, "i-x"):
        t.ask("stop_instances", InstanceIds=[id])


@scene
def an_instance_that_is_protected(t):
    """It is not terminated before the protection is taken away."""
    id = t.instance(DisableApiTermination=True)
    t.ask("terminate_instances", InstanceIds=[id])
    t.ask("modify_instance_attribute", InstanceId=id, DisableApiTermination={"Value": False})
    t.ask("terminate_instances", changes("TerminatingInstances"), InstanceIds=[id])


@scene
def instances_by_ids_that_are_not_there(t):
    """Unknown ids, malformed ones, and one good one among them."""
    for ids in ([ABSENT], ["i-00000000"], ["i-x"], ["ami-0123456789abcdef0"], [t.instance(), ABSENT]):
        t.ask("describe_instances", names, InstanceIds=ids)


@scene
def instance_filters(t):
    """States, types, images, wildcards, tags, and all of them together."""
    t.instance("stopped", TagSpecifications=tagged(instance={"name": "one"}))
    t.instance(InstanceType="t2.small", TagSpecifications=tagged(instance={"name": "two"}))
    ask = lambda *filters: t.ask("describe_instances", names, Filters=[f for part in filters for f in part])
    ask(where("instance-state-name", "running"))
    ask(where("instance-state-name", "running", "stopped"))
    ask(where("instance-state-code", "80"))
    ask(where("instance-type", "t2.*"))
    ask(where("instance-type", "t2.micro"), where("instance-state-name", "running"))
    ask(where("image-id", BASE))
    ask(where("tag:name", "o*"))
    ask(where("tag-key", "name"))
    ask(where("tag:name", "none"))
    ask(where("root-device-type", "ebs"))
    ask(where("colour", "green"))


@scene
def instances_in_pages(t):
    """How many a page may have, and ids together with a page."""
    id = t.have("run_instances", **{**LAUNCH, "MinCount": 7, "MaxCount": 7})["Instances"][0]["InstanceId"]
    page = lambda a: [len(instances(a)), bool(a.get("NextToken"))]
    first = t.ask("describe_instances", lambda a: bool(a.get("NextToken")), MaxResults=5)
    if first and first.get("NextToken"):
        t.ask("describe_instances", page, MaxResults=5, NextToken=first["NextToken"])
    t.ask("describe_instances", page, MaxResults=1001)
    t.ask("describe_instances", page, MaxResults=5, InstanceIds=[id])
    t.ask("describe_instances", page, MaxResults=5, NextToken="nonsense")


@scene
def the_status_of_instances(t):
    """Of running ones; of all where it is said."""
    t.instance("stopped")
    t.instance()
    shown = lambda a: sorted(s["InstanceState"]["Name"] for s in a["InstanceStatuses"])
    t.ask("describe_instance_status", shown)
    t.ask("describe_instance_status", shown, IncludeAllInstances=True)
    t.ask("describe_instance_status", shown, InstanceIds=[ABSENT])


@scene
def attributes_of_an_instance(t):
    """What is read back, and an attribute that does not exist."""
    id = t.instance(UserData="#!/bin/sh\n", InstanceInitiatedShutdownBehavior="terminate")
    for attribute, key in (("instanceInitiatedShutdownBehavior", "InstanceInitiatedShutdownBehavior"), ("userData", "UserData"), ("instanceType", "InstanceType"), ("disableApiTermination", "DisableApiTermination"), ("rootDeviceName", "RootDeviceName")):
        t.ask("describe_instance_attribute", lambda a: a.get(key), InstanceId=id, Attribute=attribute)
    t.ask("describe_instance_attribute", InstanceId=id, Attribute="colour")
    t.ask("describe_instance_attribute", InstanceId=ABSENT, Attribute="userData")


@scene
def attributes_that_change_only_at_rest(t):
    """The type and enhanced networking want a stopped instance."""
    id = t.instance()
    t.ask("modify_instance_attribute", InstanceId=id, InstanceType={"Value": "t2.small"})
    t.ask("modify_instance_attribute", InstanceId=id, EnaSupport={"Value": True})
    t.have("stop_instances", InstanceIds=[id])
    t.until(lambda: t.state(id), "stopped")
    t.ask("modify_instance_attribute", InstanceId=id, InstanceType={"Value": "t2.small"})
    t.ask("modify_instance_attribute", InstanceId=id, EnaSupport={"Value": True})
    t.ask("modify_instance_attribute", InstanceId=id, SriovNetSupport={"Value": "simple"})
    t.ask("describe_instances", lambda a: [instances(a)[0]["InstanceType"], instances(a)[0].get("EnaSupport")], InstanceIds=[id])


@scene
def the_console_of_an_instance(t):
    """Of one that runs, and of one that is not there."""
    id = t.instance()
    t.ask("get_console_output", lambda a: [a["InstanceId"], "Timestamp" in a], InstanceId=id)
    t.ask("get_console_output", InstanceId=ABSENT)
    t.ask("get_console_output", InstanceId="i-x")


@scene
def devices_of_an_instance(t):
    """Sizes, types and what becomes of volumes; mappings that are refused."""
    ebs = lambda **more: [{"DeviceName": "/dev/sda1", "Ebs": more}]
    id = t.instance(BlockDeviceMappings=ebs(VolumeSize=20, VolumeType="gp3", DeleteOnTermination=False))
    shown = lambda a: [pick(v, "Size", "VolumeType", "State", "Encrypted") for v in a["Volumes"]]
    t.ask("describe_volumes", shown, Filters=where("attachment.instance-id", id))
    t.have("terminate_instances", InstanceIds=[id])
    t.until(lambda: t.state(id), "terminated")
    t.ask("describe_volumes", shown)
    run = lambda **more: t.ask("run_instances", **LAUNCH, BlockDeviceMappings=ebs(**more))
    run(VolumeSize=1)
    run(VolumeType="gp9", VolumeSize=20)
    run(VolumeType="io1", VolumeSize=20)
    run(VolumeType="gp2", VolumeSize=20, Iops=3000)
    run(SnapshotId="snap-0123456789abcdef0")


@scene
def networks_of_an_instance(t):
    """An interface of its own excludes groups beside it."""
    group = t.group()
    interface = [{"DeviceIndex": 0, "Groups": [group], "AssociatePublicIpAddress": True}]
    made = t.ask("run_instances", lambda a: [g["GroupName"] for g in a["Instances"][0]["SecurityGroups"]], **LAUNCH, NetworkInterfaces=interface)
    if made:
        id = made["Instances"][0]["InstanceId"]
        t.until(lambda: t.state(id), "running")
        t.ask("describe_instances", lambda a: bool(instances(a)[0].get("PublicIpAddress")), InstanceIds=[id])
    t.ask("run_instances", **LAUNCH, NetworkInterfaces=interface, SecurityGroupIds=[group])
    hidden = [{"DeviceIndex": 0, "AssociatePublicIpAddress": False}]
    made = t.ask("run_instances", **LAUNCH, NetworkInterfaces=hidden)
    if made:
        id = made["Instances"][0]["InstanceId"]
        t.until(lambda: t.state(id), "running")
        t.ask("describe_instances", lambda a: bool(instances(a)[0].get("PublicIpAddress")), InstanceIds=[id])


@scene
def instances_are_of_a_region(t):
    """What runs in one is unknown in another."""
    id = t.instance()
    t.ask("describe_instances", names, region=AWAY, InstanceIds=[id])
    t.ask("describe_instances", names, region=AWAY)
    t.ask("create_tags", region=AWAY, Resources=[id], Tags=tag_list(a="b"))
