//! Pipelines and functions. Neighbours: `mod` walks the text and asks for the value of each action.

use std::cmp::Ordering;
use std::ops::Range;

use jiff::tz::TimeZone;

use super::value::Value;
use super::{RenderError, RunValues};
use crate::template::{
    Command, Operand, OperandKind, Pipeline, RFC3339, clean_resource_name, go_layout, replaced, strftime,
};

/// The values, the variables, and the dot.
pub(super) struct Scope<'v> {
    values: &'v dyn RunValues,
    variables: Vec<(String, Value)>,
    /// What the dot is within `with`; outside it is all fields.
    dots: Vec<Value>,
}

impl<'v> Scope<'v> {
    pub(super) fn new(values: &'v dyn RunValues) -> Self {
        Scope { values, variables: Vec::new(), dots: Vec::new() }
    }

    /// Opens a block; what it declares ends with it.
    pub(super) fn open(&self) -> (usize, usize) {
        (self.variables.len(), self.dots.len())
    }

    pub(super) fn close(&mut self, (variables, dots): (usize, usize)) {
        self.variables.truncate(variables);
        self.dots.truncate(dots);
    }

    pub(super) fn rebind(&mut self, dot: Value) {
        self.dots.push(dot);
    }

    pub(super) fn pipeline(&mut self, pipeline: &Pipeline) -> Result<Value, RenderError> {
        let mut value = None;
        for command in &pipeline.commands {
            value = Some(self.command(command, value.take())?);
        }
        let value = value.unwrap_or(Value::Nil);
        for name in &pipeline.variables {
            match self.variables.iter_mut().rev().find(|(known, _)| known == name) {
                Some((_, known)) if !pipeline.declares => *known = value.clone(),
                _ => self.variables.push((name.clone(), value.clone())),
            }
        }
        Ok(value)
    }

    fn command(&mut self, command: &Command, piped: Option<Value>) -> Result<Value, RenderError> {
        let OperandKind::Function(name) = &command.head.kind else {
            if piped.is_some() || !command.arguments.is_empty() {
                return Err(error(&command.head.range, "only functions take arguments"));
            }
            return self.operand(&command.head);
        };
        let mut arguments = command.arguments.iter().map(|a| self.operand(a)).collect::<Result<Vec<_>, _>>()?;
        arguments.extend(piped);
        self.call(name, &arguments).map_err(|message| RenderError { message, range: command.range.clone() })
    }

    fn operand(&mut self, operand: &Operand) -> Result<Value, RenderError> {
        let range = &operand.range;
        match &operand.kind {
            OperandKind::Text(text) => Ok(Value::Text(text.clone())),
            OperandKind::Number(number) => Value::number(number).ok_or_else(|| error(range, "the number is too large")),
            OperandKind::Character(c) => Ok(Value::Whole(i64::from(u32::from(*c)))),
            OperandKind::Truth(truth) => Ok(Value::Truth(*truth)),
            OperandKind::Nil => Ok(Value::Nil),
            OperandKind::Function(name) => {
                self.call(name, &[]).map_err(|message| RenderError { message, range: range.clone() })
            }
            OperandKind::Dot => {
                self.dots.last().cloned().ok_or_else(|| error(range, "`.` alone is no value here; name a field"))
            }
            OperandKind::Field(path) if self.dots.is_empty() => self.field(path, range),
            OperandKind::Field(_) => Err(error(range, "the value of `with` has no fields; write `$.NAME`")),
            OperandKind::Variable { name, path } if name.is_empty() => self.field(path, range),
            OperandKind::Variable { name, path } => {
                match self.variables.iter().rev().find(|(known, _)| known == name) {
                    Some((_, value)) if path.is_empty() => Ok(value.clone()),
                    Some(_) => Err(error(range, "the value has no fields")),
                    None => Err(error(range, &format!("there is no variable `${name}`"))),
                }
            }
            OperandKind::Group { pipeline, path } if path.is_empty() => self.pipeline(pipeline),
            OperandKind::Group { .. } => Err(error(range, "the value has no fields")),
        }
    }

