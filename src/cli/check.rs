//! `bakec check`: all mistakes of several programs.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::compile::Compiled;
use crate::diagnostic::render::{Format, render};
use crate::diagnostic::{Code, Diagnostic};
use crate::inspect::list::count;
use crate::text::{FileId, Sources, Span};

use super::args::{Check, Form};
use super::terminal::{Terminal, say_bug};
use super::{Outcome, Stop, input};

pub(super) fn run(args: &Check, terminal: &Terminal) -> Outcome {
    let roots = if args.files.is_empty() {
        vec![input::root(None, terminal)?]
    } else {
        args.files.iter().map(|f| input::root(Some(f), terminal)).collect::<Result<_, _>>()?
    };
    let mut all = All::default();
    let mut notes = Vec::new();
    let mut lost = false;
    for root in &roots {
        let compiled = input::compiled(root, &args.given);
        let good = !input::has_errors(&compiled.diagnostics);
        if compiled.lost {
            say_bug(input::LOST);
            lost = true;
        } else if good {
            notes.push(match &compiled.plan {
                Some(plan) => format!("{root}: {}", count(plan.builds.len())),
                None if compiled.missing_params.is_empty() => format!("{root}: no mistakes"),
                None => format!(
                    "{root}: no mistakes, but its builds were not evaluated: {} no value\n  help: {}",
                    input::these_params(&compiled.missing_params),
                    input::how_to_set(&compiled.missing_params)
                ),
            });
        }
        all.add(compiled);
    }
    let format = match args.format {
        Form::Human => None,
        Form::Json => Some(Format::Json),
        Form::Github => Some(Format::Github),
        Form::Sarif => Some(Format::Sarif),
    };
    match format {
        None => terminal.diagnostics(&all.diagnostics, &all.sources),
        Some(format) => {
            let text = render(&all.diagnostics, &all.sources, &format);
            terminal.result(|out| out.write_all(text.as_bytes()))?;
        }
    }
    notes.iter().for_each(|note| terminal.note(note));
    if lost || input::has_errors(&all.diagnostics) { Err(Stop::Mistakes) } else { Ok(()) }
}

/// Diagnostics of several programs. A file that several of them import is one file, and what is wrong in it is said once.
#[derive(Default)]
struct All {
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
    /// Code, place and message of each of them.
    told: HashSet<(Code, Span, String)>,
    by_path: HashMap<Arc<str>, FileId>,
}

impl All {
    fn add(&mut self, compiled: Compiled) {
        let mut ids = Vec::new();
        for (id, source) in compiled.sources.iter() {
            if id.is_builtin() {
                self.sources.add_builtin(id, source.clone());
                continue;
            }
            let known = self.by_path.get(source.path()).copied();
            // Arguments are sources too; two of them may differ under one name.
            ids.push(match known.filter(|id| self.sources.get(*id).text() == source.text()) {
                Some(id) => id,
                None => {
                    let id = self.sources.add(source.clone());
                    self.by_path.insert(source.path().clone(), id);
                    id
                }
            });
        }
        let moved = |span: Span| match ids.get(span.file.0 as usize) {
            Some(file) => Span { file: *file, ..span },
            None => span,
        };
        for mut diagnostic in compiled.diagnostics {
            diagnostic.labels.iter_mut().for_each(|l| l.span = moved(l.span));
            if let Some(fix) = &mut diagnostic.fix {
                fix.span = moved(fix.span);
            }
            if self.told.insert((diagnostic.code, diagnostic.span(), diagnostic.message.clone())) {
                self.diagnostics.push(diagnostic);
            }
        }
    }
}
