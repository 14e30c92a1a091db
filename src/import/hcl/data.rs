//! Data sources. An AMI that is searched becomes the search of the builder that starts from it; what else is asked becomes a variable.

use hcl_edit::Decorated;
use hcl_edit::expr::TraversalOperator;
use hcl_edit::expr::{Conditional, Expression};
use hcl_edit::structure::Block;

use crate::import::draft::{Entry, Kind, Piece, Value};
use crate::text::Span;

use super::body::Entries;
use super::reference::name_of;
use super::{Place, Reader, Said, Where, Why};

/// What a search for an AMI is made of.
const SEARCH: &[&str] = &["filters", "owners", "most_recent", "include_deprecated"];

/// Facts of an AMI that was found, and what the run calls them.
const FACTS: &[(&str, &str)] = &[
    ("id", "SourceAMI"),
    ("name", "SourceAMIName"),
    ("creation_date", "SourceAMICreationDate"),
    ("owner", "SourceAMIOwner"),
    ("owner_name", "SourceAMIOwnerName"),
];

impl<'a> Reader<'a> {
    /// The data source that an expression takes an AMI's id from, looking through locals.
    pub(super) fn ami_of(&self, expression: &'a Expression) -> Option<(&'a str, &'a str)> {
        let Expression::Traversal(traversal) = self.resolved(expression) else { return None };
        let mut names = traversal.operators.iter().map(|o| name_of(o.value()));
        let (kind, label, field) = (names.next()??, names.next()??, names.next()??);
        let root = traversal.expr.as_variable()?.as_str();
        (root == "data" && kind == "amazon-ami" && field == "id" && names.next().is_none()).then_some((kind, label))
    }

    /// An expression without what only wraps it; a local is what it stands for.
    pub(super) fn resolved(&self, expression: &'a Expression) -> &'a Expression {
        let mut expression = self.unwrapped(expression);
        for _ in 0..16 {
            let Expression::Traversal(traversal) = expression else { break };
            let (Some(root), [one]) = (traversal.expr.as_variable(), &traversal.operators[..]) else { break };
            let Some(name) = name_of(one.value()).filter(|_| root.as_str() == "local") else { break };
            let Some(local) = self.module.locals.get(name) else { break };
            expression = self.unwrapped(local.expression);
        }
        expression
    }

    /// The data source that a builder's AMI comes from.
    pub(super) fn ami_source(&self, block: &'a Block) -> Option<(&'a str, &'a str)> {
        let attribute = block.body.get_attribute("source_ami")?;
        match self.resolved(&attribute.value) {
            Expression::Conditional(choice) => {
                self.ami_of(&choice.true_expr).or_else(|| self.ami_of(&choice.false_expr))
            }
            _ => self.ami_of(&attribute.value),
        }
    }

    /// Reads `source_ami`: an id, a search, or a choice between the two.
    pub(super) fn source_ami(&mut self, block: &'a Block, file: usize, place: &Place<'a>, found: &mut Entries) {
        let Some(attribute) = block.body.get_attribute("source_ami") else { return };
        let place = Place { file, ..place.clone() };
        let span = self.span(&place, &attribute.key);
        let said = match self.resolved(&attribute.value) {
            Expression::Conditional(choice) if self.ami_source(block).is_some() => {
                self.chosen(choice, &place, span, found)
            }
            _ => match self.ami_of(&attribute.value) {
                Some(source) => self
                    .search(source, &place, span, found)
                    .map(|filter| vec![entry("source_ami_filter", filter, span)]),
                None => self.value(&attribute.value, &place).map(|value| vec![entry("source_ami", value, span)]),
            },
        };
        match said {
            Ok(entries) => {
                let comments = std::mem::take(&mut self.comments);
                let behind = |e: &Entry| e.span.file == span.file && e.span.start > span.start;
                let mut at = found.entries.iter().position(behind).unwrap_or(found.entries.len());
                for (i, mut entry) in entries.into_iter().enumerate() {
                    if i == 0 {
                        entry.comments.extend(comments.iter().cloned());
                    }
                    match found.entries.iter_mut().find(|e| e.key == entry.key) {
                        Some(old) => *old = entry,
                        None => {
                            found.entries.insert(at, entry);
                            at += 1;
                        }
                    }
                }
            }
            Err(why) => {
                let written = self.files[file].written(self.span(&place, attribute));
                found.end.push(format!("import: {written}"));
                found.end.push(format!("        {}", why.why));
                self.lose("the option `source_ami`", why.why, why.span);
            }
        }
    }

    fn chosen(
        &mut self,
        choice: &'a Conditional,
        place: &Place<'a>,
        span: Span,
        found: &Entries,
    ) -> Result<Vec<Entry>, Why> {
        let condition = self.value(&choice.cond_expr, place)?;
        self.known(&condition)?;
        let mut half = |expression: &'a Expression| -> Result<(Value, Value), Why> {
            let null = Value::new(Kind::Null, span);
            Ok(match self.ami_of(expression) {
                Some(source) => (null, self.search(source, place, span, found)?),
                None => (self.value(expression, place)?, null),
            })
        };
        let (yes, no) = (half(&choice.true_expr)?, half(&choice.false_expr)?);
        let either = |a: Value, b: Value| Value::new(Kind::If(condition.clone().into(), a.into(), b.into()), span);
        Ok(vec![entry("source_ami", either(yes.0, no.0), span), entry("source_ami_filter", either(yes.1, no.1), span)])
    }

