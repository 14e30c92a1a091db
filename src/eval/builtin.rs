//! The bodies of the built-in functions. Arity and types have been checked; a late argument makes the result unknown where
//! we decide.

use std::cmp::Ordering;
use std::sync::Arc;

use base64::Engine as _;
use sha2::Digest as _;
use smol_str::SmolStr;

use super::Evaluator;
use super::arithmetic::order;
use super::expr::{MAX_ELEMENTS, Outcome};
use super::frame::Frame;
use super::problem::{EvalProblem, Stop};
use super::text::MAX_TEXT;
use super::value::{Data, Field, Record, Text, Value};
use crate::resolve::builtin::Builtin::{self, *};
use crate::text::Span;

impl Evaluator<'_> {
    /// Calls a built-in function.
    pub(super) fn call(&self, builtin: Builtin, args: Vec<Value>, at: Span, frame: &Frame) -> Outcome {
        for arg in &args {
            match builtin {
                // Parts of parts may be compared.
                IndexOf | Distinct => self.weigh_parts(arg, at)?,
                _ => self.look_at(arg, at)?,
            }
        }
        if let (Distinct, Data::List(list)) = (builtin, &args[0].data)
            && list.iter().any(|item| item.scalar().is_none())
        {
            // Each is compared with all before it.
            self.spend(list.len() * list.len() / 8, at)?;
        }
        let data = match builtin {
            Given => Data::Int(args.iter().filter(|a| !says_nothing(a)).count() as i64),
            Verbatim => match &args[0].data {
                Data::Text(Text::Plain(text)) => Data::Text(Text::Plain(text.clone())),
                data => data.clone(),
            },
            File | RenderFile | Render | Env => return self.outside(builtin, &args, at),
            Len => match (&args[0].data, self.contents(&args[0], frame)) {
                (Data::List(list), _) => Data::Int(list.len() as i64),
                (Data::Record(record), _) => Data::Int(record.len() as i64),
                (_, Some(text)) => Data::Int(text.chars().count() as i64),
                (data, None) => return self.stuck(data, frame, at),
            },
            Contains => return self.contained(&args[1], &args[0], at, frame),
            StartsWith | EndsWith if frame.deciding => {
                match (self.contents(&args[0], frame), self.contents(&args[1], frame)) {
                    (Some(text), Some(part)) if builtin == StartsWith => Data::Bool(text.starts_with(part.as_str())),
                    (Some(text), Some(part)) => Data::Bool(text.ends_with(part.as_str())),
                    _ => return self.stuck(&args[0].data, frame, at),
                }
            }
            All | AnyOf => match bools(&args[0], builtin == All) {
                Some(Some(truth)) => Data::Bool(truth),
                Some(None) => return self.stuck(&Data::Unknown, frame, at),
                None => return self.stuck(&args[0].data, frame, at),
            },
            _ => match pure(builtin, &args, at)? {
                Some(data) => data,
                None => {
                    let late = args.iter().find(|a| a.is_late()).unwrap_or(&args[0]);
                    return self.stuck(&late.data, frame, at);
                }
            },
        };
        if let Data::Text(Text::Plain(text)) = &data
            && text.len() > MAX_TEXT
        {
            return Err(EvalProblem::TooLarge { at }.into());
        }
        Ok(Value::new(data, at))
    }

    /// Functions that read the world.
    fn outside(&self, builtin: Builtin, args: &[Value], at: Span) -> Outcome {
        let Some(name) = args[0].as_text() else { return Err(Stop::Poison) };
        let text = match builtin {
            Env => {
                self.environment.borrow_mut().push(name.clone());
                match self.world.env(name) {
                    Some(text) => text,
                    None => return Err(EvalProblem::NoEnvironment { name: name.clone(), at }.into()),
                }
            }
            Render => self.render(name, args.get(1), args[0].origin)?,
            _ => {
                let path = crate::load::join(self.sources.get(at.file).path(), name);
                self.files.borrow_mut().push(path.clone().into());
                let text = match self.world.read(&path) {
                    Ok(text) => text,
                    Err(error) => return Err(EvalProblem::Read { path: path.into(), error, at: args[0].origin }.into()),
                };
                if builtin == RenderFile { self.render(&text, args.get(1), args[0].origin)? } else { text }
            }
        };
        Ok(Value::text(text, at))
    }
}

