//! The static type checker: bidirectional, over the resolved program.
//!
//! Floor 4, between [`resolve`](crate::resolve) and [`eval`](crate::eval). An expected type flows into every expression, so a
//! mistake is found also in a branch or cell that no build takes. It knows types, not values: patterns on computed texts,
//! ranges of computed numbers and rules are the evaluator's. What both report in the same words is in [`value`].
//!
//! Reading order: `items` (what a file declares), `image`, `block`, `entries`, then `expr` and its helpers.

mod block;
mod builtins;
mod calls;
mod entries;
mod expr;
mod fields;
mod flow;
mod image;
mod index;
mod items;
mod iterate;
mod lookup;
mod matching;
mod narrow;
mod operators;
mod origin;
mod problem;
mod records;
mod scope;
pub mod seen;
#[cfg(test)]
mod tests;
mod text;
pub mod value;
mod want;

use std::rc::Rc;

use crate::diagnostic::{Diagnostic, Problems};
use crate::facts::Facts;
use crate::resolve::Program;
use crate::ty::Ty;

pub use fields::BUILD_FIELDS;
pub use problem::CheckProblem;
pub use value::{DomainProblem, domain_value};

use image::Shape;
use scope::Scope;
use seen::Seen;

/// A program whose types agree, as far as no error has been reported; with the types that the evaluator asks for.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The program.
    pub program: Program,
    /// The type of each param.
    pub params: Vec<Ty>,
    /// The type of each variable and secret once the plan runs; as a value it is late.
    pub variables: Vec<Ty>,
    /// The type of each `let` at the top of a file.
    pub lets: Vec<Ty>,
    /// The types of the columns of each image, by image, then by local.
    pub columns: Vec<Vec<Ty>>,
    /// The type of each function's result.
    pub function_results: Vec<Ty>,
}

/// Checks a program. Without facts, names of regions and instance types are judged by their form only.
pub fn check(program: Program, facts: Option<&Facts>, problems: &mut Problems) -> Checked {
    check_seeing(program, facts, None, problems)
}

/// The same, and notes what is seen on the way.
pub fn check_seeing(
    program: Program,
    facts: Option<&Facts>,
    seen: Option<&mut Seen>,
    problems: &mut Problems,
) -> Checked {
    let mut checker = Checker::new(&program, facts, problems);
    checker.seen = seen;
    checker.program_items();
    let types =
        |list: Vec<Once<Ty>>| -> Vec<Ty> { list.into_iter().map(|ty| ty.done().unwrap_or(Ty::Poison)).collect() };
    let Checker { params, variables, lets, functions, shapes, .. } = checker;
    let (params, variables, lets, function_results) = (types(params), types(variables), types(lets), types(functions));
    let columns = shapes.into_iter().map(|s| s.done().map_or(Vec::new(), |s| s.columns.clone())).collect();
    Checked { program, params, variables, lets, columns, function_results }
}

/// Something that is worked out when it is first asked for.
enum Once<T> {
    Waiting,
    Running,
    Done(T),
}

impl<T> Once<T> {
    fn done(self) -> Option<T> {
        match self {
            Once::Done(value) => Some(value),
            Once::Waiting | Once::Running => None,
        }
    }
}

/// The state of the walk: what is known of the program's names, and the scope in which the current expression stands.
struct Checker<'a> {
    program: &'a Program,
    facts: Option<&'a Facts>,
    problems: &'a mut Problems,
    /// Whether the index that is checked next stands before a `??`, which answers for keys that are missing.
    missing_is_null: bool,
    params: Vec<Once<Ty>>,
    variables: Vec<Once<Ty>>,
    lets: Vec<Once<Ty>>,
    functions: Vec<Once<Ty>>,
    shapes: Vec<Once<Rc<Shape>>>,
    scope: Scope<'a>,
    /// Greater than 0 while an expression is looked at a second time.
    muted: u32,
    /// How many more parts of types may be put together.
    effort: usize,
    /// What editors want to know.
    seen: Option<&'a mut Seen>,
}

/// So many parts of types are put together; what goes beyond is left to the evaluator.
const EFFORT: usize = 20_000_000;

impl<'a> Checker<'a> {
    fn new(program: &'a Program, facts: Option<&'a Facts>, problems: &'a mut Problems) -> Self {
        fn waiting<T>(n: usize) -> Vec<Once<T>> {
            (0..n).map(|_| Once::Waiting).collect()
        }
        Checker {
            program,
            facts,
            problems,
            missing_is_null: false,
            params: waiting(program.params.len()),
            variables: waiting(program.variables.len()),
            lets: waiting(program.lets.len()),
            functions: waiting(program.functions.len()),
            shapes: waiting(program.images.len()),
            scope: Scope::default(),
            muted: 0,
            effort: EFFORT,
            seen: None,
        }
    }

    fn report(&mut self, problem: impl Into<Diagnostic>) {
        if self.muted == 0 {
            self.problems.report(problem);
        }
    }

    /// Takes from what may still be spent on putting types together; false when it is used up.
    fn afford(&mut self, parts: usize) -> bool {
        self.effort = self.effort.saturating_sub(parts);
        self.effort > 0
    }

    /// Reports a mistake; what follows from it is silent.
    fn poison(&mut self, problem: CheckProblem) -> Ty {
        self.report(problem);
        Ty::Poison
    }
}
