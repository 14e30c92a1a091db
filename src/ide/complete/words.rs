//! The words of the language: items, statements, types, kinds, groups.

use super::place::Around;
use super::{Item, ItemKind};
use crate::ide::declare::words;
use crate::ide::{Home, View};
use crate::load::prelude;
use crate::resolve::mention::Symbol;
use crate::syntax::ast::{BlockKind, ExternKind, ItemKind as AstItem};
use crate::ty::Domain;

fn snippet(label: &str, insert: &str, doc: &str) -> Item {
    Item { insert: insert.into(), snippet: true, doc: doc.into(), rank: 50, ..Item::new(label, ItemKind::Snippet) }
}

/// The statements that may begin at a place.
pub(super) fn statements(around: Around) -> Vec<Item> {
    let all: &[(&str, &str, &str)] = match around {
        Around::File => &[
            ("import", "import \"$0\"", "Makes the names of another file known under its name."),
            ("param", "param ${1:name}: ${2:string} = $0", "A value that is known when the plan is made."),
            ("variable", "variable ${1:name}: ${2:string}$0", "A value that is known when the plan runs."),
            ("secret", "secret ${1:name} = env(\"$0\")", "A variable that is never shown."),
            ("let", "let ${1:name} = $0", "A name for a value."),
            ("fn", "fn ${1:name}(${2:text}: string) -> string = $0", "A function."),
            ("type", "type ${1:Name} = $0", "A name for a type."),
            ("table", "table ${1:name} key (${2:region}) {\n    | ${2:region}: region | $0 |\n}", "Rows by key."),
            ("image", "image ${1:name} {\n    $0\n}", "An AMI, or many by a matrix."),
            ("group", "group ${1:name}() {\n    $0\n}", "Steps that images share."),
            ("policy", "policy ${1:name} for build in builds {\n    require $0\n}", "What must hold of all builds."),
            (
                "output",
                "output \"${1:amis.json}\" = { for b in builds: b.name = b.ami }$0",
                "A file that is written after a run.",
            ),
            ("extern", "extern ${1|builder,provisioner,post|} ${2:kind} {\n    $0\n}", "The options of a plugin."),
        ],
        Around::Image => &[
            ("matrix", "matrix {\n    axis ${1:region} in [$0]\n}", "One build for each combination of the axes."),
            ("name", "name = \"$0\"", "The name of each build."),
            ("let", "let ${1:name} = $0", "A name for a value, which may depend on the axes."),
            ("builder", "builder ${1:amazon-ebs} {\n    $0\n}", "What makes the machine and the AMI."),
            ("provision", "provision ${1:shell} {\n    $0\n}", "A step on the machine."),
            ("use", "use ${1:group}($0)", "The steps of a group."),
            ("test", "test ${1:shell} \"${2:label}\" {\n    $0\n}", "A step that tries the finished machine."),
            ("cleanup", "cleanup ${1:shell} {\n    $0\n}", "A step after a failure."),
            ("post", "post ${1:manifest} {\n    $0\n}", "A step on the artifact."),
            ("retain", "retain {\n    $0\n}", "What is kept of former images."),
        ],
        Around::Matrix => &[
            ("axis", "axis ${1:name} in [$0]", "What the builds differ in."),
            ("let", "let ${1:name} = $0", "A name for a value of a cell."),
            ("exclude", "exclude when $1 because \"$0\"", "Leaves cells out."),
        ],
        Around::Group => &[
            ("provision", "provision ${1:shell} {\n    $0\n}", "A step on the machine."),
            ("use", "use ${1:group}($0)", "The steps of another group."),
            ("test", "test ${1:shell} \"${2:label}\" {\n    $0\n}", "A step that tries the finished machine."),
            ("cleanup", "cleanup ${1:shell} {\n    $0\n}", "A step after a failure."),
        ],
        Around::Policy => &[("require", "require $1, \"$0\"", "What must hold, and what is said where it does not.")],
        Around::Extern => &[("rule", "rule $1, \"$0\"", "What must hold of the options.")],
        Around::Chain => &[("then", "then ${1:manifest} {\n    $0\n}", "The next step on the artifact.")],
    };
    all.iter().map(|(label, insert, doc)| snippet(label, insert, doc)).collect()
}

