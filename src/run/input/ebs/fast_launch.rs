//! Fast launch of a Windows image, with Packer's rules.

use std::collections::BTreeSet;

use super::super::options::Take;
use crate::run::build::{FastLaunch, LaunchTemplate};

const OPTION: &str = "fast_launch";

const KNOWN: [&str; 7] = [
    "enable_fast_launch",
    "max_parallel_launches",
    "region_launch_templates",
    "target_resource_count",
    "template_id",
    "template_name",
    "template_version",
];

const OF_REGION: [&str; 5] = ["enable_fast_launch", "region", "template_id", "template_name", "template_version"];

/// Fast launch, where it is wanted; `own` is the build's region, `regions` are those of copies.
pub(super) fn fast_launch(take: &mut Take<'_>, own: &str, regions: &[String]) -> Option<FastLaunch> {
    let blocks = take.blocks(OPTION);
    let members = blocks.first()?;
    take.within(OPTION, members, &KNOWN, |take| {
        let on = take.flag("enable_fast_launch");
        let general = template(take, true);
        let mut fast = FastLaunch {
            parallel: at_least(take, "max_parallel_launches", 6),
            count: at_least(take, "target_resource_count", 1),
            ..FastLaunch::default()
        };
        let mut seen = BTreeSet::new();
        for members in take.blocks("region_launch_templates") {
            let (region, on, own_template) = take.within("region_launch_templates", &members, &OF_REGION, |take| {
                let on = take.choice("enable_fast_launch");
                (take.text("region").unwrap_or_default(), on, template(take, on != Some(false)))
            });
            of_region(take, &mut seen, &region, own, regions);
            if region == own && general.is_some() {
                take.wrong(
                    "region_launch_templates",
                    "`fast_launch` has two templates for the region of the build",
                    None,
                );
            }
            match (on, own_template) {
                (Some(false), _) => fast.off.push(region),
                (_, Some(template)) => fast.templates.push((region, template)),
                (_, None) => {}
            }
        }
        // Packer takes any of its members for the wish.
        let wanted = on || general.is_some() || !seen.is_empty() || fast.parallel.is_some() || fast.count.is_some();
        fast.templates.extend(general.map(|template| (own.to_owned(), template)));
        wanted.then_some(fast)
    })
}

/// A region must get an image, and stand here once.
fn of_region(take: &mut Take<'_>, seen: &mut BTreeSet<String>, region: &str, own: &str, regions: &[String]) {
    if region.is_empty() {
        take.wrong("region_launch_templates", "a launch template of a region needs the `region`", None);
    } else if region != own && !regions.iter().any(|known| known == region) {
        let message = format!("`fast_launch` has a template for `{region}`, which gets no image");
        take.wrong("region_launch_templates", message, Some("name the region in `ami_regions`, or leave it out here"));
    }
    if !seen.insert(region.to_owned()) {
        take.wrong("region_launch_templates", format!("`region_launch_templates` names `{region}` twice"), None);
    }
}

/// A launch template: by its id or by its name; `strict` is off where it is not used.
fn template(take: &mut Take<'_>, strict: bool) -> Option<LaunchTemplate> {
    let (id, name) = (take.text("template_id"), take.text("template_name"));
    let version: Option<i32> = take.number("template_version").filter(|version| *version != 0);
    if strict && id.is_some() && name.is_some() {
        take.wrong("template_name", "`template_id` and `template_name` exclude each other", None);
    }
    if strict && version.is_some_and(|version| version < 1) {
        take.wrong("template_version", "the versions of a launch template begin with 1", None);
    }
    if id.is_none() && name.is_none() {
        if strict && version.is_some() {
            take.wrong("template_version", "`template_version` needs `template_id` or `template_name`", None);
        }
        return None;
    }
    Some(LaunchTemplate { id, name, version })
}

/// A number that has a least value; 0 counts as nothing.
fn at_least(take: &mut Take<'_>, option: &str, least: i32) -> Option<i32> {
    let number: i32 = take.number(option).filter(|number| *number != 0)?;
    if number < least {
        take.wrong(option, format!("`{option}` is at least {least}, and not {number}"), None);
    }
    Some(number)
}
