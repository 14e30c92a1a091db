//! What shells complete, and the manual pages.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn bakec(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bakec"))
        .args(arguments)
        .current_dir(folder)
        .envs(environment.iter().copied())
        .output()
        .expect("bakec can be started")
}

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
    let output = bakec(folder, &[&["--"], words].concat(), &environment);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn programs_kinds_options_and_codes_are_offered() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["one.bake", "other.json", "read.me"] {
        fs::write(folder.path().join(name), "").expect("a file");
    }
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
        let output = bakec(Path::new("."), &["completions", shell], &[]);
        let script = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && script.contains("BAKEC_COMPLETE"), "{shell}: {script}");
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
    let output = bakec(folder.path(), &["man", "--output", "man1"], &[]);
    assert!(output.status.success(), "{output:?}");
    let help = bakec(folder.path(), &["--help"], &[]);
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let commands =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).map_while(|line| line.strip_prefix("  "));
    let mut pages = vec!["bakec.1".to_owned()];
    pages.extend(commands.filter_map(|line| line.split(' ').next()).map(|name| format!("bakec-{name}.1")));
    pages.sort();
    assert!(pages.len() > 10, "{help}");
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
    let main = bakec(folder.path(), &["man"], &[]);
    assert_eq!(main.stdout, fs::read(folder.path().join("man1/bakec.1")).expect("a page"));
}
