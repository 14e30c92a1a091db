//! The machine of an EBS build.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use super::super::block;
use super::super::options::Take;
use crate::run::build::{Launch, Metadata};

/// The machine.
pub(super) fn launch(take: &mut Take<'_>) -> Launch {
    let instance_type = take.text("instance_type").unwrap_or_default();
    if instance_type.is_empty() {
        take.wrong("instance_type", "a build needs an `instance_type`", None);
    }
    // That we do not look at the profile is what this asks for.
    take.flag("skip_profile_validation");
    let tags = block::all_tags(take, "run_tags", "run_tag");
    let volume_tags = block::all_tags(take, "run_volume_tags", "run_volume_tag");
    let unlimited = take.flag("enable_unlimited_credits") | take.flag("enable_t2_unlimited");
    Launch {
        instance_type,
        availability_zone: take.text("availability_zone"),
        ebs_optimized: take.flag("ebs_optimized"),
        ena_support: take.choice("ena_support"),
        sriov_support: take.flag("sriov_support"),
        enable_t2_unlimited: unlimited,
        iam_instance_profile: take.text("iam_instance_profile"),
        shutdown_behavior: Some(take.text("shutdown_behavior").unwrap_or_else(|| "stop".to_owned())),
        user_data: user_data(take),
        devices: block::devices(take, "launch_block_device_mappings"),
        tags,
        volume_tags,
        metadata: metadata(take),
        disable_stop_instance: take.flag("disable_stop_instance"),
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
    Some(take.within("metadata_options", members, &known, |take| Metadata {
        http_endpoint: take.text("http_endpoint"),
        http_tokens: take.text("http_tokens"),
        http_put_response_hop_limit: take.number("http_put_response_hop_limit").filter(|n| *n != 0),
        instance_metadata_tags: take.text("instance_metadata_tags"),
    }))
}
