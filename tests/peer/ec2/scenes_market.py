"""Scenarios of the spot market, and of networks of one's own."""

from common import tagged
from scene import BASE, count, instances, of, pick, scene, where

TEMPLATE = "lt-0123456789abcdef0"


def template(t, name="mine", **more):
    data = {"ImageId": BASE, "TagSpecifications": tagged(instance={"a": "b"}), "InstanceMarketOptions": {"MarketType": "spot"}, **more}
    return t.have("create_launch_template", LaunchTemplateName=name, LaunchTemplateData=data, TagSpecifications=tagged(launch_template={"c": "d"}))["LaunchTemplate"]["LaunchTemplateId"]


@scene
def launch_templates(t):
    """Made, found by id, name, filter and tag, taken away; names are unique."""
    id = template(t)
    shown = of("LaunchTemplates", "LaunchTemplateName", "LatestVersionNumber", "Tags")
    t.ask("create_launch_template", LaunchTemplateName="mine", LaunchTemplateData={"ImageId": BASE})
    t.ask("create_launch_template", LaunchTemplateName="empty", LaunchTemplateData={})
    t.ask("create_launch_template", LaunchTemplateName="a name", LaunchTemplateData={"ImageId": BASE})
    t.ask("describe_launch_templates", shown, LaunchTemplateIds=[id])
    t.ask("describe_launch_templates", shown, LaunchTemplateNames=["mine"])
    t.ask("describe_launch_templates", shown, Filters=where("launch-template-name", "mine"))
    t.ask("describe_launch_templates", shown, Filters=where("tag:c", "d"))
    t.ask("describe_launch_templates", shown, Filters=where("tag:c", "none"))
    t.ask("describe_launch_templates", shown, LaunchTemplateIds=[TEMPLATE])
    t.ask("describe_launch_templates", shown, LaunchTemplateNames=["none"])
    t.ask("delete_launch_template", LaunchTemplateName="none")
    t.ask("delete_launch_template", LaunchTemplateId=TEMPLATE)
    t.ask("delete_launch_template", lambda a: a["LaunchTemplate"]["LaunchTemplateName"], LaunchTemplateId=id)
    t.ask("describe_launch_templates", count("LaunchTemplates"))


def fleet(t, id, *kinds, **more):
    overrides = [{"InstanceType": kind} for kind in kinds]
    config = {"LaunchTemplateSpecification": {"LaunchTemplateId": id, "Version": "1"}, "Overrides": overrides}
    capacity = {"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "spot"}
    show = lambda a: [pick(i, "Lifecycle", "InstanceType") for i in a["Instances"]]
    return t.ask("create_fleet", show, Type="instant", LaunchTemplateConfigs=[config], TargetCapacitySpecification=capacity, **more)


@scene
def a_fleet_of_one(t):
    """Its instance is of the spot market, has the template's tags, and goes with it."""
    made = fleet(t, template(t), "t2.micro", "t2.small", TagSpecifications=tagged(fleet={"e": "f"}))
    id = made["Instances"][0]["InstanceIds"][0]
    found = lambda a: [(i.get("InstanceLifecycle"), [tag for tag in i.get("Tags", []) if not tag["Key"].startswith("aws:")]) for i in instances(a)]
    t.ask("describe_instances", found, InstanceIds=[id])
    t.until(lambda: t.state(id), "running")
    t.ask("delete_fleets", lambda a: [len(a["SuccessfulFleetDeletions"]), len(a["UnsuccessfulFleetDeletions"])], FleetIds=[made["FleetId"]], TerminateInstances=True)
    t.until(lambda: t.state(id), "terminated")


@scene
def a_fleet_of_nothing(t):
    """A template and a fleet that are not there."""
    fleet(t, TEMPLATE, "t2.micro")
    fleets = ["fleet-12345678-1234-1234-1234-123456789012"]
    t.ask("delete_fleets", lambda a: [len(a["SuccessfulFleetDeletions"]), len(a["UnsuccessfulFleetDeletions"])], FleetIds=fleets, TerminateInstances=True)


@scene
def a_spot_instance_that_is_to_stop(t):
    """One that was asked for once cannot be stopped."""
    id = t.instance(InstanceMarketOptions={"MarketType": "spot"})
    t.ask("describe_instances", lambda a: [i.get("InstanceLifecycle") for i in instances(a)], InstanceIds=[id])
    t.ask("stop_instances", InstanceIds=[id])


@scene
def a_network_of_ones_own(t):
    """A VPC and its subnets; ranges that meet, and ranges outside."""
    shown = lambda a: pick(a["Vpc"], "CidrBlock", "IsDefault")
    vpc = t.ask("create_vpc", shown, CidrBlock="10.0.0.0/16", TagSpecifications=tagged(vpc={"a": "b"}))["Vpc"]["VpcId"]
    t.ask("create_vpc", CidrBlock="10.0.0.0/8")
    t.ask("describe_vpcs", of("Vpcs", "CidrBlock", "IsDefault"), Filters=where("tag:a", "b"))
    subnet = lambda a: pick(a["Subnet"], "CidrBlock", "AvailabilityZone", "MapPublicIpOnLaunch", "DefaultForAz", "AvailableIpAddressCount")
    one = t.ask("create_subnet", subnet, VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="us-east-1b", TagSpecifications=tagged(subnet={"a": "b"}))["Subnet"]["SubnetId"]
    t.ask("create_subnet", VpcId=vpc, CidrBlock="10.0.1.128/25")
    t.ask("create_subnet", VpcId=vpc, CidrBlock="10.1.0.0/24")
    t.ask("create_subnet", VpcId="vpc-0123456789abcdef0", CidrBlock="10.0.2.0/24")
    t.ask("create_subnet", VpcId=vpc, CidrBlock="10.0.2.0/24", AvailabilityZone="us-east-1z")
    public = of("Subnets", "CidrBlock", "MapPublicIpOnLaunch")
    t.ask("describe_subnets", public, Filters=where("vpc-id", vpc))
    t.ask("modify_subnet_attribute", SubnetId=one, MapPublicIpOnLaunch={"Value": True})
    t.ask("describe_subnets", public, SubnetIds=[one])
    t.ask("describe_subnets", public, Filters=where("tag:a", "b"))
    group = t.group("inside", VpcId=vpc)
    t.ask("describe_security_groups", of("SecurityGroups", "GroupName"), Filters=where("vpc-id", vpc))
    launched = t.have("run_instances", ImageId=BASE, InstanceType="t2.micro", MinCount=1, MaxCount=1, SubnetId=one, SecurityGroupIds=[group])
    t.note("the place of an instance", pick(launched["Instances"][0], "SubnetId", "VpcId"))
