//! What HCL2 means and what its import means, for templates that nobody wrote: expressions of five types, made at random, have the
//! value that hcl-rs gives them; and templates that were broken are refused with a place, or read, in time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use bakec::compile::{FactsChoice, Options, compile};
use bakec::diagnostic::Severity;
use bakec::emit::{Emit, packer_json};
use bakec::import::{Places, import_files};
use bakec::load::Memory;
use hcl::eval::{Context, Evaluate, FuncArgs, FuncDef, ParamType};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::Value;

use crate::properties::cases;
use crate::support::{files_below, read};

const TEMPLATE: &str = "template.pkr.hcl";
const PROGRAM: &str = "program.bake";
/// How long one import may take. A debug build on a busy machine needs a good part of it.
const LIMIT: Duration = Duration::from_secs(20);

/// The variables that expressions ask for, as HCL writes their defaults.
const VARIABLES: [(&str, &str, &str); 5] = [
    ("s", "string", r#""one two""#),
    ("n", "number", "7"),
    ("b", "bool", "true"),
    ("l", "list(string)", r#"["x", "y", "x"]"#),
    ("m", "map(string)", r#"{ ka = "1", kb = "x" }"#),
];

/// Characters of a text, as they stand between quotes.
fn characters() -> impl Strategy<Value = String> {
    let parts = [
        "a", "B", "é", " ", "-", "\\\"", "\\\\", "\\n", "$${", "$", "%", "%%{", "'", "`", "#", "//", "}", "\\u00e9",
        "{",
    ];
    proptest::collection::vec(proptest::sample::select(parts.to_vec()), 0..4).prop_map(|parts| parts.concat())
}

/// Characters without escapes: there are none in heredocs, and hcl-rs leaves those within directives as they are.
fn simple() -> impl Strategy<Value = String> {
    characters().prop_map(|chars| chars.replace(['\\', '"'], ""))
}

/// Names that a `for` may bind, so that none hides another by chance alone.
fn bound(depth: u32) -> String {
    format!("w{depth}")
}

fn text(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        characters().prop_map(|chars| format!("\"{chars}\"")),
        Just("var.s".to_owned()),
        Just("var.m.ka".to_owned()),
        Just("var.m[\"kb\"]".to_owned()),
        Just("var.l[1]".to_owned()),
    ];
    let Some(less) = depth.checked_sub(1) else { return leaf.boxed() };
    prop_oneof![
        2 => leaf,
        2 => (characters(), text(less), characters(), number(less))
            .prop_map(|(a, b, c, d)| format!("\"{a}${{{b}}}{c}${{{d}}}\"")),
        1 => (text(less), truth(less), text(less)).prop_map(|(a, c, b)| format!("({c} ? {a} : {b})")),
        1 => (truth(less), simple(), simple())
            .prop_map(|(c, a, b)| format!("\"<%{{ if {c} }}{a}%{{ else }}{b}%{{ endif }}>\"")),
        1 => (list(less), simple())
            .prop_map(move |(l, a)| { let w = bound(less); format!("\"<%{{ for {w} in {l} }}{a}${{{w}}};%{{ endfor }}>\"") }),
        // Of lines of blanks hcl-rs takes the blanks away, which HCL leaves.
        1 => (simple(), simple(), text(less))
            .prop_map(|(a, b, t)| format!("<<-EOT\n    .{a}\n      ${{{t}}}{b}\n    EOT\n")),
        1 => text(less).prop_map(|t| format!("upper({t})")),
        1 => text(less).prop_map(|t| format!("lower({t})")),
        1 => list(less).prop_map(|l| format!("join(\"+\", {l})")),
        1 => (text(less), text(less)).prop_map(|(a, b)| format!("replace({a}, \"a\", {b})")),
    ]
    .boxed()
}

fn number(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![(0..20).prop_map(|n: i32| n.to_string()), Just("var.n".to_owned())];
    let Some(less) = depth.checked_sub(1) else { return leaf.boxed() };
    prop_oneof![
        2 => leaf,
        1 => (number(less), prop_oneof![Just("+"), Just("-"), Just("*")], number(less)).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
        1 => (number(less), 1..9).prop_map(|(a, b)| format!("({a} % {b})")),
        1 => (number(less), prop_oneof![Just(2), Just(4)]).prop_map(|(a, b)| format!("({a} / {b})")),
        1 => number(less).prop_map(|n| format!("-({n})")),
        1 => list(less).prop_map(|l| format!("length({l})")),
        1 => (number(less), truth(less), number(less)).prop_map(|(a, c, b)| format!("({c} ? {a} : {b})")),
    ]
    .boxed()
}

fn truth(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![any::<bool>().prop_map(|b| b.to_string()), Just("var.b".to_owned())];
    let Some(less) = depth.checked_sub(1) else { return leaf.boxed() };
    prop_oneof![
        1 => leaf,
        1 => (number(less), prop_oneof![Just("<"), Just("<="), Just("=="), Just("!="), Just(">"), Just(">=")], number(less))
            .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
        1 => (text(less), prop_oneof![Just("=="), Just("!=")], text(less)).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
        1 => (truth(less), prop_oneof![Just("&&"), Just("||")], truth(less)).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
        1 => truth(less).prop_map(|b| format!("!{b}")),
        1 => (list(less), text(less)).prop_map(|(l, t)| format!("contains({l}, {t})")),
    ]
    .boxed()
}

fn list(depth: u32) -> BoxedStrategy<String> {
    let Some(less) = depth.checked_sub(1) else { return Just("var.l".to_owned()).boxed() };
    let w = bound(less);
    let (v, x, y, z) = (w.clone(), w.clone(), w.clone(), w);
    prop_oneof![
        1 => Just("var.l".to_owned()),
        2 => proptest::collection::vec(text(less), 1..4).prop_map(|texts| format!("[{}]", texts.join(", "))),
        1 => (list(less), text(less)).prop_map(move |(l, t)| format!("[for {v} in {l} : \"${{{v}}}.${{{t}}}\"]")),
        1 => (map(less), text(less)).prop_map(move |(m, t)| format!("[for k{x}, {x} in {m} : \"${{k{x}}}=${{{x}}}.${{{t}}}\"]")),
        1 => (list(less), text(less)).prop_map(move |(l, t)| format!("[for {y} in {l} : {y} if {y} != {t}]")),
        1 => (list(less), truth(less), list(less)).prop_map(|(a, c, b)| format!("({c} ? {a} : {b})")),
        1 => (list(less), list(less)).prop_map(|(a, b)| format!("concat({a}, {b})")),
        1 => list(less).prop_map(move |l| format!("[for {z} in {l} : {{ f = {z} }}][*].f")),
    ]
    .boxed()
}

fn map(depth: u32) -> BoxedStrategy<String> {
    let Some(less) = depth.checked_sub(1) else { return Just("var.m".to_owned()).boxed() };
    let w = bound(less);
    prop_oneof![
        1 => Just("var.m".to_owned()),
        2 => proptest::collection::btree_map("[a-d]", text(less), 1..4).prop_map(|members: BTreeMap<String, String>| {
            let members: Vec<String> = members.iter().map(|(key, value)| format!("{key} = {value}")).collect();
            format!("{{ {} }}", members.join(", "))
        }),
        1 => (map(less), text(less)).prop_map(move |(m, t)| format!("{{ for k{w}, {w} in {m} : \"p${{k{w}}}\" => \"${{{w}}}${{{t}}}\" }}")),
    ]
    .boxed()
}

/// Any expression, a heredoc in parentheses for what may stand behind it.
fn expression() -> impl Strategy<Value = String> {
    prop_oneof![text(3), number(3), truth(3), list(3), map(3)]
}

/// The template whose step prints the values of expressions as JSON.
fn template(expressions: &[String]) -> String {
    let mut text = String::new();
    for (name, ty, default) in VARIABLES {
        let _ = writeln!(text, "variable \"{name}\" {{\n  type = {ty}\n  default = {default}\n}}");
    }
    text.push_str("locals {\n");
    for (i, expression) in expressions.iter().enumerate() {
        let _ = writeln!(text, "  x{i} = {expression}");
    }
    let printed: Vec<String> = (0..expressions.len()).map(|i| format!("jsonencode(local.x{i})")).collect();
    let _ = writeln!(text, "}}\nsource \"null\" \"n\" {{\n  communicator = \"none\"\n}}");
    let step = format!("provisioner \"shell-local\" {{\n    inline = [{}]\n  }}", printed.join(", "));
    let _ = writeln!(text, "build {{\n  sources = [\"null.n\"]\n  {step}\n}}");
    text
}

/// The functions that expressions call, for hcl-rs.
fn context() -> Context<'static> {
    fn texts(value: &hcl::Value) -> Vec<String> {
        let list = value.as_array().into_iter().flatten();
        list.map(|v| v.as_str().unwrap_or_default().to_owned()).collect()
    }
    fn argument(args: &FuncArgs, at: usize) -> String {
        args.get(at).and_then(|v| v.as_str()).unwrap_or_default().to_owned()
    }
    let function =
        |f: fn(FuncArgs) -> Result<hcl::Value, String>| FuncDef::builder().variadic_param(ParamType::Any).build(f);
    let mut context = Context::new();
    context.declare_func("upper", function(|args| Ok(argument(&args, 0).to_uppercase().into())));
    context.declare_func("lower", function(|args| Ok(argument(&args, 0).to_lowercase().into())));
    context.declare_func("join", function(|args| Ok(texts(&args[1]).join(&argument(&args, 0)).into())));
    context.declare_func(
        "replace",
        function(|args| Ok(argument(&args, 0).replace(&argument(&args, 1), &argument(&args, 2)).into())),
    );
    context.declare_func("length", function(|args| Ok(args[0].as_array().map_or(0, Vec::len).into())));
    context.declare_func("contains", function(|args| Ok(texts(&args[0]).contains(&argument(&args, 1)).into())));
    context.declare_func("concat", function(|args| Ok(args.iter().flat_map(texts).map(hcl::Value::from).collect())));
    let defaults = VARIABLES.map(|(name, _, default)| format!("{name} = {default}\n")).concat();
    let defaults: hcl::Body = hcl::parse(&defaults).expect("defaults are HCL");
    let value = |a: &hcl::Attribute| a.expr.evaluate(&Context::new()).expect("a default has a value");
    let variables = defaults.attributes().map(|a| (a.key.to_string(), value(a)));
    context.declare_var("var", hcl::Value::Object(variables.collect()));
    context
}

/// What hcl-rs makes of an expression; none where it is one that HCL refuses too.
fn meant(expression: &str, context: &Context<'_>) -> Option<Value> {
    let body: hcl::Body = hcl::parse(&format!("x = {expression}\n")).ok()?;
    let attribute = body.attributes().next()?;
    serde_json::to_value(attribute.expr.evaluate(context).ok()?).ok()
}

/// Numbers in one form: `7.0` is 7.
fn plain(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 => Value::from(float as i64),
            _ => Value::Number(number),
        },
        Value::Array(values) => values.into_iter().map(plain).collect(),
        Value::Object(members) => members.into_iter().map(|(key, value)| (key, plain(value))).collect(),
        other => other,
    }
}

