//! Validations of variables as types: one of some texts, or a text of a form. Others stay as comments.

use hcl_edit::structure::Block;

use crate::import::draft::{Kind, Name, Operator, Type, Value, Variable};

use super::{Place, Reader, Where};

impl<'a> Reader<'a> {
    /// Takes a validation into the type of its variable.
    pub(super) fn validation(&mut self, block: &'a Block, place: &Place<'a>, variable: &mut Variable) {
        let span = self.span(place, block);
        // A validation speaks of its own variable, a default of none.
        let inner = Place { at: Where::Local, ..place.clone() };
        let condition = block.body.get_attribute("condition").and_then(|a| self.value(&a.value, &inner).ok());
        let ty = condition.as_ref().and_then(|c| self.refined(c, &variable.name));
        if let (Some(ty), Type::Any | Type::Text) = (ty, &variable.ty) {
            variable.ty = ty;
            return;
        }
        let written = self.files[place.file].written(span);
        variable.comments.push(format!("import: {written}"));
        let why = "write it as a type, `string matches /…/` or `int in 1..9`, or as a policy";
        self.lose(format!("the validation of the variable `{}`", variable.name), why, span);
    }

    fn refined(&self, condition: &Value, name: &str) -> Option<Type> {
        let own = |value: &Value| matches!(&value.kind, Kind::Name(Name::Variable(n)) if n == name);
        let plain = |value: &Value| self.constant(value)?.as_str().map(str::to_owned);
        match &condition.kind {
            Kind::Call(function, arguments) if function == "contains" => match &arguments[..] {
                [list, asked] if own(asked) => {
                    let texts = self.constant(list)?;
                    let texts =
                        texts.as_array()?.iter().map(|t| t.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()?;
                    (!texts.is_empty()).then_some(Type::OneOf(texts))
                }
                _ => None,
            },
            Kind::Operation(Operator::Matches, asked, pattern) if own(asked) => Some(Type::Matches(plain(pattern)?)),
            Kind::Operation(Operator::Equal, asked, text) if own(asked) => Some(Type::OneOf(vec![plain(text)?])),
            Kind::Operation(Operator::Or, a, b) => match (self.refined(a, name)?, self.refined(b, name)?) {
                (Type::OneOf(mut texts), Type::OneOf(more)) => {
                    texts.extend(more);
                    Some(Type::OneOf(texts))
                }
                _ => None,
            },
            // `length(regexall("…", var.x)) > 0`
            _ => None,
        }
    }
}
