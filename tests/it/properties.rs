//! Properties that hold for every program: the same bytes twice, matrices and selections as a naive model has them, and no panic
//! and no lost mistake whatever is done to a program's text.

use std::collections::BTreeSet;

use bakec::compile::{Compiled, Options};
use bakec::emit::{Emit, packer_json};
use bakec::inspect::select::select;
use bakec::load::Memory;
use bakec::plan::Plan;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError};

use crate::support::{files_below, read};

/// A debug build makes a few thousand small programs a minute. The same ones every time: `SOAK=1` tries others, and many.
pub(crate) fn cases(cases: u32) -> Config {
    let soak = std::env::var_os("SOAK").is_some();
    let rng_seed = if soak { RngSeed::Random } else { RngSeed::Fixed(20) };
    Config { cases: if soak { cases * 20 } else { cases }, rng_seed, failure_persistence: None, ..Config::default() }
}

fn compiled(text: &str) -> Compiled {
    bakec::compile::compile(&Memory::of([("main.bake", text)]), "main.bake", &Options::default())
}

fn plan(text: &str) -> Result<Plan, TestCaseError> {
    let compiled = compiled(text);
    let said: Vec<String> = compiled.diagnostics.iter().map(|d| format!("{} {}", d.code, d.message)).collect();
    compiled.plan.ok_or_else(|| TestCaseError::fail(format!("no plan: {}\n{text}", said.join("\n"))))
}

fn names(plan: &Plan) -> Vec<String> {
    plan.builds.iter().map(|b| b.name.to_string()).collect()
}

// ── The model of a matrix ──────────────────────────────────────────────────────────────────────────────────────────

/// A condition on a cell.
#[derive(Clone, Debug)]
enum Condition {
    /// An axis has (or does not have) a value.
    Axis {
        axis: usize,
        value: usize,
        equal: bool,
    },
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
}

impl Condition {
    fn holds(&self, cell: &[usize]) -> bool {
        match self {
            Condition::Axis { axis, value, equal } => (cell[*axis] == *value) == *equal,
            Condition::All(inner) => inner.iter().all(|c| c.holds(cell)),
            Condition::Any(inner) => inner.iter().any(|c| c.holds(cell)),
            Condition::Not(inner) => !inner.holds(cell),
        }
    }

    fn written(&self) -> String {
        let joined = |inner: &[Condition], by: &str| {
            let parts: Vec<String> = inner.iter().map(|c| format!("({})", c.written())).collect();
            parts.join(by)
        };
        match self {
            Condition::Axis { axis, value, equal } => {
                format!("a{axis} {} {}", if *equal { "==" } else { "!=" }, value_of(*axis, *value))
            }
            Condition::All(inner) => joined(inner, " && "),
            Condition::Any(inner) => joined(inner, " || "),
            Condition::Not(inner) => format!("!({})", inner.written()),
        }
    }
}

/// Every second axis has numbers.
fn value_of(axis: usize, value: usize) -> String {
    if axis.is_multiple_of(2) { format!("\"v{value}\"") } else { format!("{}", 10 + value) }
}

fn label_of(axis: usize, value: usize) -> String {
    value_of(axis, value).trim_matches('"').to_owned()
}

#[derive(Clone, Debug)]
struct Matrix {
    /// How many values each axis has.
    axes: Vec<usize>,
    /// Each with the axis behind which it stands.
    excludes: Vec<(usize, Condition)>,
    /// Which values the second axis has for each of the first, where it depends on it.
    dependent: Option<Vec<Vec<usize>>>,
}

impl Matrix {
    /// Nested loops.
    fn cells(&self) -> Vec<Vec<usize>> {
        let mut cells: Vec<Vec<usize>> = vec![Vec::new()];
        for (axis, &count) in self.axes.iter().enumerate() {
            let mut next = Vec::new();
            for cell in &cells {
                let values: Vec<usize> = match &self.dependent {
                    Some(by_first) if axis == 1 => by_first[cell[0]].clone(),
                    _ => (0..count).collect(),
                };
                next.extend(values.into_iter().map(|v| [&cell[..], &[v]].concat()));
            }
            cells = next;
        }
        cells.retain(|cell| !self.excludes.iter().any(|(_, condition)| condition.holds(cell)));
        cells
    }

    fn builds(&self) -> Vec<String> {
        let label = |cell: &Vec<usize>| {
            let parts: Vec<String> = cell.iter().enumerate().map(|(axis, value)| label_of(axis, *value)).collect();
            format!("m-{}", parts.join("-"))
        };
        self.cells().iter().map(label).collect()
    }

