//! From a checked program to a plan.
//!
//! Floor 4, the last of three. Whatever does not depend on an axis is evaluated once and shared (see [`cells`]); what only a
//! value can show is judged here and reported once per place, with the builds that it touches. The world is asked for files that the
//! program names and for nothing else.
//!
//! The way of a build: [`matrix`] makes its cell, [`builds`] its name and its builder, [`blocks`] its options, [`freeze`] turns
//! values into plan data by their types, [`rules`] holds them to the schema, [`policy`] to the team's conventions.

mod answer;
mod arithmetic;
mod blocks;
mod builds;
mod builtin;
mod cells;
mod chains;
mod demands;
mod depend;
mod edges;
mod expr;
mod facts;
mod frame;
mod freeze;
mod inputs;
mod matrix;
mod options;
mod output;
mod paths;
mod policy;
mod problem;
mod reach;
mod regional;
mod render;
mod rules;
mod steps;
mod text;
mod touched;
mod unique;
mod value;
mod variables;
mod version;
mod views;
mod work;

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

pub use answer::Answer;
pub use cells::MAX_AXES;
pub use expr::MAX_ELEMENTS;
pub use inputs::{Inputs, Outside, argument};
pub use text::MAX_TEXT;
pub use work::{MAX_BYTES, MAX_PARTS, STEPS, STEPS_OF_CELL};

use crate::check::Checked;
use crate::diagnostic::{Diagnostic, Problems};
use crate::facts::Facts;
use crate::load::World;
use crate::plan::{Origin, Plan};
use crate::resolve::hir::{ExprKind, Program};
use crate::text::{Sources, Span};

use builds::BuildTable;
use cells::{Cells, ColumnSource};
use expr::Outcome;
use frame::{Frame, Place};
use problem::{EvalProblem, Stop};
use value::{Data, Value};

/// What evaluation gives.
#[derive(Debug, Default)]
pub struct Evaluated {
    /// The plan; none where something is wrong, or where a required param has no value.
    pub plan: Option<Plan>,
    /// Required params without a value, because of which builds were not evaluated.
    pub missing_params: Vec<SmolStr>,
    /// Params with their values, in the order of their declarations.
    pub params: Vec<(SmolStr, serde_json::Value)>,
    /// Files that were read, beside the `.bake` files.
    pub files: Vec<SmolStr>,
    /// Environment variables that were read.
    pub environment: Vec<SmolStr>,
    /// Whether something could not be evaluated that an earlier phase must have reported.
    pub lost: bool,
    /// What the expression that was asked for is worth.
    pub answer: Option<Answer>,
}

/// Evaluates a checked program. Sources grow by those that the inputs stand in.
pub fn evaluate(
    checked: &Checked,
    outside: &Outside,
    inputs: &Inputs,
    world: &dyn World,
    facts: Option<&Facts>,
    sources: &Sources,
    problems: &mut Problems,
) -> Evaluated {
    let program = &checked.program;
    let evaluator = Evaluator {
        checked,
        inputs,
        world,
        facts,
        sources,
        params: RefCell::new(vec![None; program.params.len()]),
        lets: RefCell::new(vec![None; program.lets.len()]),
        tables: program.tables.iter().map(|_| OnceCell::new()).collect(),
        images: program.images.iter().map(Cells::new).collect(),
        table_of_builds: OnceCell::new(),
        reported: RefCell::default(),
        files: RefCell::default(),
        environment: RefCell::default(),
        lost: Cell::new(false),
        origins: RefCell::default(),
        options: RefCell::default(),
        demands: RefCell::default(),
        work: work::Work::default(),
    };
    let missing_params = evaluator.fill_params(outside);
    let plan = match inputs.ask {
        _ if !missing_params.is_empty() => None,
        None => evaluator.plan(),
        Some(_) => {
            evaluator.name_builds();
            None
        }
    };
    let params = evaluator.known_params();
    let answer = inputs.ask.and_then(|at| evaluator.answer(at));
    let Reported { diagnostics, .. } = evaluator.reported.into_inner();
    let failed = diagnostics.iter().any(|d| d.severity == crate::diagnostic::Severity::Error);
    for diagnostic in diagnostics {
        problems.report(diagnostic);
    }
    Evaluated {
        plan: plan.filter(|_| !failed),
        missing_params,
        params,
        files: evaluator.files.into_inner(),
        environment: evaluator.environment.into_inner(),
        lost: evaluator.lost.get(),
        answer,
    }
}

