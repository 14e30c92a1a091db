"""The plan of `program.rs` as a script would make it: nested loops, dicts, `json.dump`. Prints the seconds it took."""

import json
import sys
import time

REGIONS = [
    "us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-1",
    "ap-southeast-2", "ap-northeast-1", "sa-east-1", "ca-central-1", "eu-north-1",
]


def plan(regions, releases, flavors):
    version = "2.6.3"
    builders = []
    provisioners = {}
    for region in REGIONS[:regions]:
        for release in (f"r{i}" for i in range(releases)):
            for flavor in (f"f{i}" for i in range(flavors)):
                name = f"{region}-{release}-{flavor}"
                builders.append({
                    "type": "amazon-ebs",
                    "name": name,
                    "region": region,
                    "source_ami": "ami-0123456789abcdef0",
                    "instance_type": "m5.large",
                    "ssh_username": "ubuntu",
                    "ssh_timeout": "10m",
                    "ami_name": f"big {version} {release} {flavor}",
                    "ami_description": f"The {release} image in flavor {flavor}, built at {{{{isotime}}}}",
                    "ami_groups": ["all"] if flavor == "f0" else [],
                    "ebs_optimized": True,
                    "ena_support": True,
                    "encrypt_boot": False,
                    "launch_block_device_mappings": [{
                        "device_name": "/dev/sda1",
                        "volume_size": 20,
                        "volume_type": "gp2",
                        "delete_on_termination": True,
                    }],
                    "tags": {"Release": release, "Flavor": flavor, "Version": version, "Built": "{{timestamp}}"},
                    "run_tags": {"Name": f"bake {release}"},
                    "user_data": f"#!/bin/sh\necho {region}",
                })
                provisioners.setdefault(release, []).append(name)
    steps = [
        {
            "type": "shell",
            "only": names,
            "inline": [f"echo {release}", "echo done"],
            "environment_vars": [f"RELEASE={release}"],
        }
        for release, names in provisioners.items()
    ]
    return {"builders": builders, "provisioners": steps}


start = time.perf_counter()
with open("/dev/null", "w") as out:
    json.dump(plan(*map(int, sys.argv[1:4])), out, indent=2)
print(time.perf_counter() - start)
