//! Bodies of blocks as entries: attributes, nested blocks, and `dynamic` blocks, which are made once for each element.

use std::ops::Range;
use std::rc::Rc;

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body, Structure};

use crate::import::draft::{Entry, For, Kind, Value};
use crate::text::Span;

use super::expr::{keyed, with_key};
use super::forms::members;
use super::module::inside;
use super::{Bound, Place, Reader, Said, Why, gaps};

/// Blocks that are one entry of a map each: their names, the name of the map, and the attribute that holds the key.
const PAIRS: &[(&str, &str, &str)] = &[
    ("tag", "tags", "key"),
    ("run_tag", "run_tags", "key"),
    ("run_volume_tag", "run_volume_tags", "key"),
    ("snapshot_tag", "snapshot_tags", "key"),
    ("spot_tag", "spot_tags", "key"),
    ("fleet_tag", "fleet_tags", "key"),
    ("filter", "filters", "name"),
];

/// The entries of a body, and the comments behind the last one.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) entries: Vec<Entry>,
    pub(super) end: Vec<String>,
}

impl<'a> Reader<'a> {
    /// The entries of a block. `skip` names what is read elsewhere.
    pub(super) fn entries(&mut self, block: &'a Block, place: &Place<'a>, skip: &[&str]) -> Entries {
        let span = self.span(place, block);
        let mut found = Entries::default();
        self.body(&block.body, inside(block), place, skip, span, &mut found);
        found
    }

    fn body(
        &mut self,
        body: &'a Body,
        range: Range<usize>,
        place: &Place<'a>,
        skip: &[&str],
        whole: Span,
        found: &mut Entries,
    ) {
        let outer = std::mem::take(&mut self.comments);
        let mut done = range.start;
        for structure in body {
            let at = structure.span().unwrap_or(done..done);
            let gap = gaps::comments(self.files[place.file].text, done..at.start.max(done));
            match found.entries.last_mut() {
                Some(last) if done > range.start => last.comments.extend(gap.behind),
                _ => self.comments.extend(gap.behind),
            }
            self.comments.extend(gap.above);
            done = at.end;
            let name = match structure {
                Structure::Attribute(attribute) => attribute.key.as_str(),
                Structure::Block(block) => block.ident.as_str(),
            };
            if skip.contains(&name) {
                continue;
            }
            let said = match structure {
                Structure::Attribute(attribute) => {
                    let span = self.span(place, &attribute.key);
                    self.value(&attribute.value, place).map(|value| put(&mut found.entries, name, value, span))
                }
                Structure::Block(block) if name == "dynamic" => self.dynamic(block, place, &mut found.entries),
                Structure::Block(block) => self.nested(block, place, &mut found.entries),
            };
            let comments = match said {
                Ok(position) => {
                    let comments = std::mem::take(&mut self.comments);
                    if let Some(entry) = found.entries.get_mut(position) {
                        entry.comments.extend(comments);
                    }
                    continue;
                }
                Err(why) => self.unsaid(structure, name, why, place),
            };
            self.comments.extend(comments);
        }
        let gap = gaps::comments(self.files[place.file].text, done..range.end.max(done));
        match found.entries.last_mut() {
            Some(last) if whole.end > 0 => last.comments.extend(gap.behind),
            _ => self.comments.extend(gap.behind),
        }
        found.end.append(&mut self.comments);
        found.end.extend(gap.above);
        self.comments = outer;
    }

    /// Tells what cannot be said, and gives the comment that stands in its place.
    fn unsaid(&mut self, structure: &'a Structure, name: &str, why: Why, place: &Place<'a>) -> Vec<String> {
        let span = self.span(place, structure);
        let written = self.files[place.file].written(span);
        self.lose(format!("the option `{name}`"), why.why.clone(), why.span);
        vec![format!("import: {written}"), format!("        {}", why.why)]
    }

    fn nested(&mut self, block: &'a Block, place: &Place<'a>, entries: &mut Vec<Entry>) -> Result<usize, Why> {
        let name = block.ident.as_str();
        let span = self.span(place, &block.ident);
        if let Some((key, value)) = pair(name, &block.body) {
            let (_, map, _) = PAIRS.iter().find(|(n, ..)| *n == name).copied().unwrap_or_default();
            let (key, value) = (self.value(key, place)?, self.value(value, place)?);
            let key = self.key(key)?;
            return Ok(put_pair(entries, map, keyed(key, value, span), span));
        }
        let record = self.block_record(block, place)?;
        Ok(put_block(entries, name, record, span))
    }

