//! What each word of a file is, for editors that colour by meaning: an axis looks like an axis wherever it is used.
//!
//! Names come from the program, literals and comments from the tree. What is left over and a word of the language is a keyword.

use super::View;
use super::tree::{Node, walk};
use crate::resolve::mention::{Mention, Symbol};
use crate::syntax::ast::{
    BlockKind, CellKind, Entry, Expr, ExprKind, ImageItem, ItemKind, Member, Text, TextPart, TypeKind,
};
use crate::template::{Piece, parse};
use crate::text::{FileId, Span};

/// What a word is, in the words of editors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum TokenKind {
    Comment,
    Keyword,
    String,
    Number,
    Regexp,
    Operator,
    Type,
    /// An image, a kind.
    Class,
    Function,
    Property,
    Variable,
    Parameter,
    EnumMember,
    Namespace,
    /// `{{…}}`
    Macro,
}

impl TokenKind {
    /// All of them, in their order.
    pub const ALL: [TokenKind; 15] = [
        TokenKind::Comment,
        TokenKind::Keyword,
        TokenKind::String,
        TokenKind::Number,
        TokenKind::Regexp,
        TokenKind::Operator,
        TokenKind::Type,
        TokenKind::Class,
        TokenKind::Function,
        TokenKind::Property,
        TokenKind::Variable,
        TokenKind::Parameter,
        TokenKind::EnumMember,
        TokenKind::Namespace,
        TokenKind::Macro,
    ];
}

/// A word and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: TokenKind,
    /// Whether it is declared here.
    pub declares: bool,
    /// Whether it is known early and never changes: a param, an axis, a `let`.
    pub constant: bool,
    /// Whether it is part of the language or the prelude.
    pub builtin: bool,
}

/// The words of the language that stand where no name can.
const KEYWORDS: &[&str] = &[
    "as",
    "at",
    "axis",
    "because",
    "builder",
    "cleanup",
    "deprecated",
    "else",
    "exclude",
    "extern",
    "fact",
    "false",
    "fn",
    "for",
    "formerly",
    "group",
    "if",
    "image",
    "import",
    "in",
    "key",
    "late",
    "let",
    "match",
    "matches",
    "matrix",
    "name",
    "null",
    "options",
    "output",
    "param",
    "per",
    "policy",
    "post",
    "provision",
    "provisioner",
    "refused",
    "require",
    "retain",
    "rule",
    "secret",
    "since",
    "table",
    "test",
    "then",
    "true",
    "type",
    "unique",
    "use",
    "variable",
    "when",
];

/// The words of a file, by place; they do not overlap.
pub fn tokens(view: &View, file: FileId) -> Vec<Token> {
    let Some(tree) = view.tree(file) else { return Vec::new() };
    let mut found = Found { text: view.source(file).text(), tokens: Vec::new() };
    for comment in &tree.comments {
        found.add(comment.span, TokenKind::Comment);
    }
    let members = |mention: &&Mention| matches!(mention.symbol, Symbol::Member(_));
    let (members, others): (Vec<&Mention>, Vec<&Mention>) = view.names_of(file).iter().partition(members);
    // In `axis { region } in table` the axis is what goes on.
    for mention in others.into_iter().chain(members) {
        found.tokens.push(of_name(view, mention.at, mention.symbol, mention.declares));
    }
    walk(tree, &mut |node| {
        found.node(node);
        true
    });
    let mut tokens = found.tokens;
    tokens.retain(|token| !token.span.is_empty());
    // What a name means says more than how it is written; but the key of a record is a key first, whatever it stands for.
    tokens.sort_by_key(|t| (t.span.start, t.span.end));
    let mut sorted: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        if sorted.last().is_none_or(|last| last.span.end <= token.span.start) {
            sorted.push(token);
        }
    }
    with_keywords(view, file, sorted)
}

struct Found<'v> {
    text: &'v str,
    tokens: Vec<Token>,
}

