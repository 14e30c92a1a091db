//! Calls of HCL2's functions: by a built-in function of the language, by another form that says the same, by an action of the run, or
//! by the result where all that a function is given is known now.

use hcl_edit::expr::{Expression, FuncCall};

use crate::import::draft::{Entry, For, Kind, Operator, Piece, Value};
use crate::text::Span;

use super::expr::{keyed, pieces_of};
use super::known::joined;
use super::{Place, Reader, Said, Where, Why, moment, pure};

/// Functions that the language has under another name, or the same, with the same arguments.
const SAME: &[(&str, &str)] = &[
    ("abs", "abs"),
    ("alltrue", "all"),
    ("anytrue", "any"),
    ("base64decode", "from_base64"),
    ("base64encode", "base64"),
    ("ceil", "ceil"),
    ("contains", "contains"),
    ("distinct", "distinct"),
    ("endswith", "ends_with"),
    ("flatten", "flatten"),
    ("floor", "floor"),
    ("index", "index_of"),
    ("jsonencode", "json"),
    ("length", "len"),
    ("lower", "lower"),
    ("max", "max"),
    ("md5", "md5"),
    ("min", "min"),
    ("replace", "replace"),
    ("reverse", "reverse"),
    ("sha1", "sha1"),
    ("sha256", "sha256"),
    ("sha512", "sha512"),
    ("slice", "slice"),
    ("sort", "sort"),
    ("startswith", "starts_with"),
    ("strcontains", "contains"),
    ("sum", "sum"),
    ("title", "title"),
    ("trim", "trim"),
    ("trimprefix", "trim_prefix"),
    ("trimspace", "trim"),
    ("trimsuffix", "trim_suffix"),
    ("upper", "upper"),
];

/// Functions whose result is a secret of a store.
const STORES: &[&str] = &["aws_secretsmanager", "aws_secretsmanager_raw", "consul_key", "vault"];

impl<'a> Reader<'a> {
    pub(super) fn call(&mut self, call: &'a FuncCall, span: Span, place: &Place<'a>) -> Said {
        let name = call.name.name.value().as_str();
        match name {
            "try" => return self.tried(call, span, place),
            "can" => return self.can(call, span, place),
            _ => {}
        }
        let (arguments, range) = self.arguments(call, place)?;
        self.gap(place, range);
        let why = |why: String| Why { why, span };
        match (name, &arguments[..]) {
            ("timestamp", []) => return Ok(moment::now(span)),
            ("uuidv4", []) => return Ok(Value::new(Kind::Text(vec![Piece::Action("{{uuid}}".into())]), span)),
            ("formatdate", [format, time]) => return self.formatdate(format, time, span),
            ("legacy_isotime", []) => return Ok(Value::new(Kind::Text(vec![Piece::Action("{{isotime}}".into())]), span)),
            ("legacy_isotime", [layout]) => return self.action("isotime", std::slice::from_ref(layout), span),
            ("legacy_strftime", [format]) => return self.action("strftime", std::slice::from_ref(format), span),
            ("env", [variable]) => return self.environment(variable, span, place),
            ("file", [path]) => return self.file(path, span),
            ("templatefile", _) => {
                return Err(why(
                    "the file is a template of HCL; write it as one of Jinja (`{{ name }}` for `${name}`) and say `render_file(…)`"
                        .to_owned(),
                ));
            }
            ("abspath" | "pathexpand", [path]) => return Ok(path.clone()),
            _ if STORES.contains(&name) => return self.store(name, &arguments, span, place),
            _ => {}
        }
        if let Some(value) = self.formed(name, &arguments, span) {
            return Ok(value);
        }
        if let Some(found) = self.at_run(name, &arguments, span) {
            return found;
        }
        let known = arguments.iter().try_for_each(|a| self.known(a));
        known.map_err(|why| Why { why: why.why, span })?;
        if let Some(value) = self.same(name, &arguments, span) {
            return Ok(value);
        }
        let constants = arguments.iter().map(|a| self.constant(a)).collect::<Option<Vec<_>>>();
        if let Some(found) = constants.and_then(|constants| pure::call(name, &constants)) {
            return Ok(self.from_json(&found, span));
        }
        if let Some(value) = self.nearly(name, &arguments, span) {
            return Ok(value);
        }
        if self.lenient {
            return Ok(Value::new(Kind::Call(name.to_owned(), arguments), span));
        }
        Err(why(format!("there is no function like `{name}`; say its result, or give it as a `param`")))
    }