    /// The search of a data source, as a builder has it.
    fn search(&mut self, source: (&str, &str), place: &Place<'a>, span: Span, found: &Entries) -> Said {
        let key = (source.0.to_owned(), source.1.to_owned());
        let Some(at) = self.module.data.get(&key).cloned() else {
            return Err(Why { why: format!("no file that was read declares `data.{}.{}`", source.0, source.1), span });
        };
        let inner = Place { file: at.file, at: Where::Builder, ..place.clone() };
        let read = self.entries(at.block, &inner, &[]);
        let region = |entries: &[Entry]| entries.iter().find(|e| e.key == "region").map(|e| e.value.clone());
        if let (Some(theirs), Some(own)) = (region(&read.entries), region(&found.entries))
            && theirs != own
        {
            let why = "the builder searches in its own region, which is written otherwise";
            self.lose(format!("the region of `data.{}.{}`", source.0, source.1), why, theirs.span);
        }
        let mut options: Vec<Entry> = read.entries.into_iter().filter(|e| SEARCH.contains(&e.key.as_str())).collect();
        if let Some(first) = options.first_mut() {
            first.comments.splice(0..0, at.comments);
        }
        Ok(Value::new(Kind::Record(options), self.span(&inner, at.block)))
    }

    /// `data.kind.label.field`
    pub(super) fn data_value(
        &mut self,
        (kind, label, field): (&'a str, &'a str, &'a str),
        rest: &'a [Decorated<TraversalOperator>],
        place: &Place<'a>,
        span: Span,
    ) -> Said {
        let block = self.module.data.get(&(kind.to_owned(), label.to_owned())).cloned();
        if kind == "null"
            && let Some(at) = &block
            && let Some(input) = at.block.body.get_attribute("input")
        {
            return self.value(&input.value, &Place { file: at.file, ..place.clone() });
        }
        if kind == "amazon-ami" && place.source == Some((kind, label)) {
            let braced = |fact: &str| match place.at {
                Where::Step(_) => format!("{{{{build `{fact}`}}}}"),
                _ => format!("{{{{.{fact}}}}}"),
            };
            let action = match (field, rest) {
                ("tags", [tag]) if !matches!(place.at, Where::Step(_)) => name_of(tag.value())
                    .filter(|t| !t.contains('`'))
                    .map(|tag| format!("{{{{index .SourceAMITags `{tag}`}}}}")),
                (_, []) => FACTS.iter().find(|(theirs, _)| *theirs == field).map(|(_, fact)| braced(fact)),
                _ => None,
            };
            if let Some(action) = action {
                return Ok(Value::new(Kind::Text(vec![Piece::Action(action)]), span));
            }
        }
        let made = format!("data.{kind}.{label}.{field}");
        if kind == "amazon-secretsmanager"
            && matches!(field, "value" | "secret_string")
            && let Some(at) = &block
            && let Some(action) = self.secret(at.block, at.file, field)
        {
            let action = Value::new(Kind::Text(vec![Piece::Action(action)]), span);
            return Ok(self.stand_in(&made, label, Some(action), true, span));
        }
        let name = if matches!(field, "value" | "id" | "result" | "body") {
            label.to_owned()
        } else {
            format!("{label}_{field}")
        };
        if !self.made.iter().any(|(key, _)| *key == made) {
            let why = "there are no data sources; it became a variable, to be given when the plan runs";
            self.lose(format!("`{made}`"), why, span);
        }
        let sensitive = kind.contains("secret") || kind.contains("vault");
        let base = self.stand_in(&made, &name, None, sensitive, span);
        self.selected(base, rest, place, span)
    }

    /// The action that asks for a secret, where it is named by plain texts.
    fn secret(&mut self, block: &'a Block, file: usize, field: &str) -> Option<String> {
        let place = Place::new(file, Where::Builder);
        let mut text = |name: &str| -> Option<Option<String>> {
            let Some(attribute) = block.body.get_attribute(name) else { return Some(None) };
            let value = self.value(&attribute.value, &place).ok()?;
            self.constant(&value)?.as_str().filter(|t| !t.contains('`')).map(|t| Some(t.to_owned()))
        };
        let (name, key) = (text("name")??, text("key")?);
        Some(match key {
            _ if field == "secret_string" => format!("{{{{aws_secretsmanager_raw `{name}`}}}}"),
            Some(key) => format!("{{{{aws_secretsmanager `{name}` `{key}`}}}}"),
            None => format!("{{{{aws_secretsmanager `{name}`}}}}"),
        })
    }

    /// Data sources that nothing asked.
    pub(super) fn unused_data(&mut self) {
        let text: Vec<(String, Span)> = self
            .module
            .data
            .iter()
            .map(|((kind, label), at)| (format!("data.{kind}.{label}"), self.files[at.file].place(at.block)))
            .collect();
        for (name, span) in text {
            let asked = self.files.iter().any(|file| file.text.contains(&name));
            if !asked {
                self.lose(format!("`{name}`"), "nothing asks for it", span);
            }
        }
    }
}

fn entry(key: &str, value: Value, span: Span) -> Entry {
    Entry { key: key.to_owned(), value, comments: Vec::new(), span }
}
