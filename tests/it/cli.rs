//! The program as a shell sees it: what goes to which stream, exit codes, files.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use crate::run::{bakec, command, folder};

/// Four builds, of which two have a step; one required secret.
const PROGRAM: &str = "\
param version: string = \"1\"
secret token: string
variable word: string = \"Brot\"

image a {
    matrix {
        axis n    in [1, 2]
        axis virt in [\"pv\", \"hvm\"]
    }
    builder null { communicator = \"none\" }
    provision shell-local when virt == \"hvm\" { inline = [\"echo ${word} ${version}\"] }
}
";

#[test]
fn the_plan_goes_to_standard_output_and_words_do_not() {
    let folder = folder(&[("one.bake", PROGRAM)]);
    let ran = bakec(folder.path(), &["compile"], "");
    assert_eq!((ran.code, ran.errors.as_str()), (0, ""));
    let plan: serde_json::Value = serde_json::from_str(&ran.out).expect("the plan is JSON");
    assert_eq!(plan["builders"].as_array().map(Vec::len), Some(4));
    assert_eq!(plan["provisioners"][0]["only"], serde_json::json!(["a-1-hvm", "a-2-hvm"]));
    assert_eq!(bakec(folder.path(), &["compile", "-"], PROGRAM).out.matches("\"type\": \"null\"").count(), 4);
}

#[test]
fn a_selection_leaves_the_rest_out() {
    let folder = folder(&[("one.bake", PROGRAM)]);
    let list = |arguments: &[&str]| {
        let ran = bakec(folder.path(), &[&["list", "--json"], arguments].concat(), "");
        let list: serde_json::Value = serde_json::from_str(&ran.out).expect("the list is JSON");
        let name = |b: &serde_json::Value| b["name"].as_str().unwrap_or_default().to_owned();
        list.as_array().map(|l| l.iter().map(name).collect::<Vec<_>>().join(" ")).unwrap_or_default()
    };
    assert_eq!(list(&["--only", "n=1+virt=hvm", "--only", "*-2-pv"]), "a-1-hvm a-2-pv");
    assert_eq!(list(&["--except", "virt=pv"]), "a-1-hvm a-2-hvm");
    let ran = bakec(folder.path(), &["compile", "--only", "virt=hmv"], "");
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.errors.contains("--only:1:1") && ran.errors.contains("did you mean `hvm`?"), "{}", ran.errors);
}

#[test]
fn a_plan_file_is_written_whole_or_not_at_all() {
    let folder = folder(&[("one.bake", PROGRAM), ("plan.json", "before")]);
    let plan = folder.path().join("plan.json");
    let ran = bakec(folder.path(), &["compile", "-o", "plan.json", "--set", "nothing=1"], "");
    assert_eq!((ran.code, fs::read_to_string(&plan).expect("the plan").as_str()), (2, "before"));
    let ran = bakec(folder.path(), &["compile", "-o", "plan.json"], "");
    assert_eq!((ran.code, ran.out.as_str(), ran.errors.as_str()), (0, "", "plan.json: 4 builds\n"));
    assert!(fs::read_to_string(&plan).expect("the plan").starts_with("{\n  \"_bakec\": "));
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 2, "nothing else is left behind");
}

#[test]
fn the_same_program_gives_the_same_bytes() {
    let folder = folder(&[("one.bake", PROGRAM)]);
    let first = bakec(folder.path(), &["compile"], "").out;
    assert_eq!(first, bakec(folder.path(), &["compile"], "").out);
    assert_ne!(first, bakec(folder.path(), &["compile", "--set", "version=2"], "").out);
}

#[test]
fn the_root_is_named_or_main_or_the_only_one() {
    let folder = folder(&[("one.bake", PROGRAM), ("two.bake", "")]);
    let ran = bakec(folder.path(), &["check"], "");
    assert_eq!(ran.code, 2);
    assert!(ran.errors.contains("several `.bake` files in this folder: `one.bake`, `two.bake`"), "{}", ran.errors);
    fs::write(folder.path().join("main.bake"), PROGRAM).expect("a file can be written");
    assert_eq!(bakec(folder.path(), &["check"], "").errors, "main.bake: 4 builds\n");
    let empty = tempfile::tempdir().expect("a temporary folder");
    let ran = bakec(empty.path(), &["list"], "");
    assert!(ran.code == 2 && ran.errors.contains("there is no `.bake` file in this folder"), "{}", ran.errors);
}