    /// The arguments; and what stands behind the last one.
    fn arguments(&mut self, call: &'a FuncCall, place: &Place<'a>) -> Result<(Vec<Value>, std::ops::Range<usize>), Why> {
        let mut values = Vec::with_capacity(call.args.len());
        let mut done: Option<usize> = None;
        for argument in call.args.iter() {
            let range = hcl_edit::Span::span(argument).unwrap_or_default();
            if let Some(done) = done {
                self.gap(place, done..range.start.max(done));
            }
            done = Some(range.end);
            values.push(self.value(argument, place)?);
        }
        if call.args.expand_final()
            && let Some(last) = values.pop()
        {
            match self.looked_up(&last).kind {
                Kind::List(elements) if elements.iter().all(|e| !matches!(e.kind, Kind::Spread(_))) => values.extend(elements),
                _ => {
                    let why = "`…` gives a function as many arguments as a list has elements, which only a list written here shows";
                    return Err(Why { why: why.to_owned(), span: last.span });
                }
            }
        }
        Ok((values, 0..0))
    }

    /// An action of the run with constant arguments.
    fn action(&mut self, function: &str, arguments: &[Value], span: Span) -> Said {
        let mut action = format!("{{{{{function}");
        for argument in arguments {
            let Some(text) = self.constant(argument).and_then(|c| pure::text(&c)) else {
                let why = format!("`{function}` is worked out when the plan runs, and can be given nothing but plain texts");
                return Err(Why { why, span: argument.span });
            };
            let quoted = if text.contains('`') { serde_json::Value::from(text).to_string() } else { format!("`{text}`") };
            action.push(' ');
            action.push_str(&quoted);
        }
        action.push_str("}}");
        Ok(Value::new(Kind::Text(vec![Piece::Action(action)]), span))
    }

    fn formatdate(&mut self, format: &Value, time: &Value, span: Span) -> Said {
        let fail = |why: &str| Err(Why { why: why.to_owned(), span });
        let Some(format) = self.constant(format).and_then(|c| pure::text(&c)) else {
            return fail("the form of a date must be a plain text");
        };
        let Some(pieces) = moment::formatdate(&format) else {
            return fail("dates of the run have no such form; `{{isotime …}}` takes a layout of Go");
        };
        let now = moment::layout(&moment::now(span));
        if moment::layout(&self.looked_up(time)) == now {
            return Ok(Value::new(Kind::Text(joined(pieces)), span));
        }
        fail("only the time of the run, `timestamp()`, can be written in other forms")
    }

    fn environment(&mut self, variable: &Value, span: Span, place: &Place<'a>) -> Said {
        let Some(name) = self.constant(variable).and_then(|c| pure::text(&c)) else {
            return Err(Why { why: "the name of an environment variable must be a plain text".into(), span });
        };
        let call = Value::new(Kind::Call("env".into(), vec![Value::text(name.as_str(), span)]), span);
        if place.at == Where::Default {
            return Ok(call);
        }
        // The environment is asked by defaults alone.
        Ok(self.stand_in(&format!("env.{name}"), &name.to_lowercase(), Some(call), false, span))
    }

    fn store(&mut self, function: &str, arguments: &[Value], span: Span, place: &Place<'a>) -> Said {
        let action = self.action(function, arguments, span)?;
        if place.at == Where::Default {
            return Ok(action);
        }
        let last = arguments.last().and_then(|a| self.constant(a)).and_then(|c| pure::text(&c));
        let name = last.as_deref().and_then(|l| l.rsplit('/').next()).filter(|l| !l.is_empty()).unwrap_or("secret").to_lowercase();
        let Kind::Text(pieces) = &action.kind else { return Ok(action) };
        let key = format!("{pieces:?}");
        Ok(self.stand_in(&key, &name, Some(action), true, span))
    }

