//! Whether the credentials may do what comes later: asked by dry runs on ids that nobody has, one question for each action, account and
//! region.
//!
//! EC2 looks at permissions before it looks for what a call is about: who may do it hears that there is no such thing, or that the call
//! would have succeeded. Neighbours: `permission` asks for the launch itself; `run::permission` says what is needed.

use aws_sdk_ec2::primitives::{Blob, DateTime};
use aws_sdk_ec2::types::{
    AttributeBooleanValue, AttributeValue, BlockDeviceMapping, CreateVolumePermission,
    CreateVolumePermissionModifications, DefaultTargetCapacityType, EbsBlockDevice, FleetLaunchTemplateConfigRequest,
    FleetLaunchTemplateSpecificationRequest, FleetType, ImageAttributeName, IpPermission, IpRange, OperationType,
    PermissionGroup, RequestLaunchTemplateData, ResourceType, SnapshotAttributeName,
    TargetCapacitySpecificationRequest,
};
use futures_util::future::join_all;

use super::{Asked, Depth};
use crate::diagnostic::code;
use crate::run::aws::fault::{CallError, Fault};
use crate::run::aws::{Region, Repeat};
use crate::run::build::Build;
use crate::run::permission::policy::{NOBODY, nobodys};
use crate::run::permission::{Asking, On, needed, places};
use crate::run::problem::Problem;
use crate::run::step::tags;
use crate::text::words::list;

/// What is called where nothing is called so.
const NAME: &str = NOBODY;

/// The public half of a key pair whose private half nobody has.
const PUBLIC: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f bakec-asks";

/// A question: an action in a region of an account, for the sake of the first of the builds that need it.
struct Question<'a> {
    action: &'static str,
    region: &'a str,
    of: &'a Asked<'a>,
}

