//! Names by which rows speak of what is known only when servers run: `$first` is a subnet, `$machine` a port.

use serde_json::Value;

/// Names with what they stand for. A name that another begins with comes behind it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(Vec<(&'static str, String)>);

impl Names {
    pub(crate) fn add(&mut self, name: &'static str, value: impl ToString) {
        self.0.push((name, value.to_string()));
    }

    pub(crate) fn of(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| *known == name);
        &found.unwrap_or_else(|| panic!("nothing is called `{name}`")).1
    }

    /// Options with what names stand for; a number where nothing else is said.
    pub(crate) fn fill(&self, value: Value) -> Value {
        match value {
            Value::String(text) => match self.0.iter().find(|(name, _)| *name == text) {
                Some((_, own)) => own.parse::<u16>().map_or_else(|_| Value::from(own.as_str()), Value::from),
                None => Value::String(self.0.iter().fold(text, |text, (name, own)| text.replace(name, own))),
            },
            Value::Array(all) => all.into_iter().map(|value| self.fill(value)).collect(),
            Value::Object(all) => all.into_iter().map(|(name, value)| (name, self.fill(value))).collect(),
            other => other,
        }
    }

    /// A text with names, which are the same for each build.
    pub(crate) fn told(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, own)| text.replace(own, name))
    }
}
