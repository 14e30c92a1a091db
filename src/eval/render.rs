//! Jinja templates behind `render()` and `render_file()`: strict about undefined names, bounded in work, without any door to
//! the outside.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};

use super::Evaluator;
use super::builtin::to_json;
use super::problem::{EvalProblem, Stop};
use super::value::Value;
use crate::text::Span;

/// Instructions that a template may take; enough for megabytes of output.
const FUEL: u64 = 10_000_000;

impl Evaluator<'_> {
    /// Renders a template with the fields of a record.
    pub(super) fn render(&self, template: &str, values: Option<&Value>, at: Span) -> Result<String, Stop> {
        let values = match values {
            None => serde_json::Value::Object(serde_json::Map::new()),
            Some(values) => to_json(values).ok_or(Stop::Poison)?,
        };
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
            environment.set_syntax(syntax);
        }
        environment.set_fuel(Some(FUEL));
        environment.render_str(template, Serde(&values)).map_err(|error| {
            let line = error.line().map(|l| format!(" (line {l} of the template)")).unwrap_or_default();
            let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
            EvalProblem::Render { why: format!("{}{line}", detail.lines().next().unwrap_or_default()), at }.into()
        })
    }
}
