"""Small scenarios through boto3 against an EC2: what each call answered, as JSON by the scenario's name.

Arguments: the endpoint, and the path that empties the account with a POST. Then names, where not all are wanted.
"""

import json
import sys
import urllib.request

import scenes_iam
import scenes_images
import scenes_instances
import scenes_market
import scenes_network
import scenes_service
import scenes_storage
from scene import ALL, Over, Teller

FAMILIES = [scenes_iam, scenes_images, scenes_instances, scenes_market, scenes_network, scenes_service, scenes_storage]


def tell(endpoint, reset, wanted):
    told, clients = {}, {}
    for name, scenario in ALL.items():
        if wanted and name not in wanted:
            continue
        urllib.request.urlopen(urllib.request.Request(endpoint + reset, method="POST")).read()
        teller = Teller(endpoint, clients)
        try:
            scenario(teller)
        except Over:
            pass
        except (IndexError, KeyError, TypeError):
            # An answer was refused, or lacks what the scenario goes on with: told as such, it differs from one that has it.
            teller.note("the rest", "cannot go on")
        told[name] = {"about": scenario.__doc__, "calls": teller.told}
    return told


if __name__ == "__main__":
    endpoint, reset, *wanted = sys.argv[1:]
    print(json.dumps(tell(endpoint, reset, wanted), indent=1))
