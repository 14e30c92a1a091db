//! Declarations: variables with their types, and locals.

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::Block;
use rustc_hash::FxHashMap;

use crate::import::draft::{Kind, Type, Value, Variable};
use crate::text::Span;

use super::fold::value_of;
use super::module::{Variable as Declared, inside, is_true};
use super::{Came, Place, Reader, Said, Where, Why, gaps};

impl<'a> Reader<'a> {
    pub(super) fn variables(&mut self) {
        for (name, declared) in std::mem::take(&mut self.module.variables) {
            let variable = match &declared {
                Declared::Short(file, attribute, comments) => {
                    let place = Place::new(*file, Where::Default);
                    let said = self.value(&attribute.value, &place);
                    let span = self.span(&place, *attribute);
                    let default = self.default(&name, said);
                    let mut comments = comments.clone();
                    comments.append(&mut self.comments);
                    let ty = default.as_ref().map_or(Type::Any, shown);
                    Variable { name: name.clone(), ty, default, sensitive: false, doc: Vec::new(), comments, span }
                }
                Declared::Block(at) => self.variable_block(&name, at.file, at.block, at.comments.clone()),
            };
            self.declare(variable);
            // Names are asked for later on.
            self.module.variables.insert(name, declared);
        }
    }

    fn variable_block(&mut self, name: &str, file: usize, block: &'a Block, comments: Vec<String>) -> Variable {
        let place = Place::new(file, Where::Default);
        let span = self.span(&place, block);
        let mut variable = Variable { comments, ..Variable::unsaid(name, span) };
        let range = inside(block);
        let mut done = range.start;
        let mut validations = Vec::new();
        for structure in &block.body {
            let at = structure.span().unwrap_or(done..done);
            let gap = gaps::comments(self.files[file].text, done..at.start.max(done));
            variable.comments.extend(gap.behind);
            variable.comments.extend(gap.above);
            done = at.end;
            if let Some(inner) = structure.as_block() {
                if inner.ident.as_str() == "validation" {
                    validations.push(inner);
                } else {
                    let what = format!("`{}` of the variable `{name}`", inner.ident.as_str());
                    self.lose(what, "variables of Packer's have no such thing", self.span(&place, inner));
                }
                continue;
            }
            let Some(attribute) = structure.as_attribute() else { continue };
            match attribute.key.as_str() {
                "type" => variable.ty = type_of(&attribute.value),
                "default" => {
                    let said = self.value(&attribute.value, &place);
                    variable.default = self.default(name, said);
                    variable.comments.append(&mut self.comments);
                }
                "sensitive" => variable.sensitive = is_true(&attribute.value),
                "description" => {
                    if let Ok(value) = self.value(&attribute.value, &place) {
                        let text = self.constant(&value).and_then(|c| c.as_str().map(str::to_owned));
                        variable.doc =
                            text.unwrap_or_default().trim().lines().map(|l| l.trim_end().to_owned()).collect();
                    }
                }
                other => {
                    let at = self.span(&place, attribute);
                    self.lose(
                        format!("`{other}` of the variable `{name}`"),
                        "variables of Packer's have no such thing",
                        at,
                    );
                }
            }
        }
        let gap = gaps::comments(self.files[file].text, done..range.end.max(done));
        variable.comments.extend(gap.behind);
        variable.comments.extend(gap.above);
        if variable.ty == Type::Any
            && let Some(default) = &variable.default
        {
            variable.ty = shown(default);
        }
        for inner in validations {
            self.validation(inner, &place, &mut variable);
        }
        variable
    }

    fn default(&mut self, name: &str, said: Said) -> Option<Value> {
        match said {
            Ok(value) => Some(value),
            Err(Why { why, span }) => {
                self.lose(format!("the default of the variable `{name}`"), why, span);
                None
            }
        }
    }

