//! Launch templates of one version.

use super::{Action, Answer, Call, ec2, no_such, tag_set};
use crate::rehearse::error::ApiError;
use crate::rehearse::filter::{DRY_RUN, FILTERS, Filters, Of, PAGES, View, page};
use crate::rehearse::query::Params;
use crate::rehearse::world::ACCOUNT;
use crate::rehearse::world::spot::Template;
use crate::rehearse::xml::Fields;

pub(super) const ACTIONS: &[Action] = &[
    ec2(
        "CreateLaunchTemplate",
        &[
            DRY_RUN,
            &["LaunchTemplateName", "VersionDescription", "ClientToken", "LaunchTemplateData.*"],
            &["TagSpecification.N.ResourceType", "TagSpecification.N.Tag.N.Key", "TagSpecification.N.Tag.N.Value"],
        ],
        create_launch_template,
    ),
    ec2(
        "DescribeLaunchTemplates",
        &[DRY_RUN, FILTERS, PAGES, &["LaunchTemplateId.N", "LaunchTemplateName.N"]],
        describe_launch_templates,
    ),
    ec2("DeleteLaunchTemplate", &[DRY_RUN, &["LaunchTemplateId", "LaunchTemplateName"]], delete_launch_template),
];

/// What a template may say beyond what a launch says: tags of the request of a spot instance.
const DATA: &str = "LaunchTemplateData";

fn create_launch_template(call: &mut Call<'_>) -> Answer {
    if let Some(id) = call.replayed("CreateLaunchTemplate")? {
        let view = call.view();
        return match view.region.templates.get(&id) {
            Some(template) => Ok(Fields::new().node("launchTemplate", shown(&view, template, true))),
            None => Err(no_template(&id)),
        };
    }
    let name = call.params.required("LaunchTemplateName")?.to_string();
    let fine = |c: char| c.is_ascii_alphanumeric() || "()./_-".contains(c);
    if !(3..=128).contains(&name.len()) || !name.chars().all(fine) {
        return Err(ApiError::new(
            "InvalidLaunchTemplateName.MalformedException",
            "A launch template's name has 3 to 128 letters, digits and signs of ().-/_.",
        ));
    }
    call.params.text("VersionDescription");
    if call.region().templates.values().any(|t| t.name == name) {
        return Err(ApiError::new(
            "InvalidLaunchTemplateName.AlreadyExistsException",
            "Launch template name already in use.",
        ));
    }
    let data = call.params.below(DATA);
    if data.is_empty() {
        return Err(ApiError::missing(DATA));
    }
    super::launch::check(&Params::new(data.clone()))?;
    let tags = call.new_tags("launch-template", &["launch-template"])?;
    let template = Template { id: call.world.id("lt"), name, born: call.now(), data };
    call.region_mut().templates.insert(template.id.clone(), template.clone());
    call.tag(&template.id, tags);
    call.remember("CreateLaunchTemplate", &template.id);
    Ok(Fields::new().node("launchTemplate", shown(&call.view(), &template, true)))
}

fn shown(view: &View<'_>, template: &Template, fresh: bool) -> Fields {
    let creator = format!("arn:{}:iam::{ACCOUNT}:user/rehearsal", view.region.partition);
    let fields = Fields::new()
        .put("launchTemplateId", &template.id)
        .put("launchTemplateName", &template.name)
        .put("createTime", view.world.clock.iso(template.born))
        .put("createdBy", creator)
        .put("defaultVersionNumber", 1)
        .put("latestVersionNumber", 1);
    let own = if fresh { view.region.tags.get(&template.id).map(|tags| &tags.now) } else { None };
    tag_set(fields, own.unwrap_or_else(|| view.world.tags(view.region, &template.id)))
}

const TEMPLATE_FILTERS: &[Of<Template>] = &[
    ("launch-template-name", |_, t| vec![t.name.clone()]),
    ("create-time", |view, t| vec![view.world.clock.iso(t.born)]),
];

fn describe_launch_templates(call: &mut Call<'_>) -> Answer {
    let filters = Filters::read(call.params, TEMPLATE_FILTERS, true)?;
    let (ids, names) = (call.params.list("LaunchTemplateId"), call.params.list("LaunchTemplateName"));
    let view = call.view();
    let seen: Vec<&Template> = view.region.templates.values().filter(|t| view.world.sees(Some(t.born))).collect();
    if let Some(id) = ids.iter().find(|id| !seen.iter().any(|t| t.id == **id)) {
        return Err(no_template(id));
    }
    if names.iter().any(|name| !seen.iter().any(|t| t.name == **name)) {
        return Err(no_name());
    }
    let wanted = |t: &&Template| {
        (ids.is_empty() || ids.contains(&t.id.as_str()))
            && (names.is_empty() || names.contains(&t.name.as_str()))
            && filters.pass(&view, TEMPLATE_FILTERS, &t.id, *t)
    };
    let (items, next) = page(call.params, seen.into_iter().filter(wanted).collect(), 1, 200)?;
    let items = items.into_iter().map(|t| shown(&view, t, false));
    Ok(Fields::new().set("launchTemplates", items).opt("nextToken", next))
}

/// The visible template that a call names.
pub(super) fn named(call: &Call<'_>, id: Option<&str>, name: Option<&str>) -> Result<Template, ApiError> {
    let seen = |t: &&Template| call.world.sees(Some(t.born));
    let all = &call.region().templates;
    match (id, name) {
        (Some(id), None) => all.get(id).filter(seen).cloned().ok_or_else(|| no_template(id)),
        (None, Some(name)) => all.values().filter(seen).find(|t| t.name == name).cloned().ok_or_else(no_name),
        _ => Err(ApiError::new(
            "InvalidParameterCombination",
            "A launch template is named by its id or by its name, and not by both",
        )),
    }
}

fn delete_launch_template(call: &mut Call<'_>) -> Answer {
    let template = named(call, call.params.text("LaunchTemplateId"), call.params.text("LaunchTemplateName"))?;
    let fields = shown(&call.view(), &template, true);
    let region = call.region_mut();
    region.templates.remove(&template.id);
    region.tags.remove(&template.id);
    Ok(Fields::new().node("launchTemplate", fields))
}

pub(super) fn no_template(id: &str) -> ApiError {
    no_such("launch template", "lt-", "InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateId.Malformed", id)
}

fn no_name() -> ApiError {
    ApiError::new(
        "InvalidLaunchTemplateName.NotFoundException",
        "At least one of the launch templates specified in the request does not exist.",
    )
}
