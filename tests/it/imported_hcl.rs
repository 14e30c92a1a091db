//! Templates of HCL2 become programs. What bakec itself writes as HCL2 comes back as the same plan; `tests/corpus/import-hcl/<case>/`
//! holds templates as people write them, the program (`program.bake`), what is told of it (`told.txt`), and what Packer
//! makes of the template, said as a plan (`wanted.json`, held against the template by hand). `UPDATE=1` rewrites the first two.

use std::collections::BTreeSet;

use bakec::compile::{FactsChoice, Options, compile};
use bakec::diagnostic::render::{Format, Style, render};
use bakec::emit::{Emit, packer_hcl, packer_json};
use bakec::import::{Imported, Places, import_files};
use bakec::load::{Disk, Memory, ReadError, World};
use serde_json::Value;

use crate::hcl::{in_words_of_hcl, programs};
use crate::meaning::differences;
use crate::run::bakec;
use crate::support::{expect, files_below, none, read};

const FOLDER: &str = "tests/corpus/import-hcl";
const PROGRAM: &str = "imported.bake";
const THREADS: usize = 4;

/// The disk, with a program that is not there.
struct Beside<'t> {
    text: &'t str,
}

impl World for Beside<'_> {
    fn read(&self, path: &str) -> Result<String, ReadError> {
        if path == PROGRAM { Ok(self.text.to_owned()) } else { Disk.read(path) }
    }

    fn exists(&self, path: &str) -> bool {
        path == PROGRAM || Disk.exists(path)
    }

    fn is_folder(&self, path: &str) -> bool {
        Disk.is_folder(path)
    }

    fn env(&self, name: &str) -> Option<String> {
        Disk.env(name)
    }

    fn beside(&self, path: &str) -> Vec<String> {
        Disk.beside(path)
    }
}

/// The plan of a program, as JSON.
fn plan(world: &dyn World, file: &str, set: &[String]) -> Result<Value, String> {
    let options = Options { facts: FactsChoice::None, set: set.to_vec(), ..Options::default() };
    let compiled = compile(world, file, &options);
    let Some(plan) = &compiled.plan else {
        let said: Vec<String> = compiled.diagnostics.iter().map(|d| d.message.clone()).collect();
        return Err(said.join("\n"));
    };
    let emitted = packer_json(plan, &compiled.kinds, &Emit { bare: true, ..Emit::default() });
    serde_json::from_str(&emitted.text()).map_err(|error| error.to_string())
}

/// A plan with what HCL has otherwise; a `tag` is an entry of `tags`.
fn said_as_hcl(plan: Value) -> Result<Value, String> {
    let mut plan = in_words_of_hcl(plan)?;
    for builder in plan["builders"].as_array_mut().into_iter().flatten() {
        let volumes = builder.get_mut("ebs_volumes").and_then(Value::as_array_mut).into_iter().flatten();
        volumes.for_each(tags);
        tags(builder);
    }
    // Attributes of Chef's are a text in HCL.
    for step in plan["provisioners"].as_array_mut().into_iter().flatten() {
        if let Some(text) = step.get("json_string").and_then(Value::as_str) {
            step["json_string"] = serde_json::from_str(text).map_err(|error| error.to_string())?;
        }
    }
    Ok(plan)
}

fn tags(record: &mut Value) {
    let Some(record) = record.as_object_mut() else { return };
    for name in ["tag", "run_tag", "run_volume_tag", "snapshot_tag"] {
        let Some(Value::Array(pairs)) = record.remove(name) else { continue };
        let map = record.entry(format!("{name}s")).or_insert_with(|| Value::Object(Default::default()));
        for pair in pairs {
            map[pair["key"].as_str().unwrap_or_default()] = pair["value"].clone();
        }
    }
}

/// What is different when a program goes out as HCL2 and comes back.
fn round(file: &str) -> Result<(), String> {
    let compiled = compile(&Disk, file, &Options::default());
    let Some(before) = &compiled.plan else { return Err("it does not compile".into()) };
    if before.builds.is_empty() {
        return Ok(());
    }
    let how = Emit { bare: true, ..Emit::default() };
    let json = packer_json(before, &compiled.kinds, &how).text();
    let hcl = packer_hcl(before, &compiled.kinds, &how, true).text();
    let imported =
        import_files(&Disk, Places { template: "plan.pkr.hcl", program: PROGRAM }, &[("plan.pkr.hcl", &hcl)]);
    let made = imported.program.ok_or_else(|| format!("{:?}\n{hcl}", imported.diagnostics))?;
    let wanted: Value = serde_json::from_str(&json).map_err(|error| error.to_string())?;
    let plan = plan(&Beside { text: &made.text }, PROGRAM, &[]).map_err(|why| format!("{why}\n{}", made.text))?;
    let found = differences(&said_as_hcl(wanted)?, &said_as_hcl(plan)?);
    if found.is_empty() { Ok(()) } else { Err(format!("{}\n{}", found.join("\n"), made.text)) }
}

#[test]
fn what_goes_out_as_hcl_comes_back() {
    let programs = programs();
    let programs = &programs;
    let some = move |part: usize| -> Vec<String> {
        let own = programs.iter().skip(part).step_by(THREADS);
        own.filter_map(|file| round(file).err().map(|why| format!("{file}: {why}"))).collect()
    };
    let lost: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|part| scope.spawn(move || some(part))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    none(lost);
}

fn cases() -> BTreeSet<String> {
    files_below(FOLDER).iter().filter_map(|file| Some(file.split_once('/')?.0.to_string())).collect()
}

