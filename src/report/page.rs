//! A run as one page for a browser: nothing in it is fetched, and nothing is hidden from those who print it.
//!
//! It knows the page, not where a run's records lie: who has read them fills in what is to be seen.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};
use serde::Serialize;

use crate::run::metrics::Action;

/// The page, in the language of templates.
const TEMPLATE: &str = include_str!("page.html");

/// What is to be seen of a run.
#[derive(Debug, Default, Serialize)]
#[allow(missing_docs)]
pub struct Page {
    pub run: String,
    /// The program or plan.
    pub file: Option<String>,
    /// How it stands: `built`.
    pub state: String,
    /// The same for colours: `good`, `bad`, `open`.
    pub mood: &'static str,
    pub rehearsed: bool,
    pub began: String,
    pub took: String,
    pub host: String,
    pub bakec: String,
    pub folder: String,
    pub endpoint: Option<String>,
    /// Calls that are known.
    pub calls: u64,
    /// Marks of the timeline: percent, and the time there.
    pub marks: Vec<(f64, String)>,
    pub builds: Vec<Build>,
    pub actions: Vec<Action>,
    /// What may be left, and what to do about it.
    pub left: Vec<String>,
    pub next: Vec<String>,
}

/// A build.
#[derive(Debug, Default, Serialize)]
#[allow(missing_docs)]
pub struct Build {
    pub name: String,
    pub state: String,
    pub mood: &'static str,
    pub took: String,
    /// Where it lies on the timeline, in thousandths, and how wide it is.
    pub x: f64,
    pub width: f64,
    pub steps: Vec<Step>,
    /// Points of the timeline in thousandths at which calls were made.
    pub calls: Vec<f64>,
    /// How many there were.
    pub call_count: usize,
    /// What it waited for, and when.
    pub waits: Vec<(String, String)>,
    pub resources: Vec<Resource>,
    /// Its images: region and id.
    pub images: Vec<(String, String)>,
    /// The error as a terminal shows it.
    pub error: Option<String>,
    /// The last lines that commands wrote; whether each is of standard error.
    pub output: Vec<(bool, String)>,
    /// How many lines came before those.
    pub more: usize,
    pub log: Option<String>,
}

/// A step of a build.
#[derive(Debug, Default, Serialize)]
#[allow(missing_docs)]
pub struct Step {
    pub name: String,
    pub attempt: u32,
    /// `done`, `failed`, `undone`, `begun`.
    pub state: &'static str,
    /// Where it lies on the timeline, in thousandths, and how wide it is.
    pub x: f64,
    pub width: f64,
    pub began: String,
    pub took: String,
    pub result: String,
}

/// Something that was made in the account.
#[derive(Debug, Default, Serialize)]
#[allow(missing_docs)]
pub struct Resource {
    pub kind: String,
    pub id: String,
    pub region: String,
    pub state: &'static str,
}

/// The page.
///
/// # Errors
/// A mistake in the template.
pub fn page(page: &Page) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.template_from_str(TEMPLATE)?.render(Serde(page))
}