    fn field(&self, path: &[String], range: &Range<usize>) -> Result<Value, RenderError> {
        let [name] = path else {
            return Err(error(range, "fields have no fields of their own"));
        };
        let found = self.values.field(name).map(Value::Text);
        found.ok_or_else(|| error(range, &format!("there is no field `.{name}` here")))
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Result<Value, String> {
        if let Some(value) = plain(name, arguments) {
            return value;
        }
        let texts: Vec<String> = arguments.iter().map(Value::print).collect();
        let words: Vec<&str> = texts.iter().map(String::as_str).collect();
        self.function(name, &words, &texts).map(Value::Text)
    }

    fn function(&self, name: &str, words: &[&str], texts: &[String]) -> Result<String, String> {
        let moment = || self.values.moment().to_zoned(TimeZone::UTC).datetime();
        match (name, words) {
            ("timestamp", []) => Ok(self.values.moment().as_second().to_string()),
            ("isotime", []) => Ok(go_layout(RFC3339, moment())),
            ("isotime", [layout]) => Ok(go_layout(layout, moment())),
            ("strftime", [format]) => strftime(format, moment())
                .ok_or_else(|| format!("`{format}` has a directive that `strftime` does not know")),
            ("user", [variable]) => {
                self.values.user(variable).ok_or_else(|| format!("there is no variable `{variable}`"))
            }
            ("build", [fact]) => self.values.build(fact).ok_or_else(|| format!("the build has no `{fact}`")),
            ("upper", [text]) => Ok(text.to_uppercase()),
            ("lower", [text]) => Ok(text.to_lowercase()),
            ("clean_resource_name", [text]) => Ok(clean_resource_name(text)),
            ("replace_all", [old, new, text]) => replaced(text, old, new, usize::MAX).ok_or_else(too_long),
            ("replace", [old, new, count, text]) => {
                let count: i64 = count.parse().map_err(|_| format!("`{count}` is no whole number"))?;
                // A negative count means all.
                replaced(text, old, new, usize::try_from(count).unwrap_or(usize::MAX)).ok_or_else(too_long)
            }
            ("split", [text, separator, index]) => {
                let wanted: usize = index.parse().map_err(|_| format!("`{index}` is no position"))?;
                // The engine cuts at an empty separator between all characters, and so without the empty ends.
                let part = if separator.is_empty() {
                    text.chars().nth(wanted).map(String::from)
                } else {
                    text.split(separator).nth(wanted).map(str::to_owned)
                };
                part.ok_or_else(|| format!("`{text}` has no part {index} when it is cut at `{separator}`"))
            }
            (_, []) if self.values.named(name).is_some() => Ok(self.values.named(name).unwrap_or_default()),
            _ => self.values.function(name, texts).unwrap_or_else(|| {
                Err(match name {
                    "env" => "`env` stands only in the section of variables".to_owned(),
                    "consul_key" | "vault" | "aws_secretsmanager" | "aws_secretsmanager_raw" => {
                        format!("`{name}` is not read by bakec; give the value with `--var`")
                    }
                    _ => format!("the function `{name}` is not rendered here"),
                })
            }),
        }
    }
}

/// The functions of the language itself, which look at values and not at texts.
fn plain(name: &str, arguments: &[Value]) -> Option<Result<Value, String>> {
    let truth = |t: bool| Some(Ok(Value::Truth(t)));
    match (name, arguments) {
        ("and", all @ [.., last]) => Some(Ok(all.iter().find(|v| !v.truth()).unwrap_or(last).clone())),
        ("or", all @ [.., last]) => Some(Ok(all.iter().find(|v| v.truth()).unwrap_or(last).clone())),
        ("not", [value]) => truth(!value.truth()),
        ("len", [Value::Text(text)]) => Some(Ok(Value::Whole(i64::try_from(text.len()).unwrap_or(i64::MAX)))),
        ("eq", [first, rest @ ..]) if !rest.is_empty() => Some(
            rest.iter()
                .map(|v| order(first, v).map(Ordering::is_eq))
                .try_fold(false, |any, v| v.map(|v| any || v))
                .map(Value::Truth),
        ),
        ("ne", [a, b]) => Some(order(a, b).map(|o| Value::Truth(o.is_ne()))),
        ("lt", [a, b]) => Some(order(a, b).map(|o| Value::Truth(o.is_lt()))),
        ("le", [a, b]) => Some(order(a, b).map(|o| Value::Truth(o.is_le()))),
        ("gt", [a, b]) => Some(order(a, b).map(|o| Value::Truth(o.is_gt()))),
        ("ge", [a, b]) => Some(order(a, b).map(|o| Value::Truth(o.is_ge()))),
        ("print", all) => Some(Ok(Value::Text(print(all)))),
        ("println", all) => {
            let words: Vec<String> = all.iter().map(Value::print).collect();
            Some(Ok(Value::Text(words.join(" ") + "\n")))
        }
        ("printf", [Value::Text(format), rest @ ..]) => Some(printf(format, rest).map(Value::Text)),
        _ => None,
    }
}

fn order(a: &Value, b: &Value) -> Result<Ordering, String> {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => Ok(a.cmp(b)),
        (Value::Whole(a), Value::Whole(b)) => Ok(a.cmp(b)),
        (Value::Truth(a), Value::Truth(b)) => Ok(a.cmp(b)),
        (Value::Real(a), Value::Real(b)) => a.partial_cmp(b).ok_or_else(|| "no number".to_owned()),
        _ => Err(format!("`{}` and `{}` are of different kinds and cannot be compared", a.print(), b.print())),
    }
}

/// Values side by side, with a space between two of which none is a text.
fn print(values: &[Value]) -> String {
    let mut out = String::new();
    for (i, value) in values.iter().enumerate() {
        let text = |v: &Value| matches!(v, Value::Text(_));
        if i > 0 && !text(value) && !values.get(i - 1).is_some_and(text) {
            out.push(' ');
        }
        out.push_str(&value.print());
    }
    out
}

/// The directives that plans use: `%s`, `%v`, `%d`, `%t`, `%q` and `%%`, without widths.
fn printf(format: &str, values: &[Value]) -> Result<String, String> {
    let mut out = String::new();
    let mut values = values.iter();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let kind = chars.next().ok_or("the format of `printf` ends with `%`")?;
        if kind == '%' {
            out.push('%');
            continue;
        }
        let value = values.next().ok_or_else(|| format!("`printf` has no value for `%{kind}`"))?;
        match (kind, value) {
            ('s', Value::Text(_)) | ('v', _) | ('d', Value::Whole(_)) | ('t', Value::Truth(_)) => {
                out.push_str(&value.print());
            }
            ('q', Value::Text(text)) => out.push_str(&format!("{text:?}")),
            _ => return Err(format!("`printf` cannot write `{}` as `%{kind}`", value.print())),
        }
    }
    match values.next() {
        Some(value) => Err(format!("`printf` has no directive for `{}`", value.print())),
        None => Ok(out),
    }
}

fn too_long() -> String {
    "the text becomes too long".to_owned()
}

fn error(range: &Range<usize>, message: &str) -> RenderError {
    RenderError { message: message.to_owned(), range: range.clone() }
}
