//! Second pass: everything that stands in a body, when every name has its index already.

use super::Lowerer;
use super::declare::{MOST_PARAMETERS, input};
use super::hir;
use super::mention::Symbol;
use super::problem::ResolveProblem;
use super::recursion::Node;
use super::scope::{Def, Scope};
use crate::syntax::ast::{self, ExternKind, ItemKind};
use crate::text::Span;

impl<'a> Lowerer<'a> {
    /// Lowers the bodies of all declarations.
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
        self.introduce_item(module, &item.kind);
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

    /// Notes the name that an item declares.
    fn introduce_item(&mut self, module: usize, item: &'a ItemKind) {
        let name = match item {
            ItemKind::Param(b) | ItemKind::Variable(b) | ItemKind::Secret(b) => {
                if let Some(&def) = self.program_names.get(&b.name.name) {
                    self.introduce(&b.name, def);
                }
                return;
            }
            ItemKind::Let(b) => &b.name,
            ItemKind::Fn(f) => &f.name,
            ItemKind::Table(t) => &t.name,
            ItemKind::Image(i) => &i.name,
            ItemKind::Group(g) => &g.name,
            ItemKind::Extern(e) => return self.introduce_extern(e),
            ItemKind::Import(import) => {
                if let Some(alias) = &import.alias
                    && let Some(home) = self.namespace(module, &alias.name)
                {
                    self.introduce(alias, Symbol::File(self.loaded.modules[home].file));
                }
                return;
            }
            ItemKind::Type(_) | ItemKind::Policy(_) | ItemKind::Output(_) | ItemKind::Bad => return,
        };
        if let Some(def) = self.declared(module, name) {
            self.introduce(name, def);
        }
    }

    fn introduce_extern(&mut self, item: &ast::Extern) {
        if item.category == ExternKind::Options {
            return self.introduce(&item.kind, Symbol::OptionSet(item.kind.span));
        }
        if let Some(index) = self.program.kinds.get_index_of(&(item.category, item.kind.name.clone())) {
            self.introduce(&item.kind, Symbol::Kind(index));
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
            self.bind(&mut scope, &param.name);
        }
        (lowered, scope)
    }

    /// Lowers an expression that recovery may have lost.
    pub(super) fn optional_expr(&mut self, scope: &mut Scope, expr: Option<&'a ast::Expr>, at: Span) -> hir::Expr {
        expr.map_or(hir::Expr::poison(at), |e| self.expr(scope, e))
    }

    /// Lowers a policy; its build is the only local.
    pub(super) fn policy(&mut self, module: usize, policy: &'a ast::Policy) {
        if policy.domain.name != "builds" {
            self.report(ResolveProblem::Unknown {
                what: "collection",
                name: policy.domain.name.clone(),
                at: policy.domain.span,
                nearest: Some("builds".into()),
                help: None,
            });
        }
        let same = |p: &hir::Policy| p.name.name == policy.name.name && p.name.span.file == policy.name.span.file;
        if let Some(first) = self.program.policies.iter().find(|p| same(p)).map(|p| p.name.span) {
            let (name, second) = (policy.name.name.clone(), policy.name.span);
            self.report(ResolveProblem::Duplicate { what: "policy", name, first, second });
        }
        let mut scope = Scope::new(module);
        self.bind(&mut scope, &policy.variable);
        self.introduce(&policy.name, Symbol::Policy(self.program.policies.len()));
        let when = policy.when.as_ref().map(|w| self.expr(&mut scope, w));
        let mut requires = Vec::new();
        for require in &policy.requires {
            let condition = self.expr(&mut scope, &require.condition);
            let message = self.expr(&mut scope, &require.message);
            requires.push(hir::Require { condition, message, at: Vec::new(), span: require.span });
        }
        self.program.policies.push(hir::Policy { name: policy.name.clone(), when, requires });
    }
}
