//! The machine of a build: where it stands, where it is bought, what it may do; and what comes of a lack of it.

use bakec::rehearse::{Call, Server, Settings as Rehearsal};
use bakec::run::aws::Cloud;
use bakec::run::bake;
use bakec::run::build::Access;
use bakec::run::cancel::Cancel;
use bakec::run::event::{Events, What};
use bakec::run::secret::Gate;
use bakec::run::settings::{OnError, Outcome};
use bakec::run::sweep::{self, Wanted};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::honoured::{SCALE, baked, builder, calls, images, is_done, read_all, server, settings};

/// Asks the server for something that a user's account has.
pub(crate) async fn ask(server: &Server, service: &str, form: &str) -> String {
    let version = if service == "iam" { "2010-05-08" } else { "2016-11-15" };
    let body = format!("Version={version}&{form}");
    let mut stream =
        tokio::net::TcpStream::connect(server.endpoint.trim_start_matches("http://")).await.expect("a server");
    let head = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\nAuthorization: AWS4-HMAC-SHA256 \
         Credential=AK/20261121/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{form}: {answer}");
    answer
}

pub(crate) fn field(answer: &str, name: &str) -> String {
    let from = answer.split(&format!("<{name}>")).nth(1).unwrap_or_else(|| panic!("no {name} in {answer}"));
    from.split('<').next().unwrap_or_default().to_owned()
}

/// A VPC with two subnets, the first of which is public.
async fn network(server: &Server) -> (String, [String; 2]) {
    let tagged = |kind: &str, name: &str| {
        format!(
            "TagSpecification.1.ResourceType={kind}&TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value={name}"
        )
    };
    let vpc =
        format!("Action=CreateVpc&CidrBlock=10.0.0.0/16&AmazonProvidedIpv6CidrBlock=true&{}", tagged("vpc", "build"));
    let answer = ask(server, "ec2", &vpc).await;
    let (vpc, six) = (field(&answer, "vpcId"), field(&answer, "ipv6CidrBlock"));
    let mut subnets = Vec::new();
    for (index, (cidr, zone)) in [("10.0.1.0/24", "a"), ("10.0.2.0/25", "b")].into_iter().enumerate() {
        let six = six.replace("00::/56", &format!("0{index}::/64"));
        let form = format!(
            "Action=CreateSubnet&VpcId={vpc}&CidrBlock={cidr}&Ipv6CidrBlock={six}&AvailabilityZone=us-east-1{zone}&{}",
            tagged("subnet", "build")
        );
        subnets.push(field(&ask(server, "ec2", &form).await, "subnetId"));
    }
    let public = format!("Action=ModifySubnetAttribute&SubnetId={}&MapPublicIpOnLaunch.Value=true", subnets[0]);
    ask(server, "ec2", &public).await;
    (vpc, [subnets[0].clone(), subnets[1].clone()])
}

async fn public(server: &Server, subnet: &str) {
    ask(server, "ec2", &format!("Action=ModifySubnetAttribute&SubnetId={subnet}&MapPublicIpOnLaunch.Value=true")).await;
}

/// The launches that were more than questions.
fn launches(server: &Server, action: &str) -> Vec<Call> {
    calls(server, action).into_iter().filter(|c| !c.parameters.contains_key("DryRun")).collect()
}

#[track_caller]
fn refused(outcome: &Outcome, wanted: &str) {
    assert!(outcome.run.is_none() && outcome.refused.len() == 1, "{outcome:?}");
    assert!(outcome.refused[0].message.contains(wanted), "{wanted}: {outcome:?}");
}

/// What is there beside images.
#[track_caller]
fn leaves_nothing(server: &Server) {
    let all = server.inventory();
    for (kind, list) in all.as_object().expect("kinds") {
        if kind != "images" && kind != "snapshots" {
            assert_eq!(list, &json!([]), "{kind}");
        }
    }
}

