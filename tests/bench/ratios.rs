//! How fast the compiler is, mostly against something else that ran on the same machine in the same minute.
//!
//! `cargo bench --no-default-features` prints a table; nothing here fails. What is missing on the machine (Packer, Python,
//! `/usr/bin/time`) is skipped and named. `program` makes the programs, `table` prints.

mod program;
mod table;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bakec::compile::{Compiled, Options, compile};
use bakec::emit::{Emit, Emitted, packer_json};
use bakec::load::Memory;
use bakec::syntax;
use bakec::text::FileId;

use program::Size;
use table::{Row, Unit, ratios, seconds};

const ROOT: &str = "main.bake";
const LARGE: Size = Size { regions: 10, releases: 100, flavors: 100 };
const MIDDLE: Size = Size { regions: 10, releases: 10, flavors: 10 };
const SMALL: Size = Size { regions: 5, releases: 2, flavors: 2 };

fn main() {
    let (mut rows, mut notes) = (Vec::new(), Vec::new());
    cold(&mut rows, &mut notes);
    against_packer(&mut rows, &mut notes);
    large(&mut rows, &mut notes);
    parts(&mut rows);
    table::print(&rows, &notes);
}

fn row(what: impl Into<String>, unit: Unit, samples: Vec<f64>, aim: &'static str) -> Row {
    Row { what: what.into(), unit, samples, aim }
}

