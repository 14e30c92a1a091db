//! What a user expects of any tool: plain words about files that are not there, exit codes that tell, help wherever it is asked
//! for, nothing secret on the screen.

use std::fs;
use std::process::{Command, Stdio};

use crate::run::{bakec, folder};

const LEAST: &str = "image web {\n    builder null { communicator = \"none\" }\n}\n";

#[test]
fn a_file_that_is_not_there_is_one_sentence() {
    let folder = folder(&[("web.bake", LEAST), ("empty/readme.md", "")]);
    for command in ["check", "compile", "list", "vars"] {
        let ran = bakec(folder.path(), &[command, "wbe.bake"], "");
        let wanted = "bake::load::read\n\n  × cannot read `wbe.bake`: no such file\n  help: did you mean `web.bake`?\n\n1 error\n";
        assert_eq!((ran.code, ran.out.as_str(), ran.errors.as_str()), (2, "", wanted), "{command}");
        let ran = bakec(folder.path(), &[command, "empty"], "");
        assert_eq!(ran.code, 2);
        assert!(
            ran.errors.contains("in `empty`\n  help: name the file, such as") && !ran.errors.contains("bakec check")
        );
    }
    for arguments in [&["--params", "none.json"][..], &["--facts", "none.tsv"]] {
        let ran = bakec(folder.path(), &[&["check", "web.bake"], arguments].concat(), "");
        let help = "no such file\n  help: paths on the command line are relative to the current folder\n";
        assert!(ran.code == 2 && ran.errors.contains(help), "{}", ran.errors);
    }
    let ran = bakec(folder.path(), &["check", "--format", "github", "wbe.bake"], "");
    assert!(ran.out.starts_with("::error file=wbe.bake,line=1"), "{}", ran.out);
}

#[test]
fn nothing_on_standard_input_is_no_program() {
    let folder = folder(&[]);
    for command in ["check", "compile", "list", "vars"] {
        let ran = bakec(folder.path(), &[command, "-"], "");
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{command}");
        assert!(ran.errors.contains("× cannot read standard input: nothing came\n"), "{}", ran.errors);
    }
    // An editor may format an empty file.
    assert_eq!(bakec(folder.path(), &["fmt", "-"], "").code, 0);
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_is_lost_is_a_mistake() {
    let folder = folder(&[("web.bake", LEAST)]);
    for arguments in [&["compile"][..], &["list"], &["--help"], &["--version"], &["help", "list"], &["doc"], &["man"]] {
        let full = fs::File::options().write(true).open("/dev/full").expect("there is a full device");
        let output = Command::new(env!("CARGO_BIN_EXE_bakec"))
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(full)
            .output()
            .expect("bakec can be started");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains("error: standard output cannot be written: No space left"), "{arguments:?}: {errors}");
    }
}

#[test]
fn a_file_is_no_folder() {
    let folder = folder(&[("web.bake", LEAST), ("afile", "mine")]);
    for arguments in [&["init", "afile"][..], &["man", "-o", "afile"]] {
        let ran = bakec(folder.path(), arguments, "");
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        assert!(ran.errors.starts_with("error: `afile` is a file, and a folder is wanted\n"), "{}", ran.errors);
    }
    assert!(bakec(folder.path(), &["compile", "--stage", "all", "-o", "afile"], "").code == 2);
    assert_eq!(fs::read_to_string(folder.path().join("afile")).expect("the file"), "mine");
}

#[test]
fn an_ending_that_misleads_packer_is_a_warning() {
    let folder = folder(&[("web.bake", LEAST)]);
    let ran = bakec(folder.path(), &["compile", "--target", "packer-hcl", "-o", "x.hcl"], "");
    let wanted = "warning: `x.hcl` holds HCL, which Packer reads from files that end in `.pkr.hcl` only\n  \
        help: name it `x.pkr.hcl`\nx.hcl: 1 build\n";
    assert_eq!((ran.code, ran.errors.as_str()), (0, wanted));
    let ran = bakec(folder.path(), &["compile", "-q", "-o", "x.pkr.hcl"], "");
    assert_eq!((ran.code, ran.errors.as_str()), (0, ""));
}

#[test]
fn help_is_a_command_too() {
    let folder = folder(&[]);
    let same = |a: &[&str], b: &[&str]| {
        let (a, b) = (bakec(folder.path(), a, ""), bakec(folder.path(), b, ""));
        assert_eq!((a.code, a.out, a.errors), (0, b.out, String::new()));
    };
    same(&["help"], &["--help"]);
    same(&["help", "compile"], &["compile", "--help"]);
    let ran = bakec(folder.path(), &["help", "compil"], "");
    assert!(ran.code == 2 && ran.errors.contains("'compile'"), "{}", ran.errors);
}

