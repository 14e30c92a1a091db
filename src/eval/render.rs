//! `render()` and `render_file()`: texts through Jinja templates.

use super::Evaluator;
use super::builtin::to_json;
use super::problem::{EvalProblem, Stop};
use super::value::Value;
use crate::jinja::{RenderError, Templates};
use crate::text::Span;

impl Evaluator<'_> {
    /// Renders a template with the fields of a record.
    pub(super) fn render(&self, template: &str, values: Option<&Value>, at: Span) -> Result<String, Stop> {
        let values = match values {
            None => serde_json::Value::Object(serde_json::Map::new()),
            Some(values) => to_json(values).ok_or(Stop::Poison)?,
        };
        let refused = |error: RenderError| {
            let before = template.get(..error.range.start).unwrap_or_default();
            let why = format!("{} (line {} of the template)", error.what, before.matches('\n').count() + 1);
            EvalProblem::Render { why, help: error.help, at }.into()
        };
        let templates = Templates::of_text(template).map_err(refused)?;
        templates.render(&values).map_err(refused)
    }
}
