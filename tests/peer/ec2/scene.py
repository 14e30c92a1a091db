"""What scenarios are written with: calls, and what they answered in a form without ids and times.

It knows no scenario. A scenario is a function of a `Teller`; its doc line says what it is about.
"""

import json
import re
import time
import urllib.error
import urllib.request

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from common import client

# An image that both catalogues have: Ubuntu 14.04, hvm, x86_64, on EBS.
BASE = "ami-1e749f67"
HOME, AWAY = "us-east-1", "eu-west-1"
ID = re.compile(r"\b(ami|i|snap|vol|sgr|sg|key|vpc|subnet|eni|r|lt)-(?:[0-9a-f]{17}|[0-9a-f]{8})\b")
ALL = {}


def scene(tell):
    """Adds a scenario, named as its function is."""
    name = tell.__name__.replace("_", " ")
    assert name not in ALL, name
    ALL[name] = tell
    return tell


class Over(Exception):
    """The scenario cannot go on: what it stands on was refused."""


class Teller:
    """The calls of one scenario, and what they answered."""

    def __init__(self, endpoint, clients):
        self.endpoint, self.clients, self.told, self.ids = endpoint, clients, [], {}

    def client(self, region=HOME, service="ec2"):
        if (service, region) not in self.clients:
            self.clients[service, region] = client(self.endpoint, service, region)
        return self.clients[service, region]

    def note(self, what, answer):
        """Tells something, without ids: the first `ami-…` is `ami#1`."""
        self.told.append([what, json.loads(ID.sub(self.name_of, json.dumps(answer, default=str)))])

    def name_of(self, found):
        kind, id = found[1], found[0]
        known = self.ids.setdefault(kind, {})
        return known.setdefault(id, f"{kind}#{len(known) + 1}")

    def call(self, action, region, arguments, service="ec2"):
        try:
            return None, getattr(self.client(region, service), action)(**arguments)
        except ClientError as error:
            return error.response["Error"]["Code"], None
        except ResponseParserError:
            # No XML: what a server says that has fallen over its own feet.
            return "no answer of the protocol", None

    def ask(self, action, show=lambda answer: "ok", region=HOME, service="ec2", **arguments):
        """A call that is told: its answer as `show` says, or the code that it is refused with."""
        code, answer = self.call(action, region, arguments, service)
        try:
            self.note(action, code if code else show(answer))
        except (IndexError, KeyError):
            self.note(action, "an answer without what is asked for")
        return answer

    def iam(self, action, show=lambda answer: "ok", **arguments):
        """The same of IAM."""
        return self.ask(action, show, service="iam", **arguments)

    def have(self, action, region=HOME, service="ec2", **arguments):
        """A call that the scenario stands on: told where it is refused only."""
        code, answer = self.call(action, region, arguments, service)
        if code:
            self.note(f"{action}, which the scenario stands on", code)
            raise Over
        return answer

    def raw(self, what, region=HOME, signed=True, **form):
        """A call that no SDK would make, told by its code or as `ok`."""
        form = {"Version": "2016-11-15", **form}
        body = urllib.parse.urlencode(form)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        request = AWSRequest("POST", self.endpoint + "/", headers, body)
        if signed:
            SigV4Auth(Credentials("AKIDREHEARSAL", "secret"), "ec2", region).add_auth(request)
        sent = urllib.request.Request(self.endpoint + "/", body.encode(), dict(request.headers.items()), method="POST")
        try:
            with urllib.request.urlopen(sent) as answer:
                answer.read()
            code = "ok"
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            found = re.search(r"<Code>([^<]*)</Code>", text)
            code = found[1] if found else "no answer of the protocol"
        self.note(what, code)

    # What many scenarios begin with.

    def until(self, ask, wanted, seconds=20):
        end = time.time() + seconds
        while (answer := ask()) != wanted:
            if time.time() > end:
                self.note("waiting", f"{answer} instead of {wanted}")
                raise Over
            time.sleep(0.02)

    def state(self, id, region=HOME):
        return self.have("describe_instances", region, InstanceIds=[id])["Reservations"][0]["Instances"][0]["State"]["Name"]

    def instance(self, wanted="running", **more):
        """An instance in a state."""
        launch = {"ImageId": BASE, "InstanceType": "t2.micro", "MinCount": 1, "MaxCount": 1, **more}
        id = self.have("run_instances", **launch)["Instances"][0]["InstanceId"]
        self.until(lambda: self.state(id), "running")
        if wanted == "stopped":
            self.have("stop_instances", InstanceIds=[id])
        if wanted == "terminated":
            self.have("terminate_instances", InstanceIds=[id])
        self.until(lambda: self.state(id), wanted)
        return id

    def made(self, id, region=HOME):
        """Waits for an image; what it is."""
        image = lambda: self.have("describe_images", region, ImageIds=[id])["Images"][0]
        self.until(lambda: image()["State"], "available")
        return image()

    def image(self, name="own image", **more):
        """An image of an own instance."""
        id = self.have("create_image", InstanceId=self.instance(), Name=name, **more)["ImageId"]
        return self.made(id)

    def snapshot(self, **more):
        """A snapshot of an own volume."""
        id = self.instance()
        volume = self.have("describe_volumes", Filters=where("attachment.instance-id", id))["Volumes"][0]["VolumeId"]
        snapshot = self.have("create_snapshot", VolumeId=volume, **more)["SnapshotId"]
        state = lambda: self.have("describe_snapshots", SnapshotIds=[snapshot])["Snapshots"][0]["State"]
        self.until(state, "completed")
        return snapshot

    def registered(self, snapshot, name, **more):
        """An image of a snapshot."""
        devices = [{"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": snapshot}}]
        wants = {"Architecture": "x86_64", "VirtualizationType": "hvm", **more}
        id = self.have("register_image", Name=name, RootDeviceName="/dev/sda1", BlockDeviceMappings=devices, **wants)["ImageId"]
        return self.made(id)

    def group(self, name="own group", **more):
        return self.have("create_security_group", GroupName=name, Description="of a scenario", **more)["GroupId"]


def where(name, *values):
    """One filter."""
    return [{"Name": name, "Values": list(values)}]


def pick(thing, *names):
    """Some fields of an answer."""
    return {name: thing.get(name) for name in names}


def of(key, *names):
    """All things of an answer, by some of their fields, in an order of their own."""

    def show(answer):
        things = answer[key]
        if len(names) == 1:
            return sorted((t.get(names[0]) for t in things), key=str)
        return sorted((pick(t, *names) for t in things), key=lambda t: json.dumps(t, sort_keys=True, default=str))

    return show


def count(key):
    """How many things an answer has."""
    return lambda answer: len(answer[key])


def instances(answer):
    return [i for r in answer["Reservations"] for i in r["Instances"]]


def tag_list(**tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]