#[test]
fn check_says_all_of_all_files_in_every_form() {
    let files = [("good.bake", PROGRAM), ("bad.bake", "let x = \nlet y = nope\n")];
    let folder = folder(&files);
    let ran = bakec(folder.path(), &["check", "good.bake", "bad.bake"], "");
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.errors.contains("good.bake: 4 builds") && ran.errors.contains("bad.bake:"), "{}", ran.errors);
    let ran = bakec(folder.path(), &["check", "-q", "good.bake"], "");
    assert_eq!((ran.code, ran.errors.as_str()), (0, ""));
    let ran = bakec(folder.path(), &["check", "--format", "json", "good.bake", "bad.bake"], "");
    let json: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert!(ran.code == 2 && json.as_array().is_some_and(|l| !l.is_empty()), "{}", ran.out);
    let ran = bakec(folder.path(), &["check", "--format", "github", "bad.bake"], "");
    assert!(ran.out.lines().all(|l| l.starts_with("::error ")) && !ran.out.is_empty(), "{}", ran.out);
    let ran = bakec(folder.path(), &["check", "--format", "sarif", "bad.bake"], "");
    let sarif: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(sarif["version"], "2.1.0");
}

#[test]
fn a_required_param_is_asked_for() {
    let program = PROGRAM.replace(" = \"1\"", "");
    let folder = folder(&[("one.bake", &program)]);
    let ran = bakec(folder.path(), &["compile"], "");
    assert!(ran.code == 2 && ran.errors.contains("--set version=…"), "{}", ran.errors);
    let ran = bakec(folder.path(), &["check"], "");
    assert!(ran.code == 0 && ran.errors.contains("its builds were not evaluated"), "{}", ran.errors);
    assert_eq!(bakec(folder.path(), &["compile", "--set", "version=3"], "").code, 0);
}

#[test]
fn what_a_plan_depends_on_is_listed() {
    let folder = folder(&[("one.bake", PROGRAM), ("given.json", "{\"version\": \"7\"}")]);
    let ran = bakec(folder.path(), &["compile", "--deps", "--params", "given.json"], "");
    assert_eq!(ran.code, 0, "{}", ran.errors);
    assert!(ran.out.lines().any(|l| l == "file: one.bake"), "{}", ran.out);
    assert!(ran.out.lines().any(|l| l == "file: given.json"), "{}", ran.out);
}

#[test]
fn a_var_file_holds_defaults_and_gaps() {
    let folder = folder(&[("one.bake", PROGRAM)]);
    let ran = bakec(folder.path(), &["vars"], "");
    let vars: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(vars, serde_json::json!({"token": "", "word": "Brot"}));
    assert_eq!(ran.errors, "fill in `token`: string, a secret\n");
}

#[test]
fn fmt_writes_shows_or_counts() {
    let ugly = "let  x=1\n";
    let folder = folder(&[("a.bake", ugly), ("b.bake", "let y = 2\n")]);
    let read = || fs::read_to_string(folder.path().join("a.bake")).expect("the file");
    let ran = bakec(folder.path(), &["fmt", "--check"], "");
    assert_eq!((ran.code, ran.out.as_str(), read().as_str()), (1, "a.bake\n", ugly));
    let ran = bakec(folder.path(), &["fmt", "--diff"], "");
    assert!(ran.code == 0 && ran.out.contains("-let  x=1\n+let x = 1\n"), "{}", ran.out);
    assert_eq!(bakec(folder.path(), &["fmt", "-"], ugly).out, "let x = 1\n");
    let ran = bakec(folder.path(), &["fmt"], "");
    assert_eq!((ran.code, ran.errors.as_str(), read().as_str()), (0, "formatted a.bake\n", "let x = 1\n"));
    assert_eq!(bakec(folder.path(), &["fmt", "--check"], "").code, 0);
    assert_eq!(bakec(folder.path(), &["fmt", "no.bake"], "").code, 2);
}

