//! Jinja templates: strict about undefined names, without any door to the outside, and bounded in work and memory.
//!
//! Floor 2. It knows texts and values, neither plans nor files: whoever renders reads the files that templates include.
//! `gather` reads a template with all that it includes (`include` finds them), `rewrite` puts a measuring function in the place
//! of every operation that can make a value grow, `filters` are those functions, `value` holds values that know their size,
//! and `budget` counts it all.
//!
//! The engine counts instructions, and one instruction can double a text: forty of them would fill any memory. So the tree of
//! a template is rewritten before it becomes instructions. This needs the engine's inner interface, which is the reason why
//! its version is pinned.

mod budget;
mod filters;
mod gather;
mod include;
mod rewrite;
#[cfg(test)]
mod tests;
mod value;

use std::ops::Range;
use std::sync::Arc;

use minijinja::machinery::{self, CodeGenerator};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};

use budget::{Budget, Limits};
pub use gather::{Include, Templates};

use crate::text::suggest::nearest;

/// What is wrong with a template, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RenderError {
    /// Which of the template's files, the root being 0.
    pub file: usize,
    /// Where in the file.
    pub range: Range<usize>,
    /// What is wrong, in words.
    pub what: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Templates {
    /// Renders the root with the fields of a record.
    ///
    /// # Errors
    /// The first mistake that is met.
    pub fn render(&self, values: &serde_json::Value) -> Result<String, RenderError> {
        let root = value::from_json(values);
        let limits = Limits::beside(value::measure(&root).weight);
        let fuel = limits.fuel;
        let budget = Arc::new(Budget::new(limits));
        let tree = rewrite::rewrite(self, &budget)?;
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(fuel));
        environment.set_debug(true);
        filters::register(&mut environment, &budget);
        let mut generator = CodeGenerator::new("template", "");
        generator.compile_stmt(&tree);
        let (instructions, blocks) = generator.finish();
        let mut text = String::new();
        let mut output = machinery::make_string_output(&mut text);
        let ended = machinery::eval(&environment, &instructions, root.clone(), &blocks, &mut output, AutoEscape::None)
            .map(drop);
        match ended {
            Ok(()) => Ok(text),
            Err(error) => Err(self.explain(&error, values)),
        }
    }

    /// What the engine says, in our words and at its place.
    fn explain(&self, error: &Error, values: &serde_json::Value) -> RenderError {
        let mut innermost = error;
        let mut next = std::error::Error::source(error);
        while let Some(source) = next {
            if let Some(source) = source.downcast_ref::<Error>()
                && source.range().is_some()
            {
                innermost = source;
            }
            next = source.source();
        }
        let (file, range) = self.place(innermost.range().unwrap_or(0..0));
        let detail = innermost.detail().unwrap_or_default();
        let (what, help) = match innermost.kind() {
            ErrorKind::UndefinedError => {
                let written = detail.strip_prefix('`').and_then(|d| d.split_once('`')).map(|(name, _)| name);
                let name = written.unwrap_or_else(|| self.files()[file].text.get(range.clone()).unwrap_or("it")).trim();
                let help = match near(name, values) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if name.contains(['.', '[']) => {
                        format!("`{name} | default(\"…\")` stands in where there is none")
                    }
                    None => "every name in it must be among the values given to it".to_owned(),
                };
                (format!("`{name}` is undefined"), Some(help))
            }
            ErrorKind::OutOfFuel => {
                ("the template takes more work than any plan needs".to_owned(), Some(budget::LESS.to_owned()))
            }
            ErrorKind::InvalidOperation if detail.contains("recursion limit") => {
                ("it calls itself too deeply".to_owned(), None)
            }
            ErrorKind::InvalidOperation | ErrorKind::SyntaxError if !detail.is_empty() => split_help(detail),
            kind if detail.is_empty() => (kind.to_string(), None),
            kind => (format!("{kind}: {}", first_line(detail)), None),
        };
        RenderError { file, range, what, help }
    }
}

/// Words with their help behind [`budget::HELP`].
fn split_help(detail: &str) -> (String, Option<String>) {
    match detail.split_once(budget::HELP) {
        Some((what, help)) => (first_line(what).to_owned(), Some(help.to_owned())),
        None => (first_line(detail).to_owned(), None),
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// The name or key among the values that is most like an undefined one.
fn near(name: &str, values: &serde_json::Value) -> Option<String> {
    match name.rsplit_once('.') {
        None => nearest(name, values.as_object()?.keys().map(String::as_str)).map(str::to_owned),
        Some((before, last)) => {
            let mut keys = std::collections::BTreeSet::new();
            collect_keys(values, &mut keys);
            nearest(last, keys).map(|near| format!("{before}.{near}"))
        }
    }
}

/// Keys to choose from; so many that a plan's fields are among them.
fn collect_keys<'v>(value: &'v serde_json::Value, keys: &mut std::collections::BTreeSet<&'v str>) {
    if keys.len() >= 1000 {
        return;
    }
    match value {
        serde_json::Value::Object(map) => map.iter().for_each(|(key, value)| {
            keys.insert(key);
            collect_keys(value, keys);
        }),
        serde_json::Value::Array(list) => list.iter().take(100).for_each(|value| collect_keys(value, keys)),
        _ => {}
    }
}
