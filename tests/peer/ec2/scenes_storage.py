"""Scenarios of snapshots, volumes, and tags of anything."""

from common import tagged
from scene import AWAY, BASE, count, of, pick, scene, tag_list, where

ABSENT = "snap-0123456789abcdef0"


def volume_of(t, instance):
    return t.have("describe_volumes", Filters=where("attachment.instance-id", instance))["Volumes"][0]["VolumeId"]


@scene
def a_snapshot_of_a_volume(t):
    """Pending, then complete; what is known of it."""
    volume = volume_of(t, t.instance())
    made = t.ask("create_snapshot", lambda a: pick(a, "State", "Description", "OwnerId", "Encrypted", "Tags"), VolumeId=volume, Description="of a scenario", TagSpecifications=tagged(snapshot={"a": "b"}))
    id = made["SnapshotId"]
    state = lambda: t.have("describe_snapshots", SnapshotIds=[id])["Snapshots"][0]["State"]
    t.until(state, "completed")
    t.ask("describe_snapshots", of("Snapshots", "State", "Progress", "Description", "OwnerId", "Encrypted", "Tags", "StorageTier"), SnapshotIds=[id])
    for filter in (where("volume-id", volume), where("status", "completed"), where("tag:a", "b"), where("description", "of a *"), where("status", "error"), where("owner-id", "123456789012")):
        t.ask("describe_snapshots", lambda a: len([s for s in a["Snapshots"] if s["SnapshotId"] == id]), Filters=filter)
    t.ask("describe_snapshots", count("Snapshots"), Filters=where("colour", "green"))


@scene
def snapshots_of_what_is_not_there(t):
    """Unknown and malformed volumes."""
    for id in ("vol-0123456789abcdef0", "vol-x", "volume"):
        t.ask("create_snapshot", VolumeId=id)


@scene
def snapshots_by_ids_that_are_not_there(t):
    """Described, deleted, shared: unknown and malformed."""
    for id in (ABSENT, "snap-x", "snapshot"):
        t.ask("describe_snapshots", count("Snapshots"), SnapshotIds=[id])
        t.ask("delete_snapshot", SnapshotId=id)
    t.ask("modify_snapshot_attribute", SnapshotId=ABSENT, CreateVolumePermission={"Add": [{"UserId": "210987654321"}]})
    t.ask("describe_snapshot_attribute", SnapshotId=ABSENT, Attribute="createVolumePermission")


@scene
def a_snapshot_that_an_image_uses(t):
    """It is deleted only after its image is deregistered."""
    image = t.image()
    snapshot = image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    t.ask("delete_snapshot", SnapshotId=snapshot)
    t.ask("deregister_image", ImageId=image["ImageId"])
    t.ask("delete_snapshot", SnapshotId=snapshot)
    t.ask("delete_snapshot", SnapshotId=snapshot)


@scene
def snapshots_of_an_image(t):
    """Their description names image and instance; their size is the volume's."""
    image = t.image()
    snapshot = image["BlockDeviceMappings"][0]["Ebs"]
    shown = t.ask("describe_snapshots", of("Snapshots", "State", "OwnerId"), SnapshotIds=[snapshot["SnapshotId"]])["Snapshots"][0]
    t.note("named in it", ["CreateImage(" in shown["Description"], image["ImageId"] in shown["Description"]])
    t.note("sizes agree", snapshot["VolumeSize"] == shown["VolumeSize"])


@scene
def who_may_use_a_snapshot(t):
    """Accounts and everyone, added and taken away."""
    id = t.snapshot()
    look = lambda: t.ask("describe_snapshot_attribute", lambda a: sorted(map(str, a["CreateVolumePermissions"])), SnapshotId=id, Attribute="createVolumePermission")
    look()
    t.ask("modify_snapshot_attribute", SnapshotId=id, Attribute="createVolumePermission", OperationType="add", UserIds=["210987654321"])
    look()
    t.ask("modify_snapshot_attribute", SnapshotId=id, CreateVolumePermission={"Add": [{"Group": "all"}], "Remove": [{"UserId": "210987654321"}]})
    look()
    t.ask("modify_snapshot_attribute", SnapshotId=id, CreateVolumePermission={"Remove": [{"Group": "all"}]})
    look()
    t.ask("modify_snapshot_attribute", SnapshotId=id, Attribute="createVolumePermission", OperationType="add", UserIds=["12345"])
    t.ask("describe_snapshot_attribute", SnapshotId=id, Attribute="colour")


