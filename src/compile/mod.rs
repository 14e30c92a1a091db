//! The whole compiler behind one door: a world and a path in, a plan and diagnostics out.
//!
//! Floor 5. It puts the phases in a row and knows nothing that they do not. Phases are types, `Loaded`, `Program`, `Checked`, `Plan`; a
//! phase that fails leaves poison behind, so that the next ones still find their own mistakes.

mod told;

use smol_str::SmolStr;

use crate::check::seen::Seen;
use crate::check::{Checked, check_seeing};
use crate::diagnostic::{Diagnostic, Problems, Severity, code};
use crate::eval::{Answer, Evaluated, Inputs, Outside, argument, evaluate};
use crate::facts::Facts;
use crate::json;
use crate::load::{LoadProblem, Loaded, Module, World, load, load_schema};
use crate::plan::Plan;
use crate::resolve::resolve;
use crate::resolve::schema::{documented, kinds};
use crate::schema::Kinds;
use crate::text::{FileId, Source, Sources, Span};

use told::add_news;

/// The most cells of a matrix where nobody says otherwise.
pub const MAX_BUILDS: usize = 100_000;

/// What a compilation is given beside its files.
#[derive(Clone, Debug)]
pub struct Options {
    /// `name=value` for params, later ones win.
    pub set: Vec<String>,
    /// Paths of JSON files with params, later ones win.
    pub params: Vec<String>,
    /// The most cells of a matrix and builds of a plan.
    pub max_builds: usize,
    /// Where EC2's facts come from.
    pub facts: FactsChoice,
}

impl Default for Options {
    fn default() -> Self {
        Options { set: Vec::new(), params: Vec::new(), max_builds: MAX_BUILDS, facts: FactsChoice::Builtin }
    }
}

/// Where EC2's facts come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactsChoice {
    /// The table in the program.
    Builtin,
    /// Nowhere: what they would decide is unknown.
    None,
    /// A table in a file.
    File(String),
}

/// What a compilation gives.
#[derive(Debug)]
pub struct Compiled {
    /// All texts that diagnostics point into.
    pub sources: Sources,
    /// Everything there is to say, by place.
    pub diagnostics: Vec<Diagnostic>,
    /// The plan; none where something is wrong or a required param has no value.
    pub plan: Option<Plan>,
    /// The kinds that the program names; an analysis for editors has none.
    pub kinds: Kinds,
    /// Required params without a value: builds were not evaluated.
    pub missing_params: Vec<SmolStr>,
    /// Params with their values, in the order of their declarations.
    pub params: Vec<(SmolStr, serde_json::Value)>,
    /// Files that were read, the root first.
    pub files: Vec<SmolStr>,
    /// Environment variables that were read.
    pub environment: Vec<SmolStr>,
    /// Whether builds could not be evaluated although no phase found a mistake: a bug of ours, and no plan.
    pub lost: bool,
}

impl Compiled {
    /// Whether an error was found.
    pub fn failed(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }
}

/// Compiles a file with all that it imports.
pub fn compile(world: &dyn World, root: &str, options: &Options) -> Compiled {
    phases(world, root, options, None, Depth::Builds).compiled
}

/// A compilation with what its phases made: for editors, which ask what stands where.
#[derive(Debug)]
pub struct Analysis {
    /// What a compilation gives.
    pub compiled: Compiled,
    /// The parsed files: the root first, the prelude's last. None where the root cannot be read.
    pub modules: Vec<Module>,
    /// The program with its types.
    pub checked: Checked,
    /// What the checker saw on its way.
    pub seen: Seen,
    /// What the params were given.
    outside: Outside,
}

/// What the expression at a place is worth, in the builds of an analysed program. None where that cannot be said.
pub fn answer(world: &dyn World, analysis: &Analysis, options: &Options, at: Span) -> Option<Answer> {
    let own = match &options.facts {
        FactsChoice::File(path) => Facts::from_tsv(&world.read(path).ok()?).ok(),
        FactsChoice::Builtin | FactsChoice::None => None,
    };
    let facts = chosen(&options.facts, own.as_ref());
    let inputs = Inputs { max_builds: options.max_builds, ask: Some(at) };
    let Analysis { compiled, checked, outside, .. } = analysis;
    let mut problems = Problems::new();
    evaluate(checked, outside, &inputs, world, facts, &compiled.sources, &mut problems).answer
}

/// The facts that were chosen.
fn chosen<'f>(choice: &FactsChoice, own: Option<&'f Facts>) -> Option<&'f Facts> {
    match choice {
        FactsChoice::Builtin => Some(Facts::builtin()),
        FactsChoice::None => None,
        FactsChoice::File(_) => own,
    }
}

/// How far an analysis goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// To names and types.
    Types,
    /// To the plan.
    Builds,
}

/// Compiles a file with all that it imports, and keeps what was found out on the way. Where the world says that nobody waits for it
/// any more, it is left unfinished. What is told to those who write plans, the kinds, is not among it.
pub fn analyse(world: &dyn World, root: &str, options: &Options, depth: Depth) -> Analysis {
    let mut seen = Seen::default();
    let Phases { compiled, modules, checked, outside } = phases(world, root, options, Some(&mut seen), depth);
    Analysis { compiled, modules, checked, seen, outside }
}

/// What all phases made.
struct Phases {
    compiled: Compiled,
    modules: Vec<Module>,
    checked: Checked,
    outside: Outside,
}