/// Three-valued `all` and `any` over a list of bools.
fn bools(list: &Value, all: bool) -> Option<Option<bool>> {
    let Data::List(list) = &list.data else { return None };
    let mut known = true;
    for item in list.iter() {
        match item.data {
            Data::Bool(truth) if truth != all => return Some(Some(!all)),
            Data::Bool(_) => {}
            _ => known = false,
        }
    }
    Some(known.then_some(all))
}

/// Functions of early values alone; `None` where an argument is not of the right sort.
fn pure(builtin: Builtin, args: &[Value], at: Span) -> Result<Option<Data>, Stop> {
    let text = |n: usize| args.get(n).and_then(Value::as_text);
    let int = |n: usize| args.get(n).and_then(|a| if let Data::Int(i) = a.data { Some(i) } else { None });
    let list = |n: usize| args.get(n).and_then(|a| if let Data::List(l) = &a.data { Some(l) } else { None });
    let record = |n: usize| args.get(n).and_then(|a| if let Data::Record(r) = &a.data { Some(r) } else { None });
    let plain = |s: String| Some(Data::Text(Text::Plain(s.into())));
    let texts = |parts: Vec<&str>| Some(Data::List(Arc::new(parts.into_iter().map(|p| Value::text(p, at)).collect())));
    let same = |values: Vec<Value>| Some(Data::List(Arc::new(values)));
    macro_rules! need {
        ($e:expr) => {
            match $e {
                Some(value) => value,
                None => return Ok(None),
            }
        };
    }
    Ok(match builtin {
        Upper => plain(need!(text(0)).to_uppercase()),
        Lower => plain(need!(text(0)).to_lowercase()),
        Title => plain(title(need!(text(0)))),
        Trim => {
            let subject = need!(text(0));
            let trimmed = match args.get(1) {
                None => subject.trim(),
                Some(_) => {
                    let characters: Vec<char> = need!(text(1)).chars().collect();
                    subject.trim_matches(characters.as_slice())
                }
            };
            plain(trimmed.to_owned())
        }
        TrimPrefix => {
            let (subject, prefix) = (need!(text(0)), need!(text(1)));
            plain(subject.strip_prefix(prefix.as_str()).unwrap_or(subject).to_owned())
        }
        TrimSuffix => {
            let (subject, suffix) = (need!(text(0)), need!(text(1)));
            plain(subject.strip_suffix(suffix.as_str()).unwrap_or(subject).to_owned())
        }
        StartsWith => Some(Data::Bool(need!(text(0)).starts_with(need!(text(1)).as_str()))),
        EndsWith => Some(Data::Bool(need!(text(0)).ends_with(need!(text(1)).as_str()))),
        Replace => {
            let (subject, from, to) = (need!(text(0)), need!(text(1)), need!(text(2)));
            let growth = subject.len().saturating_add(1).saturating_mul(to.len().max(1));
            if growth > MAX_TEXT && subject.matches(from.as_str()).count().saturating_mul(to.len()) > MAX_TEXT {
                return Err(EvalProblem::TooLarge { at }.into());
            }
            plain(subject.replace(from.as_str(), to))
        }
        Split => {
            let (subject, separator) = (need!(text(0)), need!(text(1)));
            match subject.as_str() {
                "" => texts(Vec::new()),
                subject if separator.is_empty() => {
                    Some(Data::List(Arc::new(subject.chars().map(|c| Value::text(c.to_string(), at)).collect())))
                }
                subject => texts(subject.split(separator.as_str()).collect()),
            }
        }
        Join => {
            let separator = need!(text(1));
            let mut joined = String::new();
            for (i, item) in need!(list(0)).iter().enumerate() {
                joined.push_str(if i > 0 { separator } else { "" });
                joined.push_str(&need!(item.display()));
                if joined.len() > MAX_TEXT {
                    return Err(EvalProblem::TooLarge { at }.into());
                }
            }
            plain(joined)
        }
        Substr => {
            let (subject, start) = (need!(text(0)), need!(int(1)));
            let count = subject.chars().count() as i64;
            let start = if start < 0 { (count + start).max(0) } else { start.min(count) };
            let length = match args.get(2) {
                None => count - start,
                Some(_) => need!(int(2)).max(0),
            };
            plain(subject.chars().skip(start as usize).take(length as usize).collect())
        }
        Repeat => {
            let (subject, times) = (need!(text(0)), need!(int(1)).max(0) as usize);
            if subject.len().saturating_mul(times) > MAX_TEXT {
                return Err(EvalProblem::TooLarge { at }.into());
            }
            plain(subject.repeat(times))
        }
        Indent => {
            let (subject, spaces) = (need!(text(0)), need!(int(1)).clamp(0, 1000) as usize);
            let lines = subject.matches('\n').count();
            if lines.saturating_mul(spaces) > MAX_TEXT {
                return Err(EvalProblem::TooLarge { at }.into());
            }
            plain(subject.replace('\n', &format!("\n{}", " ".repeat(spaces))))
        }
        Lines => texts(need!(text(0)).lines().collect()),
        Pad => {
            let (subject, width) = (need!(text(0)), need!(int(1)).clamp(0, 100_000) as usize);
            let with = match args.get(2) {
                None => ' ',
                Some(_) => need!(text(2)).chars().next().unwrap_or(' '),
            };
            let missing = width.saturating_sub(subject.chars().count());
            plain(with.to_string().repeat(missing) + subject)
        }
        ToText => Some(Data::Text(Text::Plain(need!(args[0].display())))),
        ToInt => match &args[0].data {
            Data::Int(i) => Some(Data::Int(*i)),
            Data::Number(n) => Some(whole(n.trunc(), at)?),
            Data::Text(Text::Plain(text)) => match text.trim().parse::<i64>() {
                Ok(int) => Some(Data::Int(int)),
                Err(_) => return Err(EvalProblem::NotAnInt { text: text.clone(), at: args[0].origin }.into()),
            },
            _ => None,
        },
        Distinct => {
            let mut kept: Vec<Value> = Vec::new();
            let items = need!(list(0));
            let mut seen = rustc_hash::FxHashSet::default();
            for item in items.iter() {
                let new = match item.scalar() {
                    Some(scalar) => seen.insert(scalar),
                    None => !kept.iter().any(|k| k.equals(item) == Some(true)),
                };
                if new {
                    kept.push(item.clone());
                }
            }
            same(kept)
        }
        Sort => {
            let mut sorted = need!(list(0)).to_vec();
            if sorted.windows(2).any(|w| order(&w[0].data, &w[1].data).is_none()) {
                return Ok(None);
            }
            sorted.sort_by(|a, b| order(&a.data, &b.data).unwrap_or(Ordering::Equal));
            same(sorted)
        }
        Reverse => same(need!(list(0)).iter().rev().cloned().collect()),
        Flatten => {
            let mut flat = Vec::new();
            for inner in need!(list(0)).iter() {
                match &inner.data {
                    Data::List(inner) => flat.extend(inner.iter().cloned()),
                    _ => flat.push(inner.clone()),
                }
                if flat.len() > MAX_ELEMENTS {
                    return Err(EvalProblem::TooLarge { at }.into());
                }
            }
            same(flat)
        }
        Slice => {
            let (items, start) = (need!(list(0)), need!(int(1)));
            let end = match args.get(2) {
                None => items.len() as i64,
                Some(_) => need!(int(2)),
            };
            let clamp = |i: i64| (if i < 0 { i + items.len() as i64 } else { i }).clamp(0, items.len() as i64) as usize;
            let (start, end) = (clamp(start), clamp(end));
            same(if start < end { items[start..end].to_vec() } else { Vec::new() })
        }
        First => need!(list(0)).first().map_or(Some(Data::Null), |v| Some(v.data.clone())),
        Last => need!(list(0)).last().map_or(Some(Data::Null), |v| Some(v.data.clone())),
        IndexOf => {
            let position = need!(list(0)).iter().position(|v| v.equals(&args[1]) == Some(true));
            Some(Data::Int(position.map_or(-1, |p| p as i64)))
        }
        Range => {
            let (start, end) = match args.get(1) {
                None => (0, need!(int(0))),
                Some(_) => (need!(int(0)), need!(int(1))),
            };
            if end.saturating_sub(start) > MAX_ELEMENTS as i64 {
                return Err(EvalProblem::TooLarge { at }.into());
            }
            same((start..end).map(|i| Value::new(Data::Int(i), at)).collect())
        }
        Sum => {
            let mut sum = Data::Int(0);
            for item in need!(list(0)).iter() {
                let added = super::arithmetic::apply(crate::syntax::ast::BinaryOp::Add, &sum, &item.data);
                sum = need!(added.map_err(|_| EvalProblem::Overflow { at })?);
            }
            Some(sum)
        }
        Min | Max => {
            let wanted = if builtin == Min { Ordering::Less } else { Ordering::Greater };
            let mut best = &args[0];
            for item in &args[1..] {
                if need!(order(&item.data, &best.data)) == wanted {
                    best = item;
                }
            }
            Some(best.data.clone())
        }
        Abs => match args[0].data {
            Data::Int(i) => Some(Data::Int(i.checked_abs().ok_or(EvalProblem::Overflow { at })?)),
            Data::Number(n) => Some(Data::Number(n.abs())),
            _ => None,
        },
        Floor | Ceil | Round => match args[0].data {
            Data::Int(i) => Some(Data::Int(i)),
            Data::Number(n) => Some(whole(
                match builtin {
                    Floor => n.floor(),
                    Ceil => n.ceil(),
                    _ => n.round(),
                },
                at,
            )?),
            _ => None,
        },
        Keys => {
            Some(Data::List(Arc::new(need!(record(0)).iter().map(|(k, f)| Value::text(k.clone(), f.key)).collect())))
        }
        Values => same(need!(record(0)).values().map(|f| f.value.clone()).collect()),
        Has => Some(Data::Bool(need!(record(0)).contains_key(need!(text(1))))),
        Merge => {
            let mut merged = (**need!(record(0))).clone();
            for n in 1..args.len() {
                overlay(&mut merged, need!(record(n)));
            }
            Some(Data::Record(Arc::new(merged)))
        }
        Json => {
            let json = need!(to_json(&args[0]));
            plain(json.to_string())
        }
        Base64 => plain(base64::engine::general_purpose::STANDARD.encode(need!(text(0)).as_bytes())),
        FromBase64 => {
            let decoded = base64::engine::general_purpose::STANDARD.decode(need!(text(0)).trim());
            match decoded.ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
                Some(text) => plain(text),
                None => return Err(EvalProblem::NotBase64 { at: args[0].origin }.into()),
            }
        }
        Md5 => plain(hex(&md5::Md5::digest(need!(text(0)).as_bytes()))),
        Sha1 => plain(hex(&sha1::Sha1::digest(need!(text(0)).as_bytes()))),
        Sha256 => plain(hex(&sha2::Sha256::digest(need!(text(0)).as_bytes()))),
        Sha512 => plain(hex(&sha2::Sha512::digest(need!(text(0)).as_bytes()))),
        Len | Contains | All | AnyOf | Given | Verbatim | File | RenderFile | Render | Env => None,
    })
}