    fn written(&self) -> String {
        let mut text = String::new();
        if let Some(by_first) = &self.dependent {
            text.push_str("table t key (k) {\n    | k: string | others: [int] |\n");
            for (first, others) in by_first.iter().enumerate() {
                let others: Vec<String> = others.iter().map(|v| value_of(1, *v)).collect();
                text.push_str(&format!("    | {} | [{}] |\n", value_of(0, first), others.join(", ")));
            }
            text.push_str("}\n");
        }
        text.push_str("image m {\n    matrix {\n");
        for (axis, &count) in self.axes.iter().enumerate() {
            let values: Vec<String> = (0..count).map(|v| value_of(axis, v)).collect();
            match self.dependent {
                Some(_) if axis == 1 => text.push_str("        axis a1 in t[a0].others\n"),
                _ => text.push_str(&format!("        axis a{axis} in [{}]\n", values.join(", "))),
            }
            for (_, condition) in self.excludes.iter().filter(|(behind, _)| *behind == axis) {
                text.push_str(&format!("        exclude when {} because \"chance\"\n", condition.written()));
            }
        }
        text.push_str("    }\n    builder null { communicator = \"none\" }\n}\n");
        text
    }
}

fn condition(axes: Vec<usize>) -> impl Strategy<Value = Condition> {
    let axis = (0..axes.len()).prop_flat_map(move |axis| {
        (0..axes[axis], any::<bool>()).prop_map(move |(value, equal)| Condition::Axis { axis, value, equal })
    });
    axis.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Condition::All),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Condition::Any),
            inner.prop_map(|c| Condition::Not(Box::new(c))),
        ]
    })
}

fn matrix() -> impl Strategy<Value = Matrix> {
    proptest::collection::vec(1usize..=4, 1..=4).prop_flat_map(|axes| {
        let excludes = (0..axes.len()).prop_flat_map({
            let axes = axes.clone();
            move |behind| (Just(behind), condition(axes[..=behind].to_vec()))
        });
        let excludes = proptest::collection::vec(excludes, 0..=3);
        let dependent = match axes[..] {
            [first, second, ..] => {
                let others = proptest::sample::subsequence((0..second).collect::<Vec<_>>(), 0..=second);
                proptest::option::of(proptest::collection::vec(others, first)).boxed()
            }
            _ => Just(None).boxed(),
        };
        (Just(axes), excludes, dependent).prop_map(|(axes, excludes, dependent)| Matrix { axes, excludes, dependent })
    })
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn a_matrix_is_nested_loops_without_what_is_excluded(matrix in matrix()) {
        let text = matrix.written();
        let expected = matrix.builds();
        if expected.is_empty() {
            let codes: Vec<&str> = compiled(&text).diagnostics.iter().map(|d| d.code.as_str()).collect();
            prop_assert!(codes.contains(&"bake::matrix::empty"), "{codes:?}\n{text}");
        } else {
            prop_assert_eq!(names(&plan(&text)?), expected, "{}", text);
        }
    }

    #[test]
    fn the_same_program_gives_the_same_bytes(matrix in matrix()) {
        let text = matrix.written();
        let bytes = || {
            let compiled = compiled(&text);
            let plan = compiled.plan.as_ref().map(|plan| packer_json(plan, &compiled.kinds, &Emit::default()).text());
            (plan, format!("{:?}", compiled.diagnostics))
        };
        prop_assert_eq!(bytes(), bytes());
    }
}

// ── Selections ─────────────────────────────────────────────────────────────────────────────────────────────────────

/// One alternative: axes with their values, perhaps by the beginning of a value.
type Pattern = Vec<(usize, usize, bool)>;

fn written(pattern: &Pattern) -> String {
    let parts = pattern.iter().map(|(axis, value, glob)| {
        let label = label_of(*axis, *value);
        if *glob { format!("a{axis}={}*", &label[..1]) } else { format!("a{axis}={label}") }
    });
    parts.collect::<Vec<_>>().join("+")
}

fn selects(pattern: &Pattern, cell: &[usize]) -> bool {
    // The values of an axis begin alike, so a glob by the first character takes them all.
    pattern.iter().all(|(axis, value, glob)| *glob || cell[*axis] == *value)
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn a_selection_is_a_filter(
        axes in proptest::collection::vec(1usize..=4, 1..=3),
        picks in proptest::collection::vec(proptest::collection::vec((0usize..3, 0usize..4, any::<bool>()), 1..=3), 1..=3),
        commas in any::<bool>(),
        except in any::<bool>(),
    ) {
        let matrix = Matrix { axes, excludes: Vec::new(), dependent: None };
        let patterns: Vec<Pattern> = picks
            .into_iter()
            .map(|pick| {
                let inside = |(axis, value, glob): (usize, usize, bool)| {
                    let axis = axis % matrix.axes.len();
                    (axis, value % matrix.axes[axis], glob)
                };
                pick.into_iter().map(inside).collect()
            })
            .collect();
        let all = matrix.cells();
        let matched: Vec<bool> = all.iter().map(|cell| patterns.iter().any(|p| selects(p, cell))).collect();
        let idle = patterns.iter().any(|p| !all.iter().any(|cell| selects(p, cell)));
        let builds = matrix.builds();
        let expected: Vec<String> =
            builds.into_iter().zip(&matched).filter(|(_, m)| **m != except).map(|(name, _)| name).collect();
        let written: Vec<String> = patterns.iter().map(written).collect();
        let written = if commas { vec![written.join(",")] } else { written };
        let (only, without) = if except { (Vec::new(), written) } else { (written, Vec::new()) };
        let selected = select(plan(&matrix.written())?, &only, &without);
        match selected {
            Ok(plan) => {
                prop_assert!(!idle && !expected.is_empty());
                prop_assert_eq!(names(&plan), expected);
            }
            Err(problem) => prop_assert!(idle || expected.is_empty(), "{}", problem.text),
        }
    }
}

