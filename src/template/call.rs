//! Calls held against the table of functions: whether the function is known, and how many arguments of which kind it gets.

use super::ast::{Command, Operand, OperandKind, Pipeline};
use super::function::{Function, Kind, function, renamed};
use super::problem::TemplateProblem;
use crate::text::words;

/// Checks every call of a pipeline against the table.
pub(super) fn check_calls(pipeline: &Pipeline, problems: &mut Vec<TemplateProblem>) {
    pipeline.each_command(&mut |command, piped| {
        call(command, piped, problems);
        for argument in &command.arguments {
            if let OperandKind::Function(name) = &argument.kind {
                match known(name, argument, true, problems) {
                    Some(f) if f.required() > 0 => problems.push(count(f, argument.range.clone(), 0)),
                    _ => {}
                }
            }
        }
    });
}

fn call(command: &Command, piped: bool, problems: &mut Vec<TemplateProblem>) {
    let OperandKind::Function(name) = &command.head.kind else {
        let callable = matches!(
            command.head.kind,
            OperandKind::Field(_) | OperandKind::Variable { .. } | OperandKind::Group { .. }
        );
        if let Some(argument) = command.arguments.first() {
            problems.push(TemplateProblem::NotCallable {
                range: command.head.range.clone(),
                argument: Some(argument.range.clone()),
            });
        } else if piped && !callable {
            problems.push(TemplateProblem::NotCallable { range: command.head.range.clone(), argument: None });
        }
        return;
    };
    let Some(function) = known(name, &command.head, false, problems) else { return };
    let given = command.arguments.len() + usize::from(piped);
    if given < function.required() || (given > function.takes.len() && !function.more) {
        problems.push(count(function, command.range.clone(), given));
        return;
    }
    if name == "split" {
        split(command, problems);
    }
    for (index, argument) in command.arguments.iter().enumerate() {
        let Some(&kind) = function.takes.get(index).or(function.takes.last()) else { continue };
        // The format of `printf` is text, what it formats is not.
        let kind = if index >= function.takes.len() { Kind::Any } else { kind };
        if let Some(found) = mismatch(kind, &argument.kind) {
            problems.push(TemplateProblem::ArgumentKind {
                function: function.name,
                range: argument.range.clone(),
                wanted: kind.words(),
                found,
                example: function.example,
            });
        }
    }
}

/// A literal text split at a literal separator has as many pieces as one can count.
fn split(command: &Command, problems: &mut Vec<TemplateProblem>) {
    let [text, separator, index] = command.arguments.as_slice() else { return };
    let (OperandKind::Text(text), OperandKind::Text(separator), OperandKind::Number(number)) =
        (&text.kind, &separator.kind, &index.kind)
    else {
        return;
    };
    let pieces = if separator.is_empty() { text.chars().count() } else { text.split(separator.as_str()).count() };
    // What is no whole number is told as an argument of another kind.
    if number.parse::<usize>().is_ok_and(|n| n >= pieces) {
        problems.push(TemplateProblem::NoPiece { range: index.range.clone(), pieces });
    }
}

fn known(
    name: &str,
    operand: &Operand,
    argument: bool,
    problems: &mut Vec<TemplateProblem>,
) -> Option<&'static Function> {
    let range = operand.range.clone();
    if let Some(found) = function(name) {
        return Some(found);
    }
    problems.push(if name == "sed" {
        TemplateProblem::Removed { name: name.to_owned(), range }
    } else if let Some(now) = renamed(name) {
        TemplateProblem::Renamed { name: name.to_owned(), now, range }
    } else {
        TemplateProblem::UnknownFunction { name: name.to_owned(), range, argument }
    });
    None
}

fn count(function: &'static Function, range: std::ops::Range<usize>, given: usize) -> TemplateProblem {
    let (least, most) = (function.required(), function.takes.len());
    let takes = match (least, most) {
        _ if function.more => format!("at least {}", words::count(least, "argument")),
        (0, 0) => "no argument".to_owned(),
        (1, 1) => "one argument".to_owned(),
        (least, most) if least == most => format!("{most} arguments"),
        (0, most) => format!("at most {}", words::count(most, "argument")),
        (least, most) => format!("{least} or {most} arguments"),
    };
    TemplateProblem::ArgumentCount { function: function.name, range, takes, given, example: function.example }
}

/// How the literal is called, when it is of another kind than wanted.
fn mismatch(wanted: Kind, found: &OperandKind) -> Option<&'static str> {
    let found_words = match found {
        OperandKind::Text(_) => "text",
        OperandKind::Number(_) => "a number",
        OperandKind::Character(_) => "a character",
        OperandKind::Truth(_) => "a truth value",
        OperandKind::Nil => "`nil`",
        OperandKind::Function(_)
        | OperandKind::Field(_)
        | OperandKind::Dot
        | OperandKind::Variable { .. }
        | OperandKind::Group { .. } => return None,
    };
    let fits = match wanted {
        Kind::Any => true,
        Kind::Text => matches!(found, OperandKind::Text(_)),
        Kind::Whole => match found {
            OperandKind::Number(n) => !n.contains(['.', 'e', 'E']) || n.contains(['x', 'X']),
            OperandKind::Character(_) => true,
            _ => false,
        },
    };
    (!fits).then_some(found_words)
}
