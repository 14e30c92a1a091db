//! What shells complete, and the manual pages.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::run::{bakec, command, commands, finish, folder};

/// What is offered for the last of the words.
#[track_caller]
fn offered(folder: &Path, words: &[&str]) -> Vec<String> {
    let last = (words.len() - 1).to_string();
    let environment = [
        ("BAKEC_COMPLETE", "bash"),
        ("_CLAP_COMPLETE_INDEX", last.as_str()),
        ("_CLAP_COMPLETE_COMP_TYPE", "9"),
        ("_CLAP_COMPLETE_SPACE", "true"),
        ("_CLAP_IFS", "\n"),
    ];
    let ran = finish(command(folder, &[&["--"], words].concat()).envs(environment), "");
    ran.done();
    ran.out.lines().map(str::to_owned).collect()
}

#[test]
fn programs_kinds_options_and_codes_are_offered() {
    let folder = folder(&[("one.bake", ""), ("other.json", ""), ("read.me", "")]);
    let offered = |words: &[&str]| offered(folder.path(), words);
    assert_eq!(offered(&["bakec", "check", "o"]), ["one.bake"]);
    assert_eq!(offered(&["bakec", "check", "--params", "o"]), ["other.json"]);
    assert_eq!(offered(&["bakec", "comp"]), ["compile", "completions"]);
    let kinds = offered(&["bakec", "doc", "amazon-"]);
    assert!(kinds.contains(&"amazon-ebs".to_owned()) && kinds.iter().all(|k| !k.contains('.')), "{kinds:?}");
    assert_eq!(offered(&["bakec", "doc", "amazon-ebs.ami_na"]), ["amazon-ebs.ami_name"]);
    assert!(
        offered(&["bakec", "doc", "amazon-ebs.assume_role.r"]).contains(&"amazon-ebs.assume_role.role_arn".to_owned())
    );
    assert!(offered(&["bakec", "explain", "type"]).contains(&"type::mismatch".to_owned()));
    assert_eq!(offered(&["bakec", "init", "--template", "e"]), ["ebs"]);
}

#[test]
fn every_shell_has_its_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = bakec(Path::new("."), &["completions", shell], "").done();
        assert!(script.contains("BAKEC_COMPLETE"), "{shell}: {script}");
    }
    let sourced = Command::new("bash")
        .args(["-c", "bakec completions bash > script && source ./script && complete -p bakec"])
        .current_dir(tempfile::tempdir().expect("a temporary folder").path())
        .env("PATH", format!("{}:/usr/bin:/bin", bin_folder()))
        .output();
    match sourced {
        Ok(output) => assert!(output.status.success(), "{output:?}"),
        Err(_) => println!("no `bash` here: the script was not shown to it"),
    }
}

fn bin_folder() -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_bakec"));
    program.parent().map(|folder| folder.to_string_lossy().into_owned()).unwrap_or_default()
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    bakec(folder.path(), &["man", "--output", "man1"], "").done();
    let mut pages = vec!["bakec.1".to_owned()];
    pages.extend(commands().into_iter().map(|name| format!("bakec-{name}.1")));
    pages.sort();
    let mut written: Vec<String> = fs::read_dir(folder.path().join("man1"))
        .expect("the folder of the pages")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    written.sort();
    assert_eq!(written, pages);
    let page = fs::read_to_string(folder.path().join("man1/bakec-compile.1")).expect("a page");
    assert!(
        page.contains("bakec\\-compile \\- Write the plan as Packer JSON") && page.contains("template\\-dir"),
        "{page}"
    );
    let main = bakec(folder.path(), &["man"], "");
    assert_eq!(main.out, fs::read_to_string(folder.path().join("man1/bakec.1")).expect("a page"));
}
