//! Questions at marked places: `‸` is the cursor, and taken out of the text before anything reads it.

use std::rc::Rc;

use super::complete::{Completion, complete};
use super::rename::{NoRename, definition, references, rename};
use super::{View, Workspace, action, hint, hover, outline, tokens};
use crate::compile::Options;
use crate::diagnostic::Diagnostic;
use crate::load::Memory;
use crate::text::{FileId, Span};

const ROOT: &str = "/main.bake";
const LIB: &str = "/lib.bake";

/// A workspace of a file with the cursor in it, and of a library.
struct Place {
    workspace: Workspace,
    path: &'static str,
    offset: u32,
}

fn place(marked: &str) -> Place {
    place_in([(ROOT, marked)])
}

fn place_in<const N: usize>(files: [(&'static str, &str); N]) -> Place {
    let mut workspace = Workspace::new(Box::new(Memory::default()), Options::default());
    let (mut path, mut offset) = (ROOT, 0);
    for (name, marked) in files {
        if let Some(at) = marked.find('‸') {
            (path, offset) = (name, at as u32);
        }
        workspace.set(name, marked.replace('‸', "").into());
    }
    Place { workspace, path, offset }
}

impl Place {
    fn view(&self) -> (Rc<View>, FileId) {
        let home = self.workspace.home(self.path, &|| false).expect("the file is part of a program");
        (home.view, home.file)
    }

    fn hover(&self) -> Option<(String, String)> {
        let (view, file) = self.view();
        let world = self.workspace.world(&|| false);
        let found = hover::hover(&view, &world, &self.workspace.options, file, self.offset)?;
        Some((view.slice(found.span).to_owned(), found.text))
    }

    fn complete(&self) -> Completion {
        complete(&self.workspace, self.path, self.offset as usize, &|| false)
    }

    fn labels(&self) -> Vec<String> {
        self.complete().items.into_iter().map(|item| item.label).collect()
    }

    fn definition(&self) -> Vec<String> {
        let (view, file) = self.view();
        let line = |span: Span| {
            let source = view.source(span.file);
            format!("{}:{}", source.path(), source.line_column(span.start).0)
        };
        definition(&view, file, self.offset).into_iter().map(line).collect()
    }

    fn diagnostics(&self) -> Vec<Diagnostic> {
        self.view().0.analysis.compiled.diagnostics.clone()
    }

    /// The text after the action of this title.
    fn after(&self, title: &str) -> String {
        let (view, file) = self.view();
        let text = view.source(file).text().to_string();
        let all = action::actions(&view, file, Span::new(file, 0, text.len()));
        let titles: Vec<&str> = all.iter().map(|action| action.title.as_str()).collect();
        let action = all.iter().find(|action| action.title == title).unwrap_or_else(|| panic!("only {titles:?}"));
        let mut text = text;
        for edit in &action.edits {
            text.replace_range(edit.span.range(), &edit.text);
        }
        text
    }

    fn rename(&self, name: &str) -> Result<Vec<(String, String)>, NoRename> {
        let mut views = vec![self.view().0];
        for root in self.workspace.files().map(str::to_owned).collect::<Vec<_>>() {
            views.extend(self.workspace.view(&root, &|| false));
        }
        let all: Vec<&View> = views.iter().map(|view| &**view).collect();
        let (_, file) = self.view();
        let mut texts: Vec<(String, String)> = self
            .workspace
            .files()
            .map(|path| (path.to_owned(), self.workspace.document(path).expect("all are open").to_string()))
            .collect();
        let mut places = rename(&all, file, self.offset, name)?;
        places.sort_by_key(|place| std::cmp::Reverse(place.start));
        for place in places {
            let (_, text) = texts.iter_mut().find(|(path, _)| *path == place.path).expect("an open file");
            text.replace_range(place.start as usize..place.end as usize, name);
        }
        Ok(texts)
    }
}

const IMAGE: &str = r#"
/// The version.
param version: string = "1.0"
variable size: instance_type = "m3.medium"
table amis key (region) {
    | region: region | ami: ami_id |
    | us-east-1      | ami-0123456789abcdef0 |
    | eu-west-1      | ami-0123456789abcdef1 |
}
image app {
    matrix {
        axis region in ["us-east-1", "eu-west-1"]
        axis kind in ["small", "large"]
    }
    builder amazon-ebs {
        region = region
        source_ami = amis[region].ami
        instance_type = size
        ssh_username = "ubuntu"
        ami_name = "app ${version} ${kind} {{timestamp}}"
    }
    provision shell when kind == "large" { inline = ["true"] }
}
"#;

fn marked(what: &str) -> String {
    let clean = what.replace('‸', "");
    let at = IMAGE.find(&clean).unwrap_or_else(|| panic!("{clean:?} does not stand in the text"));
    format!("{}{what}{}", &IMAGE[..at], &IMAGE[at + clean.len()..])
}

#[test]
fn hover_says_what_a_name_is_and_what_it_is_worth() {
    let (span, text) = place(&marked("${ver‸sion}")).hover().expect("a param");
    assert_eq!(span, "version");
    assert!(text.contains("param version: string = \"1.0\"") && text.contains("The version."), "{text}");
    let (_, text) = place(&marked("${ki‸nd}")).hover().expect("an axis");
    assert!(text.contains("axis kind: \"small\" | \"large\""), "{text}");
    let list = "- `\"small\"` in 2 of 4 builds: app-us-east-1-small, app-eu-west-1-small\n\
                - `\"large\"` in 2 of 4 builds: app-us-east-1-large, app-eu-west-1-large\n";
    assert!(text.ends_with(list), "{text}");
    let (_, text) = place(&marked("        source‸_ami = ")).hover().expect("an option");
    assert!(text.contains("source_ami: ami_id"), "{text}");
    let (_, text) = place(&marked("amis[region].a‸mi")).hover().expect("a column");
    assert!(text.contains("A column of the table `amis`"), "{text}");
    assert!(text.contains("ami-0123456789abcdef1"), "{text}");
}

#[test]
fn hover_says_how_many_builds_there_are() {
    let (_, text) = place(&marked("    mat‸rix {")).hover().expect("a matrix");
    assert!(text.starts_with("4 builds.") && text.contains("- app-us-east-1-small"), "{text}");
    let (_, text) = place(&marked("    provi‸sion shell")).hover().expect("a step");
    assert!(text.starts_with("2 builds."), "{text}");
    let (span, text) = place(&marked("{{time‸stamp}}")).hover().expect("an action");
    assert_eq!(span, "{{timestamp}}");
    assert!(text.contains("Filled in when the plan runs."), "{text}");
    assert_eq!(place(&marked("ssh_username = ‸\"ubuntu\"")).hover().map(|(span, _)| span), None);
}

#[test]
fn hints_and_lenses_count_builds() {
    let (view, file) = place(IMAGE).view();
    let hints = |view: &View, file| -> Vec<String> {
        let whole = Span::new(file, 0, view.source(file).text().len());
        hint::hints(view, whole).into_iter().map(|hint| hint.text).collect()
    };
    assert_eq!(hints(&view, file), ["4 builds", "2 of 4 builds"]);
    let at = IMAGE.find("provision").expect("it stands there");
    assert_eq!(hint::hints(&view, Span::new(file, at, IMAGE.len())).len(), 1);
    let lenses: Vec<String> = hint::lenses(&view, file).into_iter().map(|lens| lens.title).collect();
    assert_eq!(lenses, ["4 builds · list"]);
    let (view, file) = place("param x: string\nimage a { builder null {} }").view();
    let lenses: Vec<String> = hint::lenses(&view, file).into_iter().map(|lens| lens.title).collect();
    assert_eq!(lenses, ["builds not evaluated: `x` without a value"]);
}

#[test]
fn a_hint_says_what_its_line_does_not() {
    let text = "let plain = \"x\"\nlet list = [\"a\", \"b\"]\nlet copy = upper(plain)\nlet zones = [\"u\", \"v\"]\n\
                let typed: string = upper(plain)\nlet choice = if plain == \"x\" then 1 else 2\n\
                image i {\n    matrix {\n        axis zone in zones\n        axis kind in [\"k\", copy]\n\
                \x20       let word = lower(zone)\n    }\n    let loud = upper(word)\n    let said = \"a ${zone}\"\n    \
                name = \"${zone}-${lower(kind)}\"\n    builder null { communicator = \"none\" }\n}\n";
    let (view, file) = place(text).view();
    let hints = hint::hints(&view, Span::new(file, 0, text.len()));
    let lines: Vec<String> = hints
        .iter()
        .map(|h| format!("{}{}", text[..h.at as usize].lines().last().unwrap_or_default(), h.text))
        .collect();
    let wanted = [
        "let copy: string",
        "    matrix4 builds",
        "        axis zone: \"u\" | \"v\"",
        "        axis kind: string",
        "        let word: string",
        "    let loud: string",
    ];
    assert_eq!(lines, wanted);
}

#[test]
fn builds_are_those_of_the_image_itself() {
    let image = |name: &str, zones: &str| {
        format!(
            "image {name} {{\n    matrix {{ axis z in [{zones}] }}\n    builder null {{ communicator = \"none\" }}\n    test shell-local when z == \"a\" {{ inline = [\"true\"] }}\n}}\n"
        )
    };
    let text = image("one", "\"a\"") + &image("two", "\"a\", \"b\", \"c\"");
    let (view, file) = place(&text).view();
    let hints: Vec<String> =
        hint::hints(&view, Span::new(file, 0, text.len())).into_iter().map(|hint| hint.text).collect();
    assert_eq!(hints, ["1 build", "1 of 1 builds", "3 builds", "1 of 3 builds"]);
    assert_eq!(hint::builds_of(&view, file, "two").collect::<Vec<_>>(), ["two-a", "two-b", "two-c"]);
    assert_eq!(hint::builds_of(&view, file, "three").count(), 0);
}

#[test]
fn hover_is_bounded_and_says_of_what() {
    let zones: Vec<String> = (0..3_000).map(|n| format!("\"z{n}\"")).collect();
    let text = format!(
        "image i {{\n    matrix {{ axis zone in [{}] }}\n    name = \"${{zo‸ne}}\"\n    builder null {{}}\n}}\n",
        zones.join(", ")
    );
    let (_, said) = place(&text).hover().expect("an axis");
    assert!(said.contains("- `\"z1\"` in 1 of 2000 builds: z1\n"), "{said}");
    assert!(said.contains("- … 1992 values more\n") && said.contains("the first of 3000 builds"), "{said}");
    assert!(said.len() < 4_000, "{}", said.len());
    let (_, said) = place("let x = \"a`b``\"\nlet y = ‸x\n").hover().expect("a let");
    assert!(said.ends_with("= ``` \"a`b``\" ```"), "{said}");
    let (_, said) = place(&format!("let x = \"{}\"\nlet y = ‸x\n", "ä".repeat(10_000))).hover().expect("a let");
    assert!(said.ends_with(" …`") && said.len() < 4_000, "{said}");
}

#[test]
fn a_file_whose_importer_does_not_hold_it_stands_for_itself() {
    let lib = "let a = 1\nlet b = a‸a\n";
    for main in ["/*\nimport \"lib.bake\"\n*/\n", "import \"other/lib.bake\"\nimport \"lib.bake\"\n"] {
        let mut place = place_in([("/other/lib.bake", ""), (ROOT, main), (LIB, lib)]);
        assert_eq!(place.workspace.roots(LIB), [ROOT]);
        assert_eq!(place.diagnostics().len(), 1, "{main}");
        assert_eq!(place.workspace.roots(LIB), [LIB]);
        place.workspace.keep(&[LIB.to_owned()].into());
        assert_eq!(place.workspace.roots(LIB), [LIB]);
        assert!(place.labels().contains(&"a".to_owned()), "{main}");
    }
}

#[test]
fn a_missing_import_is_told_once() {
    let uses = "let a = lib.b\nlet c: lib.T = 1\nlet d = lib.f(1)\nlet e = lib.t[1].x\n\
                image i {\n    use lib.g()\n    builder null { communicator = \"none\" }\n}\n";
    for import in ["import \"lib.bake\"", "import \"lib.bake\" as lib", "import \"${1}\" as lib"] {
        let found = place(&format!("{import}\n{uses}")).diagnostics();
        assert_eq!(found.len(), 1, "{found:?}");
    }
}

#[test]
fn standard_input_is_nobodys_file() {
    let place = place_in([("untitled:x", "import \"-\" as y\nlet a = 1‸\n")]);
    assert_eq!(place.diagnostics().len(), 1);
}

/// A text in which a line stands inside a builder.
fn in_builder(line: &str) -> String {
    format!(
        "variable keys: string\nimage a {{\n    builder amazon-ebs {{\n        region = \"eu-central-1\"\n        {line}\n    }}\n}}\n"
    )
}

#[test]
fn options_that_are_not_set_are_proposed_the_required_ones_first() {
    let labels = place(&in_builder("am‸")).labels();
    assert_eq!(labels.first().map(String::as_str), Some("ami_name"));
    assert!(!labels.contains(&"region".to_owned()) && labels.contains(&"tags".to_owned()));
    let found = place(&in_builder("‸")).complete();
    assert!(found.items.iter().any(|item| item.insert == "ami_name = \"$0\"" && item.snippet), "{:?}", found.items[0]);
    let labels = place(&in_builder("launch_block_device_mappings = [{ de‸ }]")).labels();
    assert!(labels.contains(&"device_name".to_owned()), "{labels:?}");
}

#[test]
fn values_are_those_that_the_type_allows() {
    assert_eq!(place(&in_builder("ami_virtualization_type = \"‸\"")).labels(), ["hvm", "paravirtual"]);
    let labels = place(&in_builder("ami_virtualization_type = ‸")).labels();
    assert_eq!(labels[..2], ["\"hvm\"", "\"paravirtual\""]);
    let labels = place(&in_builder("instance_type = \"‸\"")).labels();
    let missing = |ty: &crate::facts::InstanceType<'_>| ty.offered_in("eu-central-1") == Some(false);
    let missing = crate::facts::Facts::builtin().types().find(missing).expect("no region offers everything").name;
    assert!(labels.contains(&"m5.large".to_owned()) && !labels.contains(&missing.to_owned()), "{missing}");
    assert_eq!(place(&in_builder("ami_virtualization_type = \"h‸")).labels(), ["hvm", "paravirtual"]);
    assert!(place(&in_builder("ami_name = \"a ${‸")).labels().contains(&"upper".to_owned()));
    assert!(place(&in_builder("ami_name = \"a {{‸")).labels().contains(&"timestamp".to_owned()));
    let found = place(&in_builder("ami_regions = [\"us-e‸\"]")).complete();
    assert!(found.items.iter().any(|item| item.label == "us-east-1"));
    let labels = place(&in_builder("ebs_optimized = ‸")).labels();
    assert_eq!(labels[..2], ["false", "true"]);
    let labels = place(&in_builder("iam_instance_profile = ‸")).labels();
    assert!(labels.contains(&"keys".to_owned()), "{labels:?}");
}

#[test]
fn names_fields_and_actions_are_proposed() {
    let labels = place(&marked("${ki‸nd}")).labels();
    assert!(
        ["kind", "region", "version", "amis", "upper"].iter().all(|name| labels.iter().any(|l| l == name)),
        "{labels:?}"
    );
    let keys = place(&IMAGE.replace("amis[region].ami", "amis[\"‸\"].ami")).labels();
    assert_eq!(keys, ["eu-west-1", "us-east-1"]);
    let labels = place(&marked("amis[region].‸ami")).labels();
    assert_eq!(labels, ["ami", "region"]);
    let found = place(&in_builder("ami_name = \"a {{‸}}\"")).complete();
    assert!(found.items.iter().any(|item| item.label == "timestamp"));
    let labels = place("image a { builder amazon-instance { bundle_vol_command = 'x {{.‸}}' } }").labels();
    assert!(labels.contains(&".KeyPath".to_owned()), "{labels:?}");
    let labels = place(&in_builder("ami_name = \"{{user `‸`}}\"")).labels();
    assert_eq!(labels, ["keys"]);
}

#[test]
fn words_of_the_language_stand_where_they_may() {
    let labels = place("‸").labels();
    assert!(labels.contains(&"image".to_owned()) && labels.contains(&"param".to_owned()));
    let labels = place("image a {\n    ‸\n}\n").labels();
    assert!(labels.contains(&"matrix".to_owned()) && !labels.contains(&"param".to_owned()));
    let labels = place("image a {\n    matrix {\n        ‸\n    }\n}\n").labels();
    assert_eq!(labels, ["axis", "exclude", "let"]);
    let labels = place("image a {\n    builder am‸ {}\n}\n").labels();
    assert!(labels.contains(&"amazon-ebs".to_owned()) && !labels.contains(&"shell".to_owned()));
    let labels = place("type Own = string\nparam x: ‸\n").labels();
    assert_eq!(labels[0], "Own");
    assert!(labels.contains(&"region".to_owned()));
    let labels = place("group base(a: string) {}\nimage a {\n    use ‸\n}\n").labels();
    assert_eq!(labels, ["base"]);
    assert_eq!(place("// a comment ‸").labels(), Vec::<String>::new());
    let files = [(ROOT, "import \"li‸\"\n"), (LIB, "")];
    assert_eq!(place_in(files).labels(), Vec::<String>::new());
}

#[test]
fn the_replaced_word_ends_where_it_ends() {
    let Completion { replaced, .. } = place(&in_builder("ami_na‸me = \"x\"")).complete();
    assert_eq!(&in_builder("ami_name = \"x\"")[replaced], "ami_name");
    let text = in_builder("region = \"us-e‸ast-1\"");
    let Completion { replaced, .. } = place(&text).complete();
    assert_eq!(&text.replace('‸', "")[replaced], "us-east-1");
    let text = "import \"li‸b.bake\" as l\n";
    let Completion { replaced, .. } = place(text).complete();
    assert_eq!(&text.replace('‸', "")[replaced], "lib.bake");
    let text = in_builder("user_data = \"\"\"\n#!\nus-e‸a\"\"\"");
    let Completion { replaced, .. } = place(&text).complete();
    assert_eq!(&text.replace('‸', "")[replaced], "us-ea");
}

#[test]
fn definitions_lie_in_other_files_too() {
    let lib = "let name = \"x\"\nfn f(a: string) -> string = a\ngroup g(b: string) {}\n";
    let main = |line: &str| format!("import \"lib.bake\"\n{line}\n");
    let at = |line: &str| place_in([(ROOT, main(line).as_str()), (LIB, lib)]).definition();
    assert_eq!(at("let y = lib.na‸me"), ["/lib.bake:1"]);
    assert_eq!(at("let y = lib.f‸(a = \"x\")"), ["/lib.bake:2"]);
    assert_eq!(at("let y = lib.f(a‸ = \"x\")"), ["/lib.bake:2"]);
    assert_eq!(at("image i { use lib.g‸(b = \"x\") }"), ["/lib.bake:3"]);
    assert_eq!(at("let y = li‸b.name"), ["/lib.bake:1"]);
    assert_eq!(at("let y = up‸per(\"x\")"), Vec::<String>::new());
    assert_eq!(place(&marked("axis re‸gion in")).definition(), ["/main.bake:12"]);
    assert_eq!(place(&marked("amis[region].a‸mi")).definition(), ["/main.bake:6"]);
    let bound = "table t key (region) {\n    | region: region | x: string |\n    | us-east-1 | a |\n}\nimage a { matrix { axis { re‸gion, x } in t } }";
    assert_eq!(place(bound).definition(), ["/main.bake:2"]);
}

#[test]
fn a_name_is_renamed_wherever_it_stands() {
    let lib = "param version: string = \"1\"\nlet name = \"x ${version}\"\n";
    let main = "import \"lib.bake\"\nlet y = \"${lib.na‸me} ${version}\"\n";
    let texts = place_in([(ROOT, main), (LIB, lib)]).rename("other").expect("a name of the user's");
    assert_eq!(texts[0].1, "param version: string = \"1\"\nlet other = \"x ${version}\"\n");
    assert_eq!(texts[1].1, "import \"lib.bake\"\nlet y = \"${lib.other} ${version}\"\n");
    let texts = place_in([
        (ROOT, main.replace('‸', "").as_str()),
        (LIB, "param ver‸sion: string = \"1\"\nlet name = \"x ${version}\"\n"),
    ])
    .rename("v")
    .expect("a param");
    assert!(texts.iter().all(|(_, text)| !text.contains("version")), "{texts:?}");
    let bound = "table t key (region) {\n    | region: region | x: string |\n    | us-east-1 | a |\n}\n\
                 image a {\n    matrix { axis { re‸gion, x } in t }\n    name = region + t[region].x\n}\n";
    let texts = place(bound).rename("place").expect("an axis and its column");
    assert!(texts[0].1.contains("key (place)") && texts[0].1.contains("axis { place, x } in t"), "{}", texts[0].1);
    assert!(
        texts[0].1.contains("name = place + t[place].x") && texts[0].1.contains("| place: region |"),
        "{}",
        texts[0].1
    );
}

#[test]
fn what_is_not_the_users_keeps_its_name() {
    assert_eq!(place(&marked("        source‸_ami = ")).rename("x"), Err(NoRename::Builtin));
    assert_eq!(place("let x = up‸per(\"a\")").rename("y"), Err(NoRename::Builtin));
    assert_eq!(place("let x‸ = 1").rename("if"), Err(NoRename::BadName));
    assert_eq!(place("let x‸ = 1").rename("a b"), Err(NoRename::BadName));
    assert_eq!(place("let x = 1 ‸+ 2").rename("y"), Err(NoRename::Nothing));
    let spread = "let common = { ssh_user‸name = \"a\" }\nimage i { builder amazon-ebs { ...common } }";
    assert_eq!(place(spread).rename("y"), Err(NoRename::Builtin));
}

#[test]
fn a_name_that_is_taken_is_refused() {
    let taken = |marked: &str, name: &str| {
        let place = place(marked);
        let places = {
            let (view, file) = place.view();
            rename(&[&view], file, place.offset, name).expect("it is the user's")
        };
        let (view, _) = place.view();
        super::rename::try_out(&place.workspace, &[&view], &[ROOT.to_owned()], &places, name, &|| false)
    };
    let text = "param suf‸fix: string = \"a\"\nlet other = 1\nimage i {\n    matrix { axis virt in [\"x\"] }\n    \
                name = \"${virt}${suffix}\"\n    builder null {}\n}\n";
    assert_eq!(taken(text, "other"), Err(NoRename::Taken));
    assert_eq!(taken(text, "virt"), Err(NoRename::Taken));
    assert_eq!(taken(text, "ending"), Ok(()));
    let axis = text.replace('‸', "").replace("axis virt", "axis vi‸rt");
    assert_eq!(taken(&axis, "suffix"), Err(NoRename::Taken));
}

#[test]
fn references_know_declarations_from_uses() {
    let (view, file) = place(IMAGE).view();
    let offset = IMAGE.find("axis kind").expect("it stands there") as u32 + 6;
    let found = references(&[&view], file, offset);
    assert_eq!(found.len(), 3);
    assert_eq!(found.iter().filter(|(_, declares)| *declares).count(), 1);
}

#[test]
fn actions_mend_what_is_wrong() {
    let mended = place(&in_builder("instance_typ = \"m3.medium\"")).after("Change to `instance_type`");
    assert!(mended.contains("instance_type = \"m3.medium\""), "{mended}");
    let mended = place("image a { builder amazon-ebs {} }").after("Add the required option `ami_name`");
    assert!(mended.contains("\n    ami_name = \"\"\n}"), "{mended}");
    let after = place(&mended).diagnostics();
    assert!(after.iter().all(|d| d.code != crate::diagnostic::code::OPTION_MISSING), "{after:?}");
    let record = "fn f(x: { a: int, b: string, c: int? }) -> int = x.a\n";
    let mended = place(&format!("{record}let y = f({{ }})\n")).after("Add the 2 required fields");
    assert!(mended.ends_with("f({\n    a = 0\n    b = \"\"\n})\n"), "{mended}");
    assert!(place(&mended).diagnostics().is_empty());
    let mended = place(&format!("{record}let y = f({{ a = 1 }})\n")).after("Add the required field `b`");
    assert!(place(&mended).diagnostics().is_empty(), "{mended}");
    let source = "fn f(x: \"a\" | \"b\" | \"c\") -> int = match x {\n    \"a\" => 1\n}\n";
    let mended = place(source).after("Add the 2 missing arms");
    assert!(mended.contains("    \"b\" => 1\n    \"c\" => 1\n}"), "{mended}");
    assert!(place(&mended).diagnostics().is_empty());
    let mended = place("fn f(x: \"a\" | \"b\") -> int = match x { \"a\" => 1 }\n").after("Add the arm `\"b\"`");
    assert!(place(&mended).diagnostics().is_empty(), "{mended}");
}

#[test]
fn an_imported_file_is_judged_as_part_of_the_program() {
    let lib = "let name = \"x ${ver‸sion}\"\n";
    let place =
        place_in([(ROOT, "import \"lib.bake\"\nparam version: string = \"1\"\nlet y = lib.name\n"), (LIB, lib)]);
    assert_eq!(place.workspace.roots(LIB), [ROOT]);
    assert!(place.diagnostics().is_empty(), "{:?}", place.diagnostics());
    assert_eq!(place.definition(), ["/main.bake:2"]);
}

#[test]
fn a_program_is_analysed_again_when_a_file_of_it_changes() {
    let mut place = place_in([(ROOT, "import \"lib.bake\"\nlet y‸ = lib.name\n"), (LIB, "let name = 1\n")]);
    let (before, _) = place.view();
    assert!(Rc::ptr_eq(&before, &place.view().0));
    place.workspace.set("/other.bake", "let z = 1".into());
    assert!(Rc::ptr_eq(&before, &place.view().0));
    place.workspace.set(LIB, "let nam = 1\n".into());
    assert_eq!(place.diagnostics().len(), 1);
    place.workspace.set(LIB, "let name = 2\n".into());
    assert!(place.diagnostics().is_empty());
}

#[test]
fn tokens_do_not_overlap_and_know_what_words_are() {
    let (view, file) = place(IMAGE).view();
    let all = tokens::tokens(&view, file);
    assert!(all.windows(2).all(|pair| pair[0].span.end <= pair[1].span.start));
    let kind = |word: &str, nth: usize| {
        let mut found = all.iter().filter(|token| view.slice(token.span) == word);
        found.nth(nth).map(|token| (token.kind, token.declares))
    };
    assert_eq!(kind("param", 0), Some((tokens::TokenKind::Keyword, false)));
    assert_eq!(kind("version", 0), Some((tokens::TokenKind::Variable, true)));
    assert_eq!(kind("kind", 0), Some((tokens::TokenKind::Parameter, true)));
    assert_eq!(kind("kind", 1), Some((tokens::TokenKind::Parameter, false)));
    assert_eq!(kind("amazon-ebs", 0), Some((tokens::TokenKind::Class, false)));
    assert_eq!(kind("source_ami", 0), Some((tokens::TokenKind::Property, false)));
    assert_eq!(kind("{{timestamp}}", 0), Some((tokens::TokenKind::Macro, false)));
    assert_eq!(kind("/// The version.", 0), Some((tokens::TokenKind::Comment, false)));
    assert_eq!(kind("when", 0), Some((tokens::TokenKind::Keyword, false)));
}

#[test]
fn the_outline_names_images_and_what_they_hold() {
    let (view, file) = place(IMAGE).view();
    let symbols = outline::symbols(view.tree(file).expect("the file was parsed"));
    let names: Vec<&str> = symbols.iter().map(|symbol| symbol.name.as_str()).collect();
    assert_eq!(names, ["version", "size", "amis", "app"]);
    let inside: Vec<&str> = symbols[3].children.iter().map(|symbol| symbol.name.as_str()).collect();
    assert_eq!(inside, ["region", "kind", "builder amazon-ebs", "provision shell"]);
    let all = symbols.iter().chain(&symbols[3].children);
    for symbol in all {
        assert!(symbol.span.start <= symbol.selection.start && symbol.selection.end <= symbol.span.end, "{symbol:?}");
    }
    let folds = outline::folds(view.tree(file).expect("the file was parsed"), view.source(file));
    assert_eq!(folds.len(), 4);
}
