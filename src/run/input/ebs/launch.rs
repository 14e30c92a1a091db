//! The machine of an EBS build.
//!
//! Neighbours: `market` has what it costs and where it runs; `network` where it stands.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use serde_json::json;

use super::super::block;
use super::super::options::Take;
use super::market::{burst, enclave, licenses, market, one_of, placement, reservation, types};
use crate::run::build::{Launch, Market, Metadata};

pub(super) fn launch(take: &mut Take<'_>, ipv6: bool) -> Launch {
    let (instance_type, further_types) = types(take);
    let market = market(take);
    let is_spot = matches!(market, Market::Spot(_));
    let tags = block::all_tags(take, "run_tags", "run_tag");
    let volume_tags = block::all_tags(take, "run_volume_tags", "run_volume_tag");
    let (ena_support, sriov_support) = (take.choice("ena_support"), take.flag("sriov_support"));
    if is_spot {
        for option in ["ena_support", "sriov_support"] {
            if (option == "ena_support" && ena_support.is_some()) || (option == "sriov_support" && sriov_support) {
                let message = format!("`{option}` is set on a machine that is stopped, and a spot instance is never");
                take.wrong(option, message, Some("leave it out, or build on demand: without `spot_price`"));
            }
        }
    }
    let placement = placement(take, is_spot);
    let (iam_instance_profile, temporary_policy) = (take.text("iam_instance_profile"), policy(take));
    if iam_instance_profile.is_some() && temporary_policy.is_some() {
        let message = "`iam_instance_profile` and `temporary_iam_instance_profile_policy_document` exclude each other";
        let help = "a machine has one profile: name it, or have one made";
        take.wrong("temporary_iam_instance_profile_policy_document", message, Some(help));
    }
    Launch {
        enable_t2_unlimited: burst(take, &instance_type, &further_types, is_spot),
        enclave: enclave(take, &instance_type, is_spot),
        reservation: reservation(take, is_spot),
        instance_type,
        further_types,
        availability_zone: take.text("availability_zone"),
        ebs_optimized: take.flag("ebs_optimized"),
        ena_support,
        sriov_support,
        iam_instance_profile,
        skip_profile_validation: take.flag("skip_profile_validation"),
        temporary_policy,
        shutdown_behavior: Some(one_of(take, "shutdown_behavior", &["stop", "terminate"]).unwrap_or("stop".to_owned())),
        user_data: user_data(take),
        devices: block::devices(take, "launch_block_device_mappings"),
        no_ephemeral: take.flag("no_ephemeral"),
        tags,
        volume_tags,
        metadata: metadata(take),
        disable_stop_instance: take.flag("disable_stop_instance"),
        placement,
        licenses: licenses(take),
        market,
        ipv6,
    }
}

/// What the machine is told at its start, from the option or a file, in base64. A file may hold bytes, such as compressed ones.
fn user_data(take: &mut Take<'_>) -> Option<String> {
    let text = take.text("user_data");
    let Some(file) = take.text("user_data_file") else { return text.map(|t| in_base64(t.as_bytes())) };
    if text.is_some() {
        let message = "`user_data` and `user_data_file` exclude each other";
        take.wrong("user_data_file", message, Some("keep the one that the machine is to be told"));
        return None;
    }
    match std::fs::read(&file) {
        Ok(data) => Some(in_base64(&data)).filter(|data| !data.is_empty()),
        Err(error) => {
            take.wrong("user_data_file", format!("the file `{file}` cannot be read: {error}"), None);
            None
        }
    }
}

/// The base64 that Packer's engine takes for base64: padded, with line ends anywhere, whatever the last bits are.
const LOOSE: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// Data in base64: what is written in it already stays as it is, by Packer's own rule.
fn in_base64(data: &[u8]) -> String {
    let bare: Vec<u8> = data.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    STANDARD.encode(LOOSE.decode(bare).unwrap_or_else(|_| data.to_vec()))
}

fn metadata(take: &mut Take<'_>) -> Option<Metadata> {
    let blocks = take.blocks("metadata_options");
    let known = ["http_endpoint", "http_put_response_hop_limit", "http_tokens", "instance_metadata_tags"];
    let members = blocks.first()?;
    Some(take.within("metadata_options", members, &known, |take| {
        let on_off = ["enabled", "disabled"];
        let http_endpoint = one_of(take, "http_endpoint", &on_off);
        let http_tokens = one_of(take, "http_tokens", &["optional", "required"]);
        let hops: Option<i32> = take.number("http_put_response_hop_limit").filter(|n| *n != 0);
        if let Some(hops) = hops.filter(|n| !(1..=64).contains(n)) {
            let message = format!("an answer of the metadata service travels 1 to 64 hops, not {hops}");
            take.wrong("http_put_response_hop_limit", message, None);
        }
        let instance_metadata_tags = one_of(take, "instance_metadata_tags", &on_off);
        if http_endpoint.as_deref() == Some("disabled") && instance_metadata_tags.as_deref() == Some("enabled") {
            let message = "`instance_metadata_tags` needs the metadata service";
            take.wrong("instance_metadata_tags", message, Some("write `http_endpoint = \"enabled\"`"));
        }
        Metadata { http_endpoint, http_tokens, http_put_response_hop_limit: hops, instance_metadata_tags }
    }))
}

/// The policy of a temporary role, as IAM wants it.
fn policy(take: &mut Take<'_>) -> Option<String> {
    let option = "temporary_iam_instance_profile_policy_document";
    let blocks = take.blocks(option);
    let members = blocks.first()?;
    let document = take.within(option, members, &["Statement", "Version"], |take| {
        let version = take.text("Version").unwrap_or_else(|| "2012-10-17".to_owned());
        let statements: Vec<_> = take
            .blocks("Statement")
            .iter()
            .map(|members| {
                take.within("Statement", members, &["Action", "Effect", "Resource"], |take| {
                    let effect = one_of(take, "Effect", &["Allow", "Deny"]).unwrap_or_default();
                    let (action, resource) = (take.list("Action"), take.list("Resource"));
                    for (name, missing) in [
                        ("Effect", effect.is_empty()),
                        ("Action", action.is_empty()),
                        ("Resource", resource.is_empty()),
                    ] {
                        if missing {
                            take.wrong(name, format!("a statement of a policy needs `{name}`"), None);
                        }
                    }
                    json!({ "Effect": effect, "Action": action, "Resource": resource })
                })
            })
            .collect();
        if statements.is_empty() {
            take.wrong("Statement", "a policy needs a statement", None);
        }
        json!({ "Version": version, "Statement": statements })
    });
    Some(document.to_string())
}