fn phases(world: &dyn World, root: &str, options: &Options, seen: Option<&mut Seen>, depth: Depth) -> Phases {
    let mut problems = Problems::new();
    let mut loaded = load(world, root, &mut problems);
    let mut files: Vec<SmolStr> = loaded.files.iter().map(|f| SmolStr::from(&**f)).collect();
    let mut outside = outside(world, options, &mut loaded, &mut files, &mut problems);
    let own_facts = own_facts(world, options, &mut loaded, &mut files, &mut problems);
    let facts = chosen(&options.facts, own_facts.as_ref());
    let parsed = !problems.has_errors();
    let mut found = Problems::new();
    let program = resolve(&loaded, &mut found);
    add_news(&mut problems, found);
    let kinds = if seen.is_some() { Kinds::default() } else { kinds(&program, &loaded.sources) };
    let mut found = Problems::new();
    let checked = check_seeing(program, facts, seen, &mut found);
    add_news(&mut problems, found);
    environment(world, &checked, &mut loaded, &mut outside);
    let mut evaluated = Evaluated::default();
    // A file that did not parse lacks things that evaluation would only miss.
    if parsed && !loaded.modules.is_empty() && depth == Depth::Builds && !world.given_up() {
        let mut found = Problems::new();
        let inputs = Inputs { max_builds: options.max_builds, ask: None };
        evaluated = evaluate(&checked, &outside, &inputs, world, facts, &loaded.sources, &mut found);
        add_news(&mut problems, found);
    }
    files.extend(evaluated.files);
    let failed = problems.has_errors();
    let lost = evaluated.lost && !failed && evaluated.missing_params.is_empty();
    let compiled = Compiled {
        sources: loaded.sources,
        diagnostics: problems.into_sorted(),
        plan: evaluated.plan.filter(|_| !failed && !lost),
        kinds,
        missing_params: evaluated.missing_params,
        params: evaluated.params,
        files,
        environment: evaluated.environment,
        lost,
    };
    Phases { compiled, modules: loaded.modules, checked, outside }
}

/// What there is to know of kinds, without a program's images.
#[derive(Debug)]
pub struct Schema {
    /// All texts that diagnostics point into.
    pub sources: Sources,
    /// What is wrong with the file.
    pub diagnostics: Vec<Diagnostic>,
    /// All kinds: those that the file declares, then those of the prelude.
    pub kinds: Kinds,
}

/// Every kind of the prelude, and those that a file with its imports declares.
pub fn schema(world: &dyn World, root: Option<&str>) -> Schema {
    let mut problems = Problems::new();
    let loaded = load_schema(world, root, &mut problems);
    let mut found = Problems::new();
    let program = resolve(&loaded, &mut found);
    add_news(&mut problems, found);
    let kinds = documented(&program, &loaded.sources);
    Schema { kinds, diagnostics: problems.into_sorted(), sources: loaded.sources }
}

/// Reads what comes from the command line and from params files; each gets a source, so that mistakes in it have a place.
fn outside(
    world: &dyn World,
    options: &Options,
    loaded: &mut Loaded,
    files: &mut Vec<SmolStr>,
    problems: &mut Problems,
) -> Outside {
    let mut outside = Outside::default();
    for text in &options.set {
        let file = loaded.sources.add(Source::new("--set", text.as_str()));
        outside.set.push(argument(file, text));
    }
    for path in &options.params {
        files.push(path.into());
        let Some((file, text)) = read(world, path, &mut loaded.sources, problems) else { continue };
        let parsed = json::parse(file, &text);
        for problem in parsed.problems {
            problems.report(problem);
        }
        outside.files.extend(parsed.value);
    }
    outside
}

/// Reads the environment for params that neither the command line nor a file gives; each gets a source too.
fn environment(world: &dyn World, checked: &Checked, loaded: &mut Loaded, outside: &mut Outside) {
    for param in &checked.program.params {
        let name = &param.name.name;
        if outside.gives(name) {
            continue;
        }
        let variable = format!("BAKE_PARAM_{name}");
        if let Some(text) = world.env(&variable) {
            let file = loaded.sources.add(Source::new(variable.as_str(), text.as_str()));
            outside.environment.push((name.clone(), argument(file, &text)));
        }
    }
}

/// The facts of `--facts FILE`.
fn own_facts(
    world: &dyn World,
    options: &Options,
    loaded: &mut Loaded,
    files: &mut Vec<SmolStr>,
    problems: &mut Problems,
) -> Option<Facts> {
    let FactsChoice::File(path) = &options.facts else { return None };
    files.push(path.into());
    let (file, text) = read(world, path, &mut loaded.sources, problems)?;
    match Facts::from_tsv(&text) {
        Ok(facts) => Some(facts),
        Err(problem) => {
            let line = loaded.sources.get(file).line_range(problem.line() as u32);
            problems.report(
                Diagnostic::error(code::INPUT_FACTS, problem.to_string())
                    .label(Span::new(file, line.start, line.end), "")
                    .help("the columns and their form are those of the table in the program's source"),
            );
            None
        }
    }
}

/// The text of a file that the command line names, and its source; why there is none has been reported.
fn read(world: &dyn World, path: &str, sources: &mut Sources, problems: &mut Problems) -> Option<(FileId, String)> {
    match world.read(path) {
        Ok(text) => Some((sources.add(Source::new(path, text.as_str())), text)),
        Err(error) => {
            problems.report(LoadProblem::unreadable(world, path, error, sources));
            None
        }
    }
}
