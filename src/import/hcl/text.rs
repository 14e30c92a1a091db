//! Texts: templates of HCL, and in them the `{{…}}` that plugins render after HCL has been evaluated.

use hcl_edit::expr::Expression;
use hcl_edit::template::{Directive, Element, Strip};

use crate::import::draft::{For, Kind, Name, Piece, Value};
use crate::template::{Action, OperandKind, Piece as Part, parse};
use crate::text::Span;

use super::expr::{pieces_of, with_key};
use super::known::joined;
use super::{Place, Reader, Said, Why};

impl<'a> Reader<'a> {
    /// A text without interpolations.
    pub(super) fn plain(&mut self, chars: &str, span: Span) -> Said {
        self.assembled(vec![Piece::Chars(chars.to_owned())], span)
    }

    /// A template; one that is nothing but an interpolation is what that is.
    pub(super) fn template_text(&mut self, elements: Vec<&'a Element>, place: &Place<'a>, span: Span) -> Said {
        if let [Element::Interpolation(only)] = &elements[..] {
            return self.value(&only.expr, place);
        }
        let pieces = self.pieces(&elements, place, span)?;
        self.assembled(pieces, span)
    }

    /// The parts of a template, in which a `~` takes blanks away from its neighbour.
    fn pieces(&mut self, elements: &[&'a Element], place: &Place<'a>, span: Span) -> Result<Vec<Piece>, Why> {
        let mut pieces = Vec::new();
        let mut trims = false;
        for (i, element) in elements.iter().enumerate() {
            match element {
                Element::Literal(literal) => {
                    let mut chars = literal.value().as_str();
                    if trims {
                        chars = chars.trim_start();
                    }
                    if elements.get(i + 1).is_some_and(|next| strips(next).0) {
                        chars = chars.trim_end();
                    }
                    pieces.push(Piece::Chars(chars.to_owned()));
                }
                Element::Interpolation(interpolation) if is_open(&pieces) => {
                    pieces.push(self.operand(&interpolation.expr, place)?);
                }
                Element::Interpolation(interpolation) => {
                    let value = self.value(&interpolation.expr, place)?;
                    pieces.extend(self.within(value)?);
                }
                Element::Directive(directive) => {
                    let value = self.directive(directive, place, span)?;
                    pieces.extend(pieces_of(value));
                }
            }
            trims = strips(element).1;
        }
        Ok(joined(pieces))
    }

    /// What an interpolation puts into a text.
    fn within(&mut self, value: Value) -> Result<Vec<Piece>, Why> {
        let why = |what: &str| Why { why: format!("{what} has no place in a text"), span: value.span };
        match &value.kind {
            // Within a text the environment is asked by the run.
            Kind::Call(name, arguments) if name == "env" => match arguments.first().and_then(Value::plain) {
                Some(name) if !name.contains('`') => Ok(vec![Piece::Action(format!("{{{{env `{name}`}}}}"))]),
                _ => Ok(pieces_of(value)),
            },
            Kind::Null => Err(why("`null`")),
            Kind::List(_) => Err(why("a list")),
            Kind::Record(_) => Err(why("a map")),
            _ => Ok(pieces_of(value)),
        }
    }

    /// What stands within an action: `jsonencode(…)` writes its argument as the run-time language writes texts.
    fn operand(&mut self, expression: &'a Expression, place: &Place<'a>) -> Result<Piece, Why> {
        let argument = match expression {
            Expression::FuncCall(call) if call.name.name.value().as_str() == "jsonencode" => call.args.iter().next(),
            _ => None,
        };
        let value = self.value(argument.unwrap_or(expression), place)?;
        let operand = match (&value.kind, argument) {
            (Kind::Name(Name::Variable(name)), Some(_)) => Some(format!("user `{name}`")),
            (Kind::Text(pieces), Some(_)) => match &pieces[..] {
                [Piece::Action(action)] => Some(action.trim_matches(['{', '}', ' ']).to_owned()),
                _ => None,
            },
            _ => None,
        };
        Ok(match operand {
            Some(operand) => Piece::Action(operand),
            None => Piece::Value(Box::new(value)),
        })
    }

    fn directive(&mut self, directive: &'a Directive, place: &Place<'a>, span: Span) -> Said {
        match directive {
            Directive::If(choice) => {
                let condition = self.value(&choice.if_expr.cond_expr, place)?;
                self.known(&condition)?;
                let (first, last) = (&choice.if_expr, &choice.endif_expr);
                let (yes_end, no) = match &choice.else_expr {
                    Some(other) => (other.strip, Some(other)),
                    None => (last.strip, None),
                };
                let elements: Vec<&Element> = first.template.iter().collect();
                let yes = self.inner(&elements, (first.strip, yes_end), place, span)?;
                let no = match no {
                    Some(other) => {
                        let elements: Vec<&Element> = other.template.iter().collect();
                        self.inner(&elements, (other.strip, last.strip), place, span)?
                    }
                    None => Value::text("", span),
                };
                Ok(Value::new(Kind::If(condition.into(), yes.into(), no.into()), span))
            }
            Directive::For(each) => {
                let over = self.value(&each.for_expr.collection_expr, place)?;
                self.known(&over)?;
                let mut inside = place.clone();
                let mut names = Vec::new();
                let key = each.for_expr.key_var.as_ref();
                let key = key.map(|key| self.bind(&mut inside, key.value().as_str(), &mut names));
                let value = self.bind(&mut inside, each.for_expr.value_var.value().as_str(), &mut names);
                let elements: Vec<&Element> = each.for_expr.template.iter().collect();
                let strip = (each.for_expr.strip, each.endfor_expr.strip);
                let makes = self.inner(&elements, strip, &inside, span)?;
                self.known(&makes)?;
                let made = For { key: None, value, over, condition: None, makes_key: None, makes };
                let list = Value::new(Kind::For(Box::new(self.in_order(with_key(made, key), span))), span);
                Ok(Value::new(Kind::Call("join".into(), vec![list, Value::text("", span)]), span))
            }
        }
    }

    /// The text between two directives.
    fn inner(&mut self, elements: &[&'a Element], strip: (Strip, Strip), place: &Place<'a>, span: Span) -> Said {
        let mut pieces = self.pieces(elements, place, span)?;
        if let (true, Some(Piece::Chars(chars))) = (is_end(strip.0), pieces.first_mut()) {
            *chars = chars.trim_start().to_owned();
        }
        if let (true, Some(Piece::Chars(chars))) = (is_start(strip.1), pieces.last_mut()) {
            *chars = chars.trim_end().to_owned();
        }
        self.assembled(joined(pieces), span)
    }

    /// A text in which the actions are found; values may stand between them, not within.
    pub(super) fn assembled(&mut self, pieces: Vec<Piece>, span: Span) -> Said {
        let pieces = joined(pieces);
        let mut source = String::new();
        let mut values = Vec::new();
        let chars: String =
            pieces.iter().filter_map(|p| if let Piece::Chars(c) = p { Some(c.as_str()) } else { None }).collect();
        if !chars.contains("{{") {
            return Ok(Value::new(Kind::Text(pieces), span));
        }
        // A character that the text does not hold stands for what is no characters.
        let Some(mark) = ('\u{e000}'..'\u{f8ff}').find(|c| !chars.contains(*c)) else {
            return Ok(Value::new(Kind::Text(pieces), span));
        };
        for piece in pieces {
            match piece {
                Piece::Chars(chars) => source.push_str(&chars),
                other => {
                    source.push(mark);
                    values.push(other);
                }
            }
        }
        let mut values = values.into_iter();
        let mut found = Vec::new();
        for part in &parse(&source).pieces {
            let written = source.get(part.range()).unwrap_or("");
            match part {
                Part::Text(_) => {
                    for (i, chars) in written.split(mark).enumerate() {
                        if i > 0 {
                            found.extend(values.next());
                        }
                        found.push(Piece::Chars(chars.to_owned()));
                    }
                }
                Part::Action { .. } => {
                    let mut action = String::new();
                    for (i, chars) in written.split(mark).enumerate() {
                        if i > 0 {
                            let next = values.next();
                            if let Some(Piece::Action(operand)) = &next {
                                let ends = |c: char| c.is_whitespace() || matches!(c, '}' | '|' | '-');
                                let alone =
                                    action.trim_start_matches(['{', ' ', '-']).is_empty() && chars.starts_with(ends);
                                action.push_str(&if alone { operand.clone() } else { format!("({operand})") });
                                action.push_str(chars);
                                continue;
                            }
                            let inner = next.map(|piece| Value::new(Kind::Text(vec![piece]), span));
                            match inner.and_then(|v| self.constant(&v)) {
                                Some(serde_json::Value::String(text)) => action.push_str(&text),
                                _ => {
                                    let why =
                                        "`${…}` within `{{…}}`: the two languages are evaluated at different times";
                                    return Err(Why { why: why.to_owned(), span });
                                }
                            }
                        }
                        action.push_str(chars);
                    }
                    found.push(match asked(&action) {
                        Some(name) => Piece::Value(Box::new(Value::new(Kind::Name(Name::Variable(name)), span))),
                        // Its name before Packer 1.6.
                        None => Piece::Action(action.replace("clean_ami_name", "clean_resource_name")),
                    });
                }
            }
        }
        let mut found = joined(found);
        if let [Piece::Value(_)] = &found[..]
            && let Some(Piece::Value(only)) = found.pop()
        {
            return Ok(*only);
        }
        Ok(Value::new(Kind::Text(found), span))
    }

    /// The expression that a template is nothing but, without parentheses around it.
    pub(super) fn unwrapped(&self, expression: &'a Expression) -> &'a Expression {
        let mut expression = expression;
        loop {
            expression = match expression {
                Expression::Parenthesis(inner) => inner.inner(),
                Expression::StringTemplate(template) => match template.as_single_element() {
                    Some(Element::Interpolation(only)) => &only.expr,
                    _ => return expression,
                },
                _ => return expression,
            };
        }
    }
}

/// The variable that an action asks for as legacy JSON does; HCL has no other meaning for it.
fn asked(action: &str) -> Option<String> {
    let parsed = parse(action);
    let [Part::Action { action: Action::Print(pipeline), trims_before: false, trims_after: false, .. }] =
        &parsed.pieces[..]
    else {
        return None;
    };
    let [command] = &pipeline.commands[..] else { return None };
    match (&command.head.kind, &command.arguments[..]) {
        (OperandKind::Function(function), [one]) if function == "user" && pipeline.variables.is_empty() => {
            match &one.kind {
                OperandKind::Text(name) => Some(name.clone()),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether the text so far has opened an action.
fn is_open(pieces: &[Piece]) -> bool {
    let text: String = pieces.iter().map(|p| if let Piece::Chars(chars) = p { chars.as_str() } else { "" }).collect();
    text.rfind("{{").is_some_and(|open| text.rfind("}}").is_none_or(|close| close < open))
}

/// Whether an element takes the blanks before it and behind it away.
fn strips(element: &Element) -> (bool, bool) {
    match element {
        Element::Literal(_) => (false, false),
        Element::Interpolation(interpolation) => (is_start(interpolation.strip), is_end(interpolation.strip)),
        Element::Directive(directive) => match &**directive {
            Directive::If(choice) => (is_start(choice.if_expr.strip), is_end(choice.endif_expr.strip)),
            Directive::For(each) => (is_start(each.for_expr.strip), is_end(each.endfor_expr.strip)),
        },
    }
}

fn is_start(strip: Strip) -> bool {
    matches!(strip, Strip::Start | Strip::Both)
}

fn is_end(strip: Strip) -> bool {
    matches!(strip, Strip::End | Strip::Both)
}
