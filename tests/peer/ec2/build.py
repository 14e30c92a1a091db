"""A whole build through boto3 and OpenSSH: what an executor calls, with copies, permissions and tags.

Arguments: the endpoint, and the port of SSH. It ends with 0 when everything was as EC2 does it.
"""

import base64
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

from common import client, code, image, instance, state, tagged, tags, until

endpoint, ssh_port = sys.argv[1:]
east, west = client(endpoint), client(endpoint, region="eu-west-1")
folder = pathlib.Path(tempfile.mkdtemp())
key = folder / "key"
subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)


def control(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(f"{endpoint}/_bakec/{path}", data=data) as answer:
        return json.load(answer)


# Preflight.
assert client(endpoint, "sts").get_caller_identity()["Account"].isdigit()
assert "eu-west-1" in [r["RegionName"] for r in east.describe_regions()["Regions"]]
offered = east.describe_instance_type_offerings(Filters=[{"Name": "instance-type", "Values": ["m3.medium"]}])
assert len(offered["InstanceTypeOfferings"]) == 1
source = east.describe_images(ImageIds=["ami-d05e75b8"])["Images"][0]
assert source["RootDeviceType"] == "ebs" and source["State"] == "available"
vpc = east.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
subnets = east.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
assert len(subnets) == 3 and all(s["AvailableIpAddressCount"] > 0 for s in subnets)
assert code(east.run_instances, ImageId="ami-d05e75b8", MinCount=1, MaxCount=1, InstanceType="m3.medium", DryRun=True) == "DryRunOperation"
assert not east.describe_images(Owners=["self"], Filters=[{"Name": "name", "Values": ["built"]}])["Images"]

# Key pair, group, instance.
mine = {"bakec:run": "r1", "bakec:state": "building"}
pair = east.import_key_pair(KeyName="k", PublicKeyMaterial=key.with_suffix(".pub").read_bytes(), TagSpecifications=tagged(key_pair=mine))
assert east.describe_key_pairs(KeyPairIds=[pair["KeyPairId"]])["KeyPairs"][0]["KeyType"] == "ed25519"
group = east.create_security_group(GroupName="g", Description="d", VpcId=vpc, TagSpecifications=tagged(security_group=mine))["GroupId"]
rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "127.0.0.1/32", "Description": "me"}]}
east.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule], TagSpecifications=tagged(security_group_rule=mine))
assert east.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"][0]["FromPort"] == 22
launch = {
    "ImageId": "ami-d05e75b8", "MinCount": 1, "MaxCount": 1, "InstanceType": "m3.medium", "KeyName": "k", "ClientToken": "token",
    "UserData": "#cloud-config\n", "InstanceInitiatedShutdownBehavior": "terminate", "EbsOptimized": False,
    "BlockDeviceMappings": [
        {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 12, "VolumeType": "gp3", "Iops": 4000, "Throughput": 200, "DeleteOnTermination": True}},
        {"DeviceName": "/dev/sdb", "NoDevice": ""},
    ],
    "NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": subnets[1]["SubnetId"], "Groups": [group], "AssociatePublicIpAddress": True, "DeleteOnTermination": True}],
    "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled", "HttpPutResponseHopLimit": 2, "InstanceMetadataTags": "enabled"},
    "TagSpecifications": tagged(instance=mine, volume=mine, network_interface=mine),
    "Placement": {"AvailabilityZone": subnets[1]["AvailabilityZone"], "Tenancy": "default"},
    "CapacityReservationSpecification": {"CapacityReservationPreference": "none"},
    "DisableApiTermination": False, "Monitoring": {"Enabled": True},
}
id = east.run_instances(**launch)["Instances"][0]["InstanceId"]
assert east.run_instances(**launch)["Instances"][0]["InstanceId"] == id
assert until(lambda: state(east, id), "running") == "running"
i = instance(east, id)
assert i["MetadataOptions"]["HttpTokens"] == "required" and i["Monitoring"]["State"] == "enabled" and tags(i) == mine
assert i["PublicIpAddress"] and i["Placement"]["AvailabilityZone"] == subnets[1]["AvailabilityZone"]
volume = i["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
v = east.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [id]}])["Volumes"]
assert [(x["VolumeId"], x["Size"], x["VolumeType"], x["Iops"], x["Throughput"], tags(x)) for x in v] == [(volume, 12, "gp3", 4000, 200, mine)], v
assert east.describe_instances(Filters=[{"Name": "tag:bakec:run", "Values": ["r1"]}])["Reservations"]
data = east.describe_instance_attribute(InstanceId=id, Attribute="userData")["UserData"]["Value"]
assert base64.b64decode(data) == b"#cloud-config\n"

# SSH: the host key is the one in the console, commands, and both kinds of transfer.
until(lambda: "Output" in east.get_console_output(InstanceId=id), True)
console = east.get_console_output(InstanceId=id)["Output"]
host_key = console.split("-----BEGIN SSH HOST KEY KEYS-----")[1].split()[:2]
(folder / "known").write_text(f"[127.0.0.1]:{ssh_port} {' '.join(host_key)}\n")
options = ["-i", key, "-o", "IdentitiesOnly=yes", "-o", f"UserKnownHostsFile={folder / 'known'}", "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes"]
ssh = ["ssh", "-F", "none", "-p", ssh_port, *options, "ubuntu@127.0.0.1"]


def remote(command, **more):
    return subprocess.run([*ssh, command], capture_output=True, text=True, timeout=60, **more)