// ── Mutations ──────────────────────────────────────────────────────────────────────────────────────────────────────

/// The examples' files, with the scripts that they name.
fn examples() -> Memory {
    let mut world = Memory::default();
    for file in files_below("examples") {
        world.files.insert(file.clone(), read(&format!("examples/{file}")));
    }
    world
}

/// A word, a run of blanks, a line's end, or one other character.
fn tokens(text: &str) -> Vec<&str> {
    let class = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 0,
        ' ' => 1,
        _ => 2,
    };
    let mut tokens = Vec::new();
    let mut start = 0;
    let characters: Vec<(usize, char)> = text.char_indices().collect();
    for pair in characters.windows(2) {
        let [(_, a), (at, b)] = [pair[0], pair[1]];
        if class(a) != class(b) || class(a) == 2 {
            tokens.push(&text[start..at]);
            start = at;
        }
    }
    tokens.push(&text[start..]);
    tokens
}

/// What is done to a text, at places taken from the numbers.
#[derive(Clone, Debug)]
enum Mutation {
    Delete(usize, usize),
    Duplicate(usize),
    Swap(usize, usize),
    Insert(usize, &'static str),
}

fn mutate(pieces: &mut Vec<&str>, mutation: &Mutation) {
    let count = pieces.len();
    if count == 0 {
        return;
    }
    match *mutation {
        Mutation::Delete(at, length) => {
            let at = at % count;
            pieces.drain(at..(at + 1 + length % 4).min(count));
        }
        Mutation::Duplicate(at) => pieces.insert(at % count, pieces[at % count]),
        Mutation::Swap(a, b) => pieces.swap(a % count, b % count),
        Mutation::Insert(at, text) => pieces.insert(at % (count + 1), text),
    }
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let inserted = [
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "\"",
        "'",
        "${",
        "{{",
        "}}",
        "|",
        "-",
        "=",
        "==",
        ":",
        ",",
        "null",
        "...",
        "/",
        "\\",
        "\n",
        "é",
        "\0",
        "if",
        "for",
        "in",
        "9999999999999999999",
        "1h",
        "?",
        "image x {\n",
        "\"\"\"",
        "//",
        "#",
        "\r",
        "\u{202e}",
        "exclude when",
    ];
    prop_oneof![
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Mutation::Delete(a, b)),
        any::<usize>().prop_map(Mutation::Duplicate),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Mutation::Swap(a, b)),
        (any::<usize>(), proptest::sample::select(inserted.to_vec())).prop_map(|(at, text)| Mutation::Insert(at, text)),
    ]
}

/// There is a plan or an error, and every place of a diagnostic lies in its source, between characters.
fn sound(compiled: &Compiled) -> Result<(), TestCaseError> {
    prop_assert!(
        compiled.plan.is_some() != compiled.failed() || !compiled.missing_params.is_empty(),
        "a plan and an error, or neither: {:?}",
        compiled.diagnostics
    );
    let files: BTreeSet<u32> = compiled.sources.iter().map(|(id, _)| id.0).collect();
    for diagnostic in &compiled.diagnostics {
        prop_assert!(!diagnostic.labels.is_empty(), "no place: {diagnostic:?}");
        let fix = diagnostic.fix.iter().map(|f| f.span);
        for span in diagnostic.labels.iter().map(|l| l.span).chain(fix) {
            prop_assert!(files.contains(&span.file.0), "no such file: {diagnostic:?}");
            let text = compiled.sources.get(span.file).text();
            let inside = text.get(span.start as usize..span.end as usize).is_some();
            prop_assert!(inside, "not in the text: {diagnostic:?}");
        }
        let lowercase = !diagnostic.message.is_empty() && !diagnostic.message.contains('\n');
        prop_assert!(lowercase, "not one line: {diagnostic:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn no_mutation_of_an_example_goes_unnoticed_or_breaks_the_compiler(
        file in any::<prop::sample::Index>(),
        by_line in any::<bool>(),
        mutations in proptest::collection::vec(mutation(), 1..6),
    ) {
        let mut world = examples();
        let roots: Vec<String> = world.files.keys().filter(|f| f.ends_with(".bake")).cloned().collect();
        let root = file.get(&roots).clone();
        let text = world.files[&root].clone();
        let mut pieces: Vec<&str> = if by_line { text.split_inclusive('\n').collect() } else { tokens(&text) };
        mutations.iter().for_each(|m| mutate(&mut pieces, m));
        let mutated = pieces.concat();
        world.files.insert(root.clone(), mutated);
        let compiled = bakec::compile::compile(&world, &root, &Options::default());
        sound(&compiled)?;
        if let Some(plan) = &compiled.plan {
            packer_json(plan, &compiled.kinds, &Emit::default()).text();
        }
    }
}
