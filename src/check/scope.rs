//! The scope of an expression: the locals, what conditions have said of names, and what the place allows.

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::{Checker, Once};
use crate::resolve::hir::{Expr, ExprKind, Parameter};
use crate::text::Span;
use crate::ty::Ty;
use crate::ty::flow::Lateness;

/// A local: an axis, a parameter, a variable of a comprehension.
#[derive(Clone, Debug)]
pub(super) struct Local<'a> {
    pub ty: Ty,
    /// What it is made from: the value of a let, the source of an axis or loop.
    pub value: Option<&'a Expr>,
    /// Name and declaration of a parameter.
    pub parameter: Option<(SmolStr, Span)>,
}

/// A plain name, perhaps with fields behind it: what conditions can say something of.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Place {
    pub root: Root,
    pub path: Vec<SmolStr>,
}

/// The name at the start of a place.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Root {
    Local(u32),
    Let(usize),
    Param(usize),
    Variable(usize),
}

/// Which section of the plan a text goes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Section {
    /// Not known yet: a `let`, an argument.
    #[default]
    Anywhere,
    /// The default of a variable.
    Variables,
    /// A builder.
    Builder,
    /// A provisioner, test, cleanup or post-processor.
    Machine,
}

/// Where `env` may stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Env {
    #[default]
    Nowhere,
    /// Anywhere in the default of a param.
    Inside,
    /// The default of a variable is nothing else.
    Whole,
}

/// The types that conditions have made of those of places; the last one of a place counts.
#[derive(Clone, Default, Debug)]
pub(super) struct Narrowed {
    places: Vec<Place>,
    types: FxHashMap<Place, Vec<Ty>>,
}

impl Narrowed {
    pub(super) fn extend(&mut self, facts: Vec<(Place, Ty)>) {
        for (place, ty) in facts {
            self.types.entry(place.clone()).or_default().push(ty);
            self.places.push(place);
        }
    }

    /// Forgets what has been said since there were so many.
    fn leave(&mut self, depth: usize) {
        for place in self.places.drain(depth..) {
            if let Some(types) = self.types.get_mut(&place) {
                types.pop();
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    fn get(&self, place: &Place) -> Option<&Ty> {
        self.types.get(place)?.last()
    }
}

/// The scope of an expression.
#[derive(Clone, Default, Debug)]
pub(super) struct Scope<'a> {
    pub locals: Vec<Local<'a>>,
    /// What conditions have made of the types of places.
    pub narrowed: Narrowed,
    /// Rules and policies decide about late values in three values.
    pub late_ok: bool,
    pub section: Section,
    pub env: Env,
}

impl<'a> Scope<'a> {
    /// The scope of a function's or group's body.
    pub(super) fn of_parameters(params: &'a [Parameter]) -> Self {
        let local = |p: &'a Parameter| Local {
            ty: p.ty.clone(),
            value: None,
            parameter: Some((p.name.name.clone(), p.name.span)),
        };
        Scope { locals: params.iter().map(local).collect(), ..Scope::default() }
    }

    /// Gives a local its type.
    pub(super) fn set(&mut self, number: u32, ty: Ty, value: Option<&'a Expr>) {
        let number = number as usize;
        while self.locals.len() <= number {
            self.locals.push(Local { ty: Ty::Poison, value: None, parameter: None });
        }
        self.locals[number] = Local { ty, value, parameter: None };
    }

    /// How late values are taken where nothing else is said.
    pub(super) fn lateness(&self) -> Lateness {
        if self.late_ok { Lateness::Ignored } else { Lateness::Matters }
    }
}

/// The place that an expression names.
pub(super) fn place_of(expr: &Expr) -> Option<Place> {
    let root = match &expr.kind {
        ExprKind::Local(n) => Root::Local(*n),
        ExprKind::Let(i) => Root::Let(*i),
        ExprKind::Param(i) => Root::Param(*i),
        ExprKind::Variable(i) => Root::Variable(*i),
        ExprKind::Field(base, name) => {
            let mut place = place_of(base)?;
            place.path.push(name.name.clone());
            return Some(place);
        }
        _ => return None,
    };
    Some(Place { root, path: Vec::new() })
}

impl<'a> Checker<'a> {
    /// Looks at something in a scope of its own.
    pub(super) fn within<R>(&mut self, scope: Scope<'a>, look: impl FnOnce(&mut Self) -> R) -> R {
        let outer = std::mem::replace(&mut self.scope, scope);
        let result = look(self);
        self.scope = outer;
        result
    }

