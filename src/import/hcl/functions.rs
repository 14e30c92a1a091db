//! Calls of HCL2's functions: by a built-in function of the language, by another form that says the same, by an action of the run, or
//! by the result where all that a function is given is known now.

use hcl_edit::expr::{Expression, FuncCall};

use crate::import::draft::{Kind, Operator, Piece, Value};
use crate::text::Span;

use super::defaults::is_default;
use super::fold::value_of;
use super::known::joined;
use super::{Place, Reader, Said, Where, Why, moment, pure};

/// Functions whose result is a secret of a store.
const STORES: &[&str] = &["aws_secretsmanager", "aws_secretsmanager_raw", "consul_key", "vault"];

impl<'a> Reader<'a> {
    pub(super) fn call(&mut self, call: &'a FuncCall, span: Span, place: &Place<'a>) -> Said {
        let name = call.name.name.value().as_str();
        match name {
            "try" => return self.tried(call, span, place),
            "can" => return self.can(call, span, place),
            "templatefile" => return self.template_file(call, span, place),
            _ => {}
        }
        let (arguments, range) = self.arguments(call, place)?;
        self.gap(place, range);
        let why = |why: String| Why { why, span };
        match (name, &arguments[..]) {
            ("timestamp", []) => return Ok(moment::of_run(span)),
            ("uuidv4", []) => return Ok(Value::new(Kind::Text(vec![Piece::Action("{{uuid}}".into())]), span)),
            ("formatdate", [format, time]) => return self.formatdate(format, time, span),
            ("legacy_isotime", []) => {
                return Ok(Value::new(Kind::Text(vec![Piece::Action("{{isotime}}".into())]), span));
            }
            ("legacy_isotime", [layout]) => return self.action("isotime", std::slice::from_ref(layout), span),
            ("legacy_strftime", [format]) => return self.action("strftime", std::slice::from_ref(format), span),
            ("env", [variable]) => return self.environment(variable, span, place),
            ("file", [path]) => return self.file(path, span),
            ("sensitive", [one]) => return self.hidden(one, span, place),
            ("abspath" | "pathexpand", [path]) => return Ok(path.clone()),
            _ if STORES.contains(&name) => return self.store(name, &arguments, span, place),
            _ => {}
        }
        if let Some(value) = self.formed(name, &arguments, span) {
            return Ok(value);
        }
        if let Some(found) = self.at_run(name, &arguments, place, span) {
            return found;
        }
        let known = arguments.iter().try_for_each(|a| self.known(a));
        known.map_err(|why| Why { why: why.why, span })?;
        if let Some(value) = self.same(name, &arguments, place, span) {
            return Ok(value);
        }
        let constants = arguments.iter().map(|a| self.constant(a)).collect::<Option<Vec<_>>>();
        if let Some(found) = constants.and_then(|constants| pure::call(name, &constants)) {
            return Ok(value_of(&found, span));
        }
        if let Some(value) = self.nearly(name, &arguments, place, span) {
            return Ok(value);
        }
        if self.lenient {
            return Ok(Value::new(Kind::Call(name.to_owned(), arguments), span));
        }
        Err(why(format!("there is no function like `{name}`; say its result, or give it as a `param`")))
    }

    /// The arguments; and what stands behind the last one.
    fn arguments(
        &mut self,
        call: &'a FuncCall,
        place: &Place<'a>,
    ) -> Result<(Vec<Value>, std::ops::Range<usize>), Why> {
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
                Kind::List(elements) if elements.iter().all(|e| !matches!(e.kind, Kind::Spread(_))) => {
                    values.extend(elements)
                }
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
                let why =
                    format!("`{function}` is worked out when the plan runs, and can be given nothing but plain texts");
                return Err(Why { why, span: argument.span });
            };
            let quoted =
                if text.contains('`') { serde_json::Value::from(text).to_string() } else { format!("`{text}`") };
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
        if let Some(text) = self.constant(time).and_then(|c| moment::dated(&format, c.as_str()?)) {
            return Ok(Value::text(text, span));
        }
        let now = moment::layout(&moment::of_run(span));
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
        let name = last
            .as_deref()
            .and_then(|l| l.rsplit('/').next())
            .filter(|l| !l.is_empty())
            .unwrap_or("secret")
            .to_lowercase();
        let Kind::Text(pieces) = &action.kind else { return Ok(action) };
        let key = format!("{pieces:?}");
        Ok(self.stand_in(&key, &name, Some(action), true, span))
    }

    /// A value that nobody may see: a secret that has it.
    fn hidden(&mut self, value: &Value, span: Span, place: &Place<'a>) -> Said {
        if self.holds_secret(value) || place.at == Where::Default {
            return Ok(value.clone());
        }
        if !is_default(value) {
            let why = "what nobody may see is a `secret`, whose value is a text that is known now".to_owned();
            return Err(Why { why, span });
        }
        let name = self.reading.last().cloned().unwrap_or_else(|| "secret".to_owned());
        let key = format!("sensitive.{}", self.files[place.file].written(span));
        Ok(self.stand_in(&key, &name, Some(value.clone()), true, span))
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
        let mut arguments = Vec::with_capacity(call.args.len());
        for argument in call.args.iter() {
            // What fails here may well be what Packer can work out.
            let value = self.value(argument, place)?;
            let may_fail = matches!(value.kind, Kind::Index(..) | Kind::Field(..));
            arguments.push(value);
            if !may_fail {
                break;
            }
        }
        let mut arguments = arguments.into_iter().rev();
        let last = arguments.next().ok_or_else(|| Why { why: "`try` has nothing to try".into(), span })?;
        Ok(arguments.fold(last, |rest, value| {
            let reached = reached(&value, span);
            let found = Value::new(Kind::Operation(Operator::Else, value.into(), rest.clone().into()), span);
            match reached {
                Some(condition) => Value::new(Kind::If(condition.into(), found.into(), rest.into()), span),
                None => found,
            }
        }))
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
        match (self.constant(&value), &value.kind) {
            (Some(_), _) => Ok(Value::new(Kind::Bool(true), span)),
            // Whether there is such a key.
            (None, Kind::Index(map, keys)) if keys.len() == 1 => {
                let arguments = vec![(**map).clone(), keys[0].clone()];
                Ok(Value::new(Kind::Call("has".into(), arguments), span))
            }
            (None, Kind::Field(map, name)) => {
                let arguments = vec![(**map).clone(), Value::text(name.as_str(), span)];
                Ok(Value::new(Kind::Call("has".into(), arguments), span))
            }
            (None, _) => {
                Err(Why { why: "whether something can be worked out is no question of the language's".into(), span })
            }
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
}

/// Whether there is all that a selection goes through on its way; none where it goes through nothing.
fn reached(value: &Value, span: Span) -> Option<Value> {
    let (Kind::Index(base, _) | Kind::Field(base, _)) = &value.kind else { return None };
    let (map, key) = match &base.kind {
        Kind::Index(map, keys) => (map, keys.first()?.clone()),
        Kind::Field(map, name) => (map, Value::text(name.as_str(), span)),
        _ => return None,
    };
    let there = Value::new(Kind::Call("has".into(), vec![(**map).clone(), key]), span);
    Some(match reached(base, span) {
        Some(before) => Value::new(Kind::Operation(Operator::And, before.into(), there.into()), span),
        None => there,
    })
}
