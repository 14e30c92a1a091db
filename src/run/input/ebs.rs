//! `amazon-ebs`: from loose options to what the line of an EBS build walks with.
//!
//! Neighbours: `communicator` and `block` take what other builders have too.

use std::path::PathBuf;

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use super::options::Take;
use super::{Inputs, block, communicator};
use crate::packer::document;
use crate::run::build::{Access, Builder, Ebs, Image, Key, Keys, Launch, Metadata, Network, Source, Ssh};
use crate::run::secret::{Gate, Secret};

/// All networks, from which Packer lets machines be reached where nothing is said.
const EVERYWHERE: &str = "0.0.0.0/0";

pub(super) fn take(take: &mut Take<'_>, source: &document::Build, inputs: &Inputs, gate: &Gate) -> Option<Builder> {
    let access = access(take, gate);
    let wanted = from(take);
    let (mut ssh, key_file) = communicator::take(take, inputs.packer_defaults);
    if let Some(ssh) = &mut ssh {
        ssh.interface = interface(take);
    }
    let key = key(take, ssh.as_ref(), key_file, inputs);
    let network = network(take, inputs);
    let image = image(take, inputs);
    let launch = launch(take);
    // That we do not look at the profile, nor copy the machine's tags, is what these ask for.
    take.flag("skip_profile_validation");
    take.flag("skip_ami_run_tags");
    // `false` asks for something too: an image that is not encrypted, of one that may be.
    if take.choice("encrypt_boot").is_some() {
        take.unexecuted("encrypt_boot");
    }
    let origins = source.options.iter().filter_map(|(name, _)| Some((name.clone(), source.place(name)?.into())));
    Some(Builder::Ebs(Box::new(Ebs {
        access,
        source: wanted,
        launch,
        network,
        key,
        ssh,
        image,
        origins: origins.collect(),
    })))
}

/// How the account is reached.
fn access(take: &mut Take<'_>, gate: &Gate) -> Access {
    let region = take
        .text("region")
        .or_else(|| take.environment("AWS_REGION"))
        .or_else(|| take.environment("AWS_DEFAULT_REGION"));
    if region.is_none() {
        take.wrong("region", "no region is named", Some("write `region = \"us-east-1\"`, or set `AWS_REGION`"));
    }
    let (access_key, secret_key, token) = (take.text("access_key"), take.secret("secret_key"), take.secret("token"));
    let keys = match (access_key, secret_key) {
        (Some(access_key), Some(secret_key)) => Some(Keys { access_key: Secret::new(access_key), secret_key, token }),
        (None, None) => None,
        _ => {
            take.wrong("access_key", "`access_key` and `secret_key` go together", None);
            None
        }
    };
    if let Some(keys) = &keys {
        gate.hide(&keys.secret_key);
        // Who has keys asks no machine for them, and so does what this wants.
        take.flag("skip_metadata_api_check");
    }
    Access {
        region: region.unwrap_or_default(),
        endpoint: take.text("custom_endpoint_ec2"),
        keys,
        profile: take.text("profile"),
        max_retries: take.number("max_retries"),
        skip_credential_validation: take.flag("skip_credential_validation"),
        skip_region_validation: take.flag("skip_region_validation"),
    }
}

/// The image that the machine starts from.
fn from(take: &mut Take<'_>) -> Source {
    let id = take.text("source_ami");
    let filters = take.blocks("source_ami_filter");
    if id.is_none() && filters.is_empty() {
        take.wrong("source_ami", "a build starts from `source_ami` or `source_ami_filter`", None);
    }
    let mut source = Source { id, ..Source::default() };
    let known = ["filters", "include_deprecated", "most_recent", "owner", "owners"];
    for members in &filters {
        take.within("source_ami_filter", members, &known, |take| {
            for (name, values) in filter(take) {
                source.filters.push((name, values));
            }
            source.owners = take.list("owners");
            source.most_recent = take.flag("most_recent");
            source.include_deprecated = take.flag("include_deprecated");
            if source.owners.is_empty() {
                take.wrong(
                    "owners",
                    "`source_ami_filter` names no owner",
                    Some("write `owners = [\"amazon\"]`, an account, or `\"self\"`"),
                );
            }
        });
    }
    source
}

/// Filters of EC2's API: commas part the values of which one must match.
fn filter(take: &mut Take<'_>) -> Vec<(String, Vec<String>)> {
    let mut filters = Vec::new();
    for members in take.blocks("filters") {
        let names: Vec<String> = members.iter().map(|(name, _)| name.clone()).collect();
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        take.within("filters", &members, &known, |take| {
            filters.extend(names.iter().map(|name| (name.clone(), take.list(name))));
        });
    }
    filters
}