impl Found<'_> {
    fn add(&mut self, span: Span, kind: TokenKind) {
        self.tokens.push(Token { span, kind, declares: false, constant: false, builtin: false });
    }

    fn node(&mut self, node: Node<'_>) {
        match node {
            Node::Expr(expr) => self.expr(expr),
            Node::Text(text) => self.text(text),
            Node::Entry(Entry::Field { key, .. }) => self.add(key.span, TokenKind::Property),
            Node::Arg(arg) => arg.name.iter().for_each(|name| self.add(name.span, TokenKind::Parameter)),
            Node::Cell(cell) => match cell.kind {
                CellKind::Word(_) => self.add(cell.span, TokenKind::String),
                CellKind::Literal(_) | CellKind::Absent | CellKind::Empty => {}
            },
            Node::Type(ty) => match &ty.kind {
                TypeKind::Name(path) => path.iter().for_each(|name| self.add(name.span, TokenKind::Type)),
                TypeKind::Template(fields) => fields.iter().for_each(|f| self.add(f.span, TokenKind::Macro)),
                TypeKind::Matches(_, regex) => self.add(regex.span, TokenKind::Regexp),
                _ => {}
            },
            Node::Member(Member::Field(field)) => {
                self.add(field.name.span, TokenKind::Property);
                field.encoding.iter().for_each(|name| self.add(name.span, TokenKind::Keyword));
            }
            Node::Member(Member::Fact { name, .. }) => self.add(name.span, TokenKind::Function),
            Node::Block(block) => {
                self.add(block.kind.span, TokenKind::Class);
                if block.statement != BlockKind::Post || block.keyword != block.kind.span {
                    self.add(block.keyword, TokenKind::Keyword);
                }
            }
            Node::Statement(ImageItem::Name { span, .. }) => {
                self.add(Span { end: span.start + "name".len() as u32, ..*span }, TokenKind::Keyword);
            }
            Node::Item(item) => match &item.kind {
                // Names that lost against an earlier one have no meaning of their own.
                ItemKind::Param(b) | ItemKind::Variable(b) | ItemKind::Secret(b) | ItemKind::Let(b) => {
                    self.add(b.name.span, TokenKind::Variable);
                }
                ItemKind::Image(image) => self.add(image.name.span, TokenKind::Class),
                ItemKind::Fn(function) => self.add(function.name.span, TokenKind::Function),
                ItemKind::Extern(item) => self.add(item.kind.span, TokenKind::Class),
                _ => {}
            },
            _ => {}
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Text(text) => self.text(text),
            ExprKind::Int(_) | ExprKind::Number(_) | ExprKind::Duration(_) | ExprKind::Size(_) => {
                self.add(expr.span, TokenKind::Number);
            }
            ExprKind::Regex(regex) => self.add(regex.span, TokenKind::Regexp),
            ExprKind::Field(_, name) => self.add(name.span, TokenKind::Property),
            ExprKind::Binary(_, op, ..) => self.add(*op, TokenKind::Operator),
            ExprKind::Name(_) => self.add(expr.span, TokenKind::Variable),
            _ => {}
        }
    }

    /// A text without its interpolations; actions stand out.
    fn text(&mut self, text: &Text) {
        let mut at = text.span.start;
        let piece = |start: u32, end: u32| Span { file: text.span.file, start, end };
        for part in &text.parts {
            match part {
                TextPart::Interpolation(expr) => {
                    // `${` stands before it, `}` behind.
                    let (before, behind) =
                        (at as usize..expr.span.start as usize, expr.span.end as usize..text.span.end as usize);
                    let open = self.text.get(before).and_then(|before| before.rfind("${")).unwrap_or_default();
                    let close = self.text.get(behind).and_then(|behind| behind.find('}')).map_or(0, |close| close + 1);
                    self.add(piece(at, at + open as u32), TokenKind::String);
                    at = expr.span.end + close as u32;
                }
                TextPart::Chars(chars) if chars.value.contains("{{") => {
                    for part in parse(&chars.value).pieces {
                        let Piece::Action { range, .. } = part else { continue };
                        let span = chars.span_of(range.start, range.end);
                        self.add(piece(at.min(span.start), span.start), TokenKind::String);
                        self.add(span, TokenKind::Macro);
                        at = span.end;
                    }
                }
                TextPart::Chars(_) => {}
            }
        }
        self.add(piece(at.min(text.span.end), text.span.end), TokenKind::String);
    }
}

fn of_name(view: &View, span: Span, symbol: Symbol, declares: bool) -> Token {
    let (kind, constant) = match symbol {
        Symbol::Param(_) | Symbol::Let(_) | Symbol::Table(_) => (TokenKind::Variable, true),
        Symbol::Variable(_) => (TokenKind::Variable, false),
        Symbol::Function(_) | Symbol::Group(_) | Symbol::Policy(_) | Symbol::Builtin(_) => (TokenKind::Function, false),
        Symbol::Image(_) | Symbol::Kind(_) => (TokenKind::Class, false),
        Symbol::Type(_) | Symbol::OptionSet(_) => (TokenKind::Type, false),
        Symbol::File(_) => (TokenKind::Namespace, false),
        Symbol::Local(_) => (TokenKind::Parameter, true),
        Symbol::Member(_) => (TokenKind::Property, false),
    };
    let builtin = view.declared(symbol).is_none_or(|declared| declared.file.is_builtin());
    Token { span, kind, declares, constant, builtin }
}

/// Adds the words of the language that stand between the others.
fn with_keywords(view: &View, file: FileId, tokens: Vec<Token>) -> Vec<Token> {
    let text = view.source(file).text();
    let mut all = Vec::with_capacity(tokens.len() * 2);
    let mut at = 0;
    let end = Token {
        span: Span::new(file, text.len(), text.len()),
        kind: TokenKind::Comment,
        declares: false,
        constant: false,
        builtin: false,
    };
    for token in tokens.into_iter().chain([end]) {
        let gap = text.get(at..token.span.start as usize).unwrap_or_default();
        let mut word_start = None;
        for (offset, c) in gap.char_indices().chain([(gap.len(), ' ')]) {
            let in_word = c.is_alphanumeric() || c == '_' || c == '-';
            match (in_word, word_start) {
                (true, None) => word_start = Some(offset),
                (false, Some(start)) => {
                    word_start = None;
                    if KEYWORDS.contains(&&gap[start..offset]) {
                        let span = Span::new(file, at + start, at + offset);
                        all.push(Token { span, kind: TokenKind::Keyword, ..end });
                    }
                }
                _ => {}
            }
        }
        at = token.span.end as usize;
        if !token.span.is_empty() {
            all.push(token);
        }
    }
    all
}
