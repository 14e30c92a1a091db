//! Texts: templates of HCL, and in them the `{{…}}` that plugins render after HCL has been evaluated.

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::template::{Directive, Element};

use crate::import::draft::{For, Kind, Name, Piece, Value};
use crate::template::{Action, OperandKind, Piece as Part, parse};
use crate::text::Span;

use super::blanks::{Form, Literals, literals};
use super::expr::{pieces_of, truth, with_key};
use super::known::joined;
use super::{Place, Reader, Said, Why};

impl<'a> Reader<'a> {
    /// A text without interpolations.
    pub(super) fn plain(&mut self, chars: &str, span: Span) -> Said {
        self.assembled(vec![Piece::Chars(chars.to_owned())], span)
    }

    /// A template; one that is nothing but an interpolation is what that is.
    pub(super) fn template_text(
        &mut self,
        elements: Vec<&'a Element>,
        form: Form,
        place: &Place<'a>,
        span: Span,
    ) -> Said {
        if let [Element::Interpolation(only)] = &elements[..] {
            return self.value(&only.expr, place);
        }
        let literals = literals(&elements, form, self.files[place.file].text);
        self.inner(&elements, &literals, place, span)
    }

    /// The text of a template or of a part of one.
    fn inner(&mut self, elements: &[&'a Element], literals: &Literals, place: &Place<'a>, span: Span) -> Said {
        let mut pieces = Vec::new();
        // Whether the text so far has opened an action.
        let mut open = false;
        for element in elements {
            match element {
                Element::Literal(literal) => {
                    let start = literal.span().unwrap_or_default().start;
                    let chars = literals.get(&start).map_or(literal.value().as_str(), String::as_str);
                    open = match (chars.rfind("{{"), chars.rfind("}}")) {
                        (None, None) => open,
                        (opens, closes) => opens > closes,
                    };
                    pieces.push(Piece::Chars(chars.to_owned()));
                }
                Element::Interpolation(interpolation) if open => {
                    pieces.push(self.operand(&interpolation.expr, place)?);
                }
                Element::Interpolation(interpolation) => {
                    let value = self.value(&interpolation.expr, place)?;
                    pieces.extend(self.within(value)?);
                }
                Element::Directive(directive) => {
                    let value = self.directive(directive, literals, place, span)?;
                    pieces.extend(pieces_of(value));
                }
            }
        }
        self.assembled(pieces, span)
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

    fn directive(&mut self, directive: &'a Directive, literals: &Literals, place: &Place<'a>, span: Span) -> Said {
        match directive {
            Directive::If(choice) => {
                let condition = truth(self.value(&choice.if_expr.cond_expr, place)?);
                self.known(&condition)?;
                let elements: Vec<&Element> = choice.if_expr.template.iter().collect();
                let yes = self.inner(&elements, literals, place, span)?;
                let no = match &choice.else_expr {
                    Some(other) => {
                        let elements: Vec<&Element> = other.template.iter().collect();
                        self.inner(&elements, literals, place, span)?
                    }
                    None => Value::text("", span),
                };
                if let Kind::Bool(holds) = condition.kind {
                    return Ok(if holds { yes } else { no });
                }
                Ok(Value::new(Kind::If(condition.into(), yes.into(), no.into()), span))
            }
            Directive::For(each) => {
                let collection = self.collection(&each.for_expr.collection_expr, place)?;
                let mut inside = place.clone();
                let key = each.for_expr.key_var.as_ref().map(|key| key.value().as_str());
                let value = each.for_expr.value_var.value().as_str();
                let (key, value) = self.bind_both(&mut inside, key, value, &collection);
                let over = collection.over;
                let elements: Vec<&Element> = each.for_expr.template.iter().collect();
                let makes = self.inner(&elements, literals, &inside, span)?;
                self.known(&makes)?;
                let made = For { key: None, value, over, condition: None, makes_key: None, makes };
                let each = self.in_order(with_key(made, key), place, span)?;
                let list = Value::new(Kind::For(Box::new(each)), span);
                Ok(Value::new(Kind::Call("join".into(), vec![list, Value::text("", span)]), span))
            }
        }
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
