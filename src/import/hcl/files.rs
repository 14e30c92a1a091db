//! Files that a template asks for: those of `templatefile`, which are templates of HCL themselves.

use hcl_edit::expr::{Expression, FuncCall};
use hcl_edit::structure::Body;
use hcl_edit::template::Element;
use hcl_edit::visit::{Visit, visit_func_call};

use crate::import::draft::Kind;
use crate::text::{FileId, Span};

use super::blanks::Form;
use super::parse::File;
use super::reference::name_of;
use super::{Bound, Place, Reader, Said, Why};

/// A file that was read for a template: its path as the template says it, and its text.
pub(super) type Beside = (String, FileId, String);

/// The paths of the files that `templatefile` names plainly, each once.
pub(super) fn asked(bodies: &[&Body]) -> Vec<String> {
    struct Asked(Vec<String>);
    impl Visit for Asked {
        fn visit_func_call(&mut self, call: &FuncCall) {
            if call.name.name.value().as_str() == "templatefile"
                && let Some(path) = call.args.iter().next().and_then(path_of)
                && !self.0.contains(&path)
            {
                self.0.push(path);
            }
            visit_func_call(self, call);
        }
    }
    let mut asked = Asked(Vec::new());
    bodies.iter().for_each(|body| asked.visit_body(body));
    asked.0
}

/// A path that is written down, told from the template's folder, also by `path.root`.
fn path_of(expression: &Expression) -> Option<String> {
    match expression {
        Expression::String(path) => Some(path.value().clone()),
        Expression::Parenthesis(inner) => path_of(inner.inner()),
        Expression::StringTemplate(template) => {
            let elements: Vec<&Element> = template.iter().collect();
            let [Element::Interpolation(root), Element::Literal(path)] = &elements[..] else { return None };
            let Expression::Traversal(traversal) = &root.expr else { return None };
            let word = traversal.expr.as_variable().map(|word| word.as_str());
            let [part] = &traversal.operators[..] else { return None };
            let is_root = word == Some("path") && name_of(part.value()) == Some("root");
            is_root.then(|| path.value().trim_start_matches('/').to_owned())
        }
        _ => None,
    }
}

impl<'a> Reader<'a> {
    /// `templatefile(path, values)`: the text of the file, with the values in it.
    pub(super) fn template_file(&mut self, call: &'a FuncCall, span: Span, place: &Place<'a>) -> Said {
        let fail = |why: String| Why { why, span };
        let arguments: Vec<&'a Expression> = call.args.iter().collect();
        let [path, values] = &arguments[..] else {
            return Err(fail("`templatefile` takes a path and a map of values".to_owned()));
        };
        let path = path_of(path).ok_or_else(|| fail("the path of a template must be a plain text".to_owned()))?;
        let Some((number, template)) = self.templates.get(&path).copied() else {
            let instead = "write it as one of Jinja (`{{ name }}` for `${name}`) and say `render_file(…)`";
            return Err(fail(format!("`{path}` cannot be read as a template of HCL; {instead}")));
        };
        let values = self.value(values, place)?;
        let Kind::Record(entries) = &self.followed(&values).kind else {
            return Err(fail("the values of a template must be written down, `{ name = … }`".to_owned()));
        };
        let mut inner = Place::new(number, place.at);
        for entry in entries {
            if matches!(entry.value.kind, Kind::Spread(_)) {
                return Err(fail("the names of a template's values must be known".to_owned()));
            }
            inner.bound.push(Bound { stands: Some(entry.value.clone().into()), ..Bound::plain(&entry.key, "") });
        }
        let text = self.template_text(template.iter().collect(), Form::Lines, &inner, span)?;
        let what = format!("the file `{path}`");
        self.lose(what, "it is a template of HCL; its text stands in the program now, which does not read it", span);
        Ok(text)
    }
}

/// A file whose text is a template, if it is one.
pub(super) fn template(file: File<'_>) -> Option<hcl_edit::template::Template> {
    hcl_edit::parser::parse_template(file.text).ok()
}
