//! Jinja templates behind `render()` and `render_file()`: strict about undefined names, bounded in work, without any door to
//! the outside.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Rest, Serde, StringInput, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior, filters};

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
        environment.add_filter("format", format);
        environment.add_filter("indent", indent);
        environment.render_str(template, Serde(&values)).map_err(|error| {
            let line = error.line().map(|l| format!(" (line {l} of the template)")).unwrap_or_default();
            let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
            EvalProblem::Render { why: format!("{}{line}", detail.lines().next().unwrap_or_default()), at }.into()
        })
    }
}

/// The widest that `format` and `indent` pad to.
const WIDEST: usize = 1000;

/// `format` without the widths that fill the memory: `%1000000000d`.
fn format(state: &mut State, text: &minijinja::Value, values: Rest<ValueOrKwargs>) -> Result<minijinja::Value, Error> {
    let digits = |run: &str| run.parse::<usize>().map_or(run.len() > 3, |n| n > WIDEST);
    let numbers = text.as_str().unwrap_or_default().split(|c: char| !c.is_ascii_digit());
    if numbers.filter(|n| !n.is_empty()).any(digits) || text.as_str().is_some_and(|t| t.contains('*')) {
        let message = "the width of a number in `format` is at most 1000 and written out";
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    filters::format(state, text, values)
}

/// `indent` by no more than a line holds.
fn indent(
    text: StringInput<'_>,
    width: Option<usize>,
    first: Option<bool>,
    blank: Option<bool>,
    named: Kwargs,
) -> Result<minijinja::Value, Error> {
    let by_name: Option<usize> = named.peek("width")?;
    if width.or(by_name).is_some_and(|width| width > WIDEST) {
        return Err(Error::new(ErrorKind::InvalidOperation, "`indent` takes at most 1000 spaces"));
    }
    filters::indent(text, width, first, blank, named)
}
