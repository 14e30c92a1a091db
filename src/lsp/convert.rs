//! What the compiler says, in the words of the protocol.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use lsp_types as lsp;
use lsp_types::{
    CodeDescription, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Location, NumberOrString,
};

use super::position::Lines;
use crate::diagnostic::render::page_url;
use crate::diagnostic::{Diagnostic, Severity, code};
use crate::ide::View;
use crate::ide::complete::{Item, ItemKind};
use crate::ide::outline::{FoldKind, Symbol, SymbolKind};
use crate::ide::tokens::{Token, TokenKind};
use crate::text::{FileId, Span};

/// A program in the words of the protocol. The lines of its files are found once.
pub(super) struct Words<'v> {
    view: &'v View,
    /// The address of a path, as the client writes it.
    address: &'v dyn Fn(&str) -> Option<lsp::Uri>,
    lines: RefCell<HashMap<FileId, Rc<Lines<'v>>>>,
}

impl<'v> Words<'v> {
    pub(super) fn of(view: &'v View, address: &'v dyn Fn(&str) -> Option<lsp::Uri>) -> Self {
        Words { view, address, lines: RefCell::default() }
    }

    /// The lines of a file.
    pub(super) fn lines(&self, file: FileId) -> Rc<Lines<'v>> {
        let of_file = || Rc::new(Lines::of(self.view.source(file).text()));
        self.lines.borrow_mut().entry(file).or_insert_with(of_file).clone()
    }

    /// A place in a file that has an address.
    pub(super) fn location(&self, span: Span) -> Option<Location> {
        let uri = (self.address)(self.view.source(span.file).path())?;
        Some(Location { uri, range: self.lines(span.file).range(span) })
    }

    /// A diagnostic. Its first label is its place; the others stand beside it, those in the prelude as words only. One that stands in
    /// no file, such as an argument, says where, and stands at the beginning.
    pub(super) fn diagnostic(&self, diagnostic: &Diagnostic) -> lsp::Diagnostic {
        let mut message = diagnostic.message.clone();
        let (first, others) = diagnostic.labels.split_first().map_or((None, &[][..]), |(f, o)| (Some(f), o));
        let at = diagnostic.span();
        let range = match self.location(visible(self.view, at)) {
            Some(location) => location.range,
            None => {
                message.push_str(&format!("\nin `{}`: `{}`", self.view.source(at.file).path(), self.view.slice(at)));
                lsp::Range::default()
            }
        };
        if let Some(label) = first.filter(|label| !label.text.is_empty()) {
            message.push_str(&format!("\n{}", label.text));
        }
        let mut related = Vec::new();
        for label in others {
            let text = if label.text.is_empty() { "here".to_owned() } else { label.text.clone() };
            match self.location(label.span) {
                Some(location) => related.push(DiagnosticRelatedInformation { location, message: text }),
                None if label.text.is_empty() => {}
                None => message.push_str(&format!("\n{text}: `{}`", self.view.slice(label.span))),
            }
        }
        if let Some(help) = &diagnostic.help {
            message.push_str(&format!("\nhelp: {help}"));
        }
        let tags = match diagnostic.code {
            code::OPTION_DEPRECATED | code::NAME_RENAMED_OPTION => Some(vec![DiagnosticTag::DEPRECATED]),
            code::TYPE_UNREACHABLE => Some(vec![DiagnosticTag::UNNECESSARY]),
            _ => None,
        };
        lsp::Diagnostic {
            range,
            severity: Some(match diagnostic.severity {
                Severity::Error => DiagnosticSeverity::ERROR,
                Severity::Warning => DiagnosticSeverity::WARNING,
            }),
            code: Some(NumberOrString::String(diagnostic.code.as_str().to_owned())),
            code_description: page_url(diagnostic.code)
                .and_then(|url| url.parse().ok())
                .map(|href| CodeDescription { href }),
            source: Some("bakec".into()),
            message,
            related_information: (!related.is_empty()).then_some(related),
            tags,
            data: None,
        }
    }
}

/// A place that can be seen: an empty one is stretched over the character behind it.
fn visible(view: &View, span: Span) -> Span {
    if !span.is_empty() {
        return span;
    }
    let rest = view.source(span.file).text().get(span.start as usize..).unwrap_or_default();
    let next = rest.chars().next().filter(|c| *c != '\n' && *c != '\r').map_or(0, char::len_utf8);
    Span { end: span.end + next as u32, ..span }
}

