//! First pass: every declaration of every module gets its index, so that the second can name what stands further down.

use std::sync::Arc;

use smol_str::SmolStr;

use super::hir::{self, Program};
use super::problem::ResolveProblem;
use super::scope::{Def, ModuleNames};
use super::{Lowerer, OptionSet, TypeDef, TypeState};
use crate::syntax::ast::{self, ExternKind, ItemKind};
use crate::text::Span;
use crate::ty::{Domain, TableTy};

/// The most parameters of a function or group.
pub const MOST_PARAMETERS: usize = 64;

/// Names of types that the language has itself.
pub(super) const TYPE_NAMES: [&str; 7] = ["bool", "int", "number", "string", "duration", "size", "null"];

impl<'a> Lowerer<'a> {
    /// Gives every declaration its index; bodies stay placeholders until [`Lowerer::lower_all`].
    pub(super) fn declare_all(&mut self) {
        for module in 0..self.loaded.modules.len() {
            self.names.push(ModuleNames::default());
            for item in &self.loaded.modules[module].ast.items {
                self.declare(module, item);
            }
        }
        self.shadowed_inputs();
    }

    /// A param, variable or secret beside another thing of its name in one file: only one of them could ever be meant.
    fn shadowed_inputs(&mut self) {
        let mut found = Vec::new();
        for (name, (_, span)) in self.names.iter().flat_map(|names| &names.values) {
            let Some(&def) = self.program_names.get(name) else { continue };
            let Some(input) = input(&mut self.program, def).map(|i| i.name.span) else { continue };
            if input.file == span.file {
                found.push((input.min(*span), input.max(*span), name.clone()));
            }
        }
        found.sort();
        for (first, second, name) in found {
            self.report(ResolveProblem::Duplicate { what: "the name", name, first, second });
        }
    }

    fn declare(&mut self, module: usize, item: &'a ast::Item) {
        let doc = doc_text(&item.doc);
        match &item.kind {
            ItemKind::Param(b) => self.declare_input(b, doc, Sort::Param),
            ItemKind::Variable(b) => self.declare_input(b, doc, Sort::Variable),
            ItemKind::Secret(b) => self.declare_input(b, doc, Sort::Secret),
            ItemKind::Let(b) => {
                let index = self.program.lets.len();
                self.program.lets.push(hir::Let { name: b.name.clone(), ty: None, value: hir::Expr::poison(b.span) });
                self.name_value(module, &b.name, Def::Let(index));
            }
            ItemKind::Fn(f) => {
                let index = self.program.functions.len();
                let body = hir::Expr::poison(f.body.span);
                let params = self.readable("function", &f.name, &f.params);
                self.function_params.push(params);
                self.program.functions.push(hir::Function {
                    name: f.name.clone(),
                    params: Vec::new(),
                    result: None,
                    body,
                });
                self.name_value(module, &f.name, Def::Function(index));
            }
            ItemKind::Table(t) => {
                let index = self.program.tables.len();
                let ty = TableTy {
                    index: index as u32,
                    name: t.name.name.clone(),
                    columns: Default::default(),
                    places: Vec::new(),
                    key: Vec::new(),
                };
                self.program.tables.push(hir::Table { name: t.name.clone(), ty: Arc::new(ty), rows: Vec::new() });
                self.name_value(module, &t.name, Def::Table(index));
            }
            ItemKind::Image(i) => {
                let index = self.program.images.len();
                self.program.images.push(hir::Image {
                    name: i.name.clone(),
                    doc,
                    columns: Vec::new(),
                    matrix: Vec::new(),
                    name_value: None,
                    builders: Vec::new(),
                    broken: i.body.iter().any(|item| matches!(item, ast::ImageItem::Bad(_))),
                    steps: Vec::new(),
                    posts: Vec::new(),
                    retain: Vec::new(),
                    matrix_span: None,
                });
                self.name_value(module, &i.name, Def::Image(index));
            }
            ItemKind::Group(g) => {
                let index = self.program.groups.len();
                let params = self.readable("group", &g.name, &g.params);
                self.group_params.push(params);
                self.program.groups.push(hir::Group { name: g.name.clone(), params: Vec::new(), steps: Vec::new() });
                self.name_value(module, &g.name, Def::Group(index));
            }
            ItemKind::Type(t) => self.declare_type(module, t, doc),
            ItemKind::Extern(e) => self.declare_extern(module, e, doc, item.span),
            ItemKind::Import(_) | ItemKind::Policy(_) | ItemKind::Output(_) | ItemKind::Bad => {}
        }
    }