    /// `file("${path.root}/x")`: paths of the program are told from it anyway.
    fn file(&mut self, path: &Value, span: Span) -> Said {
        let mut path = self.looked_up(path);
        if let Kind::Text(pieces) = &mut path.kind
            && matches!(pieces.first(), Some(Piece::Action(action)) if action == "{{template_dir}}")
        {
            pieces.remove(0);
            if let Some(Piece::Chars(chars)) = pieces.first_mut() {
                *chars = chars.trim_start_matches('/').to_owned();
            }
        }
        self.known(&path)?;
        Ok(Value::new(Kind::Call("file".into(), vec![path]), span))
    }

    fn tried(&mut self, call: &'a FuncCall, span: Span, place: &Place<'a>) -> Said {
        let mut last = Err(Why { why: "`try` has nothing to try".into(), span });
        for (i, argument) in call.args.iter().enumerate() {
            match self.value(argument, place) {
                Ok(value) if matches!(value.kind, Kind::Index(..) | Kind::Field(..)) && i + 1 < call.args.len() => {
                    let Some(rest) = call.args.iter().nth(i + 1) else { return Ok(value) };
                    let rest = self.value(rest, place)?;
                    return Ok(Value::new(Kind::Operation(Operator::Else, value.into(), rest.into()), span));
                }
                Ok(value) => return Ok(value),
                Err(why) => last = Err(why),
            }
        }
        last
    }

    fn can(&mut self, call: &'a FuncCall, span: Span, place: &Place<'a>) -> Said {
        if let Some(Expression::FuncCall(inner)) = call.args.iter().next()
            && inner.name.name.value().as_str() == "regex"
        {
            let (arguments, _) = self.arguments(inner, place)?;
            if let [pattern, text] = &arguments[..] {
                return self.matches(pattern, text, span);
            }
        }
        let argument = call.args.iter().next();
        let argument = argument.ok_or_else(|| Why { why: "`can` has nothing to try".into(), span })?;
        let value = self.value(argument, place)?;
        match self.constant(&value) {
            Some(_) => Ok(Value::new(Kind::Bool(true), span)),
            None => Err(Why { why: "whether something can be worked out is no question of the language's".into(), span }),
        }
    }

    fn matches(&self, pattern: &Value, text: &Value, span: Span) -> Said {
        self.known(text)?;
        match self.constant(pattern) {
            Some(serde_json::Value::String(pattern)) => {
                let pattern = Value::text(pattern, span);
                Ok(Value::new(Kind::Operation(Operator::Matches, text.clone().into(), pattern.into()), span))
            }
            _ => Err(Why { why: "a pattern must be a plain text".into(), span }),
        }
    }

    /// Calls that are another form: what they hold may be known late.
    fn formed(&mut self, name: &str, arguments: &[Value], span: Span) -> Option<Value> {
        let kind = match (name, arguments) {
            ("concat", lists) => Kind::List(lists.iter().flat_map(elements).collect()),
            ("merge", maps) => {
                let mut entries: Vec<Entry> = Vec::new();
                for map in maps {
                    for entry in members(map) {
                        entries.retain(|e| e.key.is_empty() || e.key != entry.key);
                        entries.push(entry);
                    }
                }
                Kind::Record(entries)
            }
            ("coalesce", [first, rest @ ..]) => {
                return Some(rest.iter().fold(first.clone(), |a, b| {
                    Value::new(Kind::Operation(Operator::Else, a.into(), b.clone().into()), span)
                }));
            }
            ("join", [separator, list]) => {
                let separator = self.constant(separator)?.as_str()?.to_owned();
                let list = match self.looked_up(list).kind {
                    Kind::List(list) if list.iter().all(|v| !matches!(v.kind, Kind::Spread(_))) => list,
                    _ => return None,
                };
                let mut pieces = Vec::new();
                for (i, element) in list.into_iter().enumerate() {
                    if i > 0 {
                        pieces.push(Piece::Chars(separator.clone()));
                    }
                    pieces.extend(pieces_of(element));
                }
                Kind::Text(joined(pieces))
            }
            ("format", [format, values @ ..]) => Kind::Text(self.formatted(format, values)?),
            ("tostring", [one]) if matches!(one.kind, Kind::Text(_)) => return Some(one.clone()),
            ("tostring", [one]) => Kind::Text(pieces_of(one.clone())),
            ("tolist" | "tomap" | "sensitive" | "nonsensitive", [one]) => return Some(one.clone()),
            _ => return None,
        };
        Some(Value::new(kind, span))
    }

