//! Values: names in scope, what a type allows, what EC2 offers, fields, and what `{{…}}` may hold.

use super::place::{Found, Place};
use super::{Item, ItemKind};
use crate::facts::{Facts, regions};
use crate::ide::declare::{axes, words};
use crate::ide::tree::{Node, around};
use crate::ide::{View, Workspace};
use crate::load::join;
use crate::resolve::builtin;
use crate::resolve::mention::Symbol;
use crate::syntax::ast::{self, Entry, Expr, ExprKind, ImageItem, ItemKind as AstItem, MatrixItem, Parameter};
use crate::template::functions;
use crate::text::{FileId, Span};
use crate::ty::{Domain, Literal, Ty};

type Here<'v> = (&'v View, FileId);

fn here<'v>(view: &'v Option<View>, path: &str) -> Option<Here<'v>> {
    let view = view.as_ref()?;
    Some((view, view.file(path)?))
}

/// What may stand where a value is wanted: first what the type asks for, then names, then functions.
pub(super) fn expressions(view: &Option<View>, path: &str, found: &Found) -> Vec<Item> {
    let Some((view, file)) = here(view, path) else { return Vec::new() };
    let Some(tree) = view.tree(file) else { return Vec::new() };
    let nodes = around(tree, found.at as u32);
    let at = Span::new(file, found.at, found.at + super::place::WORD.len());
    let wanted = view.wanted(at);
    let mut items = Vec::new();
    items.extend(keys(view, &nodes).into_iter().map(|key| Item {
        insert: format!("\"{key}\""),
        rank: 10,
        ..Item::new(format!("\"{key}\""), ItemKind::Value)
    }));
    if let Some(ty) = wanted {
        items.extend(allowed(ty, &surroundings(view, &nodes)).into_iter().map(|(value, detail)| Item {
            insert: format!("\"{value}\""),
            detail,
            rank: 10,
            ..Item::new(format!("\"{value}\""), ItemKind::Value)
        }));
        items.extend(literals(ty));
    }
    names(view, file, &nodes, found.at as u32, wanted, &mut items);
    arguments(view, &nodes, &mut items);
    for signature in builtin::ALL {
        items.push(Item {
            detail: signature.usage(),
            doc: signature.doc.into(),
            insert: format!("{}($0)", signature.name),
            snippet: true,
            rank: 60,
            ..Item::new(signature.name, ItemKind::Function)
        });
    }
    for word in ["if", "match", "true", "false", "null"] {
        items.push(Item { rank: 70, ..Item::new(word, ItemKind::Keyword) });
    }
    items
}