struct Evaluator<'a> {
    checked: &'a Checked,
    inputs: &'a Inputs,
    world: &'a dyn World,
    facts: Option<&'a Facts>,
    sources: &'a Sources,
    params: RefCell<Vec<Option<Outcome>>>,
    lets: RefCell<Vec<Option<Outcome>>>,
    tables: Vec<OnceCell<TableData>>,
    images: Vec<Cells<'a>>,
    /// Names and indices of builds, once the matrices are expanded.
    table_of_builds: OnceCell<BuildTable>,
    reported: RefCell<Reported>,
    files: RefCell<Vec<SmolStr>>,
    environment: RefCell<Vec<SmolStr>>,
    lost: Cell<bool>,
    origins: RefCell<FxHashMap<Span, Origin>>,
    /// Builder block and options of each build, as far as they are known.
    options: RefCell<FxHashMap<value::CellRef, (usize, Rc<options::Options>)>>,
    /// What kinds demand, by the address of their declarations.
    demands: RefCell<FxHashMap<usize, Rc<demands::KindDemands<'a>>>>,
    /// What evaluation may still take.
    work: work::Work,
}

/// What has been reported so far.
#[derive(Default)]
struct Reported {
    diagnostics: Vec<Diagnostic>,
    /// Failures of builds, by identity, with the builds that they touch.
    failures: Vec<(Rc<EvalProblem>, Vec<u32>)>,
    by_identity: FxHashMap<usize, usize>,
}

/// A table as values.
struct TableData {
    /// The rows as records.
    rows: Vec<Value>,
    /// Rows by key.
    by_key: FxHashMap<Vec<crate::plan::Scalar>, usize>,
}