    /// Looks at something without reporting.
    pub(super) fn quietly<R>(&mut self, look: impl FnOnce(&mut Self) -> R) -> R {
        self.muted += 1;
        let result = look(self);
        self.muted -= 1;
        result
    }

    /// Looks at something under what a condition has said; it is forgotten afterwards.
    pub(super) fn narrowed<R>(&mut self, facts: Vec<(Place, Ty)>, look: impl FnOnce(&mut Self) -> R) -> R {
        let depth = self.scope.narrowed.places.len();
        self.scope.narrowed.extend(facts);
        let result = look(self);
        self.scope.narrowed.leave(depth);
        result
    }

    /// What conditions have made of the type of an expression.
    pub(super) fn narrowed_type(&self, expr: &Expr) -> Option<Ty> {
        if self.scope.narrowed.is_empty() {
            return None;
        }
        self.scope.narrowed.get(&place_of(expr)?).cloned()
    }

    /// The declared type of a name.
    pub(super) fn root_type(&mut self, root: Root) -> Ty {
        match root {
            Root::Local(n) => self.scope.locals.get(n as usize).map_or(Ty::Poison, |l| l.ty.clone()),
            Root::Let(i) => self.let_type(i),
            Root::Param(i) => self.param_type(i),
            Root::Variable(i) => self.variable_type(i).late(),
        }
    }

    /// The type of a `let` at the top of a file.
    pub(super) fn let_type(&mut self, index: usize) -> Ty {
        let look = |c: &mut Self| {
            let item = &c.program.lets[index];
            c.bound(item.ty.as_ref(), &item.value, &item.name.name)
        };
        self.once(|c| &mut c.lets, index, Scope::default(), look)
    }

    /// The type of a param.
    pub(super) fn param_type(&mut self, index: usize) -> Ty {
        let scope = Scope { env: Env::Inside, ..Scope::default() };
        self.once(|c| &mut c.params, index, scope, |c| c.param(&c.program.params[index]))
    }

    /// The type of a variable once the plan runs.
    pub(super) fn variable_type(&mut self, index: usize) -> Ty {
        let whole = self.program.variables[index].default.as_ref().is_some_and(Self::is_env);
        let env = if whole { Env::Whole } else { Env::Nowhere };
        let scope = Scope { env, section: Section::Variables, ..Scope::default() };
        self.once(|c| &mut c.variables, index, scope, |c| c.variable(&c.program.variables[index]))
    }

    /// Works a type out when it is first asked for, in a scope of its own.
    fn once(
        &mut self,
        list: impl Fn(&mut Self) -> &mut Vec<Once<Ty>>,
        index: usize,
        scope: Scope<'a>,
        look: impl FnOnce(&mut Self) -> Ty,
    ) -> Ty {
        match list(self).get_mut(index) {
            Some(Once::Done(ty)) => return ty.clone(),
            // The resolver has reported the circle.
            Some(Once::Running) | None => return Ty::Poison,
            Some(waiting) => *waiting = Once::Running,
        }
        // What is reported here is reported for good, also when a muted look has asked for it.
        let muted = std::mem::take(&mut self.muted);
        let ty = self.within(scope, look);
        self.muted = muted;
        list(self)[index] = Once::Done(ty.clone());
        ty
    }

    /// The type of a function's result; its body is checked on the way.
    pub(super) fn function_result(&mut self, index: usize) -> Ty {
        let Some(function) = self.program.functions.get(index) else { return Ty::Poison };
        let look = |c: &mut Self| c.bound(function.result.as_ref(), &function.body, &function.name.name);
        self.once(|c| &mut c.functions, index, Scope::of_parameters(&function.params), look)
    }
}
