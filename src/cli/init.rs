//! `bakec init`: a first program to start from.
//!
//! The programs lie in the folder `init`, one a template; a test compiles each of them. Nothing that exists is written over.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};

use crate::load::world;

use super::args::{Init, Template};
use super::terminal::Terminal;
use super::{Outcome, Stop, file, import};

static MATRIX: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/cli/init/matrix");
static EBS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/cli/init/ebs");
static LOCAL: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/cli/init/local");
static GITIGNORE: &str = include_str!("init/gitignore");

/// The program of a folder.
const ROOT: &str = "main.bake";

pub(super) fn run(args: &Init, terminal: &Terminal) -> Outcome {
    let folder = Path::new(args.folder.as_deref().unwrap_or("."));
    if let Some(folder) = &args.folder {
        file::folder(folder, terminal)?;
    }
    let made = match &args.from {
        Some(template) => {
            let program = world::normalise(&folder.join(ROOT).to_string_lossy());
            Some(import::made(template, &program, terminal)?)
        }
        None => None,
    };
    let files = match &made {
        Some(made) => vec![(ROOT.to_owned(), made.text.as_str())],
        None => files(args.template),
    };
    let taken: Vec<String> = files
        .iter()
        .map(|(name, _)| folder.join(name))
        .filter(|p| fs::symlink_metadata(p).is_ok())
        .map(shown)
        .collect();
    if !taken.is_empty() {
        let exist = if taken.len() == 1 { "exists" } else { "exist" };
        let message = format!("{} {exist} already", taken.join(" and "));
        return Err(terminal.fail(&message, Some("name another folder: `bakec init images`")));
    }
    for (name, text) in &files {
        create(&folder.join(name), text, terminal)?;
    }
    let ignored = folder.join(".gitignore");
    if fs::symlink_metadata(&ignored).is_err() {
        create(&ignored, GITIGNORE, terminal)?;
    }
    let outcome = made.as_ref().map_or(Ok(()), |made| import::told(made, None, terminal));
    next(args, terminal);
    outcome
}

/// The files of a template by path.
fn files(template: Template) -> Vec<(String, &'static str)> {
    fn below(dir: &'static Dir<'static>, found: &mut Vec<(String, &'static str)>) {
        for entry in dir.entries() {
            match entry {
                DirEntry::Dir(dir) => below(dir, found),
                DirEntry::File(file) => {
                    let name = file.path().to_string_lossy().replace('\\', "/");
                    found.extend(file.contents_utf8().map(|text| (name, text)));
                }
            }
        }
    }
    let mut found = Vec::new();
    below(
        match template {
            Template::Matrix => &MATRIX,
            Template::Ebs => &EBS,
            Template::Local => &LOCAL,
        },
        &mut found,
    );
    found.sort();
    found
}

/// Writes a file that does not exist yet, and its folders.
fn create(path: &Path, text: &str, terminal: &Terminal) -> Outcome {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
        let mut options = fs::File::options();
        #[cfg(unix)]
        if text.starts_with("#!") {
            // A script on this machine is run as it is.
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o777);
        }
        options.write(true).create_new(true).open(path)?.write_all(text.as_bytes())
    });
    match written {
        Ok(()) => {
            terminal.note(&format!("created {}", shown(path.to_path_buf()).trim_matches('`')));
            Ok(())
        }
        Err(error) => {
            Err::<(), Stop>(terminal.fail(&format!("{} cannot be written: {error}", shown(path.to_path_buf())), None))
        }
    }
}

fn shown(path: PathBuf) -> String {
    let text = path.to_string_lossy();
    format!("`{}`", text.strip_prefix("./").unwrap_or(&text))
}

/// Says what to do now.
fn next(args: &Init, terminal: &Terminal) {
    let mut steps: Vec<(String, &str)> = Vec::new();
    if let Some(folder) = args.folder.as_deref().filter(|f| !matches!(*f, "." | "./")) {
        steps.push((format!("cd {folder}"), ""));
    }
    let kind = if args.template == Template::Local { "shell-local" } else { "amazon-ebs" };
    steps.extend([
        ("bakec check".to_owned(), "find mistakes"),
        ("bakec list".to_owned(), "see the builds"),
        ("bakec compile -o plan.json".to_owned(), "write the plan"),
        ("packer build plan.json".to_owned(), "run it"),
        (format!("bakec doc {kind}"), "read about the options"),
    ]);
    terminal.note("\nNext:");
    let width = steps.iter().map(|(command, _)| command.len()).max().unwrap_or(0);
    for (command, why) in steps {
        terminal.note(format!("  {command:width$}  {why}").trim_end());
    }
}