    pub(super) fn all_locals(&mut self) {
        let names: Vec<String> = self.module.locals.keys().cloned().collect();
        for name in &names {
            let local = self.module.locals.get(name).map(|local| local.expression);
            // The AMI of a builder is searched by the builder; what else asks for it reads it then.
            if local.is_none_or(|expression| self.ami_of(expression).is_none()) {
                self.read_local(name);
            }
        }
        // They were read as they were needed; a reader expects them in their order.
        let places: FxHashMap<&str, usize> = names.iter().enumerate().map(|(i, name)| (name.as_str(), i)).collect();
        self.draft.locals.sort_by_key(|local| places.get(local.key.as_str()).copied());
    }

    /// Whether what is written names a secret.
    fn names_secret(&self, written: &str) -> bool {
        let names = |root: &str| -> Vec<String> {
            let word =
                |rest: &str| rest.split(|c: char| !(c.is_alphanumeric() || "_-".contains(c))).next().map(str::to_owned);
            written.split(root).skip(1).filter_map(word).collect()
        };
        names("var.").iter().any(|name| self.is_sensitive(name))
            || names("local.").iter().any(|name| self.secret_locals.contains(name))
    }

    /// What an expression comes to if no variable is set, and whenever the plan runs.
    fn supposed(&mut self, expression: &'a Expression, file: usize) -> Option<serde_json::Value> {
        self.lenient = true;
        let value = self.value(expression, &Place::new(file, Where::Local));
        self.lenient = false;
        self.comments.clear();
        self.assumed(&value.ok()?)
    }

    /// A local that cannot be said becomes a value that can be given, if what it comes to without any settings can be told.
    pub(super) fn unsaid_local(
        &mut self,
        name: &str,
        mut comments: Vec<String>,
        why: Why,
        span: Span,
        file: usize,
    ) -> Came {
        let expression = self.module.locals.get(name).map(|l| l.expression);
        let written = expression.map(|e| self.files[file].written(self.files[file].place(e))).unwrap_or_default();
        comments.push(format!("import: {name} = {written}"));
        comments.push(format!("        {}", why.why));
        let found = expression.and_then(|e| self.supposed(e, file)).map(|json| value_of(&json, span));
        // What is made of a secret is one.
        let secret = self.names_secret(&written);
        if secret {
            self.secret_locals.insert(name.to_owned());
        }
        if found.is_none() && expression.is_some_and(is_textual) {
            let what = if secret { "secret" } else { "variable" };
            let told = format!("{}; it became a {what}, to be given when the plan runs", why.why);
            self.lose(format!("the local `{name}`"), told, why.span);
            let value = self.stand_in(&format!("local.{name}"), name, None, secret, span);
            if let Some(variable) = self.draft.variables.last_mut() {
                variable.comments = comments;
                variable.ty = Type::Text;
            }
            return Came::Value(value);
        }
        let Some(found) = found else {
            self.lose(format!("the local `{name}`"), why.why.clone(), why.span);
            self.draft.end.extend(comments);
            return Came::Nothing(why.why);
        };
        let told = format!("{}; it became a variable with the value that it has if nothing else is set", why.why);
        self.lose(format!("the local `{name}`"), told, why.span);
        let ty = shown(&found);
        let value = self.stand_in(&format!("local.{name}"), name, Some(found), secret, span);
        if let Some(variable) = self.draft.variables.last_mut() {
            variable.comments = comments;
            variable.ty = ty;
        }
        Came::Value(value)
    }
}

/// Functions whose result is a text.
const TEXTS: &[&str] = &[
    "abspath",
    "base64decode",
    "base64encode",
    "base64gzip",
    "basename",
    "bcrypt",
    "chomp",
    "cidrhost",
    "dirname",
    "file",
    "format",
    "formatdate",
    "indent",
    "join",
    "lower",
    "md5",
    "pathexpand",
    "regex_replace",
    "replace",
    "rsadecrypt",
    "sha1",
    "sha256",
    "sha512",
    "strrev",
    "substr",
    "templatefile",
    "timeadd",
    "title",
    "trim",
    "trimprefix",
    "trimspace",
    "trimsuffix",
    "upper",
    "urlencode",
    "uuidv5",
    "yamlencode",
];