    /// A block as a record. What cannot be said of it is told as part of it.
    fn block_record(&mut self, block: &'a Block, place: &Place<'a>) -> Said {
        let span = self.span(place, block);
        let found = self.entries(block, place, &[]);
        let mut entries = found.entries;
        match entries.last_mut() {
            Some(last) => last.comments.extend(found.end),
            None => self.comments.extend(found.end),
        }
        Ok(Value::new(Kind::Record(std::mem::take(&mut entries)), span))
    }

    fn dynamic(&mut self, block: &'a Block, place: &Place<'a>, entries: &mut Vec<Entry>) -> Result<usize, Why> {
        let span = self.span(place, block);
        let fail = |why: &str| Why { why: why.to_owned(), span };
        let name = block
            .labels
            .first()
            .map(|l| l.as_str())
            .ok_or_else(|| fail("a `dynamic` block names the block that it makes"))?;
        let over = block.body.get_attribute("for_each").ok_or_else(|| fail("a `dynamic` block has a `for_each`"))?;
        let content =
            block.body.get_blocks("content").next().ok_or_else(|| fail("a `dynamic` block has a `content`"))?;
        let iterator =
            block.body.get_attribute("iterator").and_then(|a| a.value.as_variable()).map_or(name, |i| i.as_str());
        let collection = self.collection(&over.value, place)?;
        let mut inner = place.clone();
        let value = self.fresh("value", place);
        let key = if collection.set { value.clone() } else { self.fresh("key", place) };
        inner.bound.push(Bound {
            name: iterator.to_owned(),
            key: Some(key.clone()),
            value: Some(value.clone()),
            over: Some(Rc::new(collection.over.clone())),
            stands: None,
            iterator: true,
            known: None,
        });
        let over = collection.over;
        let made = match pair(name, &content.body) {
            Some((k, v)) => {
                let (k, v) = (self.value(k, &inner)?, self.value(v, &inner)?);
                self.known(&k)?;
                (Some(k), v)
            }
            None => (None, self.block_record(content, &inner)?),
        };
        let (makes_key, makes) = made;
        let is_pair = makes_key.is_some();
        let each = For { key: None, value, over, condition: None, makes_key, makes };
        let spread = self.made_of(each, key, place, span)?;
        let entry = keyed(Ok(String::new()), Value::new(Kind::Spread(spread.into()), span), span);
        if is_pair {
            let (_, map, _) = PAIRS.iter().find(|(n, ..)| *n == name).copied().unwrap_or_default();
            return Ok(put_pair(entries, map, entry, span));
        }
        Ok(put_blocks(entries, name, entry.value, span))
    }

    /// What a `dynamic` block makes. `c ? [1] : []`, which is how HCL says *if*, is an `if` where nothing needs the element.
    fn made_of(&mut self, each: For, key: String, place: &Place<'a>, span: Span) -> Said {
        // The key of a set is its value.
        let key = Some(key).filter(|key| *key != each.value);
        let each = with_key(each, key);
        let used = {
            let value = each.value.clone();
            let mut used = each.key.is_some();
            for part in std::iter::once(&each.makes).chain(&each.makes_key) {
                part.each(&mut |v| {
                    used |= matches!(&v.kind, Kind::Name(crate::import::draft::Name::Bound(n)) if *n == value)
                });
            }
            used
        };
        if let (false, Kind::If(condition, a, b)) = (used, &each.over.kind) {
            let spread = |v: &Value| matches!(v.kind, Kind::Spread(_));
            let length = |v: &Value| match &v.kind {
                Kind::List(values) => (!values.iter().any(spread)).then_some(values.len()),
                Kind::Record(entries) => (!entries.iter().any(|e| spread(&e.value))).then_some(entries.len()),
                _ => None,
            };
            let one = |made: bool| {
                let kind = match (&each.makes_key, made) {
                    (Some(key), true) => Kind::Record(vec![keyed(constant_key(key), each.makes.clone(), span)]),
                    (Some(_), false) => Kind::Record(Vec::new()),
                    (None, true) => Kind::List(vec![each.makes.clone()]),
                    (None, false) => Kind::List(Vec::new()),
                };
                Box::new(Value::new(kind, span))
            };
            if let (Some(a @ (0 | 1)), Some(b @ (0 | 1))) = (length(a), length(b)) {
                return Ok(Value::new(Kind::If(condition.clone(), one(a == 1), one(b == 1)), span));
            }
        }
        let each = self.in_order(each, place, span)?;
        Ok(Value::new(Kind::For(Box::new(each)), span))
    }
}

