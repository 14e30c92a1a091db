//! The whole plan: builds with their options, then the steps that they share.

use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::Evaluator;
use super::blocks::BlockData;
use super::builds::BuildTable;
use super::cells::{Site, SiteArg};
use super::demands::Demands;
use super::frame::Frame;
use super::options::{Frozen, Options};
use super::value::{CellRef, Value};
use crate::plan::{self, Builds, Plan};
use crate::resolve::fact::FactName;
use crate::resolve::hir::{Block, Declared, Entry, Expr, Image, Post, Step, Use};
use crate::syntax::ast::BlockKind;
use crate::ty::Ty;

/// What listing a step costs, in steps of work.
const STEPS_OF_STEP: usize = 100;

/// A step of an image with everything that decides whether it applies.
struct Instance<'a> {
    data: BlockData<'a>,
    demands: Option<Demands<'a>>,
    /// Conditions with the sites in which they are written: the block's own, and those of the `use`s around it.
    whens: Vec<(usize, &'a Expr)>,
}

/// Everything a step says, for the builds that agree in it.
struct Shared {
    options: Vec<(SmolStr, Arc<plan::Setting>)>,
    builds: Vec<u32>,
}

impl<'a> Evaluator<'a> {
    /// The plan; what is wrong has been reported.
    pub(super) fn plan(&self) -> Option<Plan> {
        let images = self.images_of_plan();
        let table = self.tabulate(images)?;
        let table = self.table_of_builds.get_or_init(|| table);
        let chosen = self.choose_builders(table);
        let mut plan = Plan {
            files: self.sources.iter().map(|(_, s)| s.path().clone()).collect(),
            images: table
                .images
                .iter()
                .map(|i| plan::Image { name: self.images[*i].image.name.name.clone(), axes: self.coordinate_names(*i) })
                .collect(),
            variables: self.plan_variables(),
            ..Plan::default()
        };
        let edges = self.fill_builds(table, &chosen, &mut plan);
        for (number, image) in table.images.iter().enumerate() {
            self.fill_steps(*image, table, &mut plan);
            let retain = &self.images[*image].image.retain;
            if !retain.is_empty() {
                plan.retain.push(plan::Retain { image: number as u32, options: self.retained(retain) });
            }
        }
        self.settle_regions(table, edges, &mut plan);
        self.policies(table);
        self.report_failures();
        plan.outputs = self.outputs();
        self.unused_lets();
        plan.policies = self.program().policies.iter().map(|p| p.name.name.clone()).collect();
        plan.min_packer_version = self.min_packer_version(&plan);
        Some(plan)
    }