pub(super) fn symbol(lines: &Lines<'_>, symbol: Symbol) -> lsp::DocumentSymbol {
    #[expect(deprecated, reason = "the protocol's own type has the field")]
    lsp::DocumentSymbol {
        name: symbol.name,
        detail: (!symbol.detail.is_empty()).then_some(symbol.detail),
        kind: symbol_kind(symbol.kind),
        tags: None,
        deprecated: None,
        range: lines.range(symbol.span),
        selection_range: lines.range(symbol.selection),
        children: Some(symbol.children.into_iter().map(|child| self::symbol(lines, child)).collect()),
    }
}

pub(super) fn symbol_kind(kind: SymbolKind) -> lsp::SymbolKind {
    match kind {
        SymbolKind::Import => lsp::SymbolKind::MODULE,
        SymbolKind::Param | SymbolKind::Let => lsp::SymbolKind::CONSTANT,
        SymbolKind::Variable => lsp::SymbolKind::VARIABLE,
        SymbolKind::Function | SymbolKind::Group => lsp::SymbolKind::FUNCTION,
        SymbolKind::Type => lsp::SymbolKind::STRUCT,
        SymbolKind::Table => lsp::SymbolKind::ARRAY,
        SymbolKind::Column | SymbolKind::Option => lsp::SymbolKind::FIELD,
        SymbolKind::Image => lsp::SymbolKind::CLASS,
        SymbolKind::Axis => lsp::SymbolKind::ENUM,
        SymbolKind::Block => lsp::SymbolKind::METHOD,
        SymbolKind::Policy => lsp::SymbolKind::EVENT,
        SymbolKind::Output => lsp::SymbolKind::FILE,
        SymbolKind::Kind => lsp::SymbolKind::INTERFACE,
    }
}

pub(super) fn fold_kind(kind: FoldKind) -> lsp::FoldingRangeKind {
    match kind {
        FoldKind::Region => lsp::FoldingRangeKind::Region,
        FoldKind::Comment => lsp::FoldingRangeKind::Comment,
        FoldKind::Imports => lsp::FoldingRangeKind::Imports,
    }
}

/// The types of tokens, in the order in which numbers name them.
pub(super) fn token_types() -> Vec<lsp::SemanticTokenType> {
    TokenKind::ALL.iter().map(|kind| token_type(*kind)).collect()
}

/// The modifiers of tokens, a bit each.
pub(super) fn token_modifiers() -> Vec<lsp::SemanticTokenModifier> {
    vec![
        lsp::SemanticTokenModifier::DECLARATION,
        lsp::SemanticTokenModifier::READONLY,
        lsp::SemanticTokenModifier::DEFAULT_LIBRARY,
    ]
}

fn token_type(kind: TokenKind) -> lsp::SemanticTokenType {
    match kind {
        TokenKind::Comment => lsp::SemanticTokenType::COMMENT,
        TokenKind::Keyword => lsp::SemanticTokenType::KEYWORD,
        TokenKind::String => lsp::SemanticTokenType::STRING,
        TokenKind::Number => lsp::SemanticTokenType::NUMBER,
        TokenKind::Regexp => lsp::SemanticTokenType::REGEXP,
        TokenKind::Operator => lsp::SemanticTokenType::OPERATOR,
        TokenKind::Type => lsp::SemanticTokenType::TYPE,
        TokenKind::Class => lsp::SemanticTokenType::CLASS,
        TokenKind::Function => lsp::SemanticTokenType::FUNCTION,
        TokenKind::Property => lsp::SemanticTokenType::PROPERTY,
        TokenKind::Variable => lsp::SemanticTokenType::VARIABLE,
        TokenKind::Parameter => lsp::SemanticTokenType::PARAMETER,
        TokenKind::EnumMember => lsp::SemanticTokenType::ENUM_MEMBER,
        TokenKind::Namespace => lsp::SemanticTokenType::NAMESPACE,
        TokenKind::Macro => lsp::SemanticTokenType::MACRO,
    }
}