impl<'a> Evaluator<'a> {
    fn program(&self) -> &'a Program {
        &self.checked.program
    }

    /// Reports an error that concerns the program, not single builds.
    fn stopped(&self, stop: &Stop) {
        match stop {
            Stop::Problem(problem) => self.reported.borrow_mut().diagnostics.push(problem.diagnostic(None)),
            Stop::Poison => self.lost.set(true),
        }
    }

    fn warn(&self, problem: EvalProblem) {
        self.reported.borrow_mut().diagnostics.push(problem.diagnostic(None));
    }

    /// Notes that a failure touches a build; it is reported once, with all its builds, by [`Evaluator::report_failures`].
    fn touches(&self, stop: &Stop, build: u32) {
        let Stop::Problem(problem) = stop else {
            self.lost.set(true);
            return;
        };
        let mut reported = self.reported.borrow_mut();
        let identity = Rc::as_ptr(problem) as usize;
        let next = reported.failures.len();
        let index = *reported.by_identity.entry(identity).or_insert(next);
        if index == next {
            reported.failures.push((problem.clone(), Vec::new()));
        }
        let builds = &mut reported.failures[index].1;
        if builds.last() != Some(&build) {
            builds.push(build);
        }
    }

    /// Reports the failures of builds, once per place.
    fn report_failures(&self) {
        let mut reported = self.reported.borrow_mut();
        let failures = std::mem::take(&mut reported.failures);
        reported.by_identity.clear();
        let mut merged: Vec<(Rc<EvalProblem>, Vec<u32>)> = Vec::new();
        let mut places: FxHashMap<(crate::diagnostic::Code, Span), usize> = FxHashMap::default();
        for (problem, builds) in failures {
            let key = problem.place();
            match places.get(&key) {
                Some(&index) => merged[index].1.extend(builds),
                None => {
                    places.insert(key, merged.len());
                    merged.push((problem, builds));
                }
            }
        }
        let Some(table) = self.table_of_builds.get() else { return };
        for (problem, mut builds) in merged {
            builds.sort_unstable();
            builds.dedup();
            let touched = table.describe(&builds);
            reported.diagnostics.push(problem.diagnostic(Some(&touched)));
        }
    }

    fn global_let(&self, index: usize) -> Outcome {
        if let Some(known) = &self.lets.borrow()[index] {
            return known.clone();
        }
        let outcome = self.eval(&self.program().lets[index].value, &mut Frame::closed(false));
        if let Err(stop) = &outcome {
            self.stopped(stop);
        }
        // What went wrong has been said; whoever needs the value only fails.
        let outcome = outcome.map_err(|_| Stop::Poison);
        self.lets.borrow_mut()[index] = Some(outcome.clone());
        outcome
    }

    /// Evaluates the lets that nothing has asked for, so that their mistakes are found too. It is the last thing that is done.
    fn unused_lets(&self) {
        self.idle();
        // What a part that is left unchecked is worth, nobody needs to know.
        let lost = self.lost.get();
        for index in 0..self.program().lets.len() {
            let _ = self.global_let(index);
        }
        self.lost.set(lost);
    }

    /// The value of a local: on the stack, or a column of the frame's place.
    fn local(&self, index: u32, frame: &Frame) -> Outcome {
        if let Some(value) = frame.stacked(index) {
            return Ok(value.clone());
        }
        let Some(place) = frame.place else { return Err(Stop::Poison) };
        let cells = &self.images[place.image];
        if place.site == 0 {
            return self.column(place, index);
        }
        let site = cells.sites.borrow()[place.site].clone();
        let Some(arg) = site.args.get(index as usize) else { return Err(Stop::Poison) };
        cells.remembered(arg.memo, place.cell, || match (arg.value, arg.default) {
            (Some(value), _) => {
                let columns = cells.sites.borrow()[site.parent].columns;
                let parent = Place { image: place.image, site: site.parent, cell: place.cell, columns };
                self.eval(value, &mut Frame::at(parent))
            }
            (None, Some(default)) => self.eval(default, &mut Frame::closed(false)),
            (None, None) => Err(Stop::Poison),
        })
    }

    /// The value of an axis or let of an image at a cell.
    fn column(&self, place: Place, index: u32) -> Outcome {
        let cells = &self.images[place.image];
        let source = cells.columns.borrow().get(index as usize).copied();
        match source {
            Some(ColumnSource::Axis { axis, position }) => {
                let axes = cells.axes.borrow();
                let id = cells.coordinates.borrow()[place.cell * axes.len() + axis];
                Ok(axes[axis].tuples[id as usize][position].clone())
            }
            Some(ColumnSource::Let { value, memo }) => cells.remembered(memo, place.cell, || {
                self.eval(value, &mut Frame::at(Place { site: 0, columns: index, ..place }))
            }),
            None => Err(Stop::Poison),
        }
    }

    /// A table as values, made when first needed.
    fn table(&self, index: usize) -> &TableData {
        self.tables[index].get_or_init(|| {
            let table = &self.program().tables[index];
            let mut rows = Vec::with_capacity(table.rows.len());
            let mut by_key = FxHashMap::default();
            for row in &table.rows {
                let mut record = value::Record::default();
                for (name, cell) in table.ty.columns.keys().zip(&row.cells) {
                    let value = match cell.kind {
                        ExprKind::Poison => Value::new(Data::Null, cell.span),
                        _ => self.eval(cell, &mut Frame::closed(false)).unwrap_or(Value::new(Data::Null, cell.span)),
                    };
                    record.insert(name.clone(), value::Field { key: cell.span, value });
                }
                let key = table.ty.key.iter().map(|k| record.get_index(*k).and_then(|(_, f)| f.value.scalar()));
                if let Some(key) = key.collect::<Option<Vec<_>>>() {
                    by_key.entry(key).or_insert(rows.len());
                }
                rows.push(Value::new(Data::Record(std::sync::Arc::new(record)), row.span));
            }
            TableData { rows, by_key }
        })
    }

    /// The place of a span, as plans keep it.
    fn origin(&self, span: Span) -> Origin {
        if let Some(known) = self.origins.borrow().get(&span) {
            return *known;
        }
        let (line, column) = self.sources.get(span.file).line_column(span.start);
        let origin = Origin { file: self.sources.position(span.file) as u32, line, column };
        self.origins.borrow_mut().insert(span, origin);
        origin
    }
}
