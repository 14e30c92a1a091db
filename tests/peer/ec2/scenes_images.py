"""Scenarios of images: finding, making, sharing, copying, and taking them away."""

import time

from common import tagged
from scene import AWAY, BASE, count, of, pick, scene, tag_list, where

ABSENT = "ami-0123456789abcdef0"


@scene
def a_public_image_by_its_id(t):
    """What is known of an image of someone else's."""
    t.ask("describe_images", of("Images", "ImageId", "OwnerId", "State", "Architecture", "VirtualizationType", "RootDeviceType", "Public"), ImageIds=[BASE])


@scene
def images_by_ids_that_are_not_there(t):
    """Unknown ids and malformed ones."""
    for id in (ABSENT, "ami-00000000", "ami-x", "image", "i-0123456789abcdef0"):
        t.ask("describe_images", count("Images"), ImageIds=[id])
    t.ask("describe_images", count("Images"), ImageIds=[BASE, ABSENT])


@scene
def images_by_owner(t):
    """`self`, an account, nobody's account, and an owner together with a filter."""
    t.ask("describe_images", count("Images"), Owners=["self"])
    t.image("owned")
    t.ask("describe_images", of("Images", "Name"), Owners=["self"])
    t.ask("describe_images", of("Images", "Name"), Owners=["123456789012"])
    t.ask("describe_images", count("Images"), Owners=["111111111111"])
    t.ask("describe_images", of("Images", "ImageId"), Owners=["099720109477"], Filters=where("image-id", BASE))
    t.ask("describe_images", count("Images"), Owners=["self"], Filters=where("image-id", BASE))
    t.ask("describe_images", of("Images", "ImageId"), Filters=where("owner-id", "099720109477") + where("image-id", BASE))
    t.ask("describe_images", of("Images", "Name"), Owners=["self", "111111111111"])
    t.ask("describe_images", count("Images"), Owners=["nobody"])
    t.ask("describe_images", count("Images"), ExecutableUsers=["12345"])


@scene
def image_names_with_wildcards(t):
    """`*` and `?`, the case of letters, whole names only."""
    snapshot = t.snapshot()
    for name in ("alpha-1", "alpha-22", "beta-1"):
        t.registered(snapshot, name)
    for pattern in ("alpha-*", "alpha-?", "*-1", "ALPHA-*", "alpha", "*", "?????-*", "alpha-1"):
        t.ask("describe_images", of("Images", "Name"), Owners=["self"], Filters=where("name", pattern))


@scene
def image_filters_together(t):
    """Values of one filter are alternatives, filters have to hold all."""
    snapshot = t.snapshot()
    for name in ("alpha-1", "alpha-2", "beta-1"):
        t.registered(snapshot, name)
    ask = lambda *filters: t.ask("describe_images", of("Images", "Name"), Owners=["self"], Filters=[f for part in filters for f in part])
    ask(where("name", "alpha-1", "beta-1"))
    ask(where("name", "alpha-*"), where("name", "*-2"))
    ask(where("name", "alpha-*"), where("architecture", "arm64"))
    ask(where("root-device-type", "ebs"), where("virtualization-type", "hvm"), where("state", "available"))
    ask(where("is-public", "false"))
    ask(where("block-device-mapping.snapshot-id", snapshot))


@scene
def an_image_filter_that_does_not_exist(t):
    """A filter's name is checked."""
    t.ask("describe_images", count("Images"), Owners=["self"], Filters=where("colour", "green"))


@scene
def image_filters_by_tag(t):
    """A tag's value, with wildcards; a tag that is there at all."""
    snapshot = t.snapshot()
    one, two = t.registered(snapshot, "one")["ImageId"], t.registered(snapshot, "two")["ImageId"]
    t.registered(snapshot, "bare")
    t.have("create_tags", Resources=[one], Tags=tag_list(stage="test", team="a"))
    t.have("create_tags", Resources=[two], Tags=tag_list(stage="live"))
    for filter in (where("tag:stage", "test"), where("tag:stage", "*"), where("tag:stage", "t?st"), where("tag-key", "team"), where("tag:Stage", "test"), where("tag:none", "*"), where("tag:stage", "test", "live")):
        t.ask("describe_images", of("Images", "Name"), Owners=["self"], Filters=filter)


@scene
def image_names_that_are_refused(t):
    """Too short, too long, other characters."""
    id = t.instance()
    for name in ("ab", "a" * 129, "a#b", "a\u00e4b", "a:b"):
        t.ask("create_image", InstanceId=id, Name=name)