/// `bakec check` as a process that knows nothing yet.
fn cold(rows: &mut Vec<Row>, notes: &mut Vec<String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let quiet = |program: &str| {
        let mut command = Command::new(program);
        command.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let bakec = env!("CARGO_BIN_EXE_bakec");
    let times = (0..20).map(|_| seconds(|| quiet(bakec).args(["check", "examples/official.bake"]).status())).collect();
    rows.push(row("cold `bakec check examples/official.bake`", Unit::Seconds, times, "< 10 ms"));
    let measured = (0..5).map_while(|_| {
        let mut time = quiet("/usr/bin/time");
        time.args(["-f", "%M", bakec, "check", "examples/official.bake"]).stderr(Stdio::piped());
        let said = String::from_utf8(time.output().ok()?.stderr).ok()?;
        Some(said.lines().last()?.trim().parse::<f64>().ok()? * 1024.0 / 1e6)
    });
    let sizes: Vec<f64> = measured.collect();
    if sizes.is_empty() {
        notes.push("/usr/bin/time not found, memory skipped".to_owned());
    }
    rows.push(row("its memory at most", Unit::Size, sizes, "< 20 MB"));
}

/// What a check of one build costs, here and in Packer.
fn against_packer(rows: &mut Vec<Row>, notes: &mut Vec<String>) {
    let world = Memory::of([(ROOT, &program::ebs(MIDDLE))]);
    let per_build = |world: &Memory| seconds(|| checked(world)) / MIDDLE.builds() as f64;
    let ours: Vec<f64> = (0..5).map(|_| per_build(&world)).collect();
    rows.push(row(format!("check, a build of {}", MIDDLE.builds()), Unit::Seconds, ours.clone(), ""));
    let theirs = packer(SMALL).unwrap_or_default();
    if theirs.is_empty() {
        notes.push("packer not found, or it refuses the plan: skipped".to_owned());
        return;
    }
    rows.push(row(format!("`packer validate`, a build of {}", SMALL.builds()), Unit::Seconds, theirs.clone(), ""));
    rows.push(row("`packer validate` against check", Unit::Times, ratios(&theirs, &ours), "> 10000 times"));
}

/// What `packer validate` takes for each build; nothing where there is no Packer.
fn packer(size: Size) -> Option<Vec<f64>> {
    let folder = tempfile::tempdir().ok()?;
    let path: PathBuf = folder.path().join("plan.json");
    fs::write(&path, compiled(&Memory::of([(ROOT, &program::ebs(size))])).1.text()).ok()?;
    let validate = || {
        let mut command = Command::new("packer");
        command.arg("validate").arg(&path).env("CHECKPOINT_DISABLE", "1");
        command.stdout(Stdio::null()).stderr(Stdio::null()).status()
    };
    if !validate().is_ok_and(|status| status.success()) {
        return None;
    }
    Some((0..5).map(|_| seconds(validate) / size.builds() as f64).collect())
}

/// A matrix of 100,000 builds to JSON, against writing that JSON alone and against a script.
fn large(rows: &mut Vec<Row>, notes: &mut Vec<String>) {
    let world = Memory::of([(ROOT, &program::ebs(LARGE))]);
    let text = compiled(&world).1.text();
    let megabytes = text.len() as f64 / 1e6;
    let (mut checks, mut ours, mut serde, mut python) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let tree: serde_json::Value = serde_json::from_str(&text).expect("a plan is JSON");
    drop(text);
    for _ in 0..3 {
        checks.push(seconds(|| checked(&world)));
        ours.push(seconds(|| compiled(&world)));
        serde.push(seconds(|| serde_json::to_vec_pretty(&tree)));
        python.extend(script(LARGE));
    }
    let builds = LARGE.builds();
    rows.push(row(format!("check {builds} builds"), Unit::Seconds, checks, ""));
    rows.push(row(format!("compile {builds} builds to {megabytes:.0} MB"), Unit::Seconds, ours.clone(), ""));
    rows.push(row("serde_json writes the same", Unit::Seconds, serde.clone(), ""));
    rows.push(row("compile against serde_json", Unit::Times, ratios(&ours, &serde), "< 3 times"));
    if python.len() < ours.len() {
        notes.push("python3 not found, skipped".to_owned());
        return;
    }
    rows.push(row("Python builds and dumps the same", Unit::Seconds, python.clone(), ""));
    rows.push(row("Python against compile", Unit::Times, ratios(&python, &ours), "> 10 times"));
}

fn script(size: Size) -> Option<f64> {
    let numbers = [size.regions, size.releases, size.flavors].map(|n| n.to_string());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/same.py");
    let output = Command::new("python3").arg(path).args(numbers).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// The phases for themselves.
fn parts(rows: &mut Vec<Row>) {
    let texts = sources();
    let bytes: usize = texts.iter().map(|(_, text)| text.len()).sum();
    let speed = |work: &dyn Fn()| (0..10).map(|_| bytes as f64 / 1e6 / seconds(work)).collect();
    let parse = speed(&|| texts.iter().for_each(|(_, t)| drop(syntax::parse(FileId(0), t))));
    rows.push(row("parse the prelude and the examples", Unit::Speed, parse, ""));
    let format = speed(&|| texts.iter().for_each(|(path, t)| drop(bakec::format::format(path, t))));
    rows.push(row("format them", Unit::Speed, format, ""));
    let template = "web-{{timestamp}} by {{user `owner`}} on {{.SourceAMI | clean_resource_name}} {{isotime \"2006\"}}";
    let many = 10_000;
    let templates = (0..10).map(|_| {
        let parse_all = || (0..many).for_each(|_| drop(std::hint::black_box(bakec::template::parse(template))));
        (many * template.len()) as f64 / 1e6 / seconds(parse_all)
    });
    rows.push(row("parse `{{…}}` templates", Unit::Speed, templates.collect(), ""));
    let world = Memory::of([(ROOT, &program::bare(LARGE))]);
    let matrix = (0..3).map(|_| seconds(|| checked(&world)) / LARGE.builds() as f64);
    rows.push(row("expand the matrix alone, a build", Unit::Seconds, matrix.collect(), ""));
}

/// The `.bake` files of the prelude and the examples that parse.
fn sources() -> Vec<(String, String)> {
    let base = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut found) = (vec![base.join("src/schema/prelude"), base.join("examples")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "bake")
                && let Ok(text) = fs::read_to_string(&path)
            {
                found.push((path.to_string_lossy().into_owned(), text));
            }
        }
    }
    found
}

fn checked(world: &Memory) -> Compiled {
    let compiled = compile(world, ROOT, &Options::default());
    assert!(compiled.plan.is_some(), "the synthetic program has mistakes: {:#?}", compiled.diagnostics);
    compiled
}

fn compiled(world: &Memory) -> (Compiled, Emitted) {
    let compiled = checked(world);
    let plan = compiled.plan.as_ref().expect("a checked program has a plan");
    let emitted = packer_json(plan, &compiled.kinds, &Emit::default());
    (compiled, emitted)
}