    fn formatted(&mut self, format: &Value, values: &[Value]) -> Option<Vec<Piece>> {
        let format = self.constant(format)?;
        let mut pieces = Vec::new();
        for part in pure::parts(format.as_str()?)? {
            match part {
                pure::Part::Chars(chars) => pieces.push(Piece::Chars(chars)),
                pure::Part::Argument(i, verb) => {
                    let value = values.get(i)?;
                    match self.constant(value) {
                        Some(constant) => pieces.push(Piece::Chars(pure::rendered(&verb, &constant)?)),
                        None if matches!(verb.as_str(), "s" | "v" | "d" | "t") => pieces.extend(pieces_of(value.clone())),
                        None => pieces.push(Piece::Value(Box::new(self.padded(&verb, value)?))),
                    }
                }
            }
        }
        Some(joined(pieces))
    }

    /// `%03d`
    fn padded(&mut self, verb: &str, value: &Value) -> Option<Value> {
        let (fill, digits, letter) = match verb.strip_prefix('0') {
            Some(rest) => ("0", rest.get(..rest.len().checked_sub(1)?)?, verb.chars().last()?),
            None => (" ", verb.get(..verb.len().checked_sub(1)?)?, verb.chars().last()?),
        };
        let width: i64 = digits.parse().ok()?;
        if !matches!((fill, letter), ("0", 'd') | (" ", 'd' | 's')) || self.known(value).is_err() {
            return None;
        }
        let text = Value::new(Kind::Call("string".into(), vec![value.clone()]), value.span);
        let arguments = vec![text, Value::new(Kind::Int(width), value.span), Value::text(fill, value.span)];
        Some(Value::new(Kind::Call("pad".into(), arguments), value.span))
    }

    /// Functions of texts that hold the time of the run, or other things that only the run knows.
    fn at_run(&mut self, name: &str, arguments: &[Value], span: Span) -> Option<Said> {
        let position = match name {
            "split" => 1,
            "lower" | "upper" | "title" | "replace" | "regex_replace" | "substr" | "trim" | "trimspace" | "trimprefix"
            | "trimsuffix" => 0,
            _ => return None,
        };
        let text = self.looked_up(arguments.get(position)?);
        self.only_at_run(&text, 0)?;
        let mut others = Vec::new();
        for (i, argument) in arguments.iter().enumerate() {
            others.push(if i == position { serde_json::Value::Null } else { self.constant(argument)? });
        }
        let apply = |text: &str| {
            let mut arguments = others.clone();
            *arguments.get_mut(position)? = text.into();
            pure::call(name, &arguments)
        };
        let apply_text = |text: &str| apply(text).and_then(|found| found.as_str().map(str::to_owned));
        if name == "split" {
            let layout = moment::layout(&text)?;
            let count = apply(&layout)?.as_array()?.len();
            let part = |i: usize| {
                let of = |text: &str| apply(text)?.as_array()?.get(i)?.as_str().map(str::to_owned);
                let found = moment::through(&layout, &of)?;
                Some(Value::new(Kind::Text(vec![moment::isotime(&found)]), span))
            };
            let parts = (0..count).map(part).collect::<Option<Vec<_>>>()?;
            return Some(Ok(Value::new(Kind::List(parts), span)));
        }
        if let Some(layout) = moment::layout(&text) {
            let found = moment::through(&layout, &apply_text)?;
            return Some(Ok(Value::new(Kind::Text(vec![moment::isotime(&found)]), span)));
        }
        if !by_character(name, &others) {
            return None;
        }
        let Kind::Text(pieces) = text.kind else { return None };
        let mut made = Vec::new();
        for piece in pieces {
            made.push(match piece {
                Piece::Chars(chars) => Piece::Chars(apply_text(&chars)?),
                Piece::Action(_) => {
                    let one = Value::new(Kind::Text(vec![piece]), span);
                    let found = moment::through(&moment::layout(&one)?, &apply_text)?;
                    moment::isotime(&found)
                }
                Piece::Value(inner) => {
                    if self.known(&inner).is_err() || name == "regex_replace" {
                        return None;
                    }
                    let mut arguments = arguments.to_vec();
                    *arguments.get_mut(position)? = *inner;
                    Piece::Value(Box::new(self.same(name, &arguments, span)?))
                }
            });
        }
        Some(Ok(Value::new(Kind::Text(joined(made)), span)))
    }