@scene
def image_names_that_are_allowed(t):
    """Every character that may be in one."""
    id = t.instance("stopped")
    made = t.ask("create_image", InstanceId=id, Name="a(b) [c] d./e-f'g@h_1")
    if made:
        t.note("its name", t.made(made["ImageId"])["Name"])


@scene
def an_image_name_that_is_taken(t):
    """Names are unique in a region and an account; a deregistered image leaves its name."""
    id = t.instance("stopped")
    first = t.have("create_image", InstanceId=id, Name="taken")["ImageId"]
    t.ask("create_image", InstanceId=id, Name="taken")
    t.made(first)
    t.ask("create_image", InstanceId=id, Name="Taken")
    t.have("deregister_image", ImageId=first)
    t.ask("create_image", InstanceId=id, Name="taken")


@scene
def an_image_of_an_instance(t):
    """What an image takes over, and how it comes to be."""
    id = t.instance("stopped")
    made = t.ask("create_image", InstanceId=id, Name="made", Description="of a scenario")["ImageId"]
    t.ask("describe_images", of("Images", "State"), ImageIds=[made])
    t.made(made)
    shown = ("Name", "Description", "State", "OwnerId", "Public", "Architecture", "VirtualizationType", "RootDeviceType", "RootDeviceName", "SourceInstanceId")
    image = t.ask("describe_images", of("Images", *shown), ImageIds=[made])["Images"][0]
    t.note("its location", image.get("ImageLocation"))
    t.ask("describe_instances", lambda a: a["Reservations"][0]["Instances"][0]["State"]["Name"], InstanceIds=[id])


@scene
def an_image_of_no_instance(t):
    """Unknown, malformed, and terminated."""
    for id in ("i-0123456789abcdef0", "i-x", "instance"):
        t.ask("create_image", InstanceId=id, Name="none")
    t.ask("create_image", InstanceId=t.instance("terminated"), Name="none")


@scene
def an_image_and_its_snapshots_tagged_when_made(t):
    """One call tags both; other kinds are refused."""
    id = t.instance("stopped")
    t.ask("create_image", InstanceId=id, Name="wrong", TagSpecifications=tagged(volume={"a": "b"}))
    made = t.ask("create_image", InstanceId=id, Name="tagged", TagSpecifications=tagged(image={"a": "image"}))
    image = t.made(made["ImageId"])
    t.note("tags of the image", image.get("Tags"))
    both = t.ask("create_image", InstanceId=id, Name="both", TagSpecifications=tagged(image={"a": "image"}, snapshot={"a": "snapshot"}))
    if both:
        snapshot = t.made(both["ImageId"])["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
        t.ask("describe_snapshots", of("Snapshots", "Tags"), SnapshotIds=[snapshot])


@scene
def an_image_registered_from_a_snapshot(t):
    """With what is said, and with what is left out."""
    devices = [{"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": t.snapshot()}}]
    shown = of("Images", "Name", "Architecture", "VirtualizationType", "RootDeviceName", "RootDeviceType", "EnaSupport")
    said = t.ask("register_image", Name="said", RootDeviceName="/dev/sda1", BlockDeviceMappings=devices, Architecture="arm64", VirtualizationType="hvm", EnaSupport=True)
    t.made(said["ImageId"])
    t.ask("describe_images", shown, ImageIds=[said["ImageId"]])
    bare = t.ask("register_image", Name="bare", RootDeviceName="/dev/sda1", BlockDeviceMappings=devices)
    t.made(bare["ImageId"])
    t.ask("describe_images", shown, ImageIds=[bare["ImageId"]])


@scene
def an_image_registered_from_nothing(t):
    """No root device, no snapshot, a snapshot that does not exist."""
    t.ask("register_image", Name="none")
    t.ask("register_image", Name="none", RootDeviceName="/dev/sda1")
    absent = [{"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": "snap-0123456789abcdef0"}}]
    t.ask("register_image", Name="none", RootDeviceName="/dev/sda1", BlockDeviceMappings=absent)