/// Asks. What is not allowed is told once for each account and region.
pub(super) async fn questions(asked: &[Asked<'_>], depth: Depth) -> Vec<Problem> {
    let wanted = wanted(asked, depth);
    let answers = join_all(wanted.iter().map(|q| async move {
        let region = q.of.cloud.region(q.region);
        match ask(q.action, &region, q.of).await {
            Err(error) if error.fault == Fault::Denied => Some((q, error.denied_action())),
            // That there is no such thing is known, and what AWS does not answer now it may answer later.
            _ => None,
        }
    }));
    let mut denied: Vec<(&Question<'_>, Vec<String>)> = Vec::new();
    for (question, action) in answers.await.into_iter().flatten() {
        let same = |other: &&mut (&Question<'_>, Vec<String>)| {
            (other.0.region, other.0.of.account()) == (question.region, question.of.account())
        };
        match denied.iter_mut().find(same) {
            Some((_, actions)) if actions.contains(&action) => {}
            Some((_, actions)) => actions.push(action),
            None => denied.push((question, vec![action])),
        }
    }
    denied.into_iter().map(|(question, actions)| refusal(question, &actions)).collect()
}

fn refusal(question: &Question<'_>, actions: &[String]) -> Problem {
    let named: Vec<String> = actions.iter().map(|action| format!("`{action}`")).collect();
    let message = format!("the credentials may not {} in {}", list(&named, "or"), question.region);
    Problem::refused(code::RUN_PERMISSION, message)
        .help("`bakec plan --iam` prints the policy that the plan needs; a run is begun all the same by `--no-permission-check`")
        .at(question.of.build.origin.clone())
}

/// What is asked, each once.
fn wanted<'a>(asked: &'a [Asked<'a>], depth: Depth) -> Vec<Question<'a>> {
    let builds: Vec<&Build> = asked.iter().map(|a| a.build).collect();
    let mut all: Vec<Question<'a>> = Vec::new();
    for need in needed(&builds) {
        let is_asked = match need.row.asked {
            Asking::Run => depth != Depth::Nothing,
            Asking::Live => depth == Depth::All,
            Asking::Made | Asking::Never(_) => false,
        };
        // What is made is asked for by the action that makes it, tags included.
        if !is_asked || need.row.on == On::Tags {
            continue;
        }
        for of in asked.iter().filter(|a| (need.row.when)(a.ebs)) {
            for region in places(need.row.place, of.ebs) {
                let same = |q: &Question<'_>| {
                    let near = q.region == region || !need.row.action.starts_with("ec2:");
                    near && (q.action, q.of.account()) == (need.row.action, of.account())
                };
                if !all.iter().any(same) {
                    all.push(Question { action: need.row.action, region, of });
                }
            }
        }
    }
    all
}

/// Makes the questions: for each action the parameters that it must have, on ids that nobody has. Those of EC2 are dry runs; the others
/// only look for what is not there.
macro_rules! asks {
    (
        dry { $(($action:literal, $name:literal, |$region:ident, $a:ident| $call:expr)),* $(,)? }
        looks { $(($look:literal, $look_name:literal, |$of:ident| $look_call:expr)),* $(,)? }
    ) => {
        #[cfg(test)]
        const ACTIONS: &[&str] = &[$($action,)* $($look),*];

        async fn ask(action: &str, region: &Region, a: &Asked<'_>) -> Result<(), CallError> {
            match action {
                $($action => {
                    let ($region, $a) = (region, a);
                    region.call($name, Repeat::Always, || $call.dry_run(true).send()).await.map(drop)
                })*
                $($look => {
                    let $of = a;
                    region.call($look_name, Repeat::Always, || $look_call.send()).await.map(drop)
                })*
                _ => Ok(()),
            }
        }
    };
}

asks! {
    dry {
    ("ec2:AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupIngress", |r, _a| {
        let from = IpRange::builder().cidr_ip("127.0.0.1/32").build();
        let rule = IpPermission::builder().ip_protocol("tcp").from_port(22).to_port(22).ip_ranges(from).build();
        r.ec2.authorize_security_group_ingress().group_id(nobodys("security-group")).ip_permissions(rule)
    }),
    ("ec2:CopyImage", "CopyImage", |r, a| {
        let call = r.ec2.copy_image().source_image_id(nobodys("image")).source_region(&a.ebs.access.region).name(NAME);
        call.tag_specifications(made(ResourceType::Image, a)).tag_specifications(made(ResourceType::Snapshot, a))
    }),
    ("ec2:CreateFleet", "CreateFleet", |r, a| {
        let template = FleetLaunchTemplateSpecificationRequest::builder();
        let template = template.launch_template_id(nobodys("launch-template")).version("1").build();
        let config = FleetLaunchTemplateConfigRequest::builder().launch_template_specification(template).build();
        let one = TargetCapacitySpecificationRequest::builder().total_target_capacity(1);
        let one = one.default_target_capacity_type(DefaultTargetCapacityType::Spot).build();
        let call = r.ec2.create_fleet().r#type(FleetType::Instant).launch_template_configs(config);
        call.target_capacity_specification(one).tag_specifications(made(ResourceType::Fleet, a))
    }),
    ("ec2:CreateImage", "CreateImage", |r, a| {
        let call = r.ec2.create_image().instance_id(nobodys("instance")).name(NAME);
        call.tag_specifications(made(ResourceType::Image, a)).tag_specifications(made(ResourceType::Snapshot, a))
    }),
    ("ec2:CreateLaunchTemplate", "CreateLaunchTemplate", |r, a| {
        let data = RequestLaunchTemplateData::builder().image_id(nobodys("image")).build();
        let call = r.ec2.create_launch_template().launch_template_name(NAME).launch_template_data(data);
        call.tag_specifications(made(ResourceType::LaunchTemplate, a))
    }),
    ("ec2:CreateSecurityGroup", "CreateSecurityGroup", |r, a| {
        let call = r.ec2.create_security_group().group_name(NAME).description("A question of bakec's");
        call.set_vpc_id(a.ebs.network.vpc.clone()).tag_specifications(made(ResourceType::SecurityGroup, a))
    }),
    ("ec2:CreateTags", "CreateTags", |r, _a| {
        r.ec2.create_tags().resources(nobodys("instance")).tags(tags::tag(tags::STATE, tags::BUILDING))
    }),
    ("ec2:DeleteFleets", "DeleteFleets", |r, _a| {
        r.ec2.delete_fleets().fleet_ids(nobodys("fleet")).terminate_instances(true)
    }),
    ("ec2:DeleteKeyPair", "DeleteKeyPair", |r, _a| r.ec2.delete_key_pair().key_name(nobodys("key-pair"))),
    ("ec2:DeleteLaunchTemplate", "DeleteLaunchTemplate", |r, _a| {
        r.ec2.delete_launch_template().launch_template_id(nobodys("launch-template"))
    }),
    ("ec2:DeleteSecurityGroup", "DeleteSecurityGroup", |r, _a| {
        r.ec2.delete_security_group().group_id(nobodys("security-group"))
    }),
    ("ec2:DeleteSnapshot", "DeleteSnapshot", |r, _a| r.ec2.delete_snapshot().snapshot_id(nobodys("snapshot"))),
    ("ec2:DeleteVolume", "DeleteVolume", |r, _a| r.ec2.delete_volume().volume_id(nobodys("volume"))),
    ("ec2:DeregisterImage", "DeregisterImage", |r, _a| r.ec2.deregister_image().image_id(nobodys("image"))),
    ("ec2:DescribeFastLaunchImages", "DescribeFastLaunchImages", |r, _a| r.ec2.describe_fast_launch_images()),
    ("ec2:DescribeImageAttribute", "DescribeImageAttribute", |r, _a| {
        let attribute = ImageAttributeName::LaunchPermission;
        r.ec2.describe_image_attribute().image_id(nobodys("image")).attribute(attribute)
    }),
    ("ec2:DescribeInstances", "DescribeInstances", |r, _a| r.ec2.describe_instances()),
    ("ec2:DescribeInstanceTypeOfferings", "DescribeInstanceTypeOfferings", |r, _a| {
        r.ec2.describe_instance_type_offerings()
    }),
    ("ec2:DescribeKeyPairs", "DescribeKeyPairs", |r, _a| r.ec2.describe_key_pairs()),
    ("ec2:DescribeLaunchTemplates", "DescribeLaunchTemplates", |r, _a| r.ec2.describe_launch_templates()),
    ("ec2:DescribeSecurityGroups", "DescribeSecurityGroups", |r, _a| r.ec2.describe_security_groups()),
    ("ec2:DescribeSnapshots", "DescribeSnapshots", |r, _a| r.ec2.describe_snapshots().owner_ids("self")),
    ("ec2:DescribeVolumes", "DescribeVolumes", |r, _a| r.ec2.describe_volumes()),
    ("ec2:DisableFastLaunch", "DisableFastLaunch", |r, _a| r.ec2.disable_fast_launch().image_id(nobodys("image"))),
    ("ec2:DisableImage", "DisableImage", |r, _a| r.ec2.disable_image().image_id(nobodys("image"))),
    ("ec2:DisableImageDeregistrationProtection", "DisableImageDeregistrationProtection", |r, _a| {
        r.ec2.disable_image_deregistration_protection().image_id(nobodys("image"))
    }),
    ("ec2:EnableFastLaunch", "EnableFastLaunch", |r, _a| {
        r.ec2.enable_fast_launch().image_id(nobodys("image")).resource_type("snapshot")
    }),
    ("ec2:EnableImageDeprecation", "EnableImageDeprecation", |r, _a| {
        let at = DateTime::from_secs(4_102_444_800);
        r.ec2.enable_image_deprecation().image_id(nobodys("image")).deprecate_at(at)
    }),
    ("ec2:EnableImageDeregistrationProtection", "EnableImageDeregistrationProtection", |r, _a| {
        r.ec2.enable_image_deregistration_protection().image_id(nobodys("image"))
    }),
    ("ec2:GetConsoleOutput", "GetConsoleOutput", |r, _a| r.ec2.get_console_output().instance_id(nobodys("instance"))),
    ("ec2:ImportKeyPair", "ImportKeyPair", |r, a| {
        let call = r.ec2.import_key_pair().key_name(NAME).public_key_material(Blob::new(PUBLIC.as_bytes()));
        call.tag_specifications(made(ResourceType::KeyPair, a))
    }),
    ("ec2:ModifyImageAttribute", "ModifyImageAttribute", |r, _a| {
        let words = AttributeValue::builder().value(NAME).build();
        r.ec2.modify_image_attribute().image_id(nobodys("image")).description(words)
    }),
    ("ec2:ModifyInstanceAttribute", "ModifyInstanceAttribute", |r, _a| {
        let yes = AttributeBooleanValue::builder().value(true).build();
        r.ec2.modify_instance_attribute().instance_id(nobodys("instance")).ena_support(yes)
    }),
    ("ec2:ModifySnapshotAttribute", "ModifySnapshotAttribute", |r, _a| {
        let all = CreateVolumePermission::builder().group(PermissionGroup::All).build();
        let change = CreateVolumePermissionModifications::builder().remove(all).build();
        let call = r.ec2.modify_snapshot_attribute().snapshot_id(nobodys("snapshot"));
        call.attribute(SnapshotAttributeName::CreateVolumePermission)
            .operation_type(OperationType::Remove)
            .create_volume_permission(change)
    }),
    ("ec2:RegisterImage", "RegisterImage", |r, _a| {
        let root = EbsBlockDevice::builder().snapshot_id(nobodys("snapshot")).build();
        let root = BlockDeviceMapping::builder().device_name("/dev/sda1").ebs(root).build();
        r.ec2.register_image().name(NAME).root_device_name("/dev/sda1").block_device_mappings(root)
    }),
    ("ec2:StopInstances", "StopInstances", |r, _a| r.ec2.stop_instances().instance_ids(nobodys("instance"))),
    ("ec2:TerminateInstances", "TerminateInstances", |r, _a| {
        r.ec2.terminate_instances().instance_ids(nobodys("instance"))
    }),
    }
    looks {
        ("iam:GetInstanceProfile", "GetInstanceProfile", |a| {
            a.cloud.iam().get_instance_profile().instance_profile_name(NAME)
        }),
        ("iam:GetRole", "GetRole", |a| a.cloud.iam().get_role().role_name(NAME)),
        ("iam:ListRolePolicies", "ListRolePolicies", |a| a.cloud.iam().list_role_policies().role_name(NAME)),
        ("sts:DecodeAuthorizationMessage", "DecodeAuthorizationMessage", |a| {
            a.cloud.sts().decode_authorization_message().encoded_message(NAME)
        }),
    }
}

/// The tags of something that is only asked about.
fn made(kind: ResourceType, a: &Asked<'_>) -> aws_sdk_ec2::types::TagSpecification {
    tags::asked(kind, &a.build.name, &[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::permission::table::TABLE;

    #[test]
    fn what_is_to_be_asked_can_be_asked() {
        for row in TABLE.iter().filter(|row| matches!(row.asked, Asking::Run | Asking::Live)) {
            assert!(ACTIONS.contains(&row.action), "{} is to be asked, and nobody knows how", row.action);
        }
        for action in ACTIONS {
            assert!(TABLE.iter().any(|row| row.action == *action), "{action} is asked, and nothing needs it");
        }
    }
}
