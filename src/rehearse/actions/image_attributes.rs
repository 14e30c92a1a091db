//! Who may launch an image, and what else can be said of it afterwards.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::images::own;
use super::snapshots::Permissions;
use super::{Action, Answer, Call, block_devices, ec2};
use crate::rehearse::error::ApiError;
use crate::rehearse::filter::DRY_RUN;
use crate::rehearse::world::image::{Image, ImageState, Protection};
use crate::rehearse::xml::Fields;

pub(super) const ACTIONS: &[Action] = &[
    ec2("DescribeImageAttribute", &[DRY_RUN, &["ImageId", "Attribute"]], describe_image_attribute),
    ec2("ModifyImageAttribute", &[DRY_RUN, CHANGES], modify_image_attribute),
    ec2("ResetImageAttribute", &[DRY_RUN, &["ImageId", "Attribute"]], reset_image_attribute),
    ec2("EnableImageDeprecation", &[DRY_RUN, &["ImageId", "DeprecateAt"]], enable_image_deprecation),
    ec2("DisableImageDeprecation", &[DRY_RUN, &["ImageId"]], disable_image_deprecation),
    ec2("EnableImage", &[DRY_RUN, &["ImageId"]], enable_image),
    ec2("DisableImage", &[DRY_RUN, &["ImageId"]], disable_image),
    ec2("EnableImageDeregistrationProtection", &[DRY_RUN, &["ImageId", "WithCooldown"]], enable_protection),
    ec2("DisableImageDeregistrationProtection", &[DRY_RUN, &["ImageId"]], disable_protection),
];

const CHANGES: &[&str] = &[
    "ImageId",
    "Attribute",
    "Value",
    "OperationType",
    "UserId.N",
    "UserGroup.N",
    "OrganizationArn.N",
    "OrganizationalUnitArn.N",
    "ProductCode.N",
    "Description.Value",
    "ImdsSupport.Value",
    "LaunchPermission.Add.N.UserId",
    "LaunchPermission.Add.N.Group",
    "LaunchPermission.Add.N.OrganizationArn",
    "LaunchPermission.Add.N.OrganizationalUnitArn",
    "LaunchPermission.Remove.N.UserId",
    "LaunchPermission.Remove.N.Group",
    "LaunchPermission.Remove.N.OrganizationArn",
    "LaunchPermission.Remove.N.OrganizationalUnitArn",
];

fn target(call: &Call<'_>) -> Result<Image, ApiError> {
    Ok((*own(call, call.params.required("ImageId")?)?).clone())
}

fn keep(call: &mut Call<'_>, image: Image) -> Answer {
    call.region_mut().images.insert(image.id.clone(), Arc::new(image));
    Ok(Fields::done())
}

fn describe_image_attribute(call: &mut Call<'_>) -> Answer {
    let i = target(call)?;
    let fields = Fields::new().put("imageId", &i.id);
    let value = |name, text: Option<String>| Fields::new().node(name, Fields::new().opt("value", text));
    let more = match call.params.required("Attribute")? {
        "launchPermission" => {
            let group = i.public.then(|| Fields::new().put("group", "all"));
            let users = i.users.iter().map(|id| Fields::new().put("userId", id));
            let organizations = i.organizations.iter().map(|arn| Fields::new().put("organizationArn", arn));
            let units = i.units.iter().map(|arn| Fields::new().put("organizationalUnitArn", arn));
            Fields::new().set("launchPermission", group.into_iter().chain(users).chain(organizations).chain(units))
        }
        "productCodes" => {
            let codes = i.product_codes.iter().map(|code| Fields::new().put("productCode", code).put("type", "devpay"));
            Fields::new().set("productCodes", codes)
        }
        "description" => value("description", Some(i.description.unwrap_or_default())),
        "kernel" => value("kernel", i.kernel),
        "ramdisk" => value("ramdisk", i.ramdisk),
        "sriovNetSupport" => value("sriovNetSupport", i.sriov.then(|| "simple".to_string())),
        "bootMode" => value("bootMode", i.boot_mode),
        "tpmSupport" => value("tpmSupport", i.tpm),
        "uefiData" => value("uefiData", i.uefi_data),
        "imdsSupport" => value("imdsSupport", i.imds),
        "blockDeviceMapping" => Fields::new().set("blockDeviceMapping", block_devices::shown(&i.mappings)),
        "deregistrationProtection" => value("deregistrationProtection", Some(i.protection(call.now()).to_string())),
        other => return Err(ApiError::invalid_value("attribute", other, "There is no such attribute.")),
    };
    Ok(fields.and(more))
}