@scene
def who_may_launch_an_image(t):
    """Accounts and everyone, added and taken away."""
    id = t.image()["ImageId"]
    look = lambda: t.ask("describe_image_attribute", lambda a: sorted(map(str, a["LaunchPermissions"])), ImageId=id, Attribute="launchPermission")
    look()
    t.ask("modify_image_attribute", ImageId=id, LaunchPermission={"Add": [{"UserId": "210987654321"}, {"UserId": "111122223333"}]})
    look()
    t.ask("modify_image_attribute", ImageId=id, LaunchPermission={"Remove": [{"UserId": "111122223333"}, {"UserId": "444455556666"}]})
    t.ask("modify_image_attribute", ImageId=id, Attribute="launchPermission", OperationType="add", UserGroups=["all"])
    look()
    t.ask("describe_images", of("Images", "Public"), ImageIds=[id])
    t.ask("describe_images", of("Images", "ImageId"), ExecutableUsers=["210987654321"], Filters=where("image-id", id))
    t.ask("reset_image_attribute", ImageId=id, Attribute="launchPermission")
    look()


@scene
def launch_permissions_that_are_refused(t):
    """Accounts and groups that do not exist; an image of someone else's."""
    id = t.image()["ImageId"]
    t.ask("modify_image_attribute", ImageId=id, LaunchPermission={"Add": [{"UserId": "12345"}]})
    t.ask("modify_image_attribute", ImageId=id, LaunchPermission={"Add": [{"Group": "some"}]})
    t.ask("modify_image_attribute", ImageId=BASE, LaunchPermission={"Add": [{"UserId": "210987654321"}]})
    t.ask("modify_image_attribute", ImageId=ABSENT, LaunchPermission={"Add": [{"UserId": "210987654321"}]})


@scene
def the_description_of_an_image(t):
    """Set after it was made; two attributes at once, and none."""
    id = t.image()["ImageId"]
    t.ask("modify_image_attribute", ImageId=id, Description={"Value": "later"})
    t.ask("describe_images", of("Images", "Description"), ImageIds=[id])
    t.ask("describe_image_attribute", lambda a: a.get("Description"), ImageId=id, Attribute="description")
    t.ask("modify_image_attribute", ImageId=id, Description={"Value": "more"}, LaunchPermission={"Add": [{"Group": "all"}]})
    t.ask("modify_image_attribute", ImageId=id)


@scene
def attributes_of_images(t):
    """One that does not exist, and one of someone else's image."""
    id = t.image()["ImageId"]
    t.ask("describe_image_attribute", ImageId=id, Attribute="colour")
    t.ask("describe_image_attribute", ImageId=BASE, Attribute="launchPermission")
    t.ask("describe_image_attribute", ImageId=ABSENT, Attribute="launchPermission")
    t.ask("describe_image_attribute", lambda a: a.get("SriovNetSupport"), ImageId=id, Attribute="sriovNetSupport")


@scene
def a_deregistered_image(t):
    """It is gone at once, and its snapshots stay."""
    image = t.image()
    id, snapshot = image["ImageId"], image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    t.ask("deregister_image", ImageId=id)
    t.ask("describe_images", count("Images"), ImageIds=[id])
    t.ask("describe_images", count("Images"), Owners=["self"])
    t.ask("describe_images", count("Images"), Filters=where("image-id", id))
    t.ask("deregister_image", ImageId=id)
    t.ask("describe_snapshots", of("Snapshots", "State"), SnapshotIds=[snapshot])
    t.ask("run_instances", ImageId=id, InstanceType="t2.micro", MinCount=1, MaxCount=1)


@scene
def deregistering_what_is_not_ones_own(t):
    """Someone else's, unknown, malformed."""
    for id in (BASE, ABSENT, "ami-x"):
        t.ask("deregister_image", ImageId=id)


@scene
def deregistering_with_snapshots(t):
    """The snapshots go with their image."""
    image = t.image()
    snapshot = image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    t.ask("deregister_image", ImageId=image["ImageId"], DeleteAssociatedSnapshots=True)
    t.ask("describe_snapshots", count("Snapshots"), SnapshotIds=[snapshot])


@scene
def an_image_that_is_protected(t):
    """Protection against deregistration, set and taken away."""
    id = t.image()["ImageId"]
    t.ask("enable_image_deregistration_protection", ImageId=id)
    t.ask("deregister_image", ImageId=id)
    t.ask("disable_image_deregistration_protection", ImageId=id)
    t.ask("deregister_image", ImageId=id)


@scene
def an_image_that_is_deprecated(t):
    """A time in the future, rounded to the minute; one in the past, and one that is too far."""
    id = t.image()["ImageId"]
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 400 * 86400))
    t.ask("enable_image_deprecation", ImageId=id, DeprecateAt=f"{day}T03:04:45Z")
    t.ask("describe_images", lambda a: (a["Images"][0].get("DeprecationTime") or "no time").removeprefix(day), ImageIds=[id])
    t.ask("enable_image_deprecation", ImageId=id, DeprecateAt="2001-01-02T03:04:05Z")
    t.ask("enable_image_deprecation", ImageId=id, DeprecateAt="2099-01-02T03:04:05Z")