    /// Functions that the language has.
    fn same(&mut self, name: &str, arguments: &[Value], span: Span) -> Option<Value> {
        let call = |name: &str, arguments: Vec<Value>| Value::new(Kind::Call(name.to_owned(), arguments), span);
        if let Some((_, own)) = SAME.iter().find(|(theirs, _)| *theirs == name) {
            return Some(call(own, arguments.to_vec()));
        }
        Some(match (name, arguments) {
            ("split" | "join" | "indent", [a, b]) => call(name, vec![b.clone(), a.clone()]),
            ("substr", [text, start, length]) => match self.constant(length).and_then(|l| l.as_i64()) {
                Some(-1) => call("substr", vec![text.clone(), start.clone()]),
                _ => call("substr", arguments.to_vec()),
            },
            ("range", [_] | [_, _]) => call("range", arguments.to_vec()),
            ("keys", [map]) => call("sort", vec![call("keys", vec![map.clone()])]),
            ("toset", [list]) => call("sort", vec![call("distinct", vec![list.clone()])]),
            ("values", [map]) => {
                let keys = call("sort", vec![call("keys", vec![map.clone()])]);
                let makes = Value::new(Kind::Index(map.clone().into(), vec![Value::bound("key", span)]), span);
                let each = For { key: None, value: "key".into(), over: keys, condition: None, makes_key: None, makes };
                Value::new(Kind::For(Box::new(each)), span)
            }
            ("parseint", [text, base]) if self.constant(base).is_some_and(|b| b == 10) => call("int", vec![text.clone()]),
            ("tonumber", [text]) => call("int", vec![text.clone()]),
            ("lookup", [map, key]) => Value::new(Kind::Index(map.clone().into(), vec![key.clone()]), span),
            ("lookup", [map, key, other]) => {
                let found = Value::new(Kind::Index(map.clone().into(), vec![key.clone()]), span);
                Value::new(Kind::Operation(Operator::Else, found.into(), other.clone().into()), span)
            }
            ("element", [list, index]) => Value::new(Kind::Index(list.clone().into(), vec![index.clone()]), span),
            _ => return None,
        })
    }

