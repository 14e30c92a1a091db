//! The source images: that there is one, and that it suits the build.
//!
//! Neighbours: `step::source` finds it.

use std::sync::Arc;

use futures_util::future::join_all;

use super::Asked;
use crate::diagnostic::code;
use crate::run::problem::Problem;
use crate::run::step::source::{SourceImage, find, option};

/// The source images, each asked for once.
pub(super) async fn sources(asked: &[Asked<'_>]) -> Vec<(String, Result<SourceImage, Problem>)> {
    let mut distinct: Vec<(&Asked<'_>, Vec<String>)> = Vec::new();
    for a in asked {
        let same = |other: &&mut (&Asked<'_>, Vec<String>)| {
            other.0.ebs.source == a.ebs.source
                && other.0.ebs.access.region == a.ebs.access.region
                && Arc::ptr_eq(&other.0.cloud, &a.cloud)
        };
        match distinct.iter_mut().find(same) {
            Some((_, names)) => names.push(a.build.name.to_string()),
            None => distinct.push((a, vec![a.build.name.to_string()])),
        }
    }
    let answers = join_all(
        distinct.iter().map(|(a, _)| async { find(&a.ebs.source, &a.region(), a.origin(option(&a.ebs.source))).await }),
    );
    let answers = answers.await;
    let all = distinct.into_iter().zip(answers);
    all.flat_map(|((_, names), answer)| names.into_iter().map(move |name| (name, answer.clone()))).collect()
}

/// Why a source image is none for such a build.
pub(super) fn unfit(a: &Asked<'_>, source: &SourceImage) -> Option<Problem> {
    if source.root_device_type == "instance-store" {
        let message =
            format!("the image `{}` keeps its root on the instance, and `amazon-ebs` needs one on a volume", source.id);
        let help = "take the image's EBS variant, or the builder `amazon-instance`";
        return Some(Problem::refused(code::RUN_SOURCE, message).help(help).at(a.origin(option(&a.ebs.source))));
    }
    if (a.ebs.launch.sriov_support || a.ebs.launch.ena_support == Some(true)) && source.virtualization != "hvm" {
        let option = if a.ebs.launch.sriov_support { "sriov_support" } else { "ena_support" };
        let message = format!("`{option}` needs an image of the virtualization `hvm`, and `{}` has another", source.id);
        let help = "take the image's HVM variant, or leave the option out";
        return Some(Problem::refused(code::RUN_SOURCE, message).help(help).at(a.origin(option)));
    }
    None
}
