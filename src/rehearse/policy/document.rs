//! Policies as IAM writes them, read whole: what is not understood is refused, for a policy that is half understood allows too much.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::Deserialize;
use serde_json::Value;

/// A policy of IAM's that belongs to a caller.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(super) statements: Vec<Statement>,
}

#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) allows: bool,
    pub(super) actions: Matched,
    pub(super) resources: Matched,
    pub(super) conditions: Vec<Condition>,
}

/// What a statement is about, or what it is not about.
#[derive(Clone, Debug)]
pub(super) enum Matched {
    Any(Vec<String>),
    None(Vec<String>),
}

#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) operator: Operator,
    /// Whether a key that the call does not have fulfils it.
    pub(super) if_exists: bool,
    pub(super) set: Set,
    /// In small letters.
    pub(super) key: String,
    pub(super) values: Vec<String>,
}

/// How a key of several values is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Set {
    One,
    All,
    Some,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operator {
    Equals,
    NotEquals,
    EqualsIgnoreCase,
    NotEqualsIgnoreCase,
    Like,
    NotLike,
    Bool,
    Null,
}

const OPERATORS: [(&str, Operator); 14] = [
    ("StringEquals", Operator::Equals),
    ("StringNotEquals", Operator::NotEquals),
    ("StringEqualsIgnoreCase", Operator::EqualsIgnoreCase),
    ("StringNotEqualsIgnoreCase", Operator::NotEqualsIgnoreCase),
    ("StringLike", Operator::Like),
    ("StringNotLike", Operator::NotLike),
    ("ArnEquals", Operator::Like),
    ("ArnLike", Operator::Like),
    ("ArnNotEquals", Operator::NotLike),
    ("ArnNotLike", Operator::NotLike),
    ("NumericEquals", Operator::Equals),
    ("NumericNotEquals", Operator::NotEquals),
    ("Bool", Operator::Bool),
    ("Null", Operator::Null),
];

impl Operator {
    /// Whether it holds where the key's value is none of those given.
    pub(super) fn is_negative(self) -> bool {
        matches!(self, Operator::NotEquals | Operator::NotEqualsIgnoreCase | Operator::NotLike)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Written {
    version: Option<String>,
    #[serde(rename = "Id")]
    _id: Option<String>,
    statement: Several<WrittenStatement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct WrittenStatement {
    #[serde(rename = "Sid")]
    _sid: Option<String>,
    effect: Effect,
    action: Option<Several<String>>,
    not_action: Option<Several<String>>,
    resource: Option<Several<String>>,
    not_resource: Option<Several<String>>,
    #[serde(default)]
    condition: BTreeMap<String, BTreeMap<String, Several<Value>>>,
}

#[derive(Deserialize)]
enum Effect {
    Allow,
    Deny,
}

/// One, or a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Several<T> {
    List(Vec<T>),
    One(T),
}

impl<T> Several<T> {
    fn list(self) -> Vec<T> {
        match self {
            Several::List(list) => list,
            Several::One(one) => vec![one],
        }
    }
}

impl FromStr for Policy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let written: Written = serde_json::from_str(text).map_err(|error| format!("it is no policy: {error}"))?;
        if written.version.as_deref().is_some_and(|v| v != "2012-10-17") {
            return Err("a policy has the version 2012-10-17".to_string());
        }
        let statements = written.statement.list().into_iter().map(statement).collect::<Result<_, _>>()?;
        Ok(Policy { statements })
    }
}

fn statement(written: WrittenStatement) -> Result<Statement, String> {
    let one = |what: &str, yes: Option<Several<String>>, no: Option<Several<String>>| match (yes, no) {
        (Some(yes), None) => Ok(Matched::Any(plain(yes.list())?)),
        (None, Some(no)) => Ok(Matched::None(plain(no.list())?)),
        _ => Err(format!("a statement has either `{what}` or `Not{what}`")),
    };
    let mut conditions = Vec::new();
    for (name, keys) in written.condition {
        for (key, values) in keys {
            let values = values.list().into_iter().map(|value| match value {
                Value::String(text) => Ok(text),
                Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
                _ => Err(format!("the value of `{key}` is no text")),
            });
            conditions.push(condition(&name, key.to_lowercase(), plain(values.collect::<Result<_, _>>()?)?)?);
        }
    }
    Ok(Statement {
        allows: matches!(written.effect, Effect::Allow),
        actions: one("Action", written.action, written.not_action)?,
        resources: one("Resource", written.resource, written.not_resource)?,
        conditions,
    })
}

/// Refuses variables: nothing here knows what they stand for.
fn plain(texts: Vec<String>) -> Result<Vec<String>, String> {
    match texts.iter().find(|text| text.contains("${")) {
        Some(text) => Err(format!("variables of policies are not known here: `{text}`")),
        None => Ok(texts),
    }
}

fn condition(name: &str, key: String, values: Vec<String>) -> Result<Condition, String> {
    let (set, rest) = match name.split_once(':') {
        Some(("ForAllValues", rest)) => (Set::All, rest),
        Some(("ForAnyValue", rest)) => (Set::Some, rest),
        _ => (Set::One, name),
    };
    let (rest, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |rest| (rest, true));
    match OPERATORS.iter().find(|(known, _)| *known == rest) {
        Some((_, operator)) => Ok(Condition { operator: *operator, if_exists, set, key, values }),
        None => Err(format!("the condition `{name}` is not known here")),
    }
}