fn whole(number: f64, at: Span) -> Result<Data, Stop> {
    // 2^63 as a float; every whole number below it in size is an i64.
    if number.abs() < 9_223_372_036_854_775_808.0 {
        Ok(Data::Int(number as i64))
    } else {
        Err(EvalProblem::Overflow { at }.into())
    }
}

fn title(text: &str) -> String {
    let mut begins = true;
    text.chars()
        .flat_map(|c| {
            let up = begins && c.is_alphanumeric();
            begins = !c.is_alphanumeric();
            if up { c.to_uppercase().collect::<Vec<_>>() } else { vec![c] }
        })
        .collect()
}

/// Lays one record over another, records inside them too.
fn overlay(base: &mut Record, upper: &Record) {
    for (key, field) in upper {
        if let (Some(Field { value: Value { data: Data::Record(below), .. }, .. }), Data::Record(above)) =
            (base.get(key), &field.value.data)
        {
            let mut merged = (**below).clone();
            overlay(&mut merged, above);
            let value = Value::new(Data::Record(Arc::new(merged)), field.value.origin);
            base.insert(key.clone(), Field { key: field.key, value });
        } else {
            base.insert(key.clone(), field.clone());
        }
    }
}

/// A value as JSON; none where it is late.
pub(super) fn to_json(value: &Value) -> Option<serde_json::Value> {
    Some(match &value.data {
        Data::Null => serde_json::Value::Null,
        Data::Bool(b) => (*b).into(),
        Data::Int(i) => (*i).into(),
        Data::Number(n) => (*n).into(),
        Data::Size(s) => (*s).into(),
        Data::List(list) => list.iter().map(to_json).collect::<Option<Vec<_>>>()?.into(),
        Data::Record(record) => {
            let mut map = serde_json::Map::new();
            for (key, field) in record.iter() {
                map.insert(key.to_string(), to_json(&field.value)?);
            }
            map.into()
        }
        _ => SmolStr::to_string(&value.display()?).into(),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Whether an option says nothing by its value: Packer does not tell an empty text, list or map from one that is not there.
fn says_nothing(value: &Value) -> bool {
    match &value.data {
        Data::Null => true,
        Data::Text(Text::Plain(text)) => text.is_empty(),
        Data::List(list) => list.is_empty(),
        Data::Record(record) => record.is_empty(),
        _ => false,
    }
}
