//! From text to pieces: cuts out the actions, reads each with the grammar, and checks what needs no context.

use std::ops::Range;

use pest::Parser;
use pest::error::{ErrorVariant, InputLocation};
use pest::iterators::Pair;
use rustc_hash::FxHashSet;

use super::ast::{Action, Block, Command, Operand, OperandKind, Piece, Pipeline};
use super::call::check_calls;
use super::literal;
use super::problem::TemplateProblem;
use super::scan::{Chunk, Cut, Inner, scan};
use crate::diagnostic::MOST;
use crate::text::{suggest, words};

use grammar::{Grammar, Rule};

#[allow(missing_docs)] // the generated names of the rules
mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "../grammar/template.pest"]
    pub(super) struct Grammar;
}

/// A text in pieces, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// In the order of the text, without gaps.
    pub pieces: Vec<Piece>,
    /// Mistakes in syntax, functions and arguments.
    pub problems: Vec<TemplateProblem>,
}

/// Reads a decoded text. Every text has a result; an action that cannot be read is [`Action::Broken`] with a problem.
///
/// Where the text is interrupted by something that only the caller knows, the caller puts one placeholder character there,
/// so that an `if` before it finds its `end` behind it.
pub fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    for chunk in scan(text, &mut parsed.problems) {
        let piece = match chunk {
            Chunk::Text(range) => Piece::Text(range),
            Chunk::Action(Cut { outer, inner, trims_before, trims_after }) => {
                let action = match inner {
                    Inner::Comment => Action::Comment,
                    Inner::Broken => Action::Broken,
                    Inner::Source(range) => read(&text[range.clone()], range.start, &mut parsed.problems),
                };
                Piece::Action { range: outer, trims_before, trims_after, action }
            }
        };
        parsed.pieces.push(piece);
    }
    balance(&parsed.pieces, &mut parsed.problems);
    variables(&parsed.pieces, &mut parsed.problems);
    parsed
}

fn read(source: &str, base: usize, problems: &mut Vec<TemplateProblem>) -> Action {
    match Grammar::parse(Rule::body, source) {
        Ok(mut pairs) => {
            let body =
                pairs.next().and_then(|body| body.into_inner().next()).expect("invariant: a body holds an action");
            let mut reader = Reader { base, problems };
            let action = reader.action(body);
            if let Some(pipeline) = action.pipeline() {
                check_calls(pipeline, problems);
            }
            action
        }
        Err(error) => {
            let at = match error.location {
                InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
            };
            let rules = match error.variant {
                ErrorVariant::ParsingError { positives, .. } => positives,
                ErrorVariant::CustomError { .. } => Vec::new(),
            };
            problems.push(unexpected(source, base, at, &rules));
            Action::Broken
        }
    }
}

fn unexpected(source: &str, base: usize, at: usize, rules: &[Rule]) -> TemplateProblem {
    // The furthest place that was tried may be the white space before what is wrong.
    let at = source.len() - source[at..].trim_ascii_start().len();
    let rest = &source[at..];
    let length = rest.chars().next().map_or(0, |first| match first {
        c if c.is_alphanumeric() => rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len()),
        c => c.len_utf8(),
    });
    let mut words: Vec<&str> = Vec::new();
    for word in rules.iter().map(|rule| expected(*rule)).filter(|word| !word.is_empty()) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    let expected = if words.is_empty() { "a space or `}}`".to_owned() } else { words::list(&words, "or") };
    TemplateProblem::Unexpected { range: base + at..base + at + length, found: rest[..length].to_owned(), expected }
}

fn expected(rule: Rule) -> &'static str {
    match rule {
        Rule::bar => "`|`",
        Rule::comma => "`,`",
        Rule::declares | Rule::assigns => "`:=`",
        Rule::close_paren => "`)`",
        Rule::EOI => "`}}`",
        Rule::block => "`if`",
        Rule::path => "a field",
        Rule::operand | Rule::pipeline | Rule::command => "a function, a field or a text",
        _ => "",
    }
}

/// Turns the grammar's pairs into the tree, with offsets into the whole text.
struct Reader<'p> {
    base: usize,
    problems: &'p mut Vec<TemplateProblem>,
}

