//! Text literals: `${…}` becomes an expression, `{{…}}` an action of the template language.

use std::sync::Arc;

use smol_str::SmolStr;

use super::Lowerer;
use super::hir::{LiteralAction, TextLiteral, TextPart};
use super::problem::ResolveProblem;
use super::recursion::Node;
use super::scope::{Def, Scope};
use crate::syntax::ast;
use crate::template::{self, Piece};

impl<'a> Lowerer<'a> {
    /// Lowers a text literal.
    pub(super) fn text(&mut self, scope: &mut Scope, text: &'a ast::Text) -> Arc<TextLiteral> {
        let mut parts = Vec::with_capacity(text.parts.len());
        for part in &text.parts {
            match part {
                ast::TextPart::Chars(chars) if chars.value.contains("{{") => self.actions(chars, &mut parts),
                ast::TextPart::Chars(chars) => parts.push(TextPart::Chars(chars.value.clone())),
                ast::TextPart::Interpolation(expr) => parts.push(TextPart::Value(self.expr(scope, expr))),
            }
        }
        Arc::new(TextLiteral { parts, span: text.span })
    }

    /// Lowers the literal of `verbatim("…")`: its `{{…}}` are plain characters.
    pub(super) fn verbatim_text(&mut self, scope: &mut Scope, text: &'a ast::Text) -> Arc<TextLiteral> {
        let mut parts = Vec::with_capacity(text.parts.len());
        for part in &text.parts {
            parts.push(match part {
                ast::TextPart::Chars(chars) => TextPart::Chars(chars.value.clone()),
                ast::TextPart::Interpolation(expr) => TextPart::Value(self.expr(scope, expr)),
            });
        }
        Arc::new(TextLiteral { parts, span: text.span })
    }

    /// The text of a literal that may not interpolate; what it holds instead is reported.
    pub(super) fn plain_text(&mut self, text: &ast::Text, what: &'static str) -> SmolStr {
        text.as_plain().unwrap_or_else(|| {
            self.report(ResolveProblem::Misplaced {
                what: "`${…}`",
                place: what,
                at: text.span,
                help: "write the text out, or use `'…'`, which does not interpolate",
            });
            SmolStr::default()
        })
    }

    fn actions(&mut self, chars: &ast::Chars, parts: &mut Vec<TextPart>) {
        let parsed = template::parse(&chars.value);
        for problem in parsed.problems {
            let diagnostic = problem.into_diagnostic(&|range| chars.span_of(range.start, range.end));
            self.problems.report(diagnostic);
        }
        for piece in parsed.pieces {
            match piece {
                Piece::Text(range) => parts.push(TextPart::Chars(chars.value[range].into())),
                Piece::Action { range, action, .. } => {
                    let span = chars.span_of(range.start, range.end);
                    for name in template::user_variables(&action) {
                        if let Some(&Def::Variable(index)) = self.program_names.get(name) {
                            self.refer(Node::Variable(index), span);
                            // The name stands in backticks or quotes somewhere in the action.
                            if let Some(at) = chars.value[range.clone()].find(name) {
                                let start = range.start + at;
                                self.mention(chars.span_of(start, start + name.len()), Def::Variable(index));
                            }
                        }
                    }
                    let source = chars.value[range].into();
                    parts.push(TextPart::Action(Arc::new(LiteralAction { source, action, span })));
                }
            }
        }
    }
}
