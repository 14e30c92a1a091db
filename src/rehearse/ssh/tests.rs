//! What the shell answers, and how command lines are taken apart.

use super::shell::{Said, Shell};
use super::words::{Variables, parse, wants_input};
use super::*;
use crate::rehearse::world::files::{Entry, Kind};

async fn run(files: &Files, command: &str) -> (u32, String) {
    run_with(files, command, "").await
}

async fn run_with(files: &Files, command: &str, input: &str) -> (u32, String) {
    let mut shell = Shell::new(files.clone(), "ubuntu", input.as_bytes().to_vec());
    let status = shell.run(command).await;
    let mut text = String::new();
    for said in shell.said() {
        let (Said::Out(bytes) | Said::Err(bytes)) = said;
        text.push_str(&String::from_utf8_lossy(&bytes));
    }
    (status, text)
}

fn upload(files: &Files, path: &str, text: &str, mode: u32) {
    let kind = Kind::File(Arc::new(text.as_bytes().to_vec()));
    files.tree().insert(path.to_string(), Entry { mode, kind });
}

#[test]
fn lines_are_taken_apart_as_a_shell_does_it() {
    let words = |line: &str| -> Vec<String> {
        let mut variables = Variables::new();
        variables.insert("V".to_string(), "w x".to_string());
        let commands = parse(line).unwrap().into_iter().flat_map(|p| p.commands);
        commands.flat_map(|c| c.words).map(|word| word.text(&variables)).collect()
    };
    assert_eq!(words(r#"a 'b c' "d \" $V" e\ f ${V}g # h"#), ["a", "b c", "d \" w x", "e f", "w xg"]);
    assert_eq!(words("a 2>/dev/null 2>&1 >/x;b&&c||d|e"), ["a", "b", "c", "d", "e"]);
    assert_eq!(words(r#"A='it'"'"'s'"#), ["A=it's"]);
    for beyond in ["if a; then b; fi", "a $(b)", "`a`", "(a)", "a << E", "'open", "${V:-x}", "&& a"] {
        assert_eq!(parse(beyond), None, "{beyond}");
    }
    assert!(wants_input("cat > x") && wants_input("sudo tee x") && wants_input("bash -s") && !wants_input("cat x"));
}

#[tokio::test]
async fn scripts_are_checked_and_not_run() {
    let files = Files::default();
    upload(&files, "/tmp/good.sh", "#!/bin/sh -e\nif true; then touch /tmp/ran; fi\n", 0o644);
    upload(&files, "/tmp/bad.sh", "#!/bin/sh\nif true; then\n", 0o755);
    upload(&files, "/tmp/crlf.sh", "#!/bin/sh\r\ntrue\r\n", 0o755);
    upload(&files, "/tmp/other", "#!/usr/bin/env -S perl -w\nBEGIN { die }\n", 0o755);
    assert_eq!(run(&files, "/tmp/good.sh").await.0, 126);
    let (status, said) = run(&files, "chmod +x /tmp/good.sh; A='b' /tmp/good.sh").await;
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("was not run (sh, 2 lines, its syntax is right)"), "{said}");
    let (status, said) = run(&files, "sudo -E -u root env A=b /tmp/bad.sh").await;
    assert!(status == 2 && !said.is_empty(), "{status} {said}");
    assert_eq!(run(&files, "/tmp/crlf.sh").await.0, 126);
    let (status, said) = run(&files, "/tmp/other").await;
    assert!(status == 0 && said.contains("unchecked: `perl`"), "{said}");
    assert_eq!(run(&files, "/tmp/none.sh").await.0, 127);
    assert_eq!(run(&files, "bash -ex /tmp/good.sh").await.0, 0);
    assert_eq!(run_with(&files, "sudo bash -s", "if").await.0, 2);
    let (status, said) = run(&files, "apt-get -y install nginx").await;
    assert!(status == 0 && said.contains("`apt-get` was not run"), "{said}");
    assert!(!files.tree().contains_key("/tmp/ran"));
}

#[tokio::test]
async fn files_are_moved_about() {
    let files = Files::default();
    assert_eq!(run_with(&files, "cat > a.txt", "one\n").await, (0, String::new()));
    assert_eq!(run(&files, "cat ~/a.txt && echo two").await, (0, "one\ntwo\n".to_string()));
    assert_eq!(run(&files, "test -f a.txt && test ! -e b || false").await.0, 0);
    assert_eq!(run(&files, "[ -f b ] || exit 3; echo no").await, (3, String::new()));
    assert_eq!(
        run(&files, "mkdir -p d/e && mv a.txt d/e/ && cp d/e/a.txt b && rm -rf d; ls").await,
        (0, "b\n".to_string())
    );
    assert_eq!(run(&files, "rm c").await.0, 1);
    assert_eq!(
        run(&files, "rm -f c; chmod 0600 b; sh -c 'echo x | sudo tee -a /home/ubuntu/b > /dev/null'").await.0,
        0
    );
    assert_eq!(run(&files, "cat b").await.1, "one\nx\n");
    assert_eq!(files.tree()["/home/ubuntu/b"].mode, 0o600);
    assert_eq!(run(&files, "export A=1 && echo $A$B").await.1, "1\n");
    assert_eq!(run(&files, "chmod u=rwx,go-r b; test -x b").await.0, 0);
}

#[tokio::test]
async fn digests_are_those_of_the_files() {
    let files = Files::default();
    upload(&files, "/tmp/a b", "abc", 0o644);
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let command = "sh -c 'sha256sum < \"$1\" 2>/dev/null || false' sh '/tmp/a b'";
    assert_eq!(run(&files, command).await, (0, format!("{abc}  -\n")));
    assert_eq!(run(&files, "sha256sum '/tmp/a b'").await, (0, format!("{abc}  /tmp/a b\n")));
    assert_eq!(run_with(&files, "sha256sum", "abc").await, (0, format!("{abc}  -\n")));
    assert_eq!(run(&files, "sha256sum /tmp/none").await.0, 1);
}