    /// The parameters, as long as they are not too many: every call has a place for each of them.
    fn readable(
        &mut self,
        what: &'static str,
        name: &ast::Ident,
        params: &'a [ast::Parameter],
    ) -> &'a [ast::Parameter] {
        if let Some(last) = params.get(MOST_PARAMETERS) {
            let (name, at) = (name.name.clone(), last.span);
            self.report(ResolveProblem::TooMany { what, name, most: MOST_PARAMETERS, parts: "parameters", at });
        }
        &params[..params.len().min(MOST_PARAMETERS)]
    }

    fn name_value(&mut self, module: usize, name: &ast::Ident, def: Def) {
        let names = &mut self.names[module];
        if let Some((_, first)) = names.values.get(&name.name) {
            let problem = ResolveProblem::Duplicate {
                what: "the name",
                name: name.name.clone(),
                first: *first,
                second: name.span,
            };
            self.report(problem);
            return;
        }
        names.values.insert(name.name.clone(), (def, name.span));
    }

    fn declare_type(&mut self, module: usize, item: &'a ast::TypeItem, doc: SmolStr) {
        let name = &item.name;
        if TYPE_NAMES.contains(&name.name.as_str()) || Domain::find(&name.name).is_some() {
            self.report(ResolveProblem::WrongSort {
                wanted: "a free name",
                found: "a type of the language",
                name: name.name.clone(),
                at: name.span,
                help: "give the type another name, by habit one with a capital",
            });
            return;
        }
        if let Some((_, first)) = self.names[module].types.get(&name.name) {
            let problem =
                ResolveProblem::Duplicate { what: "type", name: name.name.clone(), first: *first, second: name.span };
            self.report(problem);
            return;
        }
        self.names[module].types.insert(name.name.clone(), (self.types.len(), name.span));
        self.types.push(TypeDef { module, item, doc, state: TypeState::Waiting });
    }

    fn declare_extern(&mut self, module: usize, item: &'a ast::Extern, doc: SmolStr, span: Span) {
        let (name, key) = (&item.kind, (item.category, item.kind.name.clone()));
        if item.category == ExternKind::Options {
            if let Some((_, first)) = self.names[module].option_sets.get(&name.name) {
                let problem = ResolveProblem::Duplicate {
                    what: "option set",
                    name: name.name.clone(),
                    first: *first,
                    second: name.span,
                };
                self.report(problem);
                return;
            }
            self.names[module].option_sets.insert(name.name.clone(), (self.option_sets.len(), name.span));
            self.option_sets.push(OptionSet { module, item, doc, span, running: false });
            return;
        }
        if let Some(first) = self.program.kinds.get(&key) {
            if self.loaded.modules[module].prelude && !first.prelude {
                return; // A file of the prelude may hold several kinds; the user's own takes the place of one of them.
            }
            let problem = ResolveProblem::Duplicate {
                what: "kind",
                name: name.name.clone(),
                first: first.name.span,
                second: name.span,
            };
            self.report(problem);
            return;
        }
        let record = self.program.records.len();
        self.program.records.push(hir::Declared::default());
        let prelude = self.loaded.modules[module].prelude;
        let kind = hir::Kind { category: item.category, name: name.clone(), doc, sets: Vec::new(), record, prelude };
        self.program.kinds.insert(key, kind);
    }

    /// Params, variables and secrets are program-wide: a second declaration must agree with the first.
    fn declare_input(&mut self, binding: &'a ast::Binding, doc: SmolStr, sort: Sort) {
        let name = &binding.name;
        if let Some(&def) = self.program_names.get(&name.name) {
            self.redeclare_input(binding, def, sort);
            return;
        }
        let input = hir::Input {
            name: name.clone(),
            doc,
            ty: None,
            default: None,
            secret: sort == Sort::Secret,
            span: binding.span,
        };
        let list = if sort == Sort::Param { &mut self.program.params } else { &mut self.program.variables };
        list.push(input);
        let index = list.len() - 1;
        let def = if sort == Sort::Param { Def::Param(index) } else { Def::Variable(index) };
        if let Def::Variable(index) = def {
            self.program.variable_names.insert(name.name.clone(), index);
        }
        self.program_names.insert(name.name.clone(), def);
    }

    fn redeclare_input(&mut self, binding: &'a ast::Binding, def: Def, sort: Sort) {
        let first = input(&mut self.program, def).map(|i| (i.name.span, i.secret));
        let Some((first, secret)) = first else { return };
        let same_sort =
            matches!((def, sort), (Def::Param(_), Sort::Param) | (Def::Variable(_), Sort::Variable | Sort::Secret))
                && secret == (sort == Sort::Secret);
        let name = binding.name.name.clone();
        let second = binding.name.span;
        if !same_sort {
            let why = "one is a param, the other a variable, or only one is a secret";
            self.report(ResolveProblem::Disagreement { name, why, first, second });
        } else if first.file == second.file {
            self.report(ResolveProblem::Duplicate { what: "the name", name, first, second });
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Param,
    Variable,
    Secret,
}

/// The param or variable of a definition.
pub(super) fn input(program: &mut Program, def: Def) -> Option<&mut hir::Input> {
    match def {
        Def::Param(i) => program.params.get_mut(i),
        Def::Variable(i) => program.variables.get_mut(i),
        _ => None,
    }
}

/// Documentation text, empty where there is none.
pub(super) fn doc_text(doc: &Option<ast::Doc>) -> SmolStr {
    doc.as_ref().map(|d| d.text.clone()).unwrap_or_default()
}