impl Reader<'_> {
    fn range(&self, pair: &Pair<'_, Rule>) -> Range<usize> {
        let span = pair.as_span();
        self.base + span.start()..self.base + span.end()
    }

    fn action(&mut self, pair: Pair<'_, Rule>) -> Action {
        match pair.as_rule() {
            Rule::closer => Action::End,
            Rule::leave => Action::Leave,
            Rule::opener => {
                let (block, pipeline) = self.opening(pair);
                Action::Open(block, pipeline)
            }
            Rule::otherwise => {
                let chained = pair.clone().into_inner().any(|p| p.as_rule() == Rule::block);
                Action::Else(chained.then(|| self.opening(pair)))
            }
            _ => Action::Print(self.pipeline(pair)),
        }
    }

    fn opening(&mut self, pair: Pair<'_, Rule>) -> (Block, Pipeline) {
        let mut inner = pair.into_inner().skip_while(|p| p.as_rule() != Rule::block);
        let block = match inner.next().map(|p| p.as_str()) {
            Some("with") => Block::With,
            Some("range") => Block::Range,
            _ => Block::If,
        };
        (block, self.pipeline(inner.next().expect("invariant: a block has a pipeline")))
    }

    fn pipeline(&mut self, pair: Pair<'_, Rule>) -> Pipeline {
        let range = self.range(&pair);
        let mut pipeline = Pipeline { variables: Vec::new(), declares: false, commands: Vec::new(), range };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::declaration => {
                    for word in part.into_inner() {
                        match word.as_rule() {
                            Rule::variable => pipeline.variables.push(word.as_str()[1..].to_owned()),
                            Rule::declares => pipeline.declares = true,
                            _ => {}
                        }
                    }
                }
                Rule::command => pipeline.commands.push(self.command(part)),
                _ => {}
            }
        }
        pipeline
    }

    fn command(&mut self, pair: Pair<'_, Rule>) -> Command {
        let range = self.range(&pair);
        let mut operands = pair.into_inner().map(|operand| self.operand(operand));
        let head = operands.next().expect("invariant: a command has an operand");
        Command { head, arguments: operands.collect(), range }
    }

    fn operand(&mut self, pair: Pair<'_, Rule>) -> Operand {
        let range = self.range(&pair);
        let part = pair.into_inner().next().expect("invariant: an operand is one of its kinds");
        let written = part.as_str();
        let kind = match part.as_rule() {
            Rule::text => OperandKind::Text(self.decoded(written, &range, '"')),
            Rule::raw => OperandKind::Text(written[1..written.len() - 1].replace('\r', "")),
            Rule::character => self.character(written, &range),
            Rule::number => OperandKind::Number(written.to_owned()),
            Rule::truth => OperandKind::Truth(written == "true"),
            Rule::nil => OperandKind::Nil,
            Rule::dot => OperandKind::Dot,
            Rule::path => OperandKind::Field(names(written)),
            Rule::variable_path => {
                let (name, path) = written[1..].split_once('.').unwrap_or((&written[1..], ""));
                OperandKind::Variable { name: name.to_owned(), path: names(path) }
            }
            Rule::group => {
                let path = part.clone().into_inner().find(|p| p.as_rule() == Rule::path).map_or("", |p| p.as_str());
                let inside = part.into_inner().find(|p| p.as_rule() == Rule::pipeline);
                let pipeline = Box::new(self.pipeline(inside.expect("invariant: a group holds a pipeline")));
                OperandKind::Group { pipeline, path: names(path) }
            }
            _ => OperandKind::Function(written.to_owned()),
        };
        Operand { kind, range }
    }

    fn decoded(&mut self, written: &str, range: &Range<usize>, quote: char) -> String {
        let inside = &written[1..written.len() - 1];
        literal::decode(inside, quote).unwrap_or_else(|bad| {
            let escape = inside[bad.clone()].to_owned();
            let at = range.start + 1;
            self.problems.push(TemplateProblem::BadEscape { range: at + bad.start..at + bad.end, escape });
            inside.to_owned()
        })
    }

    fn character(&mut self, written: &str, range: &Range<usize>) -> OperandKind {
        let text = self.decoded(written, range, '\'');
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => OperandKind::Character(c),
            _ => {
                self.problems.push(TemplateProblem::SingleQuotes { range: range.clone(), text: text.clone() });
                OperandKind::Text(text)
            }
        }
    }
}

fn names(path: &str) -> Vec<String> {
    path.split('.').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Every block has its end, and every `else` and `break` a block around it.
fn balance(pieces: &[Piece], problems: &mut Vec<TemplateProblem>) {
    let mut open: Vec<(Block, Range<usize>, bool)> = Vec::new();
    let mut ranges = 0_usize;
    for piece in pieces {
        let Piece::Action { range, action, .. } = piece else { continue };
        match action {
            Action::Open(block, _) => {
                ranges += usize::from(*block == Block::Range);
                open.push((*block, range.clone(), false));
            }
            Action::Else(next) => match open.last_mut() {
                Some((_, _, closed @ false)) => *closed = next.is_none(),
                _ => problems.push(TemplateProblem::Stray { range: range.clone(), needs: "an `if` without `else`" }),
            },
            Action::End => match open.pop() {
                Some((block, ..)) => ranges -= usize::from(block == Block::Range),
                None => {
                    problems.push(TemplateProblem::Stray { range: range.clone(), needs: "`if`, `with` and `range`" })
                }
            },
            Action::Leave => {
                if ranges == 0 {
                    problems.push(TemplateProblem::Stray { range: range.clone(), needs: "`range`" });
                }
            }
            // A block that could not be read may have been the one that the next end closes.
            Action::Broken => return,
            Action::Comment | Action::Print(_) => {}
        }
    }
    let missing = open.into_iter().map(|(block, range, _)| TemplateProblem::MissingEnd { word: block.word(), range });
    problems.extend(missing);
}

/// Every `$x` has been declared before it.
fn variables(pieces: &[Piece], problems: &mut Vec<TemplateProblem>) {
    let mut declared: FxHashSet<&str> = FxHashSet::default();
    for piece in pieces {
        let Piece::Action { action, .. } = piece else { continue };
        // What could not be read may have declared any variable.
        if *action == Action::Broken {
            return;
        }
        let Some(pipeline) = action.pipeline() else { continue };
        pipeline.each_operand(&mut |operand| {
            let OperandKind::Variable { name, .. } = &operand.kind else { return };
            if !name.is_empty() && !declared.contains(name.as_str()) {
                // As long as somebody reads it.
                let near = match problems.len() {
                    ..MOST => suggest::nearest(name, declared.iter().copied()).map(str::to_owned),
                    _ => None,
                };
                problems.push(TemplateProblem::UnknownVariable {
                    name: name.clone(),
                    range: operand.range.clone(),
                    near,
                });
            }
        });
        if pipeline.declares {
            declared.extend(pipeline.variables.iter().map(String::as_str));
        }
    }
}

#[cfg(test)]
mod tests;
