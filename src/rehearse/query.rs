//! The AWS Query protocol: form-encoded parameters such as `Filter.1.Value.2=x`.
//!
//! Every action declares the names that it takes, with `N` for numbers; any other name is refused. What an action has taken is
//! remembered, so that a parameter that is declared and has no effect shows in tests. It knows no action.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use super::error::ApiError;

/// The parameters of one call.
#[derive(Debug, Default)]
pub(crate) struct Params {
    values: BTreeMap<String, String>,
    read: RefCell<BTreeSet<String>>,
    replay: Cell<bool>,
}

/// Reads a form; a name that stands twice is refused, as is what is no UTF-8.
pub(crate) fn decode(form: &[u8]) -> Result<BTreeMap<String, String>, ApiError> {
    let mut values = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(form) {
        if values.insert(name.to_string(), value.into_owned()).is_some() {
            return Err(ApiError::new("InvalidQueryParameter", format!("The parameter {name} may only be given once")));
        }
    }
    Ok(values)
}

/// `Filter.N.Value.N` of `Filter.1.Value.2`.
fn shape(name: &str) -> String {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    name.split('.').map(|part| if number(part) { "N" } else { part }).collect::<Vec<_>>().join(".")
}

impl Params {
    pub(crate) fn new(values: BTreeMap<String, String>) -> Self {
        Params { values, ..Params::default() }
    }

    /// All of them, whoever looks at them.
    pub(crate) fn values(&self) -> &BTreeMap<String, String> {
        &self.values
    }

    /// Refuses the first name that is not among `takes`.
    pub(crate) fn check(&self, takes: &[&[&str]]) -> Result<(), ApiError> {
        let known = |name: &str| {
            let shape = shape(name);
            // What lies below a name that ends so is looked at by the action.
            let below = |known: &&str| known.strip_suffix('*').is_some_and(|start| shape.starts_with(start));
            takes.iter().any(|part| part.contains(&shape.as_str()) || part.iter().any(&below))
        };
        match self.values.keys().find(|name| !known(name)) {
            Some(name) => Err(ApiError::new("UnknownParameter", format!("The parameter {name} is not recognized"))),
            None => Ok(()),
        }
    }

    /// The parameters that nothing has asked for.
    pub(crate) fn unread(&self) -> Vec<String> {
        if self.replay.get() {
            return Vec::new();
        }
        let read = self.read.borrow();
        self.values.keys().filter(|name| !read.contains(*name)).cloned().collect()
    }

    /// Notes that the call repeats another one: it is answered, and has no effect of its own.
    pub(crate) fn replays(&self) {
        self.replay.set(true);
    }

    /// Whether the call repeats another one.
    pub(crate) fn is_replay(&self) -> bool {
        self.replay.get()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.read.borrow_mut().insert(name.to_string());
        self.values.get(name).map(String::as_str)
    }

    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_string)
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.text(name).filter(|value| !value.is_empty()).ok_or_else(|| ApiError::missing(name))
    }

    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.text(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(ApiError::invalid_value(name, other, "Expected true or false.")),
        }
    }

    pub(crate) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        let read = |text: &str| text.parse().map_err(|_| ApiError::invalid_value(name, text, "Expected a number."));
        self.text(name).map(read).transpose()
    }

    /// One of several words.
    pub(crate) fn word(&self, name: &str, words: &[&'static str]) -> Result<Option<&'static str>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match words.iter().find(|word| **word == text) {
            Some(word) => Ok(Some(word)),
            None => Err(ApiError::invalid_value(name, text, format!("Expected one of: {}.", words.join(", ")))),
        }
    }

    /// The numbers that follow `prefix.`, in their order.
    fn numbers(&self, prefix: &str) -> BTreeSet<u32> {
        let start = format!("{prefix}.");
        let after = |name: &String| name.strip_prefix(&start)?.split('.').next()?.parse().ok();
        self.values
            .range(start.clone()..)
            .take_while(|(name, _)| name.starts_with(&start))
            .filter_map(|(n, _)| after(n))
            .collect()
    }

    /// The values of `name.1`, `name.2` and so on.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        self.numbers(name).into_iter().filter_map(|n| self.text(&format!("{name}.{n}"))).collect()
    }

    /// `name.1`, `name.2` and so on, as far as anything begins with them.
    pub(crate) fn groups(&self, name: &str) -> Vec<String> {
        self.numbers(name).into_iter().map(|n| format!("{name}.{n}")).collect()
    }

    /// Whether anything begins with `prefix.`.
    pub(crate) fn groups_of(&self, prefix: &str) -> bool {
        let start = format!("{prefix}.");
        self.values.range(start.clone()..).next().is_some_and(|(name, _)| name.starts_with(&start))
    }

    /// What lies below `prefix.`, by the names behind it.
    pub(crate) fn below(&self, prefix: &str) -> BTreeMap<String, String> {
        let start = format!("{prefix}.");
        let all = self.values.range(start.clone()..).take_while(|(name, _)| name.starts_with(&start));
        all.map(|(name, value)| {
            self.read.borrow_mut().insert(name.clone());
            (name[start.len()..].to_string(), value.clone())
        })
        .collect()
    }

    /// Whether the call asks for part of all: by ids, filters or pages.
    pub(crate) fn is_partial(&self) -> bool {
        self.values.keys().any(|name| name.contains('.') || name == "MaxResults")
    }

    /// What makes two calls the same: all parameters, in their order.
    pub(crate) fn digest(&self) -> String {
        let mut hash = blake3::Hasher::new();
        for (name, value) in self.values.iter().filter(|(name, _)| *name != "DryRun") {
            hash.update(format!("{}:{name}={}:{value};", name.len(), value.len()).as_bytes());
        }
        hash.finalize().to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(form: &str) -> Params {
        Params::new(decode(form.as_bytes()).unwrap())
    }

    #[test]
    fn lists_are_in_the_order_of_their_numbers() {
        let p = params("Id.10=j&Id.2=b&Id.1=a&IdX.1=no&Tag.1.Key=k&Tag.3.Key=l");
        assert_eq!(p.list("Id"), ["a", "b", "j"]);
        assert_eq!(p.groups("Tag"), ["Tag.1", "Tag.3"]);
        assert_eq!(p.unread(), ["IdX.1", "Tag.1.Key", "Tag.3.Key"]);
    }

    #[test]
    fn what_an_action_does_not_take_is_refused() {
        let p = params("Filter.1.Value.2=x&Filter.1.Name=y");
        assert!(p.check(&[&["Filter.N.Name"], &["Filter.N.Value.N"]]).is_ok());
        assert_eq!(p.check(&[&["Filter.N.Name"]]).unwrap_err().code, "UnknownParameter");
        assert_eq!(decode(b"A=1&A=2").unwrap_err().code, "InvalidQueryParameter");
        assert_eq!(params("DryRun=yes").flag("DryRun").unwrap_err().code, "InvalidParameterValue");
        assert_eq!(params("A=").required("A").unwrap_err().code, "MissingParameter");
    }

    #[test]
    fn a_digest_knows_where_a_value_ends() {
        assert_ne!(params("A=1&B=2").digest(), params("A=1%3BB%3D2").digest());
        assert_eq!(params("A=1&DryRun=true").digest(), params("A=1").digest());
    }
}