/// The address that the connection uses.
fn interface(take: &mut Take<'_>) -> Option<String> {
    let interface = take.text("ssh_interface")?;
    match interface.as_str() {
        "session_manager" => {
            take.unexecuted("ssh_interface");
            None
        }
        "public_ip" | "private_ip" | "public_dns" | "private_dns" | "ipv6" => Some(interface),
        other => {
            let message = format!("there is no interface `{other}`");
            take.wrong(
                "ssh_interface",
                message,
                Some("the interfaces are `public_ip`, `private_ip`, `public_dns`, `private_dns` and `ipv6`"),
            );
            None
        }
    }
}

/// The key pair.
fn key(take: &mut Take<'_>, ssh: Option<&Ssh>, file: Option<PathBuf>, inputs: &Inputs) -> Key {
    let (pair, name) = (take.text("ssh_keypair_name"), take.text("temporary_key_pair_name"));
    let kind = take.text("temporary_key_pair_type");
    let bits = take.number("temporary_key_pair_bits");
    if let Some(other) = kind.as_deref().filter(|k| !matches!(*k, "rsa" | "ed25519")) {
        let message = format!("EC2 takes no key pair of the type `{other}`");
        take.wrong("temporary_key_pair_type", message, Some("the types are `ed25519` and `rsa`"));
    }
    // Who names the temporary pair wants one, also beside a password.
    let named = name.is_some() && pair.is_none();
    match (ssh, file) {
        (_, Some(file)) => Key::Own { name: pair, file },
        (None, None) if !named => pair.map_or(Key::None, |name| Key::Known { name }),
        // The agent's keys are known here, and so none is made.
        (Some(ssh), None) if ssh.agent_auth || ssh.password.is_some() && !named => {
            pair.map_or(Key::None, |name| Key::Known { name })
        }
        (_, None) => {
            if pair.is_some() {
                let message = "EC2 keeps no private keys: `ssh_keypair_name` needs `ssh_private_key_file`";
                take.wrong("ssh_keypair_name", message, None);
            }
            // As EC2 makes them itself, which Packer leaves it to.
            let (kind, bits) = match kind {
                None if inputs.packer_defaults => (Some("rsa".to_owned()), bits.or(Some(2048))),
                kind => (kind, bits),
            };
            Key::Temporary { name: name.unwrap_or_default(), kind, bits }
        }
    }
}

/// Where the machine stands in the network.
fn network(take: &mut Take<'_>, inputs: &Inputs) -> Network {
    let mut groups = take.list("security_group_ids");
    groups.extend(take.text("security_group_id"));
    let own = take.flag("temporary_security_group_source_public_ip");
    let mut cidrs = take.list("temporary_security_group_source_cidrs");
    if own {
        cidrs.clear();
    } else if cidrs.is_empty() && inputs.packer_defaults {
        cidrs.push(EVERYWHERE.to_owned());
    }
    Network {
        vpc: take.text("vpc_id"),
        subnet: take.text("subnet_id"),
        public_address: take.choice("associate_public_ip_address"),
        groups,
        cidrs,
    }
}

/// The machine.
fn launch(take: &mut Take<'_>) -> Launch {
    let instance_type = take.text("instance_type").unwrap_or_default();
    if instance_type.is_empty() {
        take.wrong("instance_type", "a build needs an `instance_type`", None);
    }
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

/// The image.
fn image(take: &mut Take<'_>, inputs: &Inputs) -> Image {
    let name = take.text("ami_name").unwrap_or_default();
    if name.is_empty() {
        take.wrong("ami_name", "an image needs an `ami_name`", None);
    }
    let tags = block::all_tags(take, "tags", "tag");
    let snapshot_tags = block::all_tags(take, "snapshot_tags", "snapshot_tag");
    let own = take
        .text("region")
        .or_else(|| take.environment("AWS_REGION"))
        .or_else(|| take.environment("AWS_DEFAULT_REGION"));
    let mut regions = take.list("ami_regions");
    regions.retain(|region| Some(region) != own.as_ref());
    let mut seen = std::collections::BTreeSet::new();
    regions.retain(|region| seen.insert(region.clone()));
    Image {
        name,
        description: take.late("ami_description").unwrap_or_default(),
        devices: block::devices(take, "ami_block_device_mappings"),
        tags,
        snapshot_tags,
        users: take.list("ami_users"),
        groups: take.list("ami_groups"),
        org_arns: take.list("ami_org_arns"),
        ou_arns: take.list("ami_ou_arns"),
        product_codes: take.list("ami_product_codes"),
        snapshot_users: take.list("snapshot_users"),
        snapshot_groups: take.list("snapshot_groups"),
        imds_support: take.text("imds_support"),
        regions,
        force_deregister: take.flag("force_deregister") || inputs.force,
        force_delete_snapshot: take.flag("force_delete_snapshot"),
        skip_create: take.flag("skip_create_ami"),
    }
}
