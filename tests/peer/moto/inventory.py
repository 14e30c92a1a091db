"""What stands in an account, without ids and bakec's own tags: two builders that did the same leave the same text.

Arguments: the endpoint, then regions. It prints JSON with sorted keys.
"""

import json
import sys

import boto3
from botocore.config import Config

endpoint, *regions = sys.argv[1:]


def client(region):
    keys = {"aws_access_key_id": "AKIDREHEARSAL", "aws_secret_access_key": "secret"}
    return boto3.client("ec2", region_name=region, endpoint_url=endpoint, config=Config(retries={"total_max_attempts": 3}), **keys)


def tags(thing):
    return {t["Key"]: t["Value"] for t in thing.get("Tags", []) if not t["Key"].startswith("bakec:")}


def device(mapping):
    ebs = {k: v for k, v in mapping.get("Ebs", {}).items() if k != "SnapshotId"}
    return {**{k: v for k, v in mapping.items() if k != "Ebs"}, "Ebs": ebs}


def image(ec2, found):
    launch = ec2.describe_image_attribute(ImageId=found["ImageId"], Attribute="launchPermission")["LaunchPermissions"]
    kept = ["Name", "Description", "Architecture", "VirtualizationType", "RootDeviceType", "RootDeviceName", "Public", "State", "EnaSupport", "SriovNetSupport"]
    devices = sorted((device(m) for m in found.get("BlockDeviceMappings", [])), key=json.dumps)
    shared = sorted((p for p in launch), key=json.dumps)
    return {**{k: found.get(k) or None for k in kept}, "Devices": devices, "Tags": tags(found), "Launch": shared}


def snapshot(ec2, found):
    attribute = ec2.describe_snapshot_attribute(SnapshotId=found["SnapshotId"], Attribute="createVolumePermission")
    shared = sorted(attribute.get("CreateVolumePermissions", []), key=json.dumps)
    return {"Size": found["VolumeSize"], "Tags": tags(found), "Shared": shared, "Encrypted": found.get("Encrypted", False), "Key": found.get("KmsKeyId")}


def region(name):
    ec2 = client(name)
    images = ec2.describe_images(Owners=["self"])["Images"]
    mapped = {m["Ebs"]["SnapshotId"] for i in images for m in i.get("BlockDeviceMappings", []) if m.get("Ebs", {}).get("SnapshotId")}
    # The catalogue's own snapshots belong to the account as well, and stand in no image of ours.
    snapshots = [s for s in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"] if s["SnapshotId"] in mapped or tags(s) or "CreateImage" in s["Description"]]
    instances = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"] if i["State"]["Name"] != "terminated"]
    groups = [g["GroupName"] for g in ec2.describe_security_groups()["SecurityGroups"] if g["GroupName"] != "default"]
    ordered = lambda things: sorted(things, key=lambda t: json.dumps(t, sort_keys=True))
    return {
        "images": ordered(image(ec2, i) for i in images),
        "snapshots": ordered(snapshot(ec2, s) for s in snapshots),
        "instances": len(instances),
        "volumes": len(ec2.describe_volumes()["Volumes"]),
        "key_pairs": len(ec2.describe_key_pairs()["KeyPairs"]),
        "security_groups": len(groups),
    }


print(json.dumps({name: region(name) for name in regions}, indent=1, sort_keys=True))
