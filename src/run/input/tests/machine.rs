//! What Packer's rules, and EC2's own, refuse of a machine before anybody is asked.

use super::*;
use crate::run::build::Pick;

#[track_caller]
fn one(options: &str, wanted: &str) {
    let found = wrong(&template(options, ""));
    assert!(found.len() == 1 && found[0].starts_with(wanted), "{options}: {found:#?}");
}

#[test]
fn what_cannot_be_launched_is_refused_by_its_option() {
    for (options, wanted) in [
        (r#""spot_instance_types": ["t3.micro"]"#, "`instance_type` and `spot_instance_types` exclude each other"),
        (r#""spot_tags": { "a": "b" }"#, "`spot_tags` needs a `spot_price`"),
        (r#""spot_price": "0", "fleet_tag": { "key": "a", "value": "b" }"#, "`fleet_tags` needs a `spot_price`"),
        (r#""spot_allocation_strategy": "lowest-price""#, "`spot_allocation_strategy` needs a `spot_price`"),
        (
            r#""spot_price": "auto", "spot_allocation_strategy": "cheapest""#,
            "`spot_allocation_strategy` is not `cheapest`",
        ),
        (r#""spot_price": "much""#, "`much` is no price"),
        (r#""spot_price": "1", "block_duration_minutes": 61"#, "`block_duration_minutes` is a multiple of 60"),
        (r#""spot_price": "1", "ena_support": false"#, "`ena_support` is set on a machine that is stopped"),
        (r#""spot_price": "1", "sriov_support": true"#, "`sriov_support` is set on a machine that is stopped"),
        (r#""spot_price": "1", "enable_nitro_enclave": true"#, "a spot instance has no Nitro Enclaves"),
        (r#""spot_price": "1", "enable_unlimited_credits": true"#, "a t2 spot instance has no unlimited credits"),
        (r#""spot_price": "1", "tenancy": "host""#, "a spot instance has no host of its own"),
        (r#""spot_price": "1", "capacity_reservation_id": "cr-1""#, "a spot instance uses no capacity reservation"),
        (r#""enable_nitro_enclave": true"#, "a `t2.micro` has no Nitro Enclaves"),
        (r#""tenancy": "mine""#, "`tenancy` is not `mine`"),
        (r#""tenancy": "host", "placement": { "tenancy": "host" }"#, "`tenancy` stands in `placement` or beside it"),
        (
            r#""placement": { "host_id": "h-1", "host_resource_group_arn": "arn:x" }"#,
            "`host_id` and `host_resource_group_arn`",
        ),
        (r#""placement": { "host_id": "h-1", "tenancy": "default" }"#, "a chosen host needs the tenancy `host`"),
        (r#""placement": { "hosts": 1 }"#, "`placement` has no option `hosts`"),
        (r#""capacity_reservation_preference": "all""#, "`capacity_reservation_preference` is not `all`"),
        (
            r#""capacity_reservation_id": "cr-1", "capacity_reservation_group_arn": "arn:x""#,
            "`capacity_reservation_id` and",
        ),
        (
            r#""capacity_reservation_id": "cr-1", "capacity_reservation_preference": "open""#,
            "a chosen capacity reservation",
        ),
        (r#""license_specifications": [{ "license_configuration_request": {} }]"#, "a licence needs its"),
        (r#""metadata_options": { "http_tokens": "maybe" }"#, "`http_tokens` is not `maybe`"),
        (
            r#""metadata_options": { "http_put_response_hop_limit": 65 }"#,
            "an answer of the metadata service travels 1 to 64",
        ),
        (
            r#""metadata_options": { "http_endpoint": "disabled", "instance_metadata_tags": "enabled" }"#,
            "`instance_metadata_tags` needs",
        ),
        (r#""shutdown_behavior": "hibernate""#, "`shutdown_behavior` is not `hibernate`"),
        (
            r#""security_group_id": "sg-1", "security_group_ids": ["sg-2"]"#,
            "`security_group_id` and `security_group_ids`",
        ),
        (r#""temporary_security_group_source_cidrs": ["10.0.0.1/33"]"#, "`10.0.0.1/33` is no network"),
        (r#""vpc_filter": { "filters": {} }"#, "`vpc_filter` has no filters"),
        (r#""subnet_filter": { "filters": { "tag:a": "" } }"#, "a filter of `subnet_filter` has a name and a value"),
        (
            r#""security_group_filter": { "most_free": true, "filters": { "a": "b" } }"#,
            "`security_group_filter` has no option",
        ),
        (
            r#""iam_instance_profile": "p", "temporary_iam_instance_profile_policy_document": { "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] }"#,
            "`iam_instance_profile` and `temporary_iam_instance_profile_policy_document` exclude",
        ),
        (
            r#""temporary_iam_instance_profile_policy_document": { "Version": "2012-10-17" }"#,
            "a policy needs a statement",
        ),
        (
            r#""temporary_iam_instance_profile_policy_document": { "Statement": [{ "Effect": "Allow", "Action": ["a:b"] }] }"#,
            "a statement of a policy needs `Resource`",
        ),
    ] {
        one(&format!(", {options}"), wanted);
    }
    let of = |kind: &str| template(r#", "enable_t2_unlimited": true"#, "").replace("t2.micro", kind);
    assert!(wrong(&of("m5.large"))[0].starts_with("a `m5.large` has no credits"));
    assert!(read(&of("t3.micro"), &inputs()).is_ok());
}

#[test]
fn what_ec2_has_no_more_is_warned_of() {
    let text = template(
        r#", "spot_price": "auto", "block_duration_minutes": 120, "spot_price_auto_product": "Linux/UNIX""#,
        "",
    );
    let (_, warnings) = read(&text, &inputs()).unwrap_or_else(|p| panic!("{p:?}"));
    let told: Vec<&str> = warnings.iter().map(|w| w.message.as_str()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("`block_duration_minutes` has no effect"), "{told:?}");
    assert!(told[1].starts_with("`spot_price_auto_product` has no effect"), "{told:?}");
}

#[test]
fn a_machine_may_be_one_of_several_types() {
    let text = template(r#", "spot_price": "0.25", "spot_instance_types": ["t3.micro", "t3.small"]"#, "");
    let text = text.replace(r#""instance_type": "t2.micro","#, "");
    let (builds, _) = read(&text, &inputs()).unwrap_or_else(|p| panic!("{p:?}"));
    let Builder::Ebs(ebs) = &builds[0].builder else { panic!() };
    assert_eq!(ebs.launch.types().collect::<Vec<_>>(), ["t3.micro", "t3.small"]);
    assert_eq!(ebs.launch.spot().and_then(|s| s.price.as_deref()), Some("0.25"));
    assert_eq!(ebs.launch.reservation.preference, None);
    let plain = self::ebs("", "");
    assert_eq!(plain.launch.reservation.preference.as_deref(), Some("none"), "as Packer asks for it");
}

#[test]
fn filters_are_written_in_two_ways() {
    let ebs = ebs(
        r#", "subnet_filter": { "filters": { "tag:a": "b, c" }, "filter": [{ "name": "state", "value": "x" }], "random": true },
           "vpc_id": "vpc-1", "vpc_filter": { "filters": { "a": "b" } }"#,
        "",
    );
    let (filters, pick) = ebs.network.search.subnet.expect("a search");
    let pair =
        |name: &str, values: &[&str]| (name.to_owned(), values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>());
    assert_eq!(filters, [pair("tag:a", &["b", "c"]), pair("state", &["x"])]);
    assert_eq!(pick, Pick::Random);
    assert_eq!(ebs.network.search.vpc, None, "what is named goes before what is searched for");
}