/// The files of a case as a world, and those of the template.
fn world(case: &str) -> (Memory, Vec<(String, String)>) {
    let mut world = Memory::default();
    let folder = format!("{FOLDER}/{case}");
    for file in files_below(&folder) {
        world.files.insert(file.clone(), read(&format!("{folder}/{file}")));
    }
    let template = world.files.iter().filter(|(path, _)| path.ends_with(".pkr.hcl") || path.ends_with(".pkr.json"));
    let template = template.map(|(path, text)| (path.clone(), text.clone())).collect();
    (world, template)
}

fn imported(world: &Memory, template: &[(String, String)]) -> Imported {
    let files: Vec<(&str, &str)> = template.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    import_files(world, Places { template: files[0].0, program: "program.bake" }, &files)
}

#[test]
fn every_template_of_hcl_becomes_the_program_of_its_fixture() {
    const STYLE: Style = Style { colour: false, unicode: true, links: false, width: 100 };
    let cases = cases();
    assert!(cases.len() >= 3, "only {} cases", cases.len());
    let mut mistakes = Vec::new();
    for case in cases {
        let (world, template) = world(&case);
        let imported = imported(&world, &template);
        let told = render(&imported.diagnostics, &imported.sources, &Format::Human(STYLE));
        mistakes.extend(expect(&format!("{FOLDER}/{case}/told.txt"), &told).err());
        let Some(made) = imported.program else {
            mistakes.push(format!("{case}: no program"));
            continue;
        };
        mistakes.extend(expect(&format!("{FOLDER}/{case}/program.bake"), &made.text).err());
        let mut world = world;
        world.files.insert("program.bake".into(), made.text);
        world.variables.insert("SHOP_TOKEN".into(), "t".into());
        match plan(&world, "program.bake", &[]) {
            Ok(plan) => {
                let wanted: Value = serde_json::from_str(&read(&format!("{FOLDER}/{case}/wanted.json"))).expect("JSON");
                mistakes.extend(differences(&wanted, &plan).into_iter().map(|line| format!("{case}: {line}")));
            }
            Err(why) => mistakes.push(format!("{case}: {why}")),
        }
    }
    none(mistakes);
}

#[test]
fn the_command_reads_files_folders_and_what_is_piped() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = "source \"null\" \"one\" {\n  communicator = \"none\"\n}\n";
    let build = "build {\n  sources = [\"null.one\"]\n}\n";
    std::fs::create_dir(folder.path().join("web")).expect("a folder");
    for (name, text) in [("web/a.pkr.hcl", source), ("web/b.pkr.hcl", build), ("web/c.pkrvars.hcl", "x = 1\n")] {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    let whole = bakec(folder.path(), &["import", "web"], "");
    assert_eq!((whole.code, whole.out.contains("builder null")), (0, true), "{}", whole.errors);
    assert!(!whole.errors.contains("warning"), "{}", whole.errors);
    let one = bakec(folder.path(), &["import", "web/a.pkr.hcl"], "");
    assert_eq!((one.code, one.errors.contains("no file that was read has a `build`")), (0, true), "{}", one.errors);
    let piped = bakec(folder.path(), &["import", "-"], &format!("# piped\n{source}{build}"));
    assert_eq!((piped.code, piped.out.contains("builder null")), (0, true), "{}", piped.errors);
    let none = bakec(folder.path(), &["import", "."], "");
    assert_eq!((none.code, none.errors.contains("holds no `*.pkr.hcl`")), (2, true), "{}", none.errors);
    let broken = bakec(folder.path(), &["import", "-"], "source \"null\" \"one\" {\n");
    assert_eq!((broken.code, broken.errors.contains("this is no HCL")), (2, true), "{}", broken.errors);
}

#[test]
fn paths_are_told_from_the_program_wherever_it_lies() {
    let template = "source \"null\" \"a\" {\n  communicator = \"none\"\n}\nlocals {\n  text = file(\"${path.root}/text/a.txt\")\n}\nbuild {\n  sources = [\"null.a\"]\n  provisioner \"shell-local\" {\n    script = \"run.sh\"\n  }\n  provisioner \"shell-local\" {\n    inline = [local.text, file(\"text/b.txt\"), templatefile(\"c.tpl\", { x = 1 })]\n  }\n}\n";
    let folder = tempfile::tempdir().expect("a folder");
    for inner in ["packer/text", "images"] {
        std::fs::create_dir_all(folder.path().join(inner)).expect("a folder");
    }
    for (name, text) in [
        ("packer/t.pkr.hcl", template),
        ("packer/run.sh", ""),
        ("packer/text/a.txt", "A"),
        ("packer/text/b.txt", "B"),
        ("packer/c.tpl", "C${x}"),
    ] {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    for output in ["packer/t.bake", "images/t.bake", "t.bake"] {
        let made = bakec(folder.path(), &["import", "packer/t.pkr.hcl", "-o", output], "");
        assert_eq!(made.code, 0, "{}", made.errors);
        let plan = bakec(folder.path(), &["compile", "--bare", output], "");
        assert_eq!(plan.code, 0, "{output}: {}", plan.errors);
        let plan: Value = serde_json::from_str(&plan.out).expect("JSON");
        assert_eq!(plan["provisioners"][0]["script"], "packer/run.sh", "{output}");
        assert_eq!(plan["provisioners"][1]["inline"], serde_json::json!(["A", "B", "C1"]), "{output}");
    }
}

#[test]
fn json_that_is_none_is_refused_with_its_place() {
    let broken = "{\n  \"source\": {\n";
    let imported = import_files(
        &Memory::default(),
        Places { template: "t.pkr.json", program: PROGRAM },
        &[("t.pkr.json", broken)],
    );
    assert!(imported.program.is_none());
    assert!(
        imported.diagnostics.iter().any(|d| d.labels.iter().any(|l| l.span.start > 0)),
        "{:?}",
        imported.diagnostics
    );
}
