//! `bakec diff` as a shell sees it: the forms of its sides, git revisions, exit codes.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::run::{bakec, command, finish, folder};

const MAIN: &str = "\
import \"lib/words.bake\"

param size: string = \"small\"
secret token: string

image web {
    matrix { axis n in [1, 2] }
    builder null { communicator = \"none\" }
    provision shell-local { inline = [words.first, size, file(\"note.txt\")] }
}
";

/// A program in a repository with one commit.
fn repository() -> tempfile::TempDir {
    let folder = folder(&[
        ("main.bake", MAIN),
        ("lib/words.bake", "let first = \"one\"\n"),
        ("note.txt", "as it was\n"),
        ("below/other.bake", "image other {\n    builder null { communicator = \"none\" }\n}\n"),
    ]);
    git(folder.path(), &["init", "-q", "-b", "main"]);
    commit(folder.path());
    folder
}

fn git(folder: &Path, arguments: &[&str]) {
    let ran = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("git can be started");
    assert!(ran.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

fn commit(folder: &Path) {
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "-m", "as it is"]);
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("a file can be written");
}

/// Runs `bakec diff`: exit code, output, errors.
#[track_caller]
fn diff(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let ran = bakec(folder, &[&["diff"], arguments].concat(), "");
    (ran.code, ran.out, ran.errors)
}

#[test]
fn files_plans_and_standard_input_are_sides() {
    let program =
        |size: &str| MAIN.replace("words.first, ", "").replace(", file(\"note.txt\")", "").replace("small", size);
    let program = |size: &str| program(size).replace("import \"lib/words.bake\"\n", "");
    let folder = folder(&[("a.bake", &program("small")), ("b.bake", &program("large"))]);
    let at = folder.path();
    let wanted = "\
provisioners
  ~ 1. shell-local
      inline  - \"small\"  + \"large\"
";
    assert_eq!(diff(at, &["a.bake", "b.bake"]), (1, wanted.into(), String::new()));
    assert_eq!(diff(at, &["a.bake", "a.bake"]), (0, String::new(), "`a.bake` and `a.bake` are equal\n".into()));
    assert_eq!(diff(at, &["-q", "a.bake", "b.bake", "--set", "size=x"]), (0, String::new(), String::new()));
    assert_eq!(bakec(at, &["compile", "a.bake", "-o", "a.json"], "").code, 0);
    assert_eq!(diff(at, &["a.json", "a.bake", "-q"]), (0, String::new(), String::new()));
    assert_eq!(diff(at, &["a.json", "b.bake"]).1, wanted);
    let plan = bakec(at, &["compile", "b.bake"], "").out;
    let ran = bakec(at, &["diff", "a.json", "-"], &plan);
    assert_eq!((ran.code, ran.out.as_str()), (1, wanted));
    let ran = bakec(at, &["diff", "-", "b.bake"], &program("small"));
    assert_eq!((ran.code, ran.out.as_str()), (1, wanted));
    let json: serde_json::Value = serde_json::from_str(&diff(at, &["--json", "a.json", "b.bake"]).1).expect("JSON");
    assert_eq!((&json["before"], &json["after"], &json["equal"]), (&"a.json".into(), &"b.bake".into(), &false.into()));
    let json: serde_json::Value = serde_json::from_str(&diff(at, &["--json", "a.json", "a.bake"]).1).expect("JSON");
    assert_eq!(json["equal"], true);
}

#[test]
fn a_template_that_a_person_wrote_is_a_side() {
    let template = r#"{
  // A person may leave words about it.
  "builders": [{ "type": "null", "name": "web-1", "communicator": "none" }, { "type": "null", "name": "old", "communicator": "none" }]
}"#;
    let program = "image web {\n    matrix { axis n in [1] }\n    builder null { communicator = \"none\" }\n}\n";
    let folder = folder(&[("hand.json", template), ("main.bake", program)]);
    let (code, out, errors) = diff(folder.path(), &["hand.json", "main.bake"]);
    assert_eq!((code, out.as_str(), errors.as_str()), (1, "builds (2 → 1)\n  - old  null\n", ""));
    let (code, out, _) = diff(folder.path(), &["hand.json", "main.bake", "--only", "web-*"]);
    assert_eq!((code, out.as_str()), (0, ""));
    let (code, _, errors) = diff(folder.path(), &["hand.json", "main.bake", "--only", "wbe-1"]);
    assert!(code == 2 && errors.contains("did you mean `web-1`?"), "{errors}");
}

#[test]
fn a_plan_that_was_changed_by_hand_is_said_to_be() {
    let folder = folder(&[("main.bake", "image web {\n    builder null { communicator = \"none\" }\n}\n")]);
    let plan = bakec(folder.path(), &["compile"], "").out;
    write(folder.path(), "plan.json", &plan.replace("\"none\"", "\"ssh\""));
    let (code, out, errors) = diff(folder.path(), &["plan.json", "main.bake"]);
    assert_eq!((code, out.as_str()), (1, "builds (1)\n  ~ web\n      communicator  \"ssh\" → \"none\"\n"));
    assert!(errors.contains("does not belong to the rest"), "{errors}");
}

#[test]
fn a_revision_is_read_whole() {
    let folder = repository();
    let at = folder.path();
    assert_eq!(diff(at, &[]).0, 0);
    write(at, "lib/words.bake", "let first = \"uno\"\n");
    write(at, "note.txt", "as it is\n");
    let wanted = "\
provisioners
  ~ 1. shell-local
      inline
          - one
          + uno
            small
          - as it was
          + as it is
";
    let told = diff(at, &[]);
    assert_eq!(told, (1, wanted.into(), String::new()));
    let same = |arguments: &[&str]| assert_eq!(diff(at, arguments), told, "{arguments:?}");
    same(&["HEAD"]);
    same(&["main"]);
    same(&["main.bake"]);
    same(&["main", "main.bake"]);
    same(&["HEAD:main.bake"]);
    same(&["HEAD:main.bake", "main.bake"]);
    commit(at);
    assert_eq!(diff(at, &[]).0, 0);
    let told = diff(at, &["HEAD~1:main.bake", "HEAD:main.bake"]);
    assert_eq!(told, (1, wanted.into(), String::new()));
    same_revisions(at, &told);
    // Params are those that are given now, also in a file that no commit has.
    write(at, "given.json", "{ \"size\": \"big\" }");
    let (code, out, _) = diff(at, &["--params", "given.json", "HEAD~1"]);
    assert!(code == 1 && !out.contains("small"), "{out}");
}

/// Two revisions are compared by the file that the folder has.
fn same_revisions(at: &Path, told: &(i32, String, String)) {
    assert_eq!(diff(at, &["HEAD~1", "HEAD"]), *told);
    assert_eq!(diff(at, &["HEAD", "HEAD"]), (0, String::new(), "`HEAD` and `HEAD` are equal\n".into()));
    write(at, "note.txt", "as it was\n");
    let (code, out, _) = diff(at, &["main.bake", "HEAD"]);
    assert!(code == 1 && out.contains("- as it was") && out.contains("+ as it is"), "{out}");
    write(at, "note.txt", "as it is\n");
    let (code, _, errors) = diff(at, &["HEAD", "mian"]);
    assert!(code == 2 && errors.contains("git knows no revision `mian`"), "{errors}");
    let none = at.join("none");
    fs::create_dir(&none).expect("a folder");
    let (code, _, errors) = diff(&none, &["HEAD~1", "HEAD"]);
    assert!(code == 2 && errors.contains("there is no `.bake` file of this folder in `HEAD~1`"), "{errors}");
}

#[test]
fn revisions_are_read_from_folders_below() {
    let folder = repository();
    let below = folder.path().join("below");
    assert_eq!(diff(&below, &["HEAD:other.bake"]).0, 0);
    assert_eq!(diff(&below, &["HEAD:../main.bake", "../main.bake"]).0, 0);
    // As git has it, a path from the top.
    assert_eq!(diff(&below, &["HEAD:main.bake", "../main.bake"]).0, 0);
}

#[test]
fn what_git_does_not_know_is_named() {
    let folder = repository();
    let at = folder.path();
    let said = |arguments: &[&str], words: &[&str]| {
        let (code, out, errors) = diff(at, arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{errors}");
        words.iter().for_each(|word| assert!(errors.contains(word), "`{word}` is not in: {errors}"));
    };
    said(&["mian"], &["git knows no revision `mian`", "did you mean `main`?"]);
    said(&["main.bak", "main.bake"], &["git knows no revision `main.bak`", "did you mean `main.bake`?"]);
    said(&["HEAD~9:main.bake"], &["git knows no revision `HEAD~9`"]);
    said(
        &["HEAD:mian.bake", "main.bake"],
        &["there is no file `mian.bake` in `HEAD`", "did you mean `HEAD:main.bake`?"],
    );
    said(&["HEAD:other.bake", "main.bake"], &["did you mean `HEAD:below/other.bake`?"]);
    said(&["--output=/tmp/x:main.bake", "main.bake"], &["unexpected argument"]);
    said(&["mian.bake"], &["there is no file `mian.bake`", "did you mean `main.bake`?"]);
    said(&["-"], &["standard input"]);
    said(&["-", "-"], &["standard input can be one side only"]);
    said(&["main.bake", "gone.json"], &["there is no file `gone.json`"]);
    write(at, "lib/words.bake", "let first = nope\n");
    commit(at);
    write(at, "lib/words.bake", "let first = \"one\"\n");
    said(&["HEAD"], &["HEAD:main.bake:", "lib/words.bake:1", "bake::name::unknown"]);
    let alone = tempfile::tempdir().expect("a temporary folder");
    fs::copy(at.join("below/other.bake"), alone.path().join("main.bake")).expect("a copy");
    let (code, _, errors) = diff(alone.path(), &["HEAD"]);
    assert!(code == 2 && errors.contains("this folder is in no git repository"), "{errors}");
}

#[test]
fn without_git_it_is_said_so() {
    let folder = repository();
    let ran = finish(command(folder.path(), &["diff", "HEAD"]).env("PATH", folder.path()), "");
    assert!(ran.code == 2 && ran.errors.contains("`git` is not installed"), "{}", ran.errors);
}

#[cfg(unix)]
#[test]
fn links_in_a_revision_are_followed() {
    let folder = repository();
    let at = folder.path();
    fs::remove_file(at.join("note.txt")).expect("a file goes");
    write(at, "below/words.txt", "behind a link\n");
    std::os::unix::fs::symlink("below/words.txt", at.join("note.txt")).expect("a link");
    commit(at);
    assert_eq!(diff(at, &["HEAD"]).0, 0);
    write(at, "below/words.txt", "another\n");
    let (code, out, _) = diff(at, &["HEAD"]);
    assert!(code == 1 && out.contains("behind a link") && out.contains("another"), "{out}");
}

#[test]
fn colours_are_by_order() {
    let folder = repository();
    write(folder.path(), "note.txt", "as it is\n");
    assert!(!diff(folder.path(), &[]).1.contains('\x1b'));
    assert!(diff(folder.path(), &["--color", "always"]).1.contains("\x1b[1mprovisioners\x1b[0m"));
}
