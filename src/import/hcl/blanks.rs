//! Blanks of templates: what a `~` takes away beside it, and what `<<-` takes away of all lines. HCL does both line by line: a `~`
//! reaches no further than the end of its line, and a line whose beginning it took away is indented no less.

use hcl_edit::Span as _;
use hcl_edit::template::{Directive, Element, Strip};
use rustc_hash::FxHashMap;

/// How a template is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Quoted,
    /// `<<EOF`, or a file.
    Lines,
    /// `<<-EOF`
    Indented,
}

/// What is left of the literals of a template, by their first bytes.
pub(super) type Literals = FxHashMap<usize, String>;

/// A part of a template: a line of a literal, by the literal's first byte, or what is no literal.
enum Token {
    Line(usize, String),
    Other,
}

/// The literals of a template without the blanks that are taken away.
pub(super) fn literals(elements: &[&Element], form: Form, text: &str) -> Literals {
    let mut lines = Lines { form, text, tokens: Vec::new(), trims: false, within: 0 };
    elements.iter().for_each(|element| lines.element(element));
    let mut tokens = lines.tokens;
    if form == Form::Indented {
        dedent(&mut tokens);
    }
    let mut literals = Literals::default();
    for token in tokens {
        if let Token::Line(start, line) = token {
            literals.entry(start).or_default().push_str(&line);
        }
    }
    literals
}

struct Lines<'t> {
    form: Form,
    text: &'t str,
    tokens: Vec<Token>,
    /// Whether the beginning of what follows is taken away.
    trims: bool,
    /// In how many directives it stands.
    within: usize,
}

impl Lines<'_> {
    fn element(&mut self, element: &Element) {
        match element {
            Element::Literal(literal) => {
                let range = literal.span().unwrap_or_default();
                match self.text.get(range.clone()).filter(|_| self.form != Form::Quoted) {
                    Some(written) => {
                        for line in written.split_inclusive('\n') {
                            self.line(range.start, &line.replace("$${", "${").replace("%%{", "%{"));
                        }
                    }
                    // The parser leaves escapes within directives as they are.
                    None if self.within > 0 => {
                        let written = self.text.get(range.clone()).unwrap_or(literal.value());
                        self.line(range.start, &decoded(written));
                    }
                    None => self.line(range.start, literal.value()),
                }
            }
            Element::Interpolation(interpolation) => self.other(interpolation.strip),
            Element::Directive(directive) => match &**directive {
                Directive::If(choice) => {
                    self.other(choice.if_expr.strip);
                    self.within += 1;
                    choice.if_expr.template.iter().for_each(|e| self.element(e));
                    if let Some(other) = &choice.else_expr {
                        self.other(other.strip);
                        other.template.iter().for_each(|e| self.element(e));
                    }
                    self.within -= 1;
                    self.other(choice.endif_expr.strip);
                }
                Directive::For(each) => {
                    self.other(each.for_expr.strip);
                    self.within += 1;
                    each.for_expr.template.iter().for_each(|e| self.element(e));
                    self.within -= 1;
                    self.other(each.endfor_expr.strip);
                }
            },
        }
    }

    fn line(&mut self, start: usize, line: &str) {
        let line = if std::mem::take(&mut self.trims) { line.trim_start() } else { line };
        self.tokens.push(Token::Line(start, line.to_owned()));
    }

    fn other(&mut self, strip: Strip) {
        if let (Strip::Start | Strip::Both, Some(Token::Line(_, before))) = (strip, self.tokens.last_mut()) {
            before.truncate(before.trim_end().len());
        }
        self.tokens.push(Token::Other);
        self.trims = matches!(strip, Strip::End | Strip::Both);
    }
}

/// What stands between quotes without its escapes.
fn decoded(written: &str) -> String {
    let written = written.replace("$${", "${").replace("%%{", "%{");
    let mut out = String::with_capacity(written.len());
    let mut rest = written.as_str();
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let mut chars = after.chars();
        let digits = match chars.next() {
            Some('n') => Err('\n'),
            Some('r') => Err('\r'),
            Some('t') => Err('\t'),
            Some('u') => Ok(4),
            Some('U') => Ok(8),
            Some(other) => Err(other),
            None => break,
        };
        rest = chars.as_str();
        match digits {
            Err(c) => out.push(c),
            Ok(count) => {
                let code = rest.get(..count).and_then(|digits| u32::from_str_radix(digits, 16).ok());
                out.extend(code.and_then(char::from_u32));
                rest = rest.get(count..).unwrap_or("");
            }
        }
    }
    out.push_str(rest);
    out
}

/// Takes the indentation away that all lines share.
fn dedent(tokens: &mut [Token]) {
    let mut least: Option<usize> = None;
    let mut begins = true;
    let mut first: Vec<usize> = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        if std::mem::take(&mut begins) {
            let blanks = match token {
                Token::Line(_, line) => {
                    let rest = line.trim_start();
                    // A line of nothing but blanks says nothing.
                    let empty = rest.is_empty() && line.ends_with('\n');
                    if !empty {
                        first.push(i);
                    }
                    (!empty).then(|| line.chars().count() - rest.chars().count())
                }
                Token::Other => Some(0),
            };
            least = least.into_iter().chain(blanks).min();
        }
        begins = matches!(token, Token::Line(_, line) if line.ends_with('\n'));
    }
    for i in first {
        if let Some(Token::Line(_, line)) = tokens.get_mut(i) {
            *line = line.chars().skip(least.unwrap_or_default()).collect();
        }
    }
}