fn constant_key(key: &Value) -> Result<String, Value> {
    key.plain().map(str::to_owned).ok_or_else(|| key.clone())
}

/// Whether blocks of a name are entries of a map.
pub(super) fn is_pair(name: &str) -> bool {
    PAIRS.iter().any(|(own, ..)| *own == name)
}

/// The key and the value of a block that is an entry of a map.
fn pair<'a>(name: &str, body: &'a Body) -> Option<(&'a Expression, &'a Expression)> {
    let (.., key) = PAIRS.iter().find(|(n, ..)| *n == name)?;
    let key = body.get_attribute(key)?;
    let value = body.get_attribute("value")?;
    (body.len() == 2).then_some((&key.value, &value.value))
}

/// Adds an option, and says where it is.
fn put(entries: &mut Vec<Entry>, name: &str, value: Value, span: Span) -> usize {
    if let Some(position) = entries.iter().position(|e| e.key == name) {
        // The map is there already, made by blocks; what they say counts.
        entries[position].value = laid_over(&value, &entries[position].value);
        return position;
    }
    entries.push(Entry { key: name.to_owned(), value, comments: Vec::new(), span });
    entries.len() - 1
}

/// A map with the entries of another, which count.
pub(super) fn laid_over(map: &Value, over: &Value) -> Value {
    let mut all = members(map);
    for entry in members(over) {
        all.retain(|e| e.key.is_empty() || e.key != entry.key);
        all.push(entry);
    }
    Value::new(Kind::Record(all), map.span)
}

fn put_pair(entries: &mut Vec<Entry>, map: &str, entry: Entry, span: Span) -> usize {
    match entries.iter().position(|e| e.key == map) {
        Some(position) => {
            let mut all = members(&entries[position].value);
            all.retain(|e| e.key.is_empty() || e.key != entry.key);
            all.push(entry);
            entries[position].value.kind = Kind::Record(all);
            position
        }
        None => {
            let value = Value::new(Kind::Record(vec![entry]), span);
            entries.push(Entry { key: map.to_owned(), value, comments: Vec::new(), span });
            entries.len() - 1
        }
    }
}

/// Adds a block: the first one alone is a record, several are a list.
fn put_block(entries: &mut Vec<Entry>, name: &str, record: Value, span: Span) -> usize {
    if entries.iter().any(|e| e.key == name) {
        return put_blocks(entries, name, record, span);
    }
    entries.push(Entry { key: name.to_owned(), value: record, comments: Vec::new(), span });
    entries.len() - 1
}

fn put_blocks(entries: &mut Vec<Entry>, name: &str, element: Value, span: Span) -> usize {
    let Some(position) = entries.iter().position(|e| e.key == name) else {
        // `[...xs]` is `xs`.
        let value = match element.kind {
            Kind::Spread(inner) => *inner,
            kind => Value::new(Kind::List(vec![Value::new(kind, element.span)]), element.span),
        };
        entries.push(Entry { key: name.to_owned(), value, comments: Vec::new(), span });
        return entries.len() - 1;
    };
    let value = &mut entries[position].value;
    let at = value.span;
    let first = std::mem::replace(&mut value.kind, Kind::Null);
    let mut elements = match first {
        Kind::List(values) => values,
        kind @ Kind::Record(_) => vec![Value::new(kind, at)],
        kind => vec![Value::new(Kind::Spread(Box::new(Value::new(kind, at))), at)],
    };
    elements.push(element);
    value.kind = Kind::List(elements);
    position
}
