//! `bakec man`: the command line as manual pages.

use std::path::Path;

use clap::{Command, CommandFactory};

use super::args::{Args, Man};
use super::terminal::Terminal;
use super::{Outcome, file};

pub(super) fn run(args: &Man, terminal: &Terminal) -> Outcome {
    let mut command = Args::command();
    command.build();
    let Some(folder) = args.output.as_ref().filter(|folder| *folder != "-") else {
        return terminal.result(|mut out| clap_mangen::Man::new(command).render(&mut out));
    };
    file::folder(folder, terminal)?;
    let folder = Path::new(folder);
    let fail = |path: &Path, error: std::io::Error| {
        terminal.fail(&format!("`{}` cannot be written: {error}", path.display()), None)
    };
    let pages = pages(command);
    for (name, page) in &pages {
        let path = folder.join(name);
        file::write(&path, |out| out.write_all(page)).map_err(|error| fail(&path, error))?;
    }
    terminal.note(&format!("{}: {} pages, `{}` the first", folder.display(), pages.len(), pages[0].0));
    Ok(())
}

/// The page of the program, then one a command, each with the name of its file.
fn pages(command: Command) -> Vec<(String, Vec<u8>)> {
    let below: Vec<Command> = command.get_subcommands().filter(|c| !c.is_hide_set()).cloned().collect();
    let page = |command: Command| {
        let man = clap_mangen::Man::new(command);
        let mut text = Vec::new();
        // A `Vec` takes all bytes.
        let _ = man.render(&mut text);
        (man.get_filename(), text)
    };
    std::iter::once(command).chain(below).map(page).collect()
}