    /// Adds the builds; whether one of them needs the AMI of another.
    fn fill_builds(&self, table: &BuildTable, chosen: &[Option<usize>], plan: &mut Plan) -> bool {
        let mut blocks: FxHashMap<(u32, usize), (BlockData<'a>, Option<Demands<'a>>)> = FxHashMap::default();
        let mut edges = Vec::new();
        let mut done: Vec<(u32, &'a Declared, Rc<Options>)> = Vec::new();
        let numbers: FxHashMap<u32, u32> =
            table.images.iter().enumerate().map(|(n, i)| (*i as u32, n as u32)).collect();
        plan.builds.reserve(table.builds.len());
        self.options.borrow_mut().reserve(table.builds.len());
        for (index, build) in table.builds.iter().enumerate() {
            let Some(builder) = chosen[index] else { continue };
            let image = build.cell.image;
            let (data, demands) = blocks.entry((image, builder)).or_insert_with(|| {
                let block: &'a Block = &self.images[image as usize].image.builders[builder];
                let data = self.block_data(image as usize, 0, block);
                let demands = self.demands(&data);
                (data, demands)
            });
            let Ok(options) = self.options(data, build.cell, index as u32) else { continue };
            let options = Rc::new(options);
            self.options.borrow_mut().insert(build.cell, (builder, options.clone()));
            if let Some(demands) = demands {
                self.judge(data, demands, &options, build.cell, index as u32);
                if !demands.kind.declared.uniques.is_empty() {
                    done.push((index as u32, demands.kind.declared, options.clone()));
                }
            }
            self.edges_of(index as u32, &options, table, &mut edges);
            plan.builds.push(plan::Build {
                name: build.name.clone(),
                image: numbers[&image],
                kind: data.block.kind_name.name.clone(),
                axes: self.images[image as usize].scalars(build.cell.cell as usize).into(),
                options: self.settings(data.declared, &options),
                origin: self.origin(data.block.header),
            });
        }
        let done: Vec<(u32, &'a Declared, &Options)> = done.iter().map(|(i, d, o)| (*i, *d, &**o)).collect();
        self.uniques(&done);
        self.check_edges(&edges, table);
        !edges.is_empty()
    }

    /// The settings that the plan keeps; a path on the machine stands as it was written.
    fn settings(&self, declared: Option<&Declared>, options: &Options) -> Vec<(SmolStr, Arc<plan::Setting>)> {
        let declared = declared.filter(|d| d.facts_of(FactName::Remote).next().is_some());
        let remote = |name: &SmolStr| declared.is_some_and(|d| self.is_remote(d, name, options));
        options
            .iter()
            .map(|(name, frozen)| {
                let setting = match &frozen.setting.value {
                    plan::Value::Path(_) | plan::Value::List(_) if remote(name) => self.as_written(frozen),
                    _ => frozen.setting.clone(),
                };
                (name.clone(), setting)
            })
            .collect()
    }

    fn as_written(&self, frozen: &Frozen) -> Arc<plan::Setting> {
        let text = Ty::String;
        let value = self.freeze(&frozen.value, None, &SmolStr::default(), frozen.key);
        let value = value.or_else(|_| self.freeze(&frozen.value, Some(&text), &SmolStr::default(), frozen.key));
        match value {
            Ok(value) => Arc::new(plan::Setting { value, origin: frozen.setting.origin }),
            Err(_) => frozen.setting.clone(),
        }
    }

    fn fill_steps(&self, image: usize, table: &BuildTable, plan: &mut Plan) {
        let cells: Vec<(u32, CellRef)> = table
            .builds
            .iter()
            .enumerate()
            .filter(|(_, b)| b.cell.image as usize == image)
            .map(|(i, b)| (i as u32, b.cell))
            .collect();
        let whole = cells.len() == table.builds.len();
        let hir: &'a Image = self.images[image].image;
        let mut instances = Vec::new();
        self.instances(image, 0, &hir.steps, &mut Vec::new(), &mut instances);
        for instance in &instances {
            let shared = self.shared(instance, &cells);
            for shared in shared {
                let step = self.plan_step(instance.data.block, shared, whole, cells.len());
                match instance.data.block.statement {
                    BlockKind::Cleanup => plan.cleanups.push(step),
                    BlockKind::Test => plan.tests.push(step),
                    _ => plan.provisioners.push(step),
                }
            }
        }
        for post in &hir.posts {
            self.chain(image, post, &cells, whole, plan);
        }
    }

    fn plan_step(&self, block: &Block, shared: Shared, whole: bool, all: usize) -> plan::Step {
        let everyone = whole && shared.builds.len() == all;
        plan::Step {
            kind: block.kind_name.name.clone(),
            label: block.label.clone(),
            builds: if everyone { Builds::All } else { Builds::Only(shared.builds) },
            options: shared.options,
            origin: self.origin(block.header),
        }
    }

    /// Lists the steps of an image or group in order, the groups' steps in place.
    fn instances(
        &self,
        image: usize,
        site: usize,
        steps: &'a [Step],
        whens: &mut Vec<(usize, &'a Expr)>,
        instances: &mut Vec<Instance<'a>>,
    ) {
        for step in steps {
            let at = match step {
                Step::Block(block) => block.header,
                Step::Use(r#use) => r#use.span,
            };
            // Groups that use others twice double at every step.
            if self.spend(STEPS_OF_STEP, at).is_err() {
                return;
            }
            match step {
                Step::Block(block) => {
                    let data = self.block_data(image, site, block);
                    let demands = self.demands(&data);
                    let mut whens = whens.clone();
                    whens.extend(block.when.as_ref().map(|w| (site, w)));
                    instances.push(Instance { data, demands, whens });
                }
                Step::Use(r#use) => {
                    let group = &self.program().groups[r#use.group];
                    let inner = self.add_site(image, site, r#use);
                    let depth = whens.len();
                    whens.extend(r#use.when.as_ref().map(|w| (site, w)));
                    self.instances(image, inner, &group.steps, whens, instances);
                    whens.truncate(depth);
                }
            }
        }
    }

    /// A new site for one use of a group.
    fn add_site(&self, image: usize, parent: usize, r#use: &'a Use) -> usize {
        let cells = &self.images[image];
        let group = &self.program().groups[r#use.group];
        let columns = cells.sites.borrow()[parent].columns;
        let mut args = Vec::with_capacity(group.params.len());
        for (position, param) in group.params.iter().enumerate() {
            let value = r#use.args.get(position).and_then(Option::as_ref);
            let mask = self.mask_opt(value, image, parent, columns);
            let memo = cells.add_memo(mask);
            args.push(SiteArg { value, default: param.default.as_ref(), mask, memo });
        }
        let mut sites = cells.sites.borrow_mut();
        sites.push(Rc::new(Site { parent, columns: args.len() as u32, args }));
        sites.len() - 1
    }

    /// Sorts the builds of a step by what its options are for them, in the order of first appearance.
    fn shared(&self, instance: &Instance<'a>, cells: &[(u32, CellRef)]) -> Vec<Shared> {
        let mut groups: Vec<Shared> = Vec::new();
        let mut by_identity: FxHashMap<Vec<usize>, usize> = FxHashMap::default();
        let mut by_contents: FxHashMap<String, usize> = FxHashMap::default();
        for (build, cell) in cells {
            let mut applies = true;
            for (site, when) in &instance.whens {
                match self.applies(*cell, *site, Some(when)) {
                    Ok(true) => {}
                    Ok(false) => {
                        applies = false;
                        break;
                    }
                    Err(stop) => {
                        self.touches(&stop, *build);
                        applies = false;
                        break;
                    }
                }
            }
            if !applies {
                continue;
            }
            let Ok(options) = self.options(&instance.data, *cell, *build) else { continue };
            if let Some(demands) = &instance.demands {
                self.judge(&instance.data, demands, &options, *cell, *build);
            }
            for (_, frozen) in options.iter().filter(|(_, frozen)| frozen.with_amis) {
                if let Some(problem) = self.missing_ami(&frozen.value) {
                    self.touches(&problem.into(), *build);
                }
            }
            if let Some(stop) = self.unconnected(instance.data.block, instance.data.declared, *cell) {
                self.touches(&stop, *build);
            }
            let identity: Vec<usize> = options.iter().map(|(_, f)| Rc::as_ptr(f) as usize).collect();
            let group = match by_identity.get(&identity) {
                Some(group) => *group,
                None => {
                    let settings = self.settings(instance.data.declared, &options);
                    let group = *by_contents.entry(contents(&settings)).or_insert_with(|| {
                        groups.push(Shared { options: settings, builds: Vec::new() });
                        groups.len() - 1
                    });
                    by_identity.insert(identity, group);
                    group
                }
            };
            groups[group].builds.push(*build);
        }
        groups
    }

    /// A chain's links apply to the same builds: builds that agree in all links share one chain.
    fn chain(&self, image: usize, post: &'a Post, cells: &[(u32, CellRef)], whole: bool, plan: &mut Plan) {
        let mut links: Vec<(&'a Block, FxHashMap<u32, usize>, Vec<Shared>)> = Vec::new();
        for link in &post.links {
            let data = self.block_data(image, 0, link);
            let demands = self.demands(&data);
            let whens = post.when.iter().chain(&link.when).map(|w| (0, w)).collect();
            let shared = self.shared(&Instance { data, demands, whens }, cells);
            let group_of = shared.iter().enumerate().flat_map(|(g, s)| s.builds.iter().map(move |b| (*b, g))).collect();
            links.push((link, group_of, shared));
        }
        let mut chains: IndexMap<Vec<Option<usize>>, Vec<u32>> = IndexMap::new();
        for (build, _) in cells {
            let key: Vec<Option<usize>> = links.iter().map(|(_, group_of, _)| group_of.get(build).copied()).collect();
            if key.iter().all(Option::is_none) {
                continue;
            }
            chains.entry(key).or_default().push(*build);
        }
        for (key, builds) in chains {
            let made =
                key.iter().zip(&links).filter_map(|(g, (block, _, s))| Some((*block, s[(*g)?].options.as_slice())));
            let made: Vec<_> = made.collect();
            for build in &builds {
                let place = cells.binary_search_by_key(build, |(b, _)| *b).ok();
                if let Some(stop) = place.and_then(|place| self.untaken(&made, cells[place].1)) {
                    self.touches(&stop, *build);
                }
            }
            let mut chain = plan::Chain { links: Vec::new() };
            for (group, (block, _, shared)) in key.into_iter().zip(&links) {
                let Some(group) = group else { continue };
                let shared = Shared { options: shared[group].options.clone(), builds: builds.clone() };
                chain.links.push(self.plan_step(block, shared, whole, cells.len()));
            }
            plan.posts.push(chain);
        }
    }

    fn retained(&self, entries: &[Entry]) -> Vec<(SmolStr, plan::Value)> {
        let record = match self.record(entries, &mut Frame::closed(false)) {
            Ok(record) => record,
            Err(stop) => {
                self.stopped(&stop);
                return Vec::new();
            }
        };
        let mut options = Vec::new();
        for (name, field) in record {
            match self.freeze(&field.value, None, &name, field.key) {
                Ok(value) => options.push((name, value)),
                Err(stop) => self.stopped(&stop),
            }
        }
        options
    }

    /// The builder block of a cell's build.
    pub(super) fn builder_of(&self, cell: CellRef) -> Option<&'a Block> {
        let builder = self.options.borrow().get(&cell).map(|(b, _)| *b)?;
        self.images[cell.image as usize].image.builders.get(builder)
    }

    /// The options of a cell's build.
    pub(super) fn options_of(&self, cell: CellRef) -> Option<Rc<Options>> {
        self.options.borrow().get(&cell).map(|(_, o)| o.clone())
    }

    /// The value of the option that has a role in its kind, such as the region of the build.
    pub(super) fn role(&self, cell: CellRef, role: FactName) -> Option<Value> {
        let kind = self.builder_of(cell)?.kind?;
        let declared = &self.program().records[self.program().kinds[kind].record];
        self.options_of(cell)?.get(declared.role(role)?).map(|f| f.value.clone())
    }
}

/// What settings say, wherever they stand: equal texts for equal settings.
fn contents(settings: &[(SmolStr, Arc<plan::Setting>)]) -> String {
    let mut text = String::new();
    for (name, setting) in settings {
        text.push_str(&format!("{name} = {:?}\n", setting.value));
    }
    text
}