/// Whether an expression is a text for certain, whatever else it is.
fn is_textual(expression: &Expression) -> bool {
    match expression {
        Expression::String(_) | Expression::HeredocTemplate(_) => true,
        Expression::StringTemplate(template) => template.len() > 1,
        Expression::Parenthesis(inner) => is_textual(inner.inner()),
        Expression::Conditional(choice) => is_textual(&choice.true_expr) || is_textual(&choice.false_expr),
        Expression::FuncCall(call) => match call.name.name.value().as_str() {
            "coalesce" | "try" => call.args.iter().any(is_textual),
            name => TEXTS.contains(&name),
        },
        _ => false,
    }
}

/// The type that a value shows.
fn shown(value: &Value) -> Type {
    match &value.kind {
        Kind::Bool(_) => Type::Bool,
        Kind::Int(_) | Kind::Number(_) => Type::Number,
        Kind::Text(_) => Type::Text,
        Kind::List(values) => {
            let mut types = values.iter().map(shown);
            let first = types.next().unwrap_or(Type::Any);
            let same = types.all(|ty| ty == first);
            Type::List(Box::new(if same { first } else { Type::Any }))
        }
        Kind::Record(entries) => {
            let mut types = entries.iter().map(|e| shown(&e.value));
            let first = types.next().unwrap_or(Type::Any);
            if types.all(|ty| ty == first) {
                Type::Map(Box::new(first))
            } else {
                Type::Record(entries.iter().map(|e| (e.key.clone(), shown(&e.value), false)).collect())
            }
        }
        _ => Type::Any,
    }
}

/// A type as it is declared.
fn type_of(expression: &Expression) -> Type {
    match expression {
        Expression::Variable(word) => word_of(word.value().as_str()),
        Expression::String(word) => word_of(word.value()),
        Expression::Parenthesis(inner) => type_of(inner.inner()),
        Expression::FuncCall(call) => {
            let first = call.args.iter().next();
            let inner = || Box::new(first.map_or(Type::Any, type_of));
            match call.name.name.value().as_str() {
                "list" | "set" => Type::List(inner()),
                "map" => Type::Map(inner()),
                "optional" => *inner(),
                "tuple" => match first {
                    Some(Expression::Array(types)) => {
                        let types: Vec<Type> = types.iter().map(type_of).collect();
                        let same = types.first().filter(|first| types.iter().all(|t| t == *first)).cloned();
                        Type::List(Box::new(same.unwrap_or_default()))
                    }
                    _ => Type::List(Box::new(Type::Any)),
                },
                "object" => match first {
                    Some(Expression::Object(members)) => {
                        Type::Record(members.iter().filter_map(|(k, v)| member(k, v.expr())).collect())
                    }
                    _ => Type::Map(Box::new(Type::Any)),
                },
                _ => Type::Any,
            }
        }
        _ => Type::Any,
    }
}

fn member(key: &ObjectKey, ty: &Expression) -> Option<(String, Type, bool)> {
    let key = match key {
        ObjectKey::Ident(name) => name.value().as_str().to_owned(),
        ObjectKey::Expression(Expression::String(name)) => name.value().clone(),
        ObjectKey::Expression(_) => return None,
    };
    let optional = matches!(ty, Expression::FuncCall(call) if call.name.name.value().as_str() == "optional");
    Some((key, type_of(ty), optional))
}

fn word_of(word: &str) -> Type {
    match word {
        "string" => Type::Text,
        "number" => Type::Number,
        "bool" => Type::Bool,
        "list" => Type::List(Box::new(Type::Any)),
        "map" => Type::Map(Box::new(Type::Any)),
        _ => Type::Any,
    }
}
