//! The image that a machine starts from: looked up once, so that a resumed build has the same.

use aws_sdk_ec2::types::Image as Found;
use serde::{Deserialize, Serialize};

use super::{Cx, Failure, Step};
use crate::diagnostic::code;
use crate::run::aws::fault::Fault;
use crate::run::aws::wait::filter;
use crate::run::aws::{Region, Repeat};
use crate::run::build::Source;
use crate::run::problem::{Origin, Problem};

/// Finds the source image.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FindSource {
    /// What is looked for.
    pub source: Source,
    /// What a look before the build has found.
    pub found: Option<SourceImage>,
}

/// The source image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct SourceImage {
    pub id: String,
    pub name: String,
    pub owner: String,
    pub owner_name: String,
    pub created: String,
    pub virtualization: String,
    pub architecture: String,
    pub root_device: String,
    pub root_device_type: String,
    pub windows: bool,
    pub tags: Vec<(String, String)>,
    /// Devices whose volumes outlive a machine.
    #[serde(default)]
    pub lasting: Vec<String>,
}

impl From<&Found> for SourceImage {
    fn from(found: &Found) -> Self {
        let text = |t: Option<&str>| t.unwrap_or_default().to_owned();
        let volumes = found.block_device_mappings().iter();
        let lasting = volumes.filter(|m| m.ebs().is_some_and(|e| e.delete_on_termination() == Some(false)));
        let tags = found.tags().iter().filter_map(|t| Some((t.key()?.to_owned(), t.value()?.to_owned())));
        SourceImage {
            id: text(found.image_id()),
            name: text(found.name()),
            owner: text(found.owner_id()),
            owner_name: text(found.image_owner_alias()),
            created: text(found.creation_date()),
            virtualization: text(found.virtualization_type().map(|v| v.as_str())),
            architecture: text(found.architecture().map(|a| a.as_str())),
            root_device: text(found.root_device_name()),
            root_device_type: text(found.root_device_type().map(|t| t.as_str())),
            windows: found.platform().is_some(),
            tags: tags.collect(),
            lasting: lasting.filter_map(|m| m.device_name().map(str::to_owned)).collect(),
        }
    }
}

impl Step for FindSource {
    const NAME: &'static str = "source";
    const AGAIN: bool = true;
    type Out = SourceImage;

    fn about(&self) -> String {
        match &self.source.id {
            Some(id) => format!("finding the source image {id}"),
            None => "finding the source image by its filter".to_owned(),
        }
    }

    fn told(out: &SourceImage) -> String {
        format!("{} ({})", out.id, out.name)
    }

    async fn act(&self, cx: &Cx) -> Result<SourceImage, Failure> {
        match &self.found {
            Some(found) => Ok(found.clone()),
            None => Ok(find(&self.source, &cx.region, cx.origin(option(&self.source))).await?),
        }
    }
}

/// Looks for the image.
///
/// # Errors
/// Where there is none, or where several are and nothing says which.
pub async fn find(source: &Source, region: &Region, origin: Option<Origin>) -> Result<SourceImage, Problem> {
    let ask = || {
        let mut ask = region.ec2.describe_images().set_owners(some(&source.owners));
        if source.include_deprecated {
            ask = ask.include_deprecated(true);
        }
        if let Some(id) = &source.id {
            ask = ask.image_ids(id);
        }
        for (name, values) in &source.filters {
            ask = ask.filters(filter(name, values));
        }
        ask.send()
    };
    let place = |problem: Problem| problem.at(origin.clone());
    let name = &region.name;
    let none = || match &source.id {
        Some(id) => place(Problem::failed(code::RUN_SOURCE, format!("there is no image `{id}` in {name}")).help(
            "an AMI belongs to one region, and may have been deregistered; `source_ami_filter` finds the newest",
        )),
        None => {
            place(Problem::failed(code::RUN_SOURCE, format!("no image in {name} matches `source_ami_filter`")).help(
                "see `owners` and the pattern of `name`; AWS may have deprecated it: `include_deprecated = true`",
            ))
        }
    };
    let answer = match region.call("DescribeImages", Repeat::Always, ask).await {
        Ok(answer) => answer,
        Err(error) if error.fault == Fault::NotFound || error.code == "InvalidAMIID.Malformed" => return Err(none()),
        Err(error) => return Err(place(error.problem(code::RUN_SOURCE))),
    };
    let mut found: Vec<&Found> = answer.images().iter().collect();
    found.sort_by_key(|image| std::cmp::Reverse(image.creation_date().unwrap_or_default().to_owned()));
    match found.as_slice() {
        [] => Err(none()),
        [first, second, ..] if source.id.is_none() && !source.most_recent => {
            let (a, b) = (first.name().unwrap_or_default(), second.name().unwrap_or_default());
            let message =
                format!("{} images in {name} match `source_ami_filter`, among them `{a}` and `{b}`", found.len());
            Err(place(
                Problem::failed(code::RUN_SOURCE, message).help("write `most_recent = true`, or a narrower filter"),
            ))
        }
        [first, ..] => Ok(SourceImage::from(*first)),
    }
}

/// The option that says which image.
pub fn option(source: &Source) -> &'static str {
    if source.id.is_some() { "source_ami" } else { "source_ami_filter" }
}

fn some(list: &[String]) -> Option<Vec<String>> {
    (!list.is_empty()).then(|| list.to_vec())
}