#[test]
fn half_a_name_leads_on() {
    let folder = folder(&[]);
    let help = |topic: &str| {
        let ran = bakec(folder.path(), &["doc", topic], "");
        assert_eq!(ran.code, 2, "{}", ran.out);
        ran.errors.lines().last().unwrap_or_default().to_owned()
    };
    assert_eq!(help("ebs"), "  help: did you mean `amazon-ebs`, `amazon-ebssurrogate` or `amazon-ebsvolume`?");
    assert_eq!(help("chef"), "  help: did you mean `chef-client` or `chef-solo`?");
    assert!(help("duration").contains("`duration` is a type of the language"));
    let listed = |name: &str| bakec(folder.path(), &["doc", name], "").out;
    assert!(listed("postprocessor").contains("  manifest"));
    assert_eq!(listed("postprocessor"), listed("post-processors"));
}

#[test]
fn a_page_of_a_mistake_is_markdown_for_programs() {
    let folder = folder(&[]);
    let page = |arguments: &[&str]| bakec(folder.path(), &[&["explain"], arguments].concat(), "").out;
    assert!(page(&["type::mismatch"]).starts_with("# `bake::type::mismatch`\n"));
    assert_eq!(page(&["type::mismatch"]), page(&["type::mismatch", "--markdown"]));
    let area = page(&["type"]);
    assert!(area.lines().count() > 3 && area.lines().all(|line| line.starts_with("bake::type::")), "{area}");
    assert_eq!(page(&["bake::type::"]), area);
}

#[test]
fn a_var_file_is_written_for_either_form() {
    let program = "variable zones: [string] = [\"a\", \"b\"]\nvariable count: int = 4\nvariable dry: bool\n\
        variable word: string = \"$x\"\n\nimage web {\n    builder null { communicator = \"none\" }\n    \
        provision shell-local { inline = [\"echo ${count} ${dry} ${word}\"] }\n    \
        provision shell-local { inline = zones }\n}\n";
    let folder = folder(&[("web.bake", program)]);
    let ran = bakec(folder.path(), &["vars", "-q", "--target", "packer-hcl"], "");
    let wanted = "zones = [\"a\", \"b\"]\ncount = 4\ndry   = \"\"\nword  = \"$x\"\n";
    assert_eq!((ran.code, ran.out.as_str(), ran.errors.as_str()), (0, wanted, ""));
    let ran = bakec(folder.path(), &["vars", "-q"], "");
    let json: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(json, serde_json::json!({ "zones": "a,b", "count": "4", "dry": "", "word": "$x" }));
}

#[test]
fn secrets_of_a_template_by_hand_stay_hidden() {
    let template = |password: &str, more: &str| {
        format!(
            r#"{{ "variables": {{ "db_password": "{password}-1" }}, "builders": [{{ "type": "null", "name": "web",
            "ssh_host": "h", "ssh_password": "{password}-2" }}], "provisioners": [{{ "type": "shell", "inline": ["true"],
            "environment_vars": ["TOKEN={password}-3", "WORD=shown"] }}{more}] }}"#
        )
    };
    let more = r#", { "type": "file", "source": "a", "destination": "b", "token": "hunter-4" }"#;
    let folder = folder(&[("a.json", &template("hunter", "")), ("b.json", &template("hunted", more))]);
    for arguments in [&["diff", "a.json", "b.json"][..], &["diff", "a.json", "b.json", "--json"]] {
        let ran = bakec(folder.path(), arguments, "");
        assert_eq!(ran.code, 1, "{}", ran.errors);
        assert!(!ran.out.contains("hunte"), "{}", ran.out);
        for place in ["db_password", "ssh_password", "TOKEN", "token"] {
            assert!(ran.out.contains(place), "{place}: {}", ran.out);
        }
    }
}

#[test]
fn names_that_are_none_are_refused() {
    let folder = folder(&[("web.bake", LEAST)]);
    for arguments in [&["check", ""][..], &["compile", "-o", ""], &["init", ""], &["fmt", ""], &["init", "-"]] {
        let ran = bakec(folder.path(), arguments, "");
        assert!(
            ran.code == 2 && ran.out.is_empty() && ran.errors.starts_with("error: "),
            "{arguments:?}: {}",
            ran.errors
        );
    }
    assert_eq!(bakec(folder.path(), &["man", "-o", "-"], "").out, bakec(folder.path(), &["man"], "").out);
    let ran = bakec(folder.path(), &["compile", "-o", "."], "");
    assert!(
        ran.errors.starts_with("error: `.` cannot be written: it is a folder; name a file in it\n"),
        "{}",
        ran.errors
    );
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1, "nothing was made");
}

#[test]
fn help_is_painted_by_order() {
    let folder = folder(&[]);
    let painted = |arguments: &[&str]| {
        let ran = bakec(folder.path(), arguments, "");
        (ran.out + &ran.errors).contains('\x1b')
    };
    assert!(painted(&["--color", "always", "--help"]) && painted(&["help", "list", "--color=always"]));
    assert!(painted(&["list", "--nope", "--colour", "always"]));
    assert!(!painted(&["--help"]) && !painted(&["--color=never", "help"]));
}