/// What the program says in the place of each expression.
fn said(text: &str) -> Result<Vec<Value>, TestCaseError> {
    let mut world = Memory::of([(TEMPLATE, text)]);
    let imported = import_files(&world, Places { template: TEMPLATE, program: PROGRAM }, &[(TEMPLATE, text)]);
    let messages: Vec<&str> = imported.diagnostics.iter().map(|d| d.message.as_str()).collect();
    let fail = |what: &str| TestCaseError::fail(format!("{what}: {messages:?}\n{text}"));
    let made = imported.program.ok_or_else(|| fail("no program"))?;
    world.files.insert(PROGRAM.into(), made.text.clone());
    let compiled = compile(&world, PROGRAM, &Options { facts: FactsChoice::None, ..Options::default() });
    let plan = compiled.plan.as_ref().ok_or_else(|| fail(&format!("no plan\n{}", made.text)))?;
    let emitted = packer_json(plan, &compiled.kinds, &Emit { bare: true, ..Emit::default() });
    let json: Value = serde_json::from_str(&emitted.text()).map_err(|_| fail("no JSON"))?;
    let lines = json["provisioners"][0]["inline"].as_array().ok_or_else(|| fail("no step"))?;
    // What a plan says of braces is for Packer to undo.
    let value = |line: &Value| serde_json::from_str(&line.as_str().unwrap_or_default().replace("{{`{{`}}", "{{"));
    lines.iter().map(value).collect::<Result<_, _>>().map_err(|_| fail("a line is no JSON"))
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn expressions_mean_what_hcl_means(expressions in proptest::collection::vec(expression(), 8)) {
        let context = context();
        let (expressions, wanted): (Vec<String>, Vec<Value>) =
            expressions.into_iter().filter_map(|e| Some((e.clone(), plain(meant(&e, &context)?)))).unzip();
        prop_assume!(!expressions.is_empty());
        let said = said(&template(&expressions))?;
        for ((expression, wanted), said) in expressions.iter().zip(wanted).zip(said) {
            prop_assert_eq!(plain(said), wanted, "{}", expression);
        }
    }
}

