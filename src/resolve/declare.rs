//! First pass: every declaration of every module gets its index, so that the second can name what stands further down.

use std::sync::Arc;

use smol_str::SmolStr;

use super::hir::{self, Program};
use super::problem::ResolveProblem;
use super::recursion::Node;
use super::scope::{Def, ModuleNames, Scope};
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

    /// Second pass: everything that stands in a body.
    pub(super) fn lower_all(&mut self) {
        for index in 0..self.types.len() {
            self.type_def(index);
        }
        for module in 0..self.loaded.modules.len() {
            for item in &self.loaded.modules[module].ast.items {
                self.lower(module, item);
            }
        }
    }

    fn lower(&mut self, module: usize, item: &'a ast::Item) {
        self.owner = None;
        match &item.kind {
            ItemKind::Param(b) | ItemKind::Variable(b) | ItemKind::Secret(b) => self.lower_input(module, b),
            ItemKind::Let(b) => {
                let Some(Def::Let(index)) = self.declared(module, &b.name) else { return };
                self.owner = Some(Node::Let(index));
                let ty = b.ty.as_ref().map(|t| self.ty(module, t));
                let value = self.optional_expr(&mut Scope::new(module), b.value.as_ref(), b.span);
                self.program.lets[index].ty = ty;
                self.program.lets[index].value = value;
            }
            ItemKind::Fn(f) => {
                let Some(Def::Function(index)) = self.declared(module, &f.name) else { return };
                self.owner = Some(Node::Function(index));
                if f.params.len() > MOST_PARAMETERS {
                    return;
                }
                let (params, mut scope) = self.parameters(module, &f.params);
                let result = f.result.as_ref().map(|t| self.ty(module, t));
                let body = self.expr(&mut scope, &f.body);
                let function = &mut self.program.functions[index];
                function.params = params;
                function.result = result;
                function.body = body;
            }
            ItemKind::Table(t) => {
                if let Some(Def::Table(index)) = self.declared(module, &t.name) {
                    self.table(module, t, index);
                }
            }
            ItemKind::Image(i) => {
                if let Some(Def::Image(index)) = self.declared(module, &i.name) {
                    self.image(module, i, index);
                }
            }
            ItemKind::Group(g) => {
                if let Some(Def::Group(index)) = self.declared(module, &g.name)
                    && g.params.len() <= MOST_PARAMETERS
                {
                    self.group(module, g, index);
                }
            }
            ItemKind::Policy(p) => self.policy(module, p),
            ItemKind::Output(o) if module == 0 => {
                let mut scope = Scope::new(module);
                scope.builds = true;
                let value = self.expr(&mut scope, &o.value);
                let name = self.plain_text(&o.file, "the name of an output file");
                self.program.outputs.push(hir::Output { file: hir::Ident { name, span: o.file.span }, value });
            }
            ItemKind::Extern(e) if e.category != ExternKind::Options => self.kind(module, e),
            ItemKind::Import(_) | ItemKind::Type(_) | ItemKind::Extern(_) | ItemKind::Output(_) | ItemKind::Bad => {}
        }
    }

    /// The index that this very declaration was given; none when it lost against an earlier one of its name.
    fn declared(&self, module: usize, name: &ast::Ident) -> Option<Def> {
        self.names[module].values.get(&name.name).filter(|(_, span)| *span == name.span).map(|(def, _)| *def)
    }

    fn lower_input(&mut self, module: usize, binding: &'a ast::Binding) {
        let Some(&def) = self.program_names.get(&binding.name.name) else { return };
        let ty = binding.ty.as_ref().map(|t| self.ty(module, t));
        self.owner = match def {
            Def::Param(index) => Some(Node::Param(index)),
            Def::Variable(index) => Some(Node::Variable(index)),
            _ => None,
        };
        let default = binding.value.as_ref().map(|v| self.expr(&mut Scope::new(module), v));
        let Some(input) = input(&mut self.program, def) else { return };
        if input.span == binding.span {
            input.ty = ty;
            input.default = default;
            return;
        }
        // Declarations are lowered in the order in which they were declared, so the first one stands already.
        let (first, name) = (input.name.span, input.name.name.clone());
        let types_differ = matches!((&input.ty, &ty), (Some(a), Some(b)) if a.plain() != b.plain());
        let two_defaults = input.default.is_some() && default.is_some();
        input.ty = input.ty.take().or(ty);
        input.default = input.default.take().or(default);
        let second = binding.name.span;
        if first.file == second.file {
            return;
        }
        if types_differ {
            self.report(ResolveProblem::Disagreement { name, why: "their types differ", first, second });
        } else if two_defaults {
            self.report(ResolveProblem::Disagreement { name, why: "both have a default", first, second });
        }
    }

    /// Lowers parameters and opens a scope in which they are the first locals.
    pub(super) fn parameters(&mut self, module: usize, params: &'a [ast::Parameter]) -> (Vec<hir::Parameter>, Scope) {
        let mut scope = Scope::new(module);
        let mut lowered = Vec::new();
        for param in params {
            if let Some(first) = scope.first(&param.name.name).and_then(|first| params.get(first as usize)) {
                let problem = ResolveProblem::Duplicate {
                    what: "parameter",
                    name: param.name.name.clone(),
                    first: first.name.span,
                    second: param.name.span,
                };
                self.report(problem);
            }
            let ty = self.ty(module, &param.ty);
            let default = param.default.as_ref().map(|d| self.expr(&mut Scope::new(module), d));
            lowered.push(hir::Parameter { name: param.name.clone(), ty, default });
            scope.bind(param.name.name.clone());
        }
        (lowered, scope)
    }

    /// Lowers an expression that recovery may have lost.
    pub(super) fn optional_expr(&mut self, scope: &mut Scope, expr: Option<&'a ast::Expr>, at: Span) -> hir::Expr {
        expr.map_or(hir::Expr::poison(at), |e| self.expr(scope, e))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Param,
    Variable,
    Secret,
}

fn input(program: &mut Program, def: Def) -> Option<&mut hir::Input> {
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
