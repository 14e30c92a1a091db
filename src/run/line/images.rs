//! From the stopped machine to images that are final, in every region that gets one.
//!
//! Packer's order, except that a former image goes last. Neighbours: `ebs` comes before it; `step` does what is ordered here.

use futures_util::future::join_all;

use super::ebs::artifact;
use crate::run::build::{Ebs, FastLaunch};
use crate::run::event::Artifact;
use crate::run::problem::{Kind, Problem};
use crate::run::step::copy::{CopyImage, place};
use crate::run::step::fast_launch::{Quicken, quick};
use crate::run::step::former::{Deregister, Forget, Former, former};
use crate::run::step::image::{CreateImage, available, merged};
use crate::run::step::intermediary::Intermediary;
use crate::run::step::protect::Protect;
use crate::run::step::publish::{Finish, Made, Share};
use crate::run::step::{Cx, Step};

/// Former images that were let go, by region.
pub(super) type Gone = Vec<(String, Former)>;

/// Former images of the name, described and deregistered where that is wanted.
async fn let_former_go(cx: &Cx, ebs: &Ebs) -> Result<Gone, Problem> {
    let mut gone = Vec::new();
    if !ebs.image.force_deregister {
        return Ok(gone);
    }
    for region in ebs.image.places(&ebs.access.region) {
        let known = cx.known(Deregister::NAME, region);
        let found = match known.and_then(|step| serde_json::from_value::<Deregister>(step.data).ok()) {
            Some(step) => Some(step.former),
            None => former(cx, region, &ebs.image.name).await?,
        };
        if let Some(former) = found {
            cx.step(Deregister { region: region.to_owned(), former: former.clone() }).await?;
            gone.push((region.to_owned(), former));
        }
    }
    Ok(gone)
}

/// The image of the machine in the build's own region: that which stays, or one of a passing name, of which the others are copies.
fn first(cx: &Cx, ebs: &Ebs, instance: &str) -> CreateImage {
    let image = &ebs.image;
    let run = if image.skip_run_tags { &[] } else { ebs.launch.tags.as_slice() };
    let (name, tags, snapshot_tags) = if image.is_by_copy() {
        (format!("bakec-{}", &cx.token(Intermediary::NAME, "")[..24]), run.to_vec(), Vec::new())
    } else {
        (image.name.clone(), merged(run, &image.tags), image.snapshot_tags.clone())
    };
    CreateImage {
        instance: instance.to_owned(),
        name,
        description: image.description.clone(),
        devices: image.devices.clone(),
        tags,
        snapshot_tags,
    }
}

/// The image and its copies, all of which can be used; and which former images had to go for them.
///
/// # Errors
/// What was not made.
pub(super) async fn images(cx: &Cx, ebs: &Ebs, instance: &str) -> Result<(Vec<Made>, Gone), Problem> {
    let (image, own) = (&ebs.image, &ebs.access.region);
    let create = first(cx, ebs, instance);
    let mut all = Vec::new();
    let (id, seen, gone) = if image.is_by_copy() {
        let id = cx.step(Intermediary(create)).await?;
        let seen = available(cx, &cx.region, &id).await?;
        (id, seen, let_former_go(cx, ebs).await?)
    } else {
        let gone = let_former_go(cx, ebs).await?;
        let id = cx.step(create).await?;
        let seen = available(cx, &cx.region, &id).await?;
        all.push(Made { region: own.clone(), image: id.clone(), snapshots: seen.snapshots.clone() });
        (id, seen, gone)
    };
    let wanted = image.places(own).filter(|region| image.is_by_copy() || region != own);
    let copies = wanted.map(|region| async {
        let there = cx.cloud.region(region);
        let _place = place(cx, &there, seen.snapshots.len()).await?;
        let copy = CopyImage {
            image: id.clone(),
            from: own.clone(),
            to: region.to_owned(),
            name: image.name.clone(),
            description: image.description.clone(),
            tags: merged(&image.tags, &[]),
            token: cx.token(CopyImage::NAME, region),
            lease: cx.lease(),
            encrypted: image.encrypt,
            key: image.key_in(region, own).map(str::to_owned),
            minutes: image.copy_minutes,
        };
        let copy = cx.step(copy).await?;
        let seen = available(cx, &there, &copy).await?;
        Ok(Made { region: region.to_owned(), image: copy, snapshots: seen.snapshots })
    });
    // All are waited for, also when one fails: what was begun has its end.
    let copies: Vec<Result<_, Problem>> = join_all(copies).await;
    for copy in copies {
        all.push(copy?);
    }
    Ok((all, gone))
}

/// Turns on fast launch where it is wanted: begun everywhere, then waited for.
async fn quicken(cx: &Cx, wanted: &FastLaunch, images: &[Made]) -> Result<(), Problem> {
    let on: Vec<&Made> = images.iter().filter(|made| !wanted.off.contains(&made.region)).collect();
    let all = join_all(on.into_iter().map(|Made { region, image, .. }| async move {
        let template = wanted.templates.iter().find(|(name, _)| name == region).map(|(_, template)| template.clone());
        let (region, image) = (region.clone(), image.clone());
        let (parallel, count) = (wanted.parallel, wanted.count);
        cx.step(Quicken { region: region.clone(), image: image.clone(), template, parallel, count }).await?;
        quick(cx, &cx.cloud.region(&region), &image).await
    }));
    all.await.into_iter().collect()
}

/// Tags, permissions, protection, the end of former snapshots, and the word that all of it is final.
///
/// # Errors
/// What was not done.
pub(super) async fn publish(
    cx: &Cx,
    ebs: &Ebs,
    images: Vec<Made>,
    gone: &Gone,
) -> Result<(Artifact, Vec<Problem>), Problem> {
    if let Some(wanted) = &ebs.image.fast_launch {
        quicken(cx, wanted, &images).await?;
    }
    for Made { region, image, snapshots } in images.clone() {
        cx.step(Share { region, image, snapshots, wanted: ebs.image.clone() }).await?;
    }
    if let Some(protection) = ebs.image.protection {
        for Made { region, image, .. } in images.clone() {
            cx.step(Protect { region, image, protection }).await?;
        }
    }
    let artifact = artifact(&images);
    let cooldown = ebs.image.protection.is_some_and(|protection| protection.cooldown);
    cx.step(Finish { images: images.clone(), cooldown }).await?;
    let mut left = Vec::new();
    if ebs.image.force_delete_snapshot {
        // The image is made: nothing that comes now can fail it, nor does anyone end it half-way.
        let cx = &Cx { cancel: cx.cancel.of_last_things(), ..cx.clone() };
        for (region, former) in gone {
            let used = |id: &String| images.iter().any(|made| made.snapshots.contains(id));
            let old = former.devices.iter().filter_map(|d| d.snapshot_id.clone());
            let snapshots: Vec<String> = old.filter(|id| !used(id)).collect();
            if !snapshots.is_empty()
                && let Err(problem) = cx.step(Forget { region: region.clone(), snapshots: snapshots.clone() }).await
            {
                let help = format!("delete what nothing uses of {} by hand", snapshots.join(", "));
                left.push(Problem { kind: Kind::Left, ..problem }.help(help));
            }
        }
    }
    Ok((artifact, left))
}