/// Bakes, and gives what was told too.
async fn told(server: &Server, builders: &[Value]) -> (Outcome, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let (events, mut reader) = Events::new(Gate::default());
    let told = tokio::spawn(async move {
        let mut all = Vec::new();
        while let Some(event) = reader.recv().await {
            if let What::Warn { text } = event.what {
                all.push(text);
            }
        }
        all
    });
    let steps = json!([{ "type": "shell", "inline": ["echo hello"] }]);
    let plan = read_all(&json!({ "builders": builders, "provisioners": steps }), false);
    let outcome = bake(plan, settings(server, folder.path(), false), events, Cancel::never()).await;
    (outcome, told.await.expect("nobody panics"))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_option_of_a_launch_is_in_the_launch() {
    let server = server().await;
    let reservation = "CapacityReservationSpecification.CapacityReservation";
    let all = [
        (json!({ "tenancy": "dedicated" }), "Placement.Tenancy", "dedicated"),
        (json!({ "placement": { "tenancy": "dedicated" } }), "Placement.Tenancy", "dedicated"),
        (json!({ "placement": { "host_id": "h-0123456789abcdef0" } }), "Placement.HostId", "h-0123456789abcdef0"),
        (json!({ "placement": { "host_id": "h-0123456789abcdef0" } }), "Placement.Tenancy", "host"),
        (
            json!({ "placement": { "host_resource_group_arn": "arn:aws:x" } }),
            "Placement.HostResourceGroupArn",
            "arn:aws:x",
        ),
        (
            json!({ "license_specifications": [{ "license_configuration_request": { "license_configuration_arn": "arn:aws:l" } }] }),
            "LicenseSpecification.1.LicenseConfigurationArn",
            "arn:aws:l",
        ),
        (json!({}), &*format!("{reservation}Preference"), "none"),
        (json!({ "capacity_reservation_preference": "open" }), &format!("{reservation}Preference"), "open"),
        (
            json!({ "capacity_reservation_id": "cr-0123456789abcdef0" }),
            &format!("{reservation}Target.CapacityReservationId"),
            "cr-0123456789abcdef0",
        ),
        (
            json!({ "capacity_reservation_group_arn": "arn:aws:g" }),
            &format!("{reservation}Target.CapacityReservationResourceGroupArn"),
            "arn:aws:g",
        ),
        (json!({ "instance_type": "m5.xlarge", "enable_nitro_enclave": true }), "EnclaveOptions.Enabled", "true"),
        (
            json!({ "instance_type": "t3.micro", "enable_unlimited_credits": true }),
            "CreditSpecification.CpuCredits",
            "unlimited",
        ),
        (
            json!({ "instance_type": "t3.micro", "enable_t2_unlimited": true }),
            "CreditSpecification.CpuCredits",
            "unlimited",
        ),
        (json!({ "instance_type": "m4.large", "ebs_optimized": true }), "EbsOptimized", "true"),
        (json!({ "metadata_options": { "http_endpoint": "disabled" } }), "MetadataOptions.HttpEndpoint", "disabled"),
        (json!({ "metadata_options": { "http_tokens": "required" } }), "MetadataOptions.HttpTokens", "required"),
        (
            json!({ "metadata_options": { "http_put_response_hop_limit": 3 } }),
            "MetadataOptions.HttpPutResponseHopLimit",
            "3",
        ),
        (
            json!({ "metadata_options": { "instance_metadata_tags": "enabled" } }),
            "MetadataOptions.InstanceMetadataTags",
            "enabled",
        ),
        (json!({ "availability_zone": "us-east-1b" }), "Placement.AvailabilityZone", "us-east-1b"),
        (json!({ "shutdown_behavior": "terminate" }), "InstanceInitiatedShutdownBehavior", "terminate"),
        (json!({ "associate_public_ip_address": true }), "NetworkInterface.1.AssociatePublicIpAddress", "true"),
        (json!({ "no_ephemeral": true }), "BlockDeviceMapping.26.DeviceName", "xvdcz"),
    ];
    for (index, (options, parameter, value)) in all.iter().enumerate() {
        let mut options = options.clone();
        // An image that the newer types take.
        if options.get("instance_type").is_some() {
            options["source_ami"] = json!(null);
            let name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240501";
            options["source_ami_filter"] = json!({ "filters": { "name": name }, "owners": ["099720109477"] });
        }
        options["communicator"] = json!("none");
        let before = launches(&server, "RunInstances").len();
        let outcome = baked(&server, &[builder(&format!("web-{index}"), options.clone())]).await;
        let all = launches(&server, "RunInstances");
        assert_eq!(all.len(), before + 1, "{options}: {outcome:?}");
        let launched = &all[before];
        assert_eq!(launched.parameters.get(*parameter).map(String::as_str), Some(*value), "{options}: {launched:?}");
        assert_eq!(launched.unread, Vec::<String>::new(), "{options}");
        is_done(&outcome);
    }
    leaves_nothing(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spot_instance_comes_of_a_template_and_a_fleet() {
    let server = server().await;
    let options = json!({
        "instance_type": null, "spot_instance_types": ["m3.medium", "m3.large"], "spot_price": "0.12",
        "spot_allocation_strategy": "capacity-optimized-prioritized", "spot_tags": { "who": "request" }, "fleet_tags": { "who": "fleet" },
        "run_tags": { "who": "machine" }, "run_volume_tags": { "who": "volume" }, "user_data": "#!/bin/sh", "tenancy": "dedicated",
        "metadata_options": { "http_tokens": "required" }, "no_ephemeral": true, "associate_public_ip_address": true,
        "license_specifications": [{ "license_configuration_request": { "license_configuration_arn": "arn:aws:l" } }],
        "launch_block_device_mappings": [{ "device_name": "/dev/sda1", "volume_size": 9 }], "shutdown_behavior": "terminate",
    });
    is_done(&baked(&server, &[builder("web", options)]).await);
    let (templates, fleets) = (calls(&server, "CreateLaunchTemplate"), calls(&server, "CreateFleet"));
    assert_eq!((templates.len(), fleets.len()), (1, 1));
    let data = |name: &str| templates[0].parameters.get(&format!("LaunchTemplateData.{name}")).map(String::as_str);
    for (name, value) in [
        ("ImageId", "ami-d05e75b8"),
        ("InstanceMarketOptions.MarketType", "spot"),
        ("InstanceMarketOptions.SpotOptions.MaxPrice", "0.12"),
        ("MetadataOptions.HttpTokens", "required"),
        ("Placement.Tenancy", "dedicated"),
        ("LicenseSpecification.1.LicenseConfigurationArn", "arn:aws:l"),
        ("BlockDeviceMapping.1.Ebs.VolumeSize", "9"),
        ("BlockDeviceMapping.27.DeviceName", "xvdcz"),
        ("NetworkInterface.1.AssociatePublicIpAddress", "true"),
        ("InstanceInitiatedShutdownBehavior", "terminate"),
    ] {
        assert_eq!(data(name), Some(value), "{name}: {:#?}", templates[0]);
    }
    let tagged = |call: &Call, value: &str| call.parameters.values().any(|v| v == value);
    assert!(tagged(&templates[0], "request") && tagged(&templates[0], "machine") && tagged(&templates[0], "volume"));
    assert!(tagged(&fleets[0], "fleet"));
    let config = "LaunchTemplateConfigs.1.Overrides";
    for (name, value) in [
        ("Type", "instant".to_owned()),
        ("SpotOptions.AllocationStrategy", "capacity-optimized-prioritized".to_owned()),
        (&*format!("{config}.1.InstanceType"), "m3.medium".to_owned()),
        (&*format!("{config}.2.InstanceType"), "m3.large".to_owned()),
        ("TargetCapacitySpecification.DefaultTargetCapacityType", "spot".to_owned()),
    ] {
        assert_eq!(fleets[0].parameters.get(name), Some(&value), "{name}: {:#?}", fleets[0]);
    }
    assert!(launches(&server, "RunInstances").is_empty() && calls(&server, "StopInstances").is_empty());
    assert_eq!(images(&server).len(), 1);
    leaves_nothing(&server);
    // A price that is EC2's own is not said.
    is_done(&baked(&server, &[builder("other", json!({ "spot_price": "auto" }))]).await);
    let auto = calls(&server, "CreateLaunchTemplate").pop().expect("a template");
    assert!(!auto.parameters.keys().any(|k| k.ends_with("MaxPrice")), "{auto:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spot_instance_that_is_taken_back_is_followed_by_another() {
    for place in ["GetConsoleOutput:1", "CreateImage:1"] {
        let server = server().await;
        server.fault(format!("spot-taken@{place}").parse().expect("a fault"));
        let mut plan = builder("web", json!({ "spot_price": "auto", "ssh_timeout": "20s" }));
        plan["max_retries"] = json!(3);
        let (outcome, told) = told(&server, &[plan]).await;
        is_done(&outcome);
        assert_eq!(calls(&server, "CreateFleet").len(), 2, "{place}");
        assert!(told.iter().any(|t| t.contains("taken the spot instance back")), "{told:?}");
        assert_eq!(images(&server).len(), 1);
        leaves_nothing(&server);
    }
    let server = server().await;
    let mut always: bakec::rehearse::Fault = "spot-taken@GetConsoleOutput:1".parse().expect("a fault");
    always.times = Some(100);
    server.fault(always);
    let (outcome, _) = told(&server, &[builder("web", json!({ "spot_price": "auto", "ssh_timeout": "20s" }))]).await;
    let end = format!("{:?}", outcome.ends);
    assert!(end.contains("5 attempts have come to that") && outcome.left.is_empty(), "{outcome:?}");
    assert_eq!(calls(&server, "CreateFleet").len(), 5);
    assert_eq!(images(&server).len(), 0);
    leaves_nothing(&server);
}

/// An EC2 with two subnets in two zones, and options with which either will do.
async fn two_places(spot: Value) -> (Server, [String; 2], Value) {
    let server = server().await;
    let (_, subnets) = network(&server).await;
    public(&server, &subnets[1]).await;
    let filter = json!({ "filters": { "tag:Name": "build" }, "most_free": true });
    (server, subnets, json!({ "spot_price": spot, "subnet_filter": filter }))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lacking_in_one_place_is_asked_for_in_another() {
    for (spot, action) in [(json!(null), "RunInstances"), (json!("auto"), "CreateFleet")] {
        let (server, [first, second], options) = two_places(spot).await;
        server.fault("capacity=us-east-1a@100%".parse().expect("a fault"));
        let (outcome, told) = told(&server, &[builder("web", options.clone())]).await;
        is_done(&outcome);
        let all = launches(&server, action);
        let of = |call: &Call, id: &str| call.parameters.values().any(|v| v == id);
        assert!(all.len() == 2 && of(&all[0], &first) && of(&all[1], &second), "{all:#?}");
        assert_ne!(all[0].parameters["ClientToken"], all[1].parameters["ClientToken"]);
        assert!(told.iter().any(|t| t.contains(&second) && t.contains("InsufficientInstanceCapacity")), "{told:?}");
        leaves_nothing(&server);
        // Nowhere is nowhere.
        server.fault("capacity=us-east-1b@100%".parse().expect("a fault"));
        let outcome = baked(&server, &[builder("other", options)]).await;
        let end = format!("{:?}", outcome.ends);
        assert!(end.contains("bake::run::capacity") && outcome.left.is_empty(), "{outcome:?}");
        leaves_nothing(&server);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_was_lacking_after_all_is_followed_by_one_in_another_place() {
    // The first launch is a dry run.
    for (spot, action, nth) in [(json!(null), "RunInstances", 2), (json!("auto"), "CreateFleet", 1)] {
        for lost in [false, true] {
            let (server, [first, second], options) = two_places(spot.clone()).await;
            server.fault(format!("capacity-late@{action}:{nth}").parse().expect("a fault"));
            if lost {
                server.fault(format!("lost@{action}:{}", nth + 1).parse().expect("a fault"));
            }
            let (outcome, told) = told(&server, &[builder("web", options)]).await;
            is_done(&outcome);
            let all = launches(&server, action);
            let of = |call: &Call, id: &str| call.parameters.values().any(|v| v == id);
            let last = all.last().expect("a launch");
            assert!(of(&all[0], &first) && of(last, &second) && all.len() == 2 + usize::from(lost), "{all:#?}");
            assert!(told.iter().any(|t| t.contains("Insufficient capacity")), "{told:?}");
            leaves_nothing(&server);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_that_is_lacking_is_followed_by_the_next() {
    let server = server().await;
    server.fault("capacity=m3.medium@100%".parse().expect("a fault"));
    let types =
        |spot| json!({ "instance_type": null, "spot_instance_types": ["m3.medium", "m3.large"], "spot_price": spot });
    is_done(&baked(&server, &[builder("web", types(json!(null)))]).await);
    let kinds: Vec<String> =
        launches(&server, "RunInstances").into_iter().map(|c| c.parameters["InstanceType"].clone()).collect();
    assert_eq!(kinds, ["m3.medium", "m3.large"]);
    is_done(&baked(&server, &[builder("spot", types(json!("auto")))]).await);
    assert_eq!(calls(&server, "CreateFleet").len(), 1, "a fleet chooses by itself");
    leaves_nothing(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn networks_are_found_by_filters() {
    let server = server().await;
    let (vpc, [first, second]) = network(&server).await;
    let by_name = json!({ "filters": { "tag:Name": "build" } });
    let run = async |name: &str, options: Value| {
        let outcome = baked(&server, &[builder(name, options)]).await;
        is_done(&outcome);
        launches(&server, "RunInstances").pop().expect("a launch").parameters["SubnetId"].clone()
    };
    let picked = |pick: &str| json!({ "filters": { "tag:Name": "build" }, pick: true });
    // The larger one has more that is free.
    assert_eq!(run("free", json!({ "subnet_filter": picked("most_free") })).await, first);
    let group = calls(&server, "CreateSecurityGroup").pop().expect("a group");
    assert_eq!(group.parameters["VpcId"], vpc, "the group is where the subnet is");
    let any = json!({ "subnet_filter": picked("random"), "temporary_security_group_source_cidrs": ["10.0.0.0/8"] });
    assert!([&first, &second].contains(&&run("random", any).await));
    let zone = json!({ "subnet_filter": by_name, "availability_zone": "us-east-1a" });
    assert_eq!(run("zone", zone).await, first);
    assert_eq!(run("vpc", json!({ "vpc_filter": by_name })).await, first, "a subnet of it is chosen");
    let own = json!({ "vpc_filter": by_name, "subnet_id": first });
    assert_eq!(run("own", own).await, first);
    let vpcs = calls(&server, "DescribeVpcs");
    assert!(vpcs.iter().all(|c| c.parameters.values().any(|v| v == "build")), "{vpcs:?}");
    let group =
        ask(&server, "ec2", &format!("Action=CreateSecurityGroup&GroupName=mine&GroupDescription=mine&VpcId={vpc}"))
            .await;
    let made = calls(&server, "CreateSecurityGroup").len();
    run("groups", json!({ "subnet_id": first, "security_group_filter": { "filters": { "group-name": "mine" } } }))
        .await;
    let launched = launches(&server, "RunInstances").pop().expect("a launch");
    assert_eq!(launched.parameters["SecurityGroupId.1"], field(&group, "groupId"));
    assert_eq!(calls(&server, "CreateSecurityGroup").len(), made, "none is made");

    let wrong = async |options: Value| baked(&server, &[builder("wrong", options)]).await;
    refused(&wrong(json!({ "subnet_filter": by_name })).await, "2 subnets in us-east-1 match `subnet_filter`");
    let none = json!({ "filters": { "tag:Name": "nothing" } });
    refused(&wrong(json!({ "subnet_filter": none })).await, "no subnet in us-east-1 matches `subnet_filter`");
    refused(&wrong(json!({ "vpc_filter": none })).await, "no VPC in us-east-1 matches `vpc_filter`");
    refused(
        &wrong(json!({ "vpc_filter": { "filters": { "state": "available" } } })).await,
        "2 VPCs in us-east-1 match",
    );
    refused(&wrong(json!({ "security_group_filter": none })).await, "no security group in us-east-1 matches");
    refused(
        &wrong(json!({ "subnet_id": first, "availability_zone": "us-east-1b" })).await,
        "is in the zone us-east-1a",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subnet_without_public_addresses_is_told_of_beforehand() {
    let server = server().await;
    let (_, [_, private]) = network(&server).await;
    let outcome = baked(&server, &[builder("web", json!({ "subnet_id": private }))]).await;
    refused(&outcome, &format!("the subnet `{private}` gives its machines no public address"));
    let outcome =
        baked(&server, &[builder("web", json!({ "subnet_id": private, "ssh_interface": "public_ip" }))]).await;
    refused(&outcome, "gives its machines no public address");
    assert!(calls(&server, "CreateSecurityGroup").is_empty() && launches(&server, "RunInstances").is_empty());
    for (name, said) in [
        ("inside", json!({ "temporary_security_group_source_cidrs": ["10.0.0.0/16"] })),
        ("public", json!({ "associate_public_ip_address": true })),
    ] {
        let mut options = said;
        options["subnet_id"] = json!(private);
        is_done(&baked(&server, &[builder(name, options)]).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_connects_by_ipv6_gets_such_an_address() {
    let server = server().await;
    let (_, [first, _]) = network(&server).await;
    let options = |subnet: Value| json!({ "ssh_interface": "ipv6", "subnet_id": subnet, "temporary_security_group_source_cidrs": ["2001:db8::/32"] });
    is_done(&baked(&server, &[builder("web", options(json!(first)))]).await);
    let launched = launches(&server, "RunInstances").pop().expect("a launch");
    assert_eq!(launched.parameters["Ipv6AddressCount"], "1");
    ask(
        &server,
        "ec2",
        &format!("Action=ModifySubnetAttribute&SubnetId={first}&AssignIpv6AddressOnCreation.Value=true"),
    )
    .await;
    is_done(&baked(&server, &[builder("own", options(json!(first)))]).await);
    let launched = launches(&server, "RunInstances").pop().expect("a launch");
    assert!(!launched.parameters.contains_key("Ipv6AddressCount"), "the subnet gives it by itself");
    let none = baked(&server, &[builder("none", options(json!(null)))]).await;
    refused(&none, "has no subnet with IPv6 addresses");
    let open = json!({ "ssh_interface": "ipv6", "subnet_id": first });
    refused(&baked(&server, &[builder("open", open)]).await, "a machine is reached by IPv6");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_subnets_one_that_has_the_addresses_is_taken() {
    let server = server().await;
    let (vpc, [first, second]) = network(&server).await;
    let tagged =
        "TagSpecification.1.ResourceType=subnet&TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=build";
    let form = format!("Action=CreateSubnet&VpcId={vpc}&CidrBlock=10.0.16.0/20&AvailabilityZone=us-east-1c&{tagged}");
    // The largest, and without IPv6.
    let old = field(&ask(&server, "ec2", &form).await, "subnetId");
    let options = |pick: &str, interface: &str| {
        let filter = json!({ "filters": { "tag:Name": "build" }, pick: true });
        let cidrs = if interface == "ipv6" { "2001:db8::/32" } else { "10.0.0.0/8" };
        json!({ "ssh_interface": interface, "subnet_filter": filter, "temporary_security_group_source_cidrs": [cidrs],
            "skip_create_ami": true })
    };
    let taken = async |pick: &str, interface: &str| {
        is_done(&baked(&server, &[builder("web", options(pick, interface))]).await);
        launches(&server, "RunInstances").pop().expect("a launch").parameters["SubnetId"].clone()
    };
    assert_eq!(taken("most_free", "private_ip").await, old);
    assert_eq!(taken("most_free", "ipv6").await, first);
    for _ in 0..6 {
        assert!([&first, &second].contains(&&taken("random", "ipv6").await));
    }
    // Where none has them, that is told of the one that was taken.
    let mut none = options("most_free", "ipv6");
    none["subnet_filter"]["filters"] = json!({ "subnet-id": old });
    refused(&baked(&server, &[builder("web", none)]).await, &format!("the subnet `{old}` has no IPv6 addresses"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_spot_build_leaves_is_found_by_tags_and_paths() {
    let server = server().await;
    server.fault("image-fails@CreateImage:1".parse().expect("a fault"));
    let folder = tempfile::tempdir().expect("a folder");
    let (events, _reader) = Events::new(Gate::default());
    let mut settings = settings(&server, folder.path(), false);
    settings.on_error = OnError::Abort;
    settings.lease = Some(Duration::from_secs(1));
    let options = json!({ "spot_price": "auto", "temporary_iam_instance_profile_policy_document": policy() });
    let plan = json!({ "builders": [builder("web", options)] });
    let outcome = bake(read_all(&plan, false), settings.clone(), events.clone(), Cancel::never()).await;
    assert!(!outcome.left.is_empty(), "{outcome:?}");
    let access = Access { region: "us-east-1".to_owned(), ..Access::default() };
    let cloud =
        Cloud::open(&access, &settings.reach, &events, &Cancel::never(), Default::default()).await.expect("an account");
    let wanted =
        |run: Option<String>| Wanted { regions: vec!["us-east-1".to_owned()], older_than: Duration::ZERO, run };
    let left = sweep::list(&cloud, &wanted(outcome.run.clone())).await.expect("a list");
    let kinds: Vec<String> = left.iter().map(|l| l.kind.to_string()).collect();
    for kind in ["instance", "fleet", "launch template", "instance profile", "role"] {
        assert!(kinds.iter().any(|k| k == kind), "no {kind} in {kinds:?}");
    }
    // Roles and profiles may be those of a run that works elsewhere: nobody takes them who does not name it.
    let named = |l: &sweep::Leftover| matches!(l.kind, sweep::Kind::Role | sweep::Kind::InstanceProfile);
    assert!(!sweep::list(&cloud, &wanted(None)).await.expect("a list").iter().any(named));
    assert_eq!(sweep::undo(&cloud, &wanted(outcome.run.clone()), &left, &events).await, []);
    assert_eq!(sweep::list(&cloud, &wanted(outcome.run.clone())).await.expect("a list"), []);
    leaves_nothing(&server);
}

fn policy() -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"] }] })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_looked_at_beforehand() {
    let server = server().await;
    let named = |more: &str| builder("web", json!({ "iam_instance_profile": "packer", more: true }));
    refused(&baked(&server, &[named("skip_ami_run_tags")]).await, "the account has no instance profile `packer`");
    assert_eq!(calls(&server, "GetInstanceProfile").len(), 1);
    let outcome = baked(&server, &[named("skip_profile_validation")]).await;
    refused(&outcome, "Invalid IAM Instance Profile name");
    assert_eq!(calls(&server, "GetInstanceProfile").len(), 1, "nobody looks");
    let trust = "%7B%22Statement%22%3A%5B%7B%7D%5D%7D";
    ask(&server, "iam", &format!("Action=CreateRole&RoleName=packer&AssumeRolePolicyDocument={trust}")).await;
    ask(&server, "iam", "Action=CreateInstanceProfile&InstanceProfileName=packer").await;
    ask(&server, "iam", "Action=AddRoleToInstanceProfile&InstanceProfileName=packer&RoleName=packer").await;
    is_done(&baked(&server, &[named("skip_ami_run_tags")]).await);
    let launched = launches(&server, "RunInstances").pop().expect("a launch");
    assert_eq!(launched.parameters["IamInstanceProfile.Name"], "packer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_profile_is_made_waited_for_and_taken_away() {
    for (late, spot) in [(0, json!(null)), (15, json!(null)), (15, json!("auto"))] {
        let rehearsal = Rehearsal {
            scale: SCALE,
            throttle: false,
            visible_after: Duration::from_secs(late),
            ..Rehearsal::default()
        };
        let server = Server::start(rehearsal).await.expect("a server");
        let options = json!({ "temporary_iam_instance_profile_policy_document": policy(), "spot_price": spot });
        is_done(&baked(&server, &[builder("web", options)]).await);
        let made = calls(&server, "CreateRole").pop().expect("a role");
        assert!(made.parameters["Path"].starts_with("/bakec/2"), "{made:?}");
        let written = calls(&server, "PutRolePolicy").pop().expect("a policy");
        let document: Value = serde_json::from_str(&written.parameters["PolicyDocument"]).expect("JSON");
        assert_eq!(document, policy());
        let name = &made.parameters["RoleName"];
        let launched = match &spot {
            Value::Null => launches(&server, "RunInstances").pop().expect("a launch"),
            _ => calls(&server, "CreateLaunchTemplate").pop().expect("a template"),
        };
        assert!(launched.parameters.iter().any(|(k, v)| k.ends_with("IamInstanceProfile.Name") && v == name));
        leaves_nothing(&server);
    }
}
