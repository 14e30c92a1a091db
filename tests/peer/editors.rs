//! The editor files under `grammar/` in the programs that read them: VS Code's engine of grammars, its packer of extensions, Neovim,
//! and tree-sitter.
//!
//! Runs where `BAKEC_EDITORS` names the folder that `tests/editors/tools` fills. It knows the programs by what they print; which words
//! the files hold is compared in `tests/it/editors.rs`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bakec::format::format;

use crate::peer::run;
use crate::support::{files_below, read, root};

/// The folder of tools, if these tests are wanted; says so where they are not.
fn tools(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("BAKEC_EDITORS").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("{test}: skipped, BAKEC_EDITORS=FOLDER runs it with the tools of tests/editors/tools");
    }
    folder
}

/// Every program of the repository that parses, by its whole path.
fn programs() -> Vec<PathBuf> {
    let files = ["examples", "tests"].iter().flat_map(|folder| {
        files_below(folder)
            .into_iter()
            .filter(|file| file.ends_with(".bake"))
            .map(move |file| format!("{folder}/{file}"))
    });
    let parsed: Vec<PathBuf> = files
        .filter(|file| fs::read_to_string(root().join(file)).is_ok_and(|text| format(file, &text).is_ok()))
        .map(|file| root().join(file))
        .collect();
    assert!(parsed.len() > 200, "only {} programs of the repository parse", parsed.len());
    parsed
}

/// Runs a command in the repository; what it printed, if it ended well.
#[track_caller]
fn well(command: &mut Command) -> String {
    let output = run(command.current_dir(root()));
    let said = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned();
    assert!(output.status.success(), "{command:?} ended badly:\n{said}");
    said
}

/// A copy of a folder of the repository, so that what tools write stays out of it.
fn copy(folder: &str, to: &Path) {
    for file in
        files_below(folder).into_iter().filter(|file| !file.starts_with("node_modules/") && !file.starts_with("src/"))
    {
        let place = to.join(&file);
        fs::create_dir_all(place.parent().unwrap_or(to)).expect("the folder can be made");
        fs::copy(root().join(folder).join(&file), place).expect("the file can be copied");
    }
}

/// The parser that tree-sitter makes of the grammar, as `parser/bake.so` in a folder.
fn parser(tools: &Path, folder: &Path) {
    let grammar = folder.join("grammar/tree-sitter");
    copy("grammar", &folder.join("grammar"));
    fs::create_dir_all(folder.join("parser")).expect("the folder can be made");
    let tree_sitter = || {
        let mut command = Command::new(tools.join("bin/tree-sitter"));
        command.env("XDG_CACHE_HOME", folder).env("XDG_CONFIG_HOME", folder);
        command
    };
    for arguments in [&["generate"][..], &["build", "-o", "../../parser/bake.so"]] {
        let output = run(tree_sitter().args(arguments).current_dir(&grammar));
        assert!(output.status.success(), "tree-sitter {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn peer_editors_the_textmate_grammar_takes_every_program() {
    let Some(tools) = tools("peer_editors_the_textmate_grammar_takes_every_program") else { return };
    let programs = programs();
    let said = well(Command::new("node").arg("tests/editors/textmate.mjs").arg(&tools).args(&programs));
    assert!(said.contains(&format!("{} programs, 0 mistakes", programs.len())), "{said}");
}

#[test]
fn peer_editors_the_scopes_are_those_of_the_fixtures() {
    let Some(tools) = tools("peer_editors_the_scopes_are_those_of_the_fixtures") else { return };
    let fixtures = files_below("tests/editors/scopes");
    assert!(!fixtures.is_empty());
    let said = well(
        Command::new(tools.join("node_modules/.bin/vscode-tmgrammar-test"))
            .args(["-g", "grammar/vscode/syntaxes/bake.tmLanguage.json"])
            .args(fixtures.iter().map(|fixture| format!("tests/editors/scopes/{fixture}"))),
    );
    assert_eq!(said.matches("run successfuly").count(), fixtures.len(), "{said}");
}

#[test]
fn peer_editors_the_client_starts_what_the_settings_name() {
    if tools("peer_editors_the_client_starts_what_the_settings_name").is_none() {
        return;
    }
    let said = well(Command::new("node").args(["--test", "--test-reporter=tap", "tests/editors/client.mjs"]));
    assert!(said.contains("# fail 0") && !said.contains("# pass 0"), "{said}");
}

#[test]
fn peer_editors_the_extension_is_packed() {
    let Some(tools) = tools("peer_editors_the_extension_is_packed") else { return };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    copy("grammar/vscode", folder.path());
    fs::write(folder.path().join("LICENSE"), read("LICENSE")).expect("the license can be written");
    // What it depends on has been installed already, so that no test waits for a registry.
    well(Command::new("cp").arg("-r").arg(tools.join("extension/node_modules")).arg(folder.path()));
    let mut vsce = Command::new(tools.join("node_modules/.bin/vsce"));
    let output =
        run(vsce.args(["package", "--allow-missing-repository", "-o", "bake.vsix"]).current_dir(folder.path()));
    let said = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned();
    assert!(output.status.success(), "{said}");
    for part in
        ["extension.js", "language-configuration.json", "bake.tmLanguage.json", "vscode-languageclient/", "LICENSE"]
    {
        assert!(said.contains(part), "the package lacks {part}:\n{said}");
    }
    assert!(fs::metadata(folder.path().join("bake.vsix")).is_ok_and(|package| package.len() > 100_000));
}

#[test]
fn peer_editors_tree_sitter_takes_every_program_and_every_query() {
    let Some(tools) = tools("peer_editors_tree_sitter_takes_every_program_and_every_query") else { return };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    parser(&tools, folder.path());
    let grammar = folder.path().join("grammar/tree-sitter");
    let tree_sitter = |arguments: &[&str], path: &Path| {
        let mut command = Command::new(tools.join("bin/tree-sitter"));
        command.args(arguments).arg(path).env("XDG_CACHE_HOME", folder.path()).env("XDG_CONFIG_HOME", folder.path());
        let output = run(command.current_dir(&grammar));
        let said = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned();
        assert!(output.status.success(), "{command:?}: {said}");
    };
    let list: Vec<String> = programs().iter().map(|program| program.display().to_string()).collect();
    let paths = folder.path().join("programs");
    fs::write(&paths, list.join("\n")).expect("the list can be written");
    // It ends badly where a tree has an error.
    tree_sitter(&["parse", "--quiet", "--paths"], &paths);
    let tour = root().join("examples/language/tour.bake");
    for editor in ["neovim", "helix"] {
        for query in files_below(&format!("grammar/{editor}/queries/bake")) {
            let query = root().join(format!("grammar/{editor}/queries/bake/{query}")).display().to_string();
            tree_sitter(&["query", &query], &tour);
        }
    }
}

#[test]
fn peer_editors_neovim_knows_the_language() {
    let Some(tools) = tools("peer_editors_neovim_knows_the_language") else { return };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    parser(&tools, folder.path());
    let runtime = format!("set rtp^={},{}", root().join("grammar/neovim").display(), folder.path().display());
    let said = well(
        Command::new(tools.join("bin/nvim"))
            .args(["--clean", "--headless", "--cmd", &runtime, "-l", "tests/editors/neovim.lua"])
            .args(["examples/language/tour.bake", "tests/editors/server.mjs"])
            .env("XDG_STATE_HOME", folder.path()),
    );
    assert!(said.contains("all is well"), "{said}");
}
