"""Scenarios of the service itself: what no SDK would send, dry runs, regions, and what is on offer."""

from common import client
from scene import AWAY, BASE, HOME, count, of, scene, where


@scene
def an_action_that_does_not_exist(t):
    """And one with no name at all."""
    t.raw("MakeCoffee", Action="MakeCoffee")
    t.raw("no action")


@scene
def a_parameter_that_does_not_exist(t):
    """It is refused, not ignored."""
    t.raw("DescribeRegions with Colour", Action="DescribeRegions", Colour="green")
    t.raw("DescribeInstances with Instance.1", Action="DescribeInstances", **{"Instance.1": "i-0123456789abcdef0"})


@scene
def parameters_that_are_missing(t):
    """Each action says what it cannot do without."""
    t.raw("TerminateInstances", Action="TerminateInstances")
    t.raw("RunInstances", Action="RunInstances")
    t.raw("RunInstances without counts", Action="RunInstances", ImageId=BASE)
    t.raw("CreateImage without a name", Action="CreateImage", InstanceId="i-0123456789abcdef0")
    t.raw("DeregisterImage", Action="DeregisterImage")
    t.raw("DeleteSnapshot", Action="DeleteSnapshot")
    t.raw("ImportKeyPair", Action="ImportKeyPair")
    t.raw("CreateSecurityGroup", Action="CreateSecurityGroup", GroupName="g")
    t.raw("CreateTags", Action="CreateTags", **{"ResourceId.1": "i-0123456789abcdef0"})


@scene
def values_of_another_type(t):
    """Words where a number or a truth value is wanted."""
    t.raw("MaxResults=many", Action="DescribeInstances", MaxResults="many")
    t.raw("DryRun=perhaps", Action="DescribeRegions", DryRun="perhaps")
    t.raw("UserData=not base64", Action="RunInstances", ImageId=BASE, InstanceType="t2.micro", MinCount="1", MaxCount="1", UserData="%%%")


@scene
def another_version_of_the_api(t):
    """One that never was."""
    t.raw("Version=2001-01-01", Action="DescribeRegions", Version="2001-01-01")


@scene
def a_call_without_a_signature(t):
    """Nobody is let in."""
    t.raw("DescribeRegions, unsigned", signed=False, Action="DescribeRegions")


@scene
def a_region_that_does_not_exist(t):
    """As the place of a call, and as a question."""
    t.raw("DescribeRegions in us-nowhere-1", region="us-nowhere-1", Action="DescribeRegions")
    t.ask("describe_regions", count("Regions"), RegionNames=["us-nowhere-1"])
    t.ask("describe_availability_zones", count("AvailabilityZones"), ZoneNames=["us-east-1z"])


@scene
def regions_and_zones(t):
    """What they are called."""
    t.ask("describe_regions", of("Regions", "RegionName", "Endpoint"), RegionNames=[HOME, AWAY])
    t.ask("describe_regions", of("Regions", "RegionName"), Filters=where("region-name", "eu-west-1"))
    t.ask("describe_availability_zones", of("AvailabilityZones", "ZoneName", "State", "RegionName"), ZoneNames=["us-east-1a"])


@scene
def calls_that_are_only_tried(t):
    """DryRun of reading and writing calls; the mistakes of a call come first."""
    t.ask("describe_instances", DryRun=True)
    t.ask("describe_images", DryRun=True, ImageIds=[BASE])
    t.ask("create_security_group", DryRun=True, GroupName="g", Description="d")
    t.ask("create_key_pair", DryRun=True, KeyName="k")
    t.ask("deregister_image", DryRun=True, ImageId="ami-0123456789abcdef0")
    t.ask("delete_snapshot", DryRun=True, SnapshotId="snap-0123456789abcdef0")
    t.ask("describe_key_pairs", count("KeyPairs"))
    t.ask("describe_security_groups", count("SecurityGroups"))
    id = t.instance()
    t.ask("create_image", DryRun=True, InstanceId=id, Name="tried")
    t.ask("terminate_instances", DryRun=True, InstanceIds=[id])
    t.ask("stop_instances", DryRun=True, InstanceIds=[id])
    t.ask("describe_images", count("Images"), Owners=["self"])
    t.note("the instance", t.state(id))


@scene
def who_is_calling(t):
    """STS says it, at the same endpoint."""
    t.note("account", client(t.endpoint, "sts").get_caller_identity()["Account"])


@scene
def types_on_offer(t):
    """Where a type is offered, with wildcards; types that do not exist."""
    shown = of("InstanceTypeOfferings", "InstanceType", "LocationType", "Location")
    t.ask("describe_instance_type_offerings", shown, Filters=where("instance-type", "t2.micro"))
    t.ask("describe_instance_type_offerings", shown, Filters=where("instance-type", "t2.mic*"))
    t.ask("describe_instance_type_offerings", shown, Filters=where("instance-type", "x0.none"))
    t.ask("describe_instance_type_offerings", shown, Filters=where("instance-type", "t2.micro") + where("location", "us-east-1a"), LocationType="availability-zone")
    t.ask("describe_instance_type_offerings", shown, LocationType="planet")
    t.ask("describe_instance_types", of("InstanceTypes", "InstanceType", "CurrentGeneration", "BareMetal", "Hypervisor"), InstanceTypes=["t2.micro"])
    t.ask("describe_instance_types", count("InstanceTypes"), InstanceTypes=["x0.none"])


@scene
def credits_of_instances(t):
    """Of the types that have them."""
    id = t.instance()
    t.ask("describe_instance_credit_specifications", of("InstanceCreditSpecifications", "CpuCredits"), InstanceIds=[id])
