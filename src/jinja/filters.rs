//! The measuring functions behind a rewritten template, and those filters of the engine whose result can be much larger than
//! what goes in.

use std::sync::Arc;

use indexmap::IndexMap;
use minijinja::value::{Kwargs, ObjectRepr, Rest, StringInput, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value, escape_formatter, filters, functions};

use super::budget::{Budget, HELP};
use super::value::{UNIT, changes, counted, items, list, map, measure, part};

/// Looks at a value and gives it on; an undefined one is refused.
pub(super) const LOOK: &str = "!look";
/// Counts what an operation gives.
pub(super) const COUNT: &str = "!count";
/// Counts what is to be an attribute of a namespace.
pub(super) const PART: &str = "!part";
/// `~`
pub(super) const CONCAT: &str = "!~";
/// `+`
pub(super) const ADD: &str = "!+";
/// `*`
pub(super) const TIMES: &str = "!*";
/// Applies the filter that its second argument names.
pub(super) const APPLY: &str = "!apply";

/// The filters that a template may name.
pub(super) const FILTERS: [&str; 48] = [
    "abs",
    "attr",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "count",
    "d",
    "default",
    "dictsort",
    "e",
    "escape",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "pprint",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "zip",
];
/// The tests that a template may name, without those that are operators.
pub(super) const TESTS: [&str; 36] = [
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "equalto",
    "escaped",
    "even",
    "false",
    "filter",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "int",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "safe",
    "sameas",
    "sequence",
    "startingwith",
    "string",
    "test",
    "true",
    "undefined",
    "upper",
];

/// Filters that look at no more than the outermost elements.
const SHALLOW: [&str; 27] = [
    "abs",
    "attr",
    "batch",
    "bool",
    "chain",
    "count",
    "d",
    "default",
    "dictsort",
    "first",
    "float",
    "int",
    "items",
    "last",
    "length",
    "list",
    "map",
    "reject",
    "rejectattr",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "zip",
    "groupby",
];

/// The widest that `format` and `indent` pad to.
const WIDEST: u64 = 1000;
/// The most elements that `batch` and `slice` make of one.
const PIECES: usize = 1_000_000;

fn plain(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, what)
}

/// Puts all of them into an environment.
pub(super) fn register(environment: &mut Environment<'_>, budget: &Arc<Budget>) {
    let of = || Arc::clone(budget);
    let own = of();
    environment.set_formatter(move |out, state, value| {
        let bytes = measure(value).weight;
        own.look(bytes)?;
        own.print(value.as_str().map_or(bytes, |text| text.len() as u64))?;
        escape_formatter(out, state, value)
    });
    let own = of();
    environment.add_filter(LOOK, move |value: Value| looked(value, &own));
    let own = of();
    environment.add_filter(COUNT, move |value: Value| counted(value, &own));
    let own = of();
    environment.add_filter(PART, move |value: Value| counted(part(value)?, &own));
    let own = of();
    environment.add_filter(CONCAT, move |a: Value, b: Value| concat(&a, &b, &own));
    let own = of();
    environment.add_filter(ADD, move |a: Value, b: Value| add(a, b, &own));
    let own = of();
    environment.add_filter(TIMES, move |a: Value, b: Value| times(a, b, &own));
    let own = of();
    environment.add_filter(APPLY, move |state: &mut State, value: Value, name: String, rest: Rest<ValueOrKwargs>| {
        let mut arguments = vec![value];
        arguments.extend(rest.0.into_iter().map(Value::from));
        apply(state, &name, &arguments, &own)
    });
    bounded(environment, budget);
    environment.remove_global("debug");
    let own = of();
    environment.add_function("range", move |from: isize, to: Option<isize>, step: Option<isize>| {
        counted(functions::range(from, to, step)?, &own)
    });
    let own = of();
    environment.add_function("dict", move |value: Option<Value>, more: Kwargs| dict(value.as_ref(), &more, &own));
    environment.add_function("namespace", move |start: Option<ValueOrKwargs>| {
        let start = start.map(Value::from);
        for key in start.iter().flat_map(|start| start.try_iter().into_iter().flatten()) {
            if start.as_ref().and_then(|s| s.get_item(&key).ok()).is_some_and(|value| changes(&value)) {
                part(start.clone().unwrap_or_default().get_item(&key)?)?;
            }
        }
        functions::namespace(start.map(ValueOrKwargs::from))
    });
}

fn looked(value: Value, budget: &Budget) -> Result<Value, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    budget.look(measure(&value).weight)?;
    Ok(value)
}