/// What is done to a template to break it.
#[derive(Clone, Debug)]
enum Mutation {
    Cut(usize),
    Double(usize, usize),
    Swap(usize, usize),
    Remove(usize, usize),
    Insert(usize, &'static str),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let inserted =
        ["{", "}", "[", "\"", "${", "%{", "<<E\n", "~}", "\0", "é", "=", "...", "\n", "null", "for x in", "{{", "}}"];
    prop_oneof![
        any::<usize>().prop_map(Mutation::Cut),
        (any::<usize>(), 1usize..200).prop_map(|(at, length)| Mutation::Double(at, length)),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Mutation::Swap(a, b)),
        (any::<usize>(), 1usize..40).prop_map(|(at, length)| Mutation::Remove(at, length)),
        (any::<usize>(), proptest::sample::select(inserted.to_vec())).prop_map(|(at, text)| Mutation::Insert(at, text)),
    ]
}

/// The text with a mutation, at places between characters.
fn mutated(text: &str, mutation: &Mutation) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = |place: usize| place % (chars.len() + 1);
    let range = |place: usize, length: usize| at(place)..(at(place) + length).min(chars.len());
    let mut made = chars.clone();
    match mutation {
        Mutation::Cut(place) => made.truncate(at(*place)),
        Mutation::Double(place, length) => {
            let range = range(*place, *length);
            made.splice(range.end..range.end, chars[range].to_vec());
        }
        Mutation::Swap(a, b) if !chars.is_empty() => made.swap(a % chars.len(), b % chars.len()),
        Mutation::Swap(..) => {}
        Mutation::Remove(place, length) => drop(made.drain(range(*place, *length))),
        Mutation::Insert(place, text) => drop(made.splice(at(*place)..at(*place), text.chars())),
    }
    made.into_iter().collect()
}

