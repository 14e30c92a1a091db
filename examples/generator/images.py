#!/usr/bin/env python3
"""Prints a template for Packer: a builder per region, release, virtualization and storage."""

import json

VERSION = "3.1.0"

UPSTREAM = [
    {"region": "us-east-1", "release": "1204", "pv": "ami-2aa0ba42", "hvm": "ami-0aa8b262", "ebs": "ami-34cc7a5c"},
    {"region": "us-east-1", "release": "1404", "pv": "ami-c51df2ae", "hvm": "ami-eb6b8480", "ebs": "ami-d05e75b8"},
    {"region": "eu-west-1", "release": "1204", "pv": "ami-7beb9d0c", "hvm": "ami-73d6a004"},
    {"region": "eu-west-1", "release": "1404", "pv": "ami-47e09d30", "hvm": "ami-9bdda0ec"},
    {"region": "sa-east-1", "release": "1404", "pv": "ami-c99414d4", "hvm": "ami-e99717f4"},
    {"region": "cn-north-1", "release": "1404", "pv": "ami-08930e31", "hvm": "ami-7a930e43", "ebs": "ami-0220b23b"},
]

SIZES = {"sa-east-1": "m3.large"}


def source(image, virt, storage):
    if storage == "ebs":
        return image.get("ebs")
    return image.get(virt)


def label(image, virt, storage):
    text = image["region"] + "-" + image["release"] + "-" + virt
    if storage == "ebs":
        text = text + "-ebs"
    return text


def bundle_command(image, virt):
    partition = ""
    if virt == "hvm" and image["release"] != "1204":
        partition = " --partition mbr"
    return (
        "sudo -n ec2-bundle-vol -k {{.KeyPath}} -u {{.AccountId}} -c {{.CertPath}} -r {{.Architecture}}"
        + partition
        + " -e {{.PrivatePath}}/* -d {{.Destination}} -p {{.Prefix}} --batch --no-filter"
    )


def builder(image, virt, storage):
    region = image["region"]
    result = {
        "name": label(image, virt, storage),
        "type": "amazon-" + storage,
        "region": region,
        "source_ami": source(image, virt, storage),
        "instance_type": SIZES.get(region, "m3.medium"),
        "ssh_username": "ubuntu",
        "ami_name": "Ledger " + VERSION + " " + label(image, virt, storage),
        "ami_virtualization_type": "paravirtual" if virt == "pv" else "hvm",
        "tags": {"Release": VERSION, "Ubuntu": image["release"]},
    }
    if storage == "instance":
        # A bucket is a host name, so it has no dots.
        bucket = "ledger-" + VERSION.replace(".", "-") + "-" + region
        result["s3_bucket"] = bucket + "/{{timestamp}}-" + image["release"] + "-" + virt
        result["account_id"] = "{{user `account`}}"
        result["x509_cert_path"] = "{{user `signing_cert`}}"
        result["x509_key_path"] = "{{user `signing_key`}}"
        result["bundle_vol_command"] = bundle_command(image, virt)
    return result


def builders():
    found = []
    for image in UPSTREAM:
        for virt in ["pv", "hvm"]:
            for storage in ["instance", "ebs"]:
                if image["region"] == "cn-north-1":
                    continue
                if storage == "ebs" and virt == "pv":
                    continue
                if not source(image, virt, storage):
                    continue
                found.append(builder(image, virt, storage))
    return found


template = {
    "variables": {"account": None, "signing_cert": None, "signing_key": None},
    "builders": builders(),
    "provisioners": [
        {
            "type": "shell",
            "script": "ledger.sh",
            "environment_vars": ["LEDGER_VERSION=" + VERSION],
        }
    ],
}

print(json.dumps(template, indent=4))