    /// Functions that something longer says.
    fn nearly(&mut self, name: &str, arguments: &[Value], span: Span) -> Option<Value> {
        let bound = |name: &str| Value::bound(name, span);
        let call = |name: &str, arguments: Vec<Value>| Value::new(Kind::Call(name.to_owned(), arguments), span);
        let filter = |list: &Value, condition: Value| {
            let over = list.clone();
            let each = For { key: None, value: "item".into(), over, condition: Some(condition), makes_key: None, makes: bound("item") };
            Value::new(Kind::For(Box::new(each)), span)
        };
        let operation = |op, a: Value, b: Value| Value::new(Kind::Operation(op, a.into(), b.into()), span);
        Some(match (name, arguments) {
            ("compact", [list]) => filter(list, operation(Operator::Unequal, bound("item"), Value::text("", span))),
            ("setunion", lists) => {
                call("distinct", vec![Value::new(Kind::List(lists.iter().flat_map(elements).collect()), span)])
            }
            ("setintersection", [a, b]) => filter(a, operation(Operator::In, bound("item"), b.clone())),
            ("setsubtract", [a, b]) => {
                let within = operation(Operator::In, bound("item"), b.clone());
                filter(a, Value::new(Kind::Not(within.into()), span))
            }
            ("zipmap", [keys, values]) => {
                let makes = Value::new(Kind::Index(values.clone().into(), vec![bound("at")]), span);
                let each = For {
                    key: Some("at".into()),
                    value: "key".into(),
                    over: keys.clone(),
                    condition: None,
                    makes_key: Some(bound("key")),
                    makes,
                };
                Value::new(Kind::For(Box::new(each)), span)
            }
            ("coalescelist", [a, b]) => {
                let length = call("len", vec![a.clone()]);
                let filled = operation(Operator::Greater, length, Value::new(Kind::Int(0), span));
                Value::new(Kind::If(filled.into(), a.clone().into(), b.clone().into()), span)
            }
            ("basename", [path]) => call("last", vec![call("split", vec![path.clone(), Value::text("/", span)])]),
            ("formatlist", [format, list]) => {
                let text = self.formatted(format, &[bound("item")])?;
                let makes = Value::new(Kind::Text(text), span);
                let each = For { key: None, value: "item".into(), over: list.clone(), condition: None, makes_key: None, makes };
                Value::new(Kind::For(Box::new(each)), span)
            }
            // A pattern that is one plain character, or a choice of such.
            ("regex_replace", [text, pattern, with]) => {
                let characters = plain_class(self.constant(pattern)?.as_str()?)?;
                self.constant(with)?.as_str().filter(|with| !with.contains('$'))?;
                characters.into_iter().fold(text.clone(), |text, c| {
                    call("replace", vec![text, Value::text(c.to_string(), span), with.clone()])
                })
            }
            _ => return None,
        })
    }
}

/// The elements of a list, or the list to be spread.
fn elements(list: &Value) -> Vec<Value> {
    match &list.kind {
        Kind::List(values) => values.clone(),
        _ => vec![Value::new(Kind::Spread(list.clone().into()), list.span)],
    }
}

/// The entries of a record, or the record to be spread.
pub(super) fn members(map: &Value) -> Vec<Entry> {
    match &map.kind {
        Kind::Record(entries) => entries.clone(),
        _ => vec![keyed(Ok(String::new()), Value::new(Kind::Spread(map.clone().into()), map.span), map.span)],
    }
}

/// Whether a function does its work character by character, so that it may be done to the parts of a text.
fn by_character(name: &str, others: &[serde_json::Value]) -> bool {
    let second = others.get(1).and_then(|o| o.as_str());
    match name {
        "lower" | "upper" => true,
        "replace" => second.is_some_and(|from| from.chars().count() == 1),
        "regex_replace" => second.is_some_and(|pattern| {
            let inner = pattern.strip_prefix('[').and_then(|p| p.strip_suffix(']'));
            inner.is_some_and(|p| !p.contains([']', '[', '\\'])) || plain_class(pattern).is_some()
        }),
        _ => false,
    }
}

/// The characters that a pattern such as `[-. ]` or `\.` finds, one at a time.
fn plain_class(pattern: &str) -> Option<Vec<char>> {
    let special = |c: &char| "\\^$.|?*+()[]{}".contains(*c);
    let chars: Vec<char> = pattern.chars().collect();
    match &chars[..] {
        ['\\', c] if !c.is_alphanumeric() => Some(vec![*c]),
        [c] if !special(c) => Some(vec![*c]),
        ['[', inner @ .., ']'] => {
            let range = inner.len() > 2 && inner[1..inner.len() - 1].contains(&'-');
            let plain = !inner.is_empty() && !inner.iter().any(|c| matches!(c, '\\' | '^' | '[' | ']' | '&' | '~'));
            (plain && !range).then(|| inner.to_vec())
        }
        _ => None,
    }
}