@scene
def a_copy_of_an_image(t):
    """Into another region: its own id, snapshots of its own, no permissions taken over."""
    image = t.image("copied")
    t.have("modify_image_attribute", ImageId=image["ImageId"], LaunchPermission={"Add": [{"UserId": "210987654321"}]})
    made = t.ask("copy_image", region=AWAY, SourceRegion="us-east-1", SourceImageId=image["ImageId"], Name="copy", Description="there")
    copy = t.made(made["ImageId"], AWAY)
    t.note("the copy", pick(copy, "Name", "Description", "State", "OwnerId", "Architecture", "VirtualizationType", "RootDeviceName", "Public"))
    t.note("same id, same snapshot", [copy["ImageId"] == image["ImageId"], copy["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"] == image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]])
    t.ask("describe_image_attribute", lambda a: a["LaunchPermissions"], region=AWAY, ImageId=copy["ImageId"], Attribute="launchPermission")
    t.ask("describe_images", count("Images"), region=AWAY, ImageIds=[image["ImageId"]])


@scene
def copies_that_are_refused(t):
    """No such image there, no such region, an image that is not yet available."""
    copy = lambda **a: t.ask("copy_image", region=AWAY, **{"SourceRegion": "us-east-1", "SourceImageId": ABSENT, "Name": "copy", **a})
    copy()
    copy(SourceRegion="us-nowhere-1")
    copy(SourceImageId="ami-x")
    copy(SourceImageId=t.image("there")["ImageId"], SourceRegion="us-west-2")


@scene
def a_copy_with_a_client_token(t):
    """The same call again is the same copy; another call with the token is refused."""
    id = t.image("copied")["ImageId"]
    call = {"SourceRegion": "us-east-1", "SourceImageId": id, "Name": "copy", "ClientToken": "token"}
    first = t.ask("copy_image", region=AWAY, **call)
    again = t.ask("copy_image", region=AWAY, **call)
    t.note("one copy", first["ImageId"] == again["ImageId"])
    t.ask("copy_image", region=AWAY, **{**call, "Name": "other"})
    t.ask("describe_images", of("Images", "Name"), region=AWAY, Owners=["self"])


@scene
def a_copy_with_tags(t):
    """Tags of the copy and of its snapshots, given with the call; tags of the source stay behind."""
    id = t.image("copied", TagSpecifications=tagged(image={"of": "source"}))["ImageId"]
    made = t.ask("copy_image", region=AWAY, SourceRegion="us-east-1", SourceImageId=id, Name="copy", TagSpecifications=tagged(image={"a": "image"}, snapshot={"a": "snapshot"}))
    copy = t.made(made["ImageId"], AWAY)
    t.note("tags of the copy", copy.get("Tags"))
    t.ask("describe_snapshots", of("Snapshots", "Tags"), region=AWAY, SnapshotIds=[copy["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]])
    with_tags = t.ask("copy_image", region=AWAY, SourceRegion="us-east-1", SourceImageId=id, Name="with tags", CopyImageTags=True)
    t.note("tags taken over", t.made(with_tags["ImageId"], AWAY).get("Tags"))


@scene
def an_encrypted_copy(t):
    """Every snapshot of it is encrypted."""
    id = t.image("copied")["ImageId"]
    made = t.ask("copy_image", region=AWAY, SourceRegion="us-east-1", SourceImageId=id, Name="copy", Encrypted=True)
    copy = t.made(made["ImageId"], AWAY)
    ebs = copy["BlockDeviceMappings"][0]["Ebs"]
    t.note("its mapping", ebs.get("Encrypted"))
    t.ask("describe_snapshots", of("Snapshots", "Encrypted"), region=AWAY, SnapshotIds=[ebs["SnapshotId"]])


@scene
def images_in_pages(t):
    """As many as are asked for, then the rest."""
    snapshot = t.snapshot()
    for number in range(3):
        t.registered(snapshot, f"page {number}")
    page = lambda answer: [len(answer["Images"]), bool(answer.get("NextToken"))]
    first = t.ask("describe_images", page, Owners=["self"], MaxResults=2)
    token = (first or {}).get("NextToken")
    if token:
        t.ask("describe_images", page, Owners=["self"], MaxResults=2, NextToken=token)
    t.ask("describe_images", page, Owners=["self"], MaxResults=2, NextToken="nonsense")
