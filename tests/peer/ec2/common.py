"""What the scripts share: clients for an endpoint, and waiting."""

import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

# Every call once, and what the client would refuse by itself as well: it is the server that is asked.
ONCE = Config(retries={"total_max_attempts": 1, "mode": "standard"}, parameter_validation=False)


def client(endpoint, service="ec2", region="us-east-1"):
    keys = {"aws_access_key_id": "AKIDREHEARSAL", "aws_secret_access_key": "secret"}
    return boto3.client(service, region_name=region, endpoint_url=endpoint, config=ONCE, **keys)


def code(call, **arguments):
    """The code that a call is refused with, or `ok`."""
    try:
        call(**arguments)
        return "ok"
    except ClientError as error:
        return error.response["Error"]["Code"]


def until(ask, wanted, seconds=20):
    """Asks until the answer is the wanted one; the last answer."""
    end = time.time() + seconds
    while True:
        answer = ask()
        if answer == wanted or time.time() > end:
            return answer
        time.sleep(0.02)


def instance(ec2, id):
    return ec2.describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"][0]


def state(ec2, id):
    return instance(ec2, id)["State"]["Name"]


def image(ec2, id):
    return ec2.describe_images(ImageIds=[id])["Images"][0]


def tags(thing):
    return {tag["Key"]: tag["Value"] for tag in thing.get("Tags", thing.get("TagSet", []))}


def tagged(**kinds):
    """`TagSpecifications` of `image={"k": "v"}` and the like."""
    pairs = lambda tags: [{"Key": key, "Value": value} for key, value in tags.items()]
    return [{"ResourceType": kind.replace("_", "-"), "Tags": pairs(tags)} for kind, tags in kinds.items()]