/// The kinds that a statement takes: those of the prelude and the program's own.
pub(super) fn kinds(home: &Option<Home>, statement: &str) -> Vec<Item> {
    let category = match statement {
        "builder" => BlockKind::Builder,
        "post" => BlockKind::Post,
        _ => BlockKind::Provision,
    }
    .category();
    let mut items: Vec<Item> = Vec::new();
    if let Some(Home { view, .. }) = home {
        for (index, (_, kind)) in view.program().kinds.iter().enumerate() {
            if kind.category == category && !kind.prelude {
                let doc = words(view, Symbol::Kind(index)).unwrap_or_default().doc;
                items.push(block(&kind.name.name, doc, 10));
            }
        }
    }
    items.extend(prelude::names(category).map(|name| block(name, doc_of(category, name), 20)));
    items
}

fn block(name: &str, doc: String, rank: u8) -> Item {
    Item { doc, rank, ..Item::new(name, ItemKind::Kind) }
}

/// The documentation of a kind of the prelude, without the prelude being resolved.
fn doc_of(category: ExternKind, name: &str) -> String {
    let Some(text) = prelude::file_of(category, name).and_then(prelude::file) else { return String::new() };
    let word = match category {
        ExternKind::Builder => "builder",
        ExternKind::Provisioner => "provisioner",
        ExternKind::Post => "post",
        ExternKind::Options => "options",
    };
    let head = format!("extern {word} {name} {{");
    let Some(at) = text.lines().position(|line| line == head) else { return String::new() };
    let above: Vec<&str> = text.lines().take(at).collect();
    let mut doc: Vec<&str> = above.iter().rev().map_while(|line| line.strip_prefix("///")).map(str::trim).collect();
    doc.reverse();
    doc.join("\n")
}

/// The types of the language and of the program.
pub(super) fn types(view: &Option<View>, path: &str) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    if let Some(view) = view {
        let file = view.file(path);
        for item in view.program().types.iter().filter(|item| Some(item.name.span.file) == file) {
            let said = words(view, Symbol::Type(item.name.span)).unwrap_or_default();
            items.push(Item {
                detail: said.code,
                doc: said.doc,
                rank: 10,
                ..Item::new(item.name.name.as_str(), ItemKind::Type)
            });
        }
    }
    let of_language = ["bool", "int", "number", "string", "duration", "size", "null"].into_iter();
    items.extend(of_language.map(|name| Item { rank: 20, ..Item::new(name, ItemKind::Type) }));
    items.extend(Domain::ALL.iter().map(|(domain, name)| Item {
        detail: domain.example().into(),
        rank: 30,
        ..Item::new(*name, ItemKind::Type)
    }));
    for (label, insert) in [("map", "map<${0:string}>"), ("template", "template<.$0>"), ("late", "late ${0:string}")] {
        items.push(Item { rank: 40, ..snippet(label, insert, "") });
    }
    items
}

/// The groups that may be used.
pub(super) fn groups(view: &Option<View>, path: &str) -> Vec<Item> {
    let Some((view, file)) = view.as_ref().and_then(|view| Some((view, view.file(path)?))) else { return Vec::new() };
    let mut items = Vec::new();
    for (index, group) in view.program().groups.iter().enumerate() {
        if group.name.span.file == file {
            let said = words(view, Symbol::Group(index)).unwrap_or_default();
            items.push(Item {
                detail: said.code,
                doc: said.doc,
                insert: format!("{}($0)", group.name.name),
                snippet: true,
                rank: 10,
                ..Item::new(group.name.name.as_str(), ItemKind::Function)
            });
        }
    }
    let module = view.analysis.modules.iter().find(|module| module.file == file);
    for import in module.into_iter().flat_map(|module| &module.imports) {
        let Some(home) = view.analysis.modules.get(import.module) else { continue };
        for item in &home.ast.items {
            if let AstItem::Group(group) = &item.kind {
                let label = format!("{}.{}", import.name, group.name.name);
                let insert = format!("{label}($0)");
                items.push(Item { insert, snippet: true, rank: 20, ..Item::new(label, ItemKind::Function) });
            }
        }
    }
    items
}
