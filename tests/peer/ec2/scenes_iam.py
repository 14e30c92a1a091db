"""Scenarios of roles and instance profiles."""

import json

from scene import of, pick, scene, tag_list

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"]}]})


@scene
def a_role_and_its_policy(t):
    """Made under a path, described, listed, taken away; what is used does not go."""
    made = t.iam("create_role", lambda a: pick(a["Role"], "RoleName", "Path", "Arn", "Tags"), RoleName="mine", Path="/bakec/r/", AssumeRolePolicyDocument=TRUST, Tags=tag_list(a="b"))
    t.note("it is described", bool(made))
    t.iam("create_role", RoleName="mine", AssumeRolePolicyDocument=TRUST)
    t.iam("create_role", RoleName="broken", AssumeRolePolicyDocument="no document")
    t.iam("get_role", lambda a: pick(a["Role"], "RoleName", "Path", "Tags", "AssumeRolePolicyDocument"), RoleName="mine")
    t.iam("get_role", RoleName="none")
    t.iam("list_roles", of("Roles", "RoleName", "Path"), PathPrefix="/bakec/")
    t.iam("list_roles", of("Roles", "RoleName"), PathPrefix="/none/")
    t.iam("put_role_policy", RoleName="mine", PolicyName="p", PolicyDocument=POLICY)
    t.iam("put_role_policy", RoleName="none", PolicyName="p", PolicyDocument=POLICY)
    t.iam("list_role_policies", lambda a: a["PolicyNames"], RoleName="mine")
    t.iam("delete_role", RoleName="mine")
    t.iam("delete_role_policy", RoleName="mine", PolicyName="none")
    t.iam("delete_role_policy", RoleName="mine", PolicyName="p")
    t.iam("delete_role", RoleName="mine")
    t.iam("delete_role", RoleName="mine")


@scene
def an_instance_profile(t):
    """Made, filled with one role, taken apart; what holds a role does not go."""
    t.have("create_role", service="iam", RoleName="mine", AssumeRolePolicyDocument=TRUST)
    t.have("create_role", service="iam", RoleName="other", AssumeRolePolicyDocument=TRUST)
    shown = lambda a: {**pick(a["InstanceProfile"], "InstanceProfileName", "Path", "Arn", "Tags"), "Roles": [r["RoleName"] for r in a["InstanceProfile"]["Roles"]]}
    t.iam("create_instance_profile", shown, InstanceProfileName="p", Path="/bakec/r/", Tags=tag_list(a="b"))
    t.iam("create_instance_profile", InstanceProfileName="p")
    t.iam("add_role_to_instance_profile", InstanceProfileName="p", RoleName="none")
    t.iam("add_role_to_instance_profile", InstanceProfileName="none", RoleName="mine")
    t.iam("add_role_to_instance_profile", InstanceProfileName="p", RoleName="mine")
    t.iam("add_role_to_instance_profile", InstanceProfileName="p", RoleName="other")
    t.iam("get_instance_profile", shown, InstanceProfileName="p")
    t.iam("get_instance_profile", InstanceProfileName="none")
    t.iam("list_instance_profiles", of("InstanceProfiles", "InstanceProfileName", "Path"), PathPrefix="/bakec/")
    t.iam("delete_role", RoleName="mine")
    t.iam("delete_instance_profile", InstanceProfileName="p")
    t.iam("remove_role_from_instance_profile", InstanceProfileName="p", RoleName="other")
    t.iam("remove_role_from_instance_profile", InstanceProfileName="p", RoleName="mine")
    t.iam("delete_instance_profile", InstanceProfileName="p")
    t.iam("delete_instance_profile", InstanceProfileName="p")