script = folder / "script.sh"
script.write_text("#!/bin/bash\nset -e\nfor x in 1 2; do echo $x; done\n")
big = folder / "big"
big.write_bytes(bytes(range(256)) * 8192)
for transfer in (["scp", "-O"], ["scp", "-s"]):
    copy = [*transfer, "-q", "-F", "none", "-P", ssh_port, *options]
    subprocess.run([*copy, script, big, "ubuntu@127.0.0.1:/tmp/"], check=True, timeout=60)
    subprocess.run([*copy, "-r", folder, "ubuntu@127.0.0.1:/srv/"], check=True, timeout=60)
    subprocess.run([*copy, "ubuntu@127.0.0.1:/tmp/big", folder / "back"], check=True, timeout=60)
    assert (folder / "back").read_bytes() == big.read_bytes()
    subprocess.run([*copy, "-r", f"ubuntu@127.0.0.1:/srv/{folder.name}", folder / f"tree{transfer[1]}"], check=True, timeout=60)
    assert (folder / f"tree{transfer[1]}" / "script.sh").read_text() == script.read_text()
ran = remote("chmod +x /tmp/script.sh && sudo -E A=b /tmp/script.sh")
assert ran.returncode == 0 and "was not run (bash" in ran.stdout, ran
assert remote("exit 7").returncode == 7 and remote("/tmp/none.sh").returncode == 127
assert remote("cat > /tmp/piped; cat /tmp/piped", input="through").stdout == "through"
control("faults", ["ssh-exit=3@1", "ssh-no-exit@2", "ssh-reset@3"])
assert [remote("true").returncode for _ in range(4)] == [3, 255, 255, 0]
other = folder / "other"
subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other], check=True)
assert subprocess.run([other if a == key else a for a in ssh] + ["true"], capture_output=True).returncode == 255

# Stop, image, copies, permissions, tags. A connection does not outlive its instance.
open_session = subprocess.Popen([*ssh, "cat > /dev/null"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
until(lambda: open_session.poll(), 0, seconds=0.5)
east.stop_instances(InstanceIds=[id])
assert open_session.wait(timeout=10) == 255
assert until(lambda: state(east, id), "stopped") == "stopped"
east.modify_instance_attribute(InstanceId=id, EnaSupport={"Value": True})
made = east.create_image(InstanceId=id, Name="built", Description="d", TagSpecifications=tagged(image=mine, snapshot=mine))["ImageId"]
assert code(east.create_image, InstanceId=id, Name="built") == "InvalidAMIName.Duplicate"
assert image(east, made)["State"] == "pending"
assert until(lambda: image(east, made)["State"], "available") == "available"
own = image(east, made)
assert own["EnaSupport"] and own["SourceInstanceId"] == id and tags(own) == mine, own
snapshot = own["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
assert tags(east.describe_snapshots(OwnerIds=["self"], SnapshotIds=[snapshot])["Snapshots"][0]) == mine
copying = {"SourceRegion": "us-east-1", "SourceImageId": made, "Name": "built", "ClientToken": "copy", "Encrypted": True, "TagSpecifications": tagged(image=mine, snapshot=mine)}
copy = west.copy_image(**copying)["ImageId"]
assert west.copy_image(**copying)["ImageId"] == copy
assert until(lambda: image(west, copy)["State"], "available") == "available"
assert image(west, copy)["BlockDeviceMappings"][0]["Ebs"]["Encrypted"] and tags(image(west, copy)) == mine
east.modify_image_attribute(ImageId=made, LaunchPermission={"Add": [{"UserId": "210987654321"}, {"Group": "all"}]})
east.modify_snapshot_attribute(SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", UserIds=["210987654321"])
shared = east.describe_image_attribute(ImageId=made, Attribute="launchPermission")["LaunchPermissions"]
assert sorted(map(str, shared)) == ["{'Group': 'all'}", "{'UserId': '210987654321'}"]
assert east.describe_snapshot_attribute(SnapshotId=snapshot, Attribute="createVolumePermission")["CreateVolumePermissions"] == [{"UserId": "210987654321"}]
later = time.strftime("%Y-%m-%dT03:04", time.gmtime(time.time() + 400 * 86400))
east.enable_image_deprecation(ImageId=made, DeprecateAt=f"{later}:00Z")
east.enable_image_deregistration_protection(ImageId=made, WithCooldown=False)
assert image(east, made)["DeprecationTime"] == f"{later}:00.000Z"
for ec2, ami in ((east, made), (west, copy)):
    ids = [ami, image(ec2, ami)["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]]
    ec2.create_tags(Resources=ids, Tags=[{"Key": "bakec:state", "Value": "final"}])
assert len(east.describe_tags(Filters=[{"Name": "value", "Values": ["final"]}])["Tags"]) == 2

# Undo.
east.terminate_instances(InstanceIds=[id])
assert until(lambda: state(east, id), "terminated") == "terminated"
east.delete_security_group(GroupId=group)
east.delete_key_pair(KeyName="k")
assert code(east.deregister_image, ImageId=made) == "OperationNotPermitted"
east.disable_image_deregistration_protection(ImageId=made)
left = {kind: len(things) for kind, things in control("inventory").items()}
assert {kind: count for kind, count in left.items() if count} == {"images": 2, "snapshots": 2}, left
assert all(thing["tags"]["bakec:state"] == "final" for kind in ("images", "snapshots") for thing in control("inventory")[kind])
calls = control("calls")
unread = {call["action"]: call["unread"] for call in calls if call.get("unread")}
assert not unread, f"parameters without effect: {unread}"
print(f"{len(calls)} calls, all parameters of them read")