/// The keys of the table, or the values of the image's axis, that is indexed around a place.
fn keys(view: &View, nodes: &[Node<'_>]) -> Vec<String> {
    let [.., Node::Expr(Expr { kind: ExprKind::Index(base, args), .. }), Node::Arg(arg), Node::Expr(_)] = nodes else {
        return Vec::new();
    };
    let Some(position) = args.iter().position(|other| other.value.span == arg.value.span) else { return Vec::new() };
    let name = arg.name.as_ref().map(|name| name.name.as_str());
    let program = view.program();
    let text = |literal: Literal| if let Literal::Text(text) = literal { Some(text.to_string()) } else { None };
    match view.type_of(base.span).map(Ty::plain) {
        Some(Ty::Table(ty)) => {
            let named = name.and_then(|name| ty.columns.get_index_of(name));
            let Some(column) = named.or_else(|| ty.key.get(position).copied()) else { return Vec::new() };
            let rows = program.tables.get(ty.index as usize).map(|table| table.rows.as_slice()).unwrap_or_default();
            let mut found: Vec<String> = Vec::new();
            for cell in rows.iter().filter_map(|row| row.cells.get(column)?.as_plain_text()) {
                if !found.iter().any(|known| *known == cell) {
                    found.push(cell.into());
                }
            }
            found
        }
        Some(Ty::Image(index)) => {
            let Some(image) = program.images.get(*index as usize) else { return Vec::new() };
            let axes = axes(image);
            let Some(axis) = name.or_else(|| axes.get(position).copied()) else { return Vec::new() };
            let column = image.columns.iter().position(|column| column.name == axis);
            let columns = view.analysis.checked.columns.get(*index as usize);
            let ty = column.and_then(|column| columns?.get(column));
            ty.and_then(Ty::literals).unwrap_or_default().into_iter().filter_map(text).collect()
        }
        _ => Vec::new(),
    }
}

/// The literals of a type that are no texts.
fn literals(ty: &Ty) -> Vec<Item> {
    let value = |text: String| Item { rank: 10, ..Item::new(text, ItemKind::Value) };
    match ty.plain() {
        Ty::Bool => vec![value("true".into()), value("false".into())],
        Ty::Optional(inner) | Ty::Late(inner) => literals(inner),
        ty => {
            let all = ty.literals().unwrap_or_default();
            all.into_iter().filter(|l| !matches!(l, Literal::Text(_))).map(|l| value(l.to_string())).collect()
        }
    }
}

/// Inside quotes: the texts that the type allows.
pub(super) fn inside_text(view: &Option<View>, path: &str, found: &Found) -> Vec<Item> {
    let Some((view, file)) = here(view, path) else { return Vec::new() };
    let Some(tree) = view.tree(file) else { return Vec::new() };
    let nodes = around(tree, found.at as u32);
    let Some(Node::Expr(expr)) = nodes.last() else { return Vec::new() };
    let keys = keys(view, &nodes);
    if !keys.is_empty() {
        return keys.into_iter().map(|key| Item { rank: 10, ..Item::new(key, ItemKind::Value) }).collect();
    }
    let Some(ty) = view.wanted(expr.span) else { return Vec::new() };
    let value = |(value, detail): (String, String)| Item { detail, rank: 10, ..Item::new(value, ItemKind::Value) };
    let Place::Text { before } = &found.place else { return Vec::new() };
    // Behind `${…}` a text is made of parts, and none of these values is meant.
    if before.contains("${") {
        Vec::new()
    } else {
        allowed(ty, &surroundings(view, &nodes)).into_iter().map(value).collect()
    }
}

/// The regions that the block around a place may be in, where that is known.
fn surroundings(view: &View, nodes: &[Node<'_>]) -> Vec<String> {
    let entries: Option<&[Entry]> = nodes.iter().rev().find_map(|node| match node {
        Node::Block(block) => Some(block.body.as_slice()),
        Node::Expr(expr) => match &expr.kind {
            ExprKind::Record(entries) => Some(entries.as_slice()),
            _ => None,
        },
        _ => None,
    });
    let region = entries.into_iter().flatten().find_map(|entry| match entry {
        Entry::Field { key, value, .. } if key.name == "region" => Some(value),
        _ => None,
    });
    let literals = region.and_then(|value| view.type_of(value.span)).and_then(|ty| ty.early().non_null().literals());
    let text = |literal: Literal| if let Literal::Text(text) = literal { Some(text.to_string()) } else { None };
    literals.unwrap_or_default().into_iter().filter_map(text).collect()
}

/// The texts that a type allows, each with a word about it, where they can be listed.
fn allowed(ty: &Ty, regions_here: &[String]) -> Vec<(String, String)> {
    match ty.plain() {
        Ty::Optional(inner) | Ty::Late(inner) => allowed(inner, regions_here),
        Ty::Union(members) => members.iter().flat_map(|member| allowed(member, regions_here)).collect(),
        Ty::Literal(Literal::Text(text)) => vec![(text.to_string(), String::new())],
        Ty::Domain(Domain::Region) => regions::all().map(|r| (r.name.to_owned(), r.partition.to_owned())).collect(),
        Ty::Domain(Domain::InstanceType) => {
            let offered = |ty: &crate::facts::InstanceType<'_>| {
                regions_here.iter().all(|region| ty.offered_in(region) != Some(false))
            };
            let detail =
                if regions_here.is_empty() { String::new() } else { format!("in {}", regions_here.join(", ")) };
            Facts::builtin().types().filter(offered).map(|ty| (ty.name.to_owned(), detail.clone())).collect()
        }
        _ => Vec::new(),
    }
}

/// The names in scope.
fn names(view: &View, file: FileId, nodes: &[Node<'_>], at: u32, wanted: Option<&Ty>, items: &mut Vec<Item>) {
    let program = view.program();
    let fits = |found: Option<&Ty>| match (found, wanted) {
        (Some(found), Some(wanted)) => {
            *found != Ty::Poison && crate::ty::flow::flows(&found.early(), wanted, crate::ty::flow::Lateness::Ignored)
        }
        _ => false,
    };
    let mut add = |name: &str, symbol: Symbol, ty: Option<&Ty>| {
        let said = words(view, symbol).unwrap_or_default();
        items.push(Item {
            detail: said.code,
            doc: said.doc,
            rank: if fits(ty) { 20 } else { 40 },
            ..Item::new(name, ItemKind::Name)
        });
    };
    for name in locals(nodes, at) {
        let ty = program.images.iter().zip(&view.analysis.checked.columns).find_map(|(image, columns)| {
            columns.get(image.columns.iter().position(|column| column.span == name.span)?)
        });
        add(&name.name, Symbol::Local(name.span), ty);
    }
    let checked = &view.analysis.checked;
    for (index, input) in program.params.iter().enumerate() {
        add(&input.name.name, Symbol::Param(index), checked.params.get(index));
    }
    for (index, input) in program.variables.iter().enumerate() {
        add(&input.name.name, Symbol::Variable(index), checked.variables.get(index));
    }
    let own = |span: Span| span.file == file;
    for (index, item) in program.lets.iter().enumerate().filter(|(_, item)| own(item.name.span)) {
        add(&item.name.name, Symbol::Let(index), checked.lets.get(index));
    }
    for (index, item) in program.tables.iter().enumerate().filter(|(_, item)| own(item.name.span)) {
        add(&item.name.name, Symbol::Table(index), None);
    }
    for (index, item) in program.images.iter().enumerate().filter(|(_, item)| own(item.name.span)) {
        add(&item.name.name, Symbol::Image(index), None);
    }
    for (index, item) in program.functions.iter().enumerate().filter(|(_, item)| own(item.name.span)) {
        let said = words(view, Symbol::Function(index)).unwrap_or_default();
        items.push(Item {
            detail: said.code,
            doc: said.doc,
            insert: format!("{}($0)", item.name.name),
            snippet: true,
            rank: if fits(checked.function_results.get(index)) { 20 } else { 40 },
            ..Item::new(item.name.name.as_str(), ItemKind::Function)
        });
    }
    let module = view.analysis.modules.iter().find(|module| module.file == file);
    for import in module.into_iter().flat_map(|module| &module.imports) {
        items.push(Item { rank: 45, ..Item::new(import.name.as_str(), ItemKind::Namespace) });
    }
}

/// The locals that are in scope at a place: axes and lets before it, parameters, variables of loops.
fn locals<'a>(nodes: &[Node<'a>], at: u32) -> Vec<&'a ast::Ident> {
    let mut found: Vec<&ast::Ident> = Vec::new();
    let parameters = |found: &mut Vec<&'a ast::Ident>, list: &'a [Parameter]| {
        found.extend(list.iter().filter(|p| !(p.span.start <= at && at <= p.span.end)).map(|p| &p.name));
    };
    for node in nodes {
        match node {
            Node::Item(item) => match &item.kind {
                AstItem::Fn(function) => parameters(&mut found, &function.params),
                AstItem::Group(group) => parameters(&mut found, &group.params),
                AstItem::Policy(policy) => found.push(&policy.variable),
                AstItem::Image(image) => {
                    for statement in &image.body {
                        match statement {
                            ImageItem::Matrix(matrix) => {
                                for step in &matrix.items {
                                    let (names, span) = match step {
                                        MatrixItem::Axis(axis) => (axis.names.as_slice(), axis.span),
                                        MatrixItem::Let(b) => (std::slice::from_ref(&b.name), b.span),
                                        MatrixItem::Exclude(_) | MatrixItem::Bad(_) => continue,
                                    };
                                    // Inside the matrix only what stands above.
                                    let inside = matrix.span.start <= at && at <= matrix.span.end;
                                    if !inside || span.end <= at {
                                        found.extend(names);
                                    }
                                }
                            }
                            ImageItem::Let(binding) if !(binding.span.start <= at && at <= binding.span.end) => {
                                found.push(&binding.name);
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            },
            Node::Expr(Expr { kind: ExprKind::ForList(clause, _) | ExprKind::ForRecord(clause, ..), .. }) => {
                let in_source = clause.source.span.start <= at && at <= clause.source.span.end;
                if !in_source {
                    found.extend(&clause.names);
                }
            }
            _ => {}
        }
    }
    found
}

/// The parameters of the call, or the axes of the index, around a place.
fn arguments(view: &View, nodes: &[Node<'_>], items: &mut Vec<Item>) {
    let program = view.program();
    let mut propose = |names: Vec<String>| {
        items.extend(names.into_iter().map(|name| Item {
            label: format!("{name} ="),
            insert: format!("{name} = $0"),
            snippet: true,
            rank: 15,
            ..Item::new("", ItemKind::Field)
        }));
    };
    // The word itself, its argument, then what is called.
    let mut outer = nodes.iter().rev().skip(1);
    match (outer.next(), outer.next()) {
        (Some(Node::Arg(_)), Some(Node::Expr(expr))) => match &expr.kind {
            ExprKind::Call(callee, _) => {
                let name = view.slice(callee.span);
                let function = program.functions.iter().find(|function| function.name.name == name);
                propose(function.into_iter().flat_map(|f| &f.params).map(|p| p.name.name.to_string()).collect());
            }
            ExprKind::Index(base, _) => {
                let name = view.slice(base.span);
                let image = program.images.iter().find(|image| image.name.name == name);
                propose(image.map(axes).into_iter().flatten().map(str::to_owned).collect());
            }
            _ => {}
        },
        (Some(Node::Arg(_)), Some(Node::Statement(ImageItem::Use(r#use)))) => {
            let name = r#use.group.last().map(|name| name.name.as_str());
            let group = program.groups.iter().find(|group| Some(group.name.name.as_str()) == name);
            propose(group.into_iter().flat_map(|g| &g.params).map(|p| p.name.name.to_string()).collect());
        }
        _ => {}
    }
}

/// Behind a dot: fields of the value, or the names of an imported file.
pub(super) fn fields(view: &Option<View>, path: &str, found: &Found) -> Vec<Item> {
    let Some((view, file)) = here(view, path) else { return Vec::new() };
    let Some(tree) = view.tree(file) else { return Vec::new() };
    let nodes = around(tree, found.at as u32);
    let base = nodes.iter().rev().find_map(|node| match node {
        Node::Expr(Expr { kind: ExprKind::Field(base, _), .. }) => Some(&**base),
        _ => None,
    });
    let Some(base) = base else { return Vec::new() };
    let mut items = Vec::new();
    let module = view.analysis.modules.iter().find(|module| module.file == file);
    let name = view.slice(base.span);
    if let Some(import) = module.and_then(|module| module.imports.iter().find(|import| import.name == name))
        && let Some(home) = view.analysis.modules.get(import.module)
    {
        for item in &home.ast.items {
            let (name, kind) = match &item.kind {
                AstItem::Let(b) => (&b.name, ItemKind::Name),
                AstItem::Table(t) => (&t.name, ItemKind::Name),
                AstItem::Image(i) => (&i.name, ItemKind::Name),
                AstItem::Fn(f) => (&f.name, ItemKind::Function),
                _ => continue,
            };
            let doc = item.doc.as_ref().map(|doc| doc.text.to_string()).unwrap_or_default();
            items.push(Item { doc, rank: 20, ..Item::new(name.name.as_str(), kind) });
        }
        return items;
    }
    let Some(ty) = view.type_of(base.span) else { return items };
    let field =
        |name: &str, detail: String, doc: String| Item { detail, doc, rank: 20, ..Item::new(name, ItemKind::Field) };
    match ty.early().plain() {
        Ty::Record(record) => {
            items.extend(record.fields.iter().map(|(n, f)| field(n, f.ty.to_string(), f.doc.to_string())));
        }
        Ty::Build => {
            items.extend(crate::check::BUILD_FIELDS.map(|name| field(name, String::new(), String::new())));
        }
        _ => {}
    }
    // What a build shows of itself by name.
    if let ExprKind::Field(build, part) = &base.kind
        && matches!(view.type_of(build.span).map(Ty::plain), Some(Ty::Build))
    {
        let program = view.program();
        let mut names: Vec<String> = match part.name.as_str() {
            "axes" => program.images.iter().flat_map(axes).map(str::to_owned).collect(),
            "options" => {
                let builders = program.images.iter().flat_map(|image| &image.builders);
                let kinds = builders.filter_map(|block| program.kinds.get_index(block.kind?));
                let records = kinds.filter_map(|(_, kind)| program.records.get(kind.record));
                records.flat_map(|record| record.fields.keys().map(|name| name.to_string())).collect()
            }
            _ => Vec::new(),
        };
        names.sort();
        names.dedup();
        items.extend(names.iter().map(|name| field(name, String::new(), String::new())));
    }
    items
}

/// Inside `{{…}}`: the fields that the option offers, functions, variables.
pub(super) fn inside_action(view: &Option<View>, path: &str, found: &Found) -> Vec<Item> {
    let Some((view, file)) = here(view, path) else { return Vec::new() };
    let Some(tree) = view.tree(file) else { return Vec::new() };
    let nodes = around(tree, found.at as u32);
    let before = found.text.get(..found.at).unwrap_or_default();
    let mut items = Vec::new();
    if before.ends_with('`') || before.ends_with("\\\"") {
        let variables = view.program().variables.iter();
        items.extend(variables.map(|v| Item { rank: 20, ..Item::new(v.name.name.as_str(), ItemKind::Name) }));
        return items;
    }
    let wanted = nodes.iter().rev().find_map(|node| match node {
        Node::Expr(expr) if matches!(expr.kind, ExprKind::Text(_)) => view.wanted(expr.span),
        _ => None,
    });
    let dot = before.ends_with('.');
    for field in wanted.map(template_fields).unwrap_or_default() {
        let insert = if dot { field.clone() } else { format!(".{field}") };
        items.push(Item { insert, rank: 10, ..Item::new(format!(".{field}"), ItemKind::Field) });
    }
    if !dot {
        items.extend(functions().iter().map(|function| Item {
            detail: function.example.into(),
            doc: function.summary.into(),
            rank: 40,
            ..Item::new(function.name, ItemKind::Function)
        }));
    }
    items
}

fn template_fields(ty: &Ty) -> Vec<String> {
    match ty.plain() {
        Ty::Template(fields) => fields.iter().map(ToString::to_string).collect(),
        Ty::Optional(inner) | Ty::Late(inner) => template_fields(inner),
        Ty::Union(members) => members.iter().flat_map(template_fields).collect(),
        _ => Vec::new(),
    }
}

/// Files that may be imported.
pub(super) fn files(workspace: &Workspace, path: &str, written: &str) -> Vec<Item> {
    let folder = written.rfind('/').map_or("", |slash| &written[..=slash]);
    let world = workspace.world(&|| false);
    let probe = join(path, &format!("{folder}x"));
    let mut items = Vec::new();
    for found in crate::load::World::beside(&world, &probe) {
        let name = found.rsplit('/').next().unwrap_or_default();
        let is_folder = crate::load::World::is_folder(&world, &found);
        if name.starts_with('.') || found == path || !(is_folder || name.ends_with(".bake")) {
            continue;
        }
        let insert = if is_folder { format!("{name}/") } else { name.to_owned() };
        items.push(Item { rank: 20 + u8::from(is_folder), ..Item::new(insert, ItemKind::File) });
    }
    items
}
