//! The comment of a plan, put together. It knows what the comment holds, and that builds of one block share their places.

use std::borrow::Cow;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde_json::value::RawValue;
use smol_str::SmolStr;

use crate::packer::{BuildNote, COMMENT_START, Comment, Place, StepNote, place};
use crate::plan::{self, Build, Plan, Setting, Step};

use super::printer::Printer;
use super::value::string;
use crate::emit::stand_in::{STEPS, is_replaced};

/// The start of a plan's text: the opening brace and the comment's line.
pub(super) fn comment(plan: &Plan, printer: &mut Printer<'_>, digest: String) -> String {
    let (blocks, builds) = builds(plan);
    let mut whole = |steps: &[Step]| -> Vec<StepNote> {
        steps.iter().map(|s| StepNote { step: RawValue::from_string(printer.step_line(s)).ok(), ..note(s) }).collect()
    };
    let cleanups = whole(&plan.cleanups);
    let tests = whole(&plan.tests);
    let provisioners = plan.provisioners.iter().map(|step| match is_replaced(step) {
        true => StepNote { instead: STEPS, ..whole(std::slice::from_ref(step)).remove(0) },
        false => note(step),
    });
    let provisioners = provisioners.collect();
    let comment = Comment {
        bakec: Cow::Borrowed(env!("CARGO_PKG_VERSION")),
        format: plan::FORMAT,
        digest,
        files: Cow::Borrowed(&plan.files),
        images: Cow::Borrowed(&plan.images),
        policies: Cow::Borrowed(&plan.policies),
        variables: Cow::Borrowed(&plan.variables),
        edges: printer.edges().to_vec(),
        blocks,
        builds,
        provisioners,
        posts: plan.posts.iter().flat_map(|c| &c.links).map(note).collect(),
        cleanups,
        tests,
        outputs: Cow::Borrowed(&plan.outputs),
        retain: Cow::Borrowed(&plan.retain),
    };
    let json = serde_json::to_string(&comment).expect("invariant: plain data with text keys is JSON");
    let mut line = String::with_capacity(json.len() + json.len() / 4 + 64);
    line.push_str(COMMENT_START);
    string(&mut line, &json);
    line.push_str(",\n");
    line
}

fn note(step: &Step) -> StepNote {
    StepNote { label: step.label.clone(), places: places(step.origin, &step.options), ..StepNote::default() }
}

fn places(block: plan::Origin, options: &[(SmolStr, Arc<Setting>)]) -> Vec<Place> {
    std::iter::once(block).chain(options.iter().map(|(_, s)| s.origin)).map(place).collect()
}

fn builds(plan: &Plan) -> (Vec<Vec<Place>>, Vec<BuildNote<'_>>) {
    let mut blocks: Vec<Vec<Place>> = Vec::new();
    let mut known: FxHashMap<Vec<Place>, u32> = FxHashMap::default();
    let mut last = None;
    let builds = plan.builds.iter().map(|build| {
        let block = match last {
            Some(block) if stands_at(build, &blocks[block as usize]) => block,
            _ => {
                let places = places(build.origin, &build.options);
                *known.entry(places).or_insert_with_key(|places| {
                    blocks.push(places.clone());
                    blocks.len() as u32 - 1
                })
            }
        };
        last = Some(block);
        BuildNote(build.image, block, Cow::Borrowed(&*build.axes))
    });
    let builds = builds.collect();
    (blocks, builds)
}

/// Whether the block and options of a build were written at these places.
fn stands_at(build: &Build, places: &[Place]) -> bool {
    places.len() == build.options.len() + 1
        && places[0] == place(build.origin)
        && build.options.iter().zip(&places[1..]).all(|((_, s), p)| place(s.origin) == *p)
}
