//! Variables that stand for AMIs of other builds: Packer knows no order between builds, so their ids come from outside.
//! It knows builds by name.

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::{SmolStr, format_smolstr};

use crate::packer::Edge;
use crate::plan::{Ami, Plan, Value};

/// The variables given out so far.
pub(super) struct Edges<'a> {
    plan: &'a Plan,
    builds: Option<FxHashMap<&'a str, usize>>,
    /// Those that the whole plan has named, of which this one may be a part.
    given: FxHashMap<&'a Ami, &'a SmolStr>,
    taken: FxHashSet<SmolStr>,
    known: FxHashMap<Ami, usize>,
    edges: Vec<Edge>,
    /// Edges met since [`Edges::met`] was asked, by index.
    met: Vec<usize>,
}

impl<'a> Edges<'a> {
    pub(super) fn new(plan: &'a Plan, given: &'a [Edge]) -> Self {
        let taken = plan.variables.iter().map(|v| &v.name).chain(given.iter().map(|e| &e.variable)).cloned().collect();
        let given = given.iter().map(|e| (&e.ami, &e.variable)).collect();
        Edges { plan, builds: None, given, taken, known: FxHashMap::default(), edges: Vec::new(), met: Vec::new() }
    }

    /// The variable of an AMI.
    pub(super) fn variable(&mut self, ami: &Ami) -> SmolStr {
        let index = match self.known.get(ami) {
            Some(index) => *index,
            None => {
                let variable = match self.given.get(ami) {
                    Some(name) => SmolStr::clone(name),
                    None => {
                        let name = self.name(ami);
                        self.free(name)
                    }
                };
                self.edges.push(Edge { variable, ami: ami.clone() });
                self.known.insert(ami.clone(), self.edges.len() - 1);
                self.edges.len() - 1
            }
        };
        if !self.met.contains(&index) {
            self.met.push(index);
        }
        self.edges[index].variable.clone()
    }

    /// The edges met since this was asked last.
    pub(super) fn met(&mut self) -> Vec<Edge> {
        std::mem::take(&mut self.met).into_iter().map(|i| self.edges[i].clone()).collect()
    }

    pub(super) fn all(&self) -> &[Edge] {
        &self.edges
    }

    pub(super) fn into_all(self) -> Vec<Edge> {
        self.edges
    }

    /// `ami_`, the image where the build's name does not begin with it, the build, and a region that is not the build's.
    fn name(&mut self, ami: &Ami) -> String {
        let plan = self.plan;
        let builds = self
            .builds
            .get_or_insert_with(|| plan.builds.iter().enumerate().map(|(i, b)| (b.name.as_str(), i)).collect());
        let build = builds.get(ami.build.as_str()).map(|i| &plan.builds[*i]);
        let image = build.and_then(|b| plan.images.get(b.image as usize)).map_or("", |i| i.name.as_str());
        let mut name = String::from("ami_");
        if !image.is_empty() && !ami.build.starts_with(image) {
            push_word(&mut name, image);
            name.push('_');
        }
        push_word(&mut name, &ami.build);
        let own = build.and_then(|b| b.option("region")).and_then(|v| match v {
            Value::Text(text) => text.as_plain(),
            _ => None,
        });
        if let Some(region) = &ami.region
            && own != Some(region.as_str())
        {
            name.push_str("_in_");
            push_word(&mut name, region);
        }
        name
    }

    fn free(&mut self, name: String) -> SmolStr {
        let mut free = SmolStr::from(name);
        let first = free.clone();
        let mut count = 1;
        while !self.taken.insert(free.clone()) {
            count += 1;
            free = format_smolstr!("{first}_{count}");
        }
        free
    }
}

fn push_word(name: &mut String, word: &str) {
    name.extend(word.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }));
}