@scene
def a_copy_of_a_snapshot(t):
    """Into another region, with tags; sources that are not there."""
    id = t.snapshot()
    copy = lambda **more: t.ask("copy_snapshot", lambda a: a.get("Tags"), region=AWAY, **{"SourceRegion": "us-east-1", "SourceSnapshotId": id, **more})
    made = copy(Description="copied", TagSpecifications=tagged(snapshot={"a": "b"}))
    state = lambda: t.have("describe_snapshots", AWAY, SnapshotIds=[made["SnapshotId"]])["Snapshots"][0]["State"]
    t.until(state, "completed")
    t.ask("describe_snapshots", of("Snapshots", "State", "Description", "Tags"), region=AWAY, SnapshotIds=[made["SnapshotId"]])
    copy(SourceSnapshotId=ABSENT)
    copy(SourceSnapshotId="snap-x")


@scene
def volumes_of_an_instance(t):
    """Found by what they are attached to; in use as long as that is so."""
    id = t.instance()
    volume = volume_of(t, id)
    attached = lambda a: [[v["State"], v["Attachments"][0]["State"], v["Attachments"][0]["Device"], v["Attachments"][0]["DeleteOnTermination"]] for v in a["Volumes"]]
    t.ask("describe_volumes", attached, VolumeIds=[volume])
    t.ask("describe_volumes", count("Volumes"), Filters=where("status", "in-use"))
    t.ask("describe_volumes", count("Volumes"), Filters=where("status", "available"))
    t.ask("delete_volume", VolumeId=volume)
    for other in ("vol-0123456789abcdef0", "vol-x"):
        t.ask("describe_volumes", count("Volumes"), VolumeIds=[other])
        t.ask("delete_volume", VolumeId=other)


@scene
def tags_of_what_is_not_there(t):
    """An unknown id of each kind, and what is no id."""
    for id in ("i-0123456789abcdef0", "ami-0123456789abcdef0", ABSENT, "vol-0123456789abcdef0", "sg-0123456789abcdef0", "key-0123456789abcdef0", "i-x", "nonsense"):
        t.ask("create_tags", Resources=[id], Tags=tag_list(a="b"))
    id = t.instance()
    t.ask("create_tags", Resources=[id, "i-0123456789abcdef0"], Tags=tag_list(a="b"))
    t.ask("describe_tags", count("Tags"), Filters=where("resource-id", id))


@scene
def tags_of_an_instance(t):
    """Added, overwritten, looked for, and taken away."""
    id = t.instance()
    shown = of("Tags", "Key", "Value", "ResourceType")
    t.ask("create_tags", Resources=[id], Tags=tag_list(a="1", b="2", empty=""))
    t.ask("create_tags", Resources=[id], Tags=tag_list(a="3"))
    for filters in ([], where("key", "a"), where("value", "2"), where("resource-type", "instance"), where("resource-id", id), where("tag:a", "3"), where("key", "z*"), where("resource-type", "image")):
        t.ask("describe_tags", shown, Filters=filters)
    t.ask("delete_tags", Resources=[id], Tags=[{"Key": "a", "Value": "other"}])
    t.ask("delete_tags", Resources=[id], Tags=[{"Key": "b"}])
    t.ask("describe_tags", shown)
    t.ask("delete_tags", Resources=[id])
    t.ask("describe_tags", shown)


@scene
def tags_that_are_refused(t):
    """AWS's own names, too long ones, too many, and none."""
    id = t.instance()
    tag = lambda **tags: t.ask("create_tags", Resources=[id], Tags=tag_list(**tags))
    tag(**{"aws:mine": "x"})
    tag(**{"k" * 129: "x"})
    tag(k="v" * 257)
    tag(**{f"k{n}": "x" for n in range(51)})
    t.ask("create_tags", Resources=[id], Tags=tag_list(a="1") + tag_list(a="2"))
    t.ask("create_tags", Resources=[BASE], Tags=tag_list(a="b"))


@scene
def tags_of_everything_at_once(t):
    """One call for an image and its snapshot."""
    image = t.image()
    ids = [image["ImageId"], image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]]
    t.ask("create_tags", Resources=ids, Tags=tag_list(a="b"))
    t.ask("describe_tags", of("Tags", "ResourceType", "Key", "Value"))
    t.ask("describe_snapshots", count("Snapshots"), Filters=where("tag:a", "b"))
