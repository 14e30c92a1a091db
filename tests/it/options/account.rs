//! An account that has more than what every account begins with: networks, groups, key pairs, instance profiles.

use bakec::rehearse::Server;

use super::names::Names;
use crate::machine::{ask, field};

/// Two VPCs, `$vpc` with the subnets `$first` and `$second`, of which the first has more that is free, and `$other` with `$third`;
/// security groups of the default VPC, `$group_one` and `$group_two`; key pairs and instance profiles `one` and `two`.
///
/// What is looked for by a tag `Name` in the one place is found by a tag `Class` in the other.
pub(crate) async fn furnish(server: &Server) -> Names {
    let mut names = Names::default();
    let tagged = |kind: &str, name: &str, class: &str| {
        format!(
            "TagSpecification.1.ResourceType={kind}&TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value={name}\
             &TagSpecification.1.Tag.2.Key=Class&TagSpecification.1.Tag.2.Value={class}"
        )
    };
    for (vpc, cidr, name, class) in [("$vpc", "10.0.0.0/16", "one", "two"), ("$other", "10.1.0.0/16", "two", "one")] {
        let form = format!(
            "Action=CreateVpc&CidrBlock={cidr}&AmazonProvidedIpv6CidrBlock=true&{}",
            tagged("vpc", name, class)
        );
        let answer = ask(server, "ec2", &form).await;
        names.add(vpc, field(&answer, "vpcId"));
        let six = field(&answer, "ipv6CidrBlock");
        for (subnet, of, cidr, zone, name, class) in [
            ("$first", "$vpc", "10.0.1.0/24", "a", "one", "two"),
            ("$second", "$vpc", "10.0.2.0/25", "b", "two", "one"),
            ("$third", "$other", "10.1.1.0/24", "a", "three", "three"),
        ] {
            if of != vpc {
                continue;
            }
            let six = six.replace("00::/56", if zone == "a" { "01::/64" } else { "02::/64" });
            let form = format!(
                "Action=CreateSubnet&VpcId={}&CidrBlock={cidr}&Ipv6CidrBlock={six}&AvailabilityZone=us-east-1{zone}&{}",
                names.of(vpc),
                tagged("subnet", name, class)
            );
            names.add(subnet, field(&ask(server, "ec2", &form).await, "subnetId"));
            let form = "Action=ModifySubnetAttribute&MapPublicIpOnLaunch.Value=true";
            ask(server, "ec2", &format!("{form}&SubnetId={}", names.of(subnet))).await;
        }
    }
    for (group, name, about) in [("$group_one", "one", "two"), ("$group_two", "two", "one")] {
        let form = format!("Action=CreateSecurityGroup&GroupName={name}&GroupDescription={about}");
        names.add(group, field(&ask(server, "ec2", &form).await, "groupId"));
    }
    let trust = "%7B%22Statement%22%3A%5B%7B%7D%5D%7D";
    for name in ["one", "two"] {
        ask(server, "ec2", &format!("Action=CreateKeyPair&KeyName={name}&KeyType=ed25519")).await;
        ask(server, "iam", &format!("Action=CreateRole&RoleName={name}&AssumeRolePolicyDocument={trust}")).await;
        ask(server, "iam", &format!("Action=CreateInstanceProfile&InstanceProfileName={name}")).await;
        ask(server, "iam", &format!("Action=AddRoleToInstanceProfile&InstanceProfileName={name}&RoleName={name}"))
            .await;
    }
    names
}