fn concat(a: &Value, b: &Value, budget: &Arc<Budget>) -> Result<Value, Error> {
    let bytes = measure(a).weight.saturating_add(measure(b).weight);
    budget.fits(bytes)?;
    budget.look(bytes)?;
    counted(Value::from(format!("{a}{b}")), budget)
}

fn add(a: Value, b: Value, budget: &Arc<Budget>) -> Result<Value, Error> {
    if let (Some(a), Some(b)) = (a.as_str(), b.as_str()) {
        budget.make((a.len() + b.len()) as u64)?;
        return Ok(Value::from(format!("{a}{b}")));
    }
    match (items(&a), items(&b)) {
        (Some(mut items), Some(more)) => {
            items.extend(more);
            budget.look(items.len() as u64 * UNIT)?;
            list(items, budget)
        }
        (None, None) => match number(&a, &b, i128::checked_add, |a, b| a + b) {
            Some(sum) => Ok(sum),
            None => Err(Error::new(
                ErrorKind::InvalidOperation,
                format!("`+` does not join {} and {}{HELP}`~` joins values as text", a.kind(), b.kind()),
            )),
        },
        _ => Err(Error::new(ErrorKind::InvalidOperation, format!("`+` does not join {} and {}", a.kind(), b.kind()))),
    }
}

fn times(a: Value, b: Value, budget: &Arc<Budget>) -> Result<Value, Error> {
    if let Some(product) = number(&a, &b, i128::checked_mul, |a, b| a * b) {
        return Ok(product);
    }
    let (value, count) = if a.is_number() { (b, a) } else { (a, b) };
    let Some(count) = count.as_usize() else {
        return Err(plain("`*` repeats a text or a list by a whole number"));
    };
    let bytes = measure(&value).weight.saturating_mul(count as u64);
    budget.fits(bytes)?;
    budget.look(bytes)?;
    if let Some(text) = value.as_str() {
        return counted(Value::from(text.repeat(count)), budget);
    }
    match items(&value) {
        Some(items) => list(items.iter().cycle().take(items.len() * count).cloned().collect(), budget),
        None => Err(Error::new(ErrorKind::InvalidOperation, format!("`*` does not repeat {}", value.kind()))),
    }
}

/// An operation on numbers; `None` where one of them is none, or the result is too large.
fn number(a: &Value, b: &Value, whole: fn(i128, i128) -> Option<i128>, broken: fn(f64, f64) -> f64) -> Option<Value> {
    if !a.is_number() || !b.is_number() {
        return None;
    }
    if a.is_integer() && b.is_integer() {
        let (a, b) = (i128::try_from(a.clone()).ok()?, i128::try_from(b.clone()).ok()?);
        let result = whole(a, b)?;
        return Some(i64::try_from(result).map_or_else(|_| Value::from(result), Value::from));
    }
    Some(Value::from(broken(f64::try_from(a.clone()).ok()?, f64::try_from(b.clone()).ok()?)))
}

fn apply(state: &mut State, name: &str, arguments: &[Value], budget: &Arc<Budget>) -> Result<Value, Error> {
    for (position, value) in arguments.iter().enumerate() {
        let bytes = match value.len() {
            Some(length) if position == 0 && SHALLOW.contains(&name) && value.as_str().is_none() => {
                length as u64 * UNIT
            }
            _ => measure(value).weight,
        };
        budget.look(bytes)?;
    }
    counted(state.apply_filter(name, arguments)?, budget)
}

fn dict(value: Option<&Value>, more: &Kwargs, budget: &Arc<Budget>) -> Result<Value, Error> {
    let mut entries = IndexMap::new();
    if let Some(value) = value.filter(|v| !v.is_undefined()) {
        for key in value.try_iter()? {
            let held = part(value.get_item(&key)?)?;
            entries.insert(key, held);
        }
    }
    for key in more.args() {
        entries.insert(Value::from(key), counted(part(more.get::<Value>(key)?)?, budget)?);
    }
    map(entries, budget)
}

