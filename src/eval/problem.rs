//! What only a value can show. A problem of builds says which builds it touches.
//!
//! What each says stands in `problem/words.rs`.

mod words;

use std::rc::Rc;

use smol_str::SmolStr;

use super::touched::Touched;
use crate::check::DomainProblem;
use crate::diagnostic::{Code, Diagnostic};
use crate::load::ReadError;
use crate::text::Span;

/// Why an evaluation ended without a value.
#[derive(Clone, Debug)]
pub(super) enum Stop {
    /// Something that has been reported already.
    Poison,
    /// A mistake to be reported, with the builds that run into it.
    Problem(Rc<EvalProblem>),
}

impl From<EvalProblem> for Stop {
    fn from(problem: EvalProblem) -> Self {
        Stop::Problem(Rc::new(problem))
    }
}

/// A mistake in values. `origin` is the literal that made a value, `at` the place that refused it.
#[derive(Clone, Debug)]
pub(super) enum EvalProblem {
    Overflow {
        at: Span,
    },
    DivisionByZero {
        at: Span,
    },
    TooLarge {
        at: Span,
    },
    TooMuchWork {
        at: Span,
    },
    TooDeep {
        at: Span,
    },
    NullMatches {
        at: Span,
    },
    NullInList {
        at: Span,
    },
    SameKey {
        key: SmolStr,
        at: Span,
    },
    OutOfRange {
        index: i64,
        length: usize,
        at: Span,
    },
    NoKey {
        key: SmolStr,
        nearest: Option<SmolStr>,
        at: Span,
    },
    NoRow {
        table: SmolStr,
        key: SmolStr,
        near: Option<SmolStr>,
        at: Span,
        declared: Span,
    },
    NotAnInt {
        text: SmolStr,
        at: Span,
    },
    NotBase64 {
        at: Span,
    },
    NoEnvironment {
        name: SmolStr,
        at: Span,
    },
    Read {
        path: SmolStr,
        error: ReadError,
        at: Span,
    },
    Render {
        why: String,
        help: Option<String>,
        at: Span,
    },
    TooManyAxes {
        at: Span,
    },
    TooManyBuilds {
        cells: usize,
        limit: usize,
        at: Span,
    },
    SameAxisValue {
        value: SmolStr,
        at: Span,
        axis: Span,
    },
    IdleExclude {
        at: Span,
    },
    NoBuilds {
        image: SmolStr,
        at: Span,
    },
    BadName {
        name: SmolStr,
        written: bool,
        at: Span,
    },
    SameName {
        name: SmolStr,
        cells: [String; 2],
        unused: Option<SmolStr>,
        at: Span,
        other: Option<Span>,
    },
    NoBuilder {
        image: SmolStr,
        names: String,
        at: Span,
        whens: Vec<Span>,
    },
    TwoBuilders {
        names: String,
        first: Span,
        second: Span,
    },
    MissingOption {
        option: SmolStr,
        doc: SmolStr,
        kind: SmolStr,
        at: Span,
    },
    MissingField {
        field: SmolStr,
        origin: Span,
        at: Span,
    },
    OutsideRange {
        shown: SmolStr,
        ty: String,
        help: String,
        option: SmolStr,
        origin: Span,
        at: Span,
    },
    NotWholeGib {
        bytes: u64,
        option: SmolStr,
        origin: Span,
        at: Span,
    },
    NoMatch {
        text: SmolStr,
        pattern: SmolStr,
        option: SmolStr,
        origin: Span,
        at: Span,
    },
    Domain {
        why: Box<DomainProblem>,
        option: SmolStr,
        origin: Span,
        at: Span,
    },
    Template {
        diagnostic: Box<Diagnostic>,
        option: SmolStr,
        at: Span,
    },
    NoFile {
        written: SmolStr,
        path: SmolStr,
        folder: bool,
        at: Span,
    },
    NoKeyInFile {
        path: SmolStr,
        at: Span,
    },
    /// A folder where a file is wanted, or the other way round.
    WrongSort {
        written: SmolStr,
        folder: bool,
        at: Span,
    },
    Rule {
        message: SmolStr,
        places: Vec<Span>,
        declared: Option<Span>,
    },
    NotUnique {
        option: SmolStr,
        value: SmolStr,
        place: SmolStr,
        builds: [SmolStr; 2],
        at: Span,
        other: Option<Span>,
    },
    NoCell {
        image: SmolStr,
        cell: String,
        near: Option<String>,
        at: Span,
    },
    ExcludedCell {
        image: SmolStr,
        cell: String,
        because: Option<SmolStr>,
        at: Span,
        exclude: Span,
    },
    NoAmi {
        build: SmolStr,
        kind: SmolStr,
        at: Span,
        builder: Span,
        /// The option by which a kind that makes AMIs makes none.
        option: Option<(SmolStr, Span)>,
        /// Whether the kind is one of the prelude, of which it is known.
        known: bool,
    },
    BuildsTooEarly {
        image: SmolStr,
        at: Span,
    },
    Circle {
        builds: Vec<SmolStr>,
        at: Span,
    },
    OtherRegion {
        parent: SmolStr,
        region: SmolStr,
        regions: Vec<String>,
        at: Span,
    },
    Policy {
        policy: SmolStr,
        message: SmolStr,
        place: Option<Span>,
        at: Span,
    },
    Undecided {
        policy: SmolStr,
        variable: Option<SmolStr>,
        at: Span,
    },
    SizeVariable {
        variable: SmolStr,
        option: SmolStr,
        at: Span,
    },
    AmiDefault {
        variable: SmolStr,
        build: SmolStr,
        at: Span,
    },
    SameOutput {
        file: SmolStr,
        first: Span,
        at: Span,
    },
    SecretOutput {
        secret: SmolStr,
        at: Span,
    },
    OutputEnding {
        file: SmolStr,
        at: Span,
    },
    /// A text that lacks what it is there for.
    Lacks {
        option: SmolStr,
        field: SmolStr,
        at: Span,
    },
    /// A step on the machine, in a build that connects to none.
    NoConnection {
        step: SmolStr,
        option: SmolStr,
        says: Span,
        at: Span,
    },
    /// A step on an artifact that it cannot take.
    NotTaken {
        step: SmolStr,
        maker: SmolStr,
        takes: Vec<String>,
        made: Span,
        at: Span,
    },
    /// Regions that no AMI can be copied between.
    OtherPartition {
        region: SmolStr,
        partition: &'static str,
        home: SmolStr,
        home_partition: &'static str,
        at: Span,
        home_at: Span,
    },
    /// EC2's facts forbid it; the message, labels and help are made where the facts are known.
    Facts {
        code: Code,
        message: String,
        labels: Vec<(Span, String)>,
        help: String,
    },
}

impl EvalProblem {
    /// What identifies the place: the same mistake at the same place is reported once.
    pub(super) fn place(&self) -> (Code, Span) {
        let diagnostic = self.diagnostic(None);
        (diagnostic.code, diagnostic.span())
    }

    /// The diagnostic; the first label says which builds are touched.
    pub(super) fn diagnostic(&self, touched: Option<&Touched>) -> Diagnostic {
        let mut diagnostic = self.plain();
        let words = touched.map(Touched::words).unwrap_or_default();
        if let (false, Some(label)) = (words.is_empty(), diagnostic.labels.first_mut()) {
            label.text = if label.text.is_empty() { words } else { format!("{} {words}", label.text) };
        }
        diagnostic
    }
}