/// Tokens as the protocol packs them: each tells how far it is from the one before. One over several lines becomes one a line.
pub(super) fn tokens(text: &str, lines: &Lines<'_>, tokens: &[Token]) -> Vec<lsp::SemanticToken> {
    let mut packed = Vec::with_capacity(tokens.len());
    let mut last = lsp::Position::new(0, 0);
    for token in tokens {
        let bits = u32::from(token.declares) | u32::from(token.constant) << 1 | u32::from(token.builtin) << 2;
        let mut start = token.span.start as usize;
        let whole = text.get(token.span.range()).unwrap_or_default();
        for piece in whole.split_inclusive(['\n', '\r']) {
            let seen = piece.trim_end_matches(['\n', '\r']);
            let at = lines.position(start as u32);
            start += piece.len();
            if seen.is_empty() {
                continue;
            }
            let delta_line = at.line - last.line;
            packed.push(lsp::SemanticToken {
                delta_line,
                delta_start: if delta_line == 0 { at.character - last.character } else { at.character },
                length: seen.encode_utf16().count() as u32,
                token_type: token.kind as u32,
                token_modifiers_bitset: bits,
            });
            last = at;
        }
    }
    packed
}

pub(super) fn item(item: Item, range: lsp::Range, snippets: bool) -> lsp::CompletionItem {
    let kind = match item.kind {
        ItemKind::Option => lsp::CompletionItemKind::PROPERTY,
        ItemKind::Value => lsp::CompletionItemKind::ENUM_MEMBER,
        ItemKind::Name => lsp::CompletionItemKind::VARIABLE,
        ItemKind::Function => lsp::CompletionItemKind::FUNCTION,
        ItemKind::Type => lsp::CompletionItemKind::STRUCT,
        ItemKind::Kind => lsp::CompletionItemKind::CLASS,
        ItemKind::Namespace => lsp::CompletionItemKind::MODULE,
        ItemKind::Field => lsp::CompletionItemKind::FIELD,
        ItemKind::File => lsp::CompletionItemKind::FILE,
        ItemKind::Keyword => lsp::CompletionItemKind::KEYWORD,
        ItemKind::Snippet => lsp::CompletionItemKind::SNIPPET,
    };
    let new_text = if item.snippet && !snippets { plain(&item.insert) } else { item.insert };
    lsp::CompletionItem {
        label: item.label.clone(),
        kind: Some(kind),
        detail: (!item.detail.is_empty()).then_some(item.detail),
        documentation: (!item.doc.is_empty()).then_some({
            lsp::Documentation::MarkupContent(lsp::MarkupContent { kind: lsp::MarkupKind::Markdown, value: item.doc })
        }),
        deprecated: item.deprecated.then_some(true),
        sort_text: Some(format!("{:02}{}", item.rank, item.label)),
        filter_text: Some(item.label),
        insert_text_format: Some(if item.snippet && snippets {
            lsp::InsertTextFormat::SNIPPET
        } else {
            lsp::InsertTextFormat::PLAIN_TEXT
        }),
        text_edit: Some(lsp::CompletionTextEdit::Edit(lsp::TextEdit { range, new_text })),
        ..lsp::CompletionItem::default()
    }
}

/// A snippet as plain text, for editors that know none: its places to go on at disappear, but for what stands in them.
fn plain(snippet: &str) -> String {
    let mut out = String::with_capacity(snippet.len());
    let mut rest = snippet;
    while let Some(at) = rest.find(['$', '\\']) {
        out.push_str(&rest[..at]);
        let (mark, behind) = rest[at..].split_at(1);
        if mark == "\\" {
            let next = behind.chars().next();
            out.extend(next);
            rest = &behind[next.map_or(0, char::len_utf8)..];
            continue;
        }
        match behind.strip_prefix('{').and_then(|inside| inside.split_once('}')) {
            Some((place, behind)) => {
                let text = place.trim_start_matches(|c: char| c.is_ascii_digit());
                let first = |choices: &str| choices.trim_matches('|').split(',').next().unwrap_or_default().to_owned();
                match text.strip_prefix(':') {
                    Some(text) => out.push_str(text),
                    None => out.push_str(&first(text)),
                }
                rest = behind;
            }
            None => rest = behind.trim_start_matches(|c: char| c.is_ascii_digit()),
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snippet_becomes_plain_text() {
        assert_eq!(plain("region = ${0:\"us-east-1\"}"), "region = \"us-east-1\"");
        assert_eq!(plain("extern ${1|builder,post|} ${2:kind} {\n    $0\n}"), "extern builder kind {\n    \n}");
        assert_eq!(plain("a \\$b \\} c"), "a $b } c");
    }
}