/// The engine's filters with a look at what they are going to make.
fn bounded(environment: &mut Environment<'_>, budget: &Arc<Budget>) {
    let of = || Arc::clone(budget);
    let own = of();
    environment.add_filter(
        "join",
        move |state: &mut State,
              value: Value,
              joiner: Option<StringInput<'_>>,
              attribute: Option<&str>,
              named: Kwargs|
              -> Result<Value, Error> {
            let by_name: Option<&str> = named.peek("d").ok();
            let between = joiner.as_ref().map(|j| j.as_str().len()).or(by_name.map(str::len)).unwrap_or(0);
            let gaps = value.len().unwrap_or(0) as u64;
            own.make(gaps.saturating_mul(between as u64).saturating_add(measure(&value).weight))?;
            filters::join(state, &value, joiner, attribute, named)
        },
    );
    let own = of();
    environment.add_filter(
        "replace",
        move |state: &mut State, value: StringInput<'_>, from: StringInput<'_>, to: StringInput<'_>| {
            let count = value.as_str().matches(from.as_str()).count() as u64;
            own.make(count.saturating_mul(to.as_str().len() as u64).saturating_add(value.as_str().len() as u64))?;
            filters::replace(state, value, from, to)
        },
    );
    let own = of();
    environment.add_filter("format", move |state: &mut State, text: Value, values: Rest<ValueOrKwargs>| {
        let written = text.as_str().unwrap_or_default();
        let digits = |run: &str| run.parse::<u64>().map_or(run.len() > 3, |n| n > WIDEST);
        let numbers = written.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty());
        if numbers.into_iter().any(digits) || written.contains('*') {
            return Err(plain("the width of a number in `format` is at most 1000 and written out"));
        }
        let each = values.iter().map(|v| measure(v).weight).fold(WIDEST, u64::saturating_add);
        own.make((written.matches('%').count() as u64).saturating_mul(each).saturating_add(written.len() as u64))?;
        filters::format(state, &text, values)
    });
    let own = of();
    environment.add_filter(
        "indent",
        move |text: StringInput<'_>,
              width: Option<usize>,
              first: Option<bool>,
              blank: Option<bool>,
              named: Kwargs|
              -> Result<Value, Error> {
            let by_name: Option<usize> = named.peek("width")?;
            let spaces = width.or(by_name).unwrap_or(4) as u64;
            if spaces > WIDEST {
                return Err(plain("`indent` takes at most 1000 spaces"));
            }
            let lines = text.as_str().matches('\n').count() as u64 + 1;
            own.make(lines.saturating_mul(spaces).saturating_add(text.as_str().len() as u64))?;
            filters::indent(text, width, first, blank, named)
        },
    );
    let own = of();
    environment.add_filter("tojson", move |value: Value, indent: Option<Value>, named: Kwargs| {
        let by_name: Option<Value> = named.peek("indent")?;
        let spaces = indent.as_ref().or(by_name.as_ref()).and_then(Value::as_usize).unwrap_or(2) as u64;
        if spaces > 16 {
            return Err(plain("`tojson` indents by at most 16 spaces"));
        }
        own.make(printed(&value, spaces, 0))?;
        filters::tojson(&value, indent, named)
    });
    let own = of();
    environment.add_filter("pprint", move |value: Value| -> Result<String, Error> {
        own.make(printed(&value, 4, 0))?;
        Ok(filters::pprint(&value))
    });
    let own = of();
    environment.add_filter(
        "sum",
        move |state: &State, values: Value, attribute: Option<&str>, start: Option<Value>, named: Kwargs| {
            // Texts and lists are added one by one, each time to all before.
            let adds = start.is_some() || named.has("start");
            let times = if adds { values.len().unwrap_or(0) as u64 } else { 1 };
            let bytes = measure(&values).weight.saturating_mul(times);
            own.look(bytes)?;
            if adds {
                own.print(bytes)?;
            }
            filters::sum(state, values, attribute, start, named)
        },
    );
    for name in ["batch", "slice"] {
        let of = if name == "batch" { filters::batch } else { filters::slice };
        environment.add_filter(name, move |state: &State, value: Value, count: usize, fill: Option<Value>| {
            if count > PIECES {
                return Err(plain("`batch` and `slice` make at most 1000000 pieces"));
            }
            of(state, value, count, fill)
        });
    }
}

/// The most bytes of a value with one element a line.
fn printed(value: &Value, spaces: u64, depth: u64) -> u64 {
    let Some(object) = value.as_object().filter(|o| matches!(o.repr(), ObjectRepr::Map | ObjectRepr::Seq)) else {
        return measure(value).weight;
    };
    let line = |value: &Value| printed(value, spaces, depth + 1).saturating_add(spaces * (depth + 1) + 4);
    let mut sum: u64 = spaces * depth + 4;
    if object.repr() == ObjectRepr::Map {
        for (key, value) in object.try_iter_pairs().into_iter().flatten() {
            sum = sum.saturating_add(measure(&key).weight).saturating_add(line(&value));
        }
    } else {
        for value in object.try_iter().into_iter().flatten() {
            sum = sum.saturating_add(line(&value));
        }
    }
    sum
}