fn modify_image_attribute(call: &mut Call<'_>) -> Answer {
    let mut image = target(call)?;
    let p = call.params;
    let kinds = ["launchPermission", "description", "productCodes", "imdsSupport"];
    let attribute = p.word("Attribute", &kinds)?;
    let old = |name: &str| p.owned("Value").filter(|_| attribute == Some(name));
    let mut changed = 0;
    if let Some(text) = p.owned("Description.Value").or_else(|| old("description")) {
        (image.description, changed) = (Some(text), changed + 1);
    }
    if let Some(text) = p.owned("ImdsSupport.Value").or_else(|| old("imdsSupport")) {
        if text != "v2.0" {
            return Err(ApiError::invalid_value("imdsSupport", text, "Expected v2.0."));
        }
        (image.imds, changed) = (Some(text), changed + 1);
    }
    let codes = p.list("ProductCode");
    if !codes.is_empty() {
        image.product_codes.extend(codes.into_iter().map(str::to_string));
        changed += 1;
    }
    let permissions = Permissions::read(call, "LaunchPermission")?;
    let organizations = changes(call, "OrganizationArn")?;
    let units = changes(call, "OrganizationalUnitArn")?;
    let arns = [&organizations, &units].iter().any(|(add, drop)| !add.is_empty() || !drop.is_empty());
    if !permissions.is_empty() || arns {
        if image.state != ImageState::Available {
            let words = format!("The image {} is not available: it is {}", image.id, image.state());
            return Err(ApiError::new("InvalidAMIID.Unavailable", words));
        }
        permissions.apply(&mut image.users, &mut image.public);
        for (set, (add, drop)) in [(&mut image.organizations, organizations), (&mut image.units, units)] {
            set.extend(add);
            set.retain(|arn| !drop.contains(arn));
        }
        changed += 1;
    }
    match changed {
        1 => keep(call, image),
        0 => Err(ApiError::combination("No attributes specified.")),
        _ => Err(ApiError::combination("Fields for multiple attribute types specified.")),
    }
}

/// The ARNs of one kind that are added and taken away.
fn changes(call: &Call<'_>, field: &str) -> Result<(BTreeSet<String>, BTreeSet<String>), ApiError> {
    let p = call.params;
    let of = |side: &str| -> BTreeSet<String> {
        let groups = p.groups(&format!("LaunchPermission.{side}")).into_iter();
        groups.filter_map(|group| p.owned(&format!("{group}.{field}"))).collect()
    };
    let (mut add, mut drop) = (of("Add"), of("Remove"));
    let list = p.list(field).into_iter().map(str::to_string);
    if p.text("OperationType") == Some("remove") {
        drop.extend(list)
    } else {
        add.extend(list)
    }
    if let Some(arn) = add.iter().chain(&drop).find(|arn| !arn.starts_with("arn:")) {
        return Err(ApiError::new("InvalidAMIAttributeItemValue", format!("\"{arn}\" is an invalid ARN")));
    }
    Ok((add, drop))
}

fn reset_image_attribute(call: &mut Call<'_>) -> Answer {
    let mut image = target(call)?;
    call.params.required("Attribute")?;
    call.params.word("Attribute", &["launchPermission"])?;
    image.public = false;
    for set in [&mut image.users, &mut image.organizations, &mut image.units] {
        set.clear();
    }
    keep(call, image)
}

fn enable_image_deprecation(call: &mut Call<'_>) -> Answer {
    let mut image = target(call)?;
    let text = call.params.required("DeprecateAt")?;
    let at: jiff::Timestamp =
        text.parse().map_err(|_| ApiError::invalid_value("DeprecateAt", text, "Expected a time as of ISO 8601."))?;
    if at <= call.world.clock.timestamp(call.now()) {
        return Err(ApiError::invalid_value("DeprecateAt", text, "The time lies in the past."));
    }
    let years = jiff::SignedDuration::from_hours(24 * 3652);
    if at.duration_since(call.world.clock.timestamp(call.now())) > years {
        return Err(ApiError::invalid_value("DeprecateAt", text, "The time lies more than 10 years ahead."));
    }
    // EC2 keeps the nearest whole minute.
    let at = at.round(jiff::Unit::Minute).unwrap_or(at);
    image.deprecated = jiff::fmt::strtime::format("%Y-%m-%dT%H:%M:00.000Z", at).ok();
    keep(call, image)
}

fn disable_image_deprecation(call: &mut Call<'_>) -> Answer {
    let mut image = target(call)?;
    image.deprecated = None;
    keep(call, image)
}

/// Nobody else may use a disabled image, also when it is enabled again.
fn disable_image(call: &mut Call<'_>) -> Answer {
    let mut image = target(call)?;
    if !matches!(image.state, ImageState::Available | ImageState::Disabled) {
        let words = format!("The image {} is in state '{}'", image.id, image.state());
        return Err(ApiError::new("IncorrectState", words));
    }
    image.state = ImageState::Disabled;
    image.public = false;
    for set in [&mut image.users, &mut image.organizations, &mut image.units] {
        set.clear();
    }
    keep(call, image)
}

fn enable_image(call: &mut Call<'_>) -> Answer {
    let mut image = target(call)?;
    if image.state == ImageState::Disabled {
        image.state = ImageState::Available;
    }
    keep(call, image)
}

fn enable_protection(call: &mut Call<'_>) -> Answer {
    let mut image = target(call)?;
    let cooldown = call.params.flag("WithCooldown")?.unwrap_or(false);
    image.protection = Protection::Enabled { cooldown };
    keep(call, image)?;
    Ok(Fields::new().put("return", if cooldown { "enabled-with-cooldown" } else { "enabled" }))
}

fn disable_protection(call: &mut Call<'_>) -> Answer {
    let mut image = target(call)?;
    let (protection, said) = match image.protection {
        Protection::Enabled { cooldown: true } => {
            let until = call.now().after(Duration::from_secs(86_400));
            (Protection::Cooling(until), "disabled-with-cooldown")
        }
        Protection::Cooling(until) => (Protection::Cooling(until), "disabled-with-cooldown"),
        _ => (Protection::Disabled, "disabled"),
    };
    image.protection = protection;
    keep(call, image)?;
    Ok(Fields::new().put("return", said))
}