fn fixtures() -> Vec<(String, String)> {
    let files = files_below("tests/corpus/import-hcl").into_iter();
    let templates = files.filter(|file| file.ends_with(".pkr.hcl") || file.ends_with(".pkr.json"));
    templates
        .map(|file| {
            (file.rsplit('/').next().unwrap_or_default().to_owned(), read(&format!("tests/corpus/import-hcl/{file}")))
        })
        .collect()
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn broken_templates_are_read_or_refused_with_a_place(
        which in any::<usize>(),
        mutations in proptest::collection::vec(mutation(), 1..4),
    ) {
        let fixtures = fixtures();
        let (name, text) = &fixtures[which % fixtures.len()];
        let broken = mutations.iter().fold(text.clone(), |text, mutation| mutated(&text, mutation));
        let world = Memory::of([(name.as_str(), broken.as_str())]);
        let start = Instant::now();
        let imported = import_files(&world, Places { template: name, program: PROGRAM }, &[(name, &broken)]);
        prop_assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
        let refused = imported.diagnostics.iter().any(|d| d.severity == Severity::Error && !d.labels.is_empty());
        prop_assert!(imported.program.is_some() || refused, "{:?}", imported.diagnostics);
        for label in imported.diagnostics.iter().flat_map(|d| &d.labels) {
            let text = imported.sources.get(label.span.file).text();
            prop_assert!(text.get(label.span.range()).is_some(), "{:?}", label);
        }
    }
}