#[test]
fn codes_are_explained() {
    let folder = folder(&[]);
    let all = bakec(folder.path(), &["explain"], "").out;
    assert_eq!(all.matches("bake::").count(), bakec::diagnostic::code::ALL.len());
    let page = bakec(folder.path(), &["explain", "name::unknown"], "").out;
    assert!(page.contains("bake::name::unknown") && page.lines().count() > 5, "{page}");
    let ran = bakec(folder.path(), &["explain", "name::unknwon"], "");
    assert!(ran.code == 2 && ran.errors.contains("did you mean `bake::name::unknown`?"), "{}", ran.errors);
}

#[test]
fn wrong_arguments_end_with_2() {
    let folder = folder(&[("one.bake", PROGRAM)]);
    for arguments in [&["compile", "--no-such"][..], &["nothing"], &[], &["compile", "--deps", "-o", "x"]] {
        let ran = bakec(folder.path(), arguments, "");
        assert!(ran.code == 2 && ran.out.is_empty() && !ran.errors.is_empty(), "{arguments:?}: {}", ran.out);
    }
    assert!(bakec(folder.path(), &["completions", "bash"], "").out.contains("_bakec"));
}

#[test]
fn colour_is_for_terminals_or_by_order() {
    let folder = folder(&[("bad.bake", "let x = nope\n")]);
    assert!(!bakec(folder.path(), &["check"], "").errors.contains('\x1b'));
    assert!(bakec(folder.path(), &["check", "--color", "always"], "").errors.contains("\x1b["));
}

#[test]
fn a_reader_that_leaves_is_no_mistake() {
    let rows = (0..40).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
    let program = PROGRAM.replace("[1, 2]", &format!("[{rows}]\n        axis m in [{rows}]"));
    let folder = folder(&[("one.bake", &program)]);
    let mut child = command(folder.path(), &["compile"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bakec can be started");
    // Less than a pipe holds, and much less than the plan.
    let mut out = child.stdout.take().expect("its output is a pipe");
    out.read_exact(&mut [0; 16]).expect("the plan begins");
    drop(out);
    let output = child.wait_with_output().expect("bakec ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{:?}: {errors}", output.status);
}

#[test]
fn a_plan_is_never_written_over_a_program() {
    let folder = folder(&[("main.bake", PROGRAM), ("other.bake", PROGRAM)]);
    #[cfg(unix)]
    std::os::unix::fs::symlink("main.bake", folder.path().join("plan.json")).expect("a link can be made");
    let places: &[&str] = if cfg!(unix) { &["main.bake", "other.bake", "plan.json"] } else { &["main.bake"] };
    for place in places {
        for more in [&[][..], &["--target", "packer-hcl"], &["--stage", "1"]] {
            let ran = bakec(folder.path(), &[&["compile", "main.bake", "-o", place], more].concat(), "");
            assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{place}: {}", ran.errors);
            assert!(ran.errors.contains(&format!("`{place}` is a source")), "{}", ran.errors);
        }
    }
    assert_eq!(fs::read_to_string(folder.path().join("main.bake")).expect("the program is there"), PROGRAM);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = folder(&[("main.bake", PROGRAM)]);
    let ran = bakec(folder.path(), &["compile", "-o", "no/such/plan.json"], "");
    assert_eq!(ran.code, 2);
    assert!(ran.errors.starts_with("error: `no/such/plan.json` cannot be written"), "{}", ran.errors);
    assert!(ran.errors.contains("there is no folder `no/such`"), "{}", ran.errors);
}

#[test]
fn a_plan_without_builds_is_pointed_out() {
    let folder = folder(&[("main.bake", "let a = 1\n")]);
    let ran = bakec(folder.path(), &["compile"], "");
    assert_eq!(ran.code, 0);
    assert!(ran.errors.contains("the plan has no builds"), "{}", ran.errors);
}
