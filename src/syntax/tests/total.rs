//! Total on any text: it ends, spans lie in the text, and nothing is bad without a problem.

use pest::Parser;
use proptest::prelude::*;

use super::super::ast::{Comment, CommentKind};
use super::super::parser::{BakeParser, Rule};
use super::super::recover::parse_in_pieces;
use super::super::scan::{Place, scan};
use super::super::{SyntaxProblem, parse};
use super::{EXTERN, OFFICIAL, read};
use crate::diagnostic::{Diagnostic, Severity};
use crate::text::{FileId, floor_char_boundary};

/// Parses and checks what holds for any text.
fn check(text: &str) {
    let parse = read(text);
    for pieces in [2, 3, 7] {
        assert_eq!(parse_in_pieces(FileId(0), text, pieces), parse, "in {pieces} pieces:\n{text}");
    }
    let tree = format!("{:?}", parse.file.items);
    let bad = tree.contains("kind: Bad") || tree.contains(" Bad(") || tree.contains("[Bad(");
    let diagnostics: Vec<Diagnostic> = parse.problems.into_iter().map(Into::into).collect();
    let refused = diagnostics.iter().any(|d| d.severity == Severity::Error);
    assert!(!bad || refused, "bad without a problem:\n{text}\n{tree}");
    for diagnostic in diagnostics {
        let spans = diagnostic.labels.iter().map(|l| l.span).chain(diagnostic.fix.iter().map(|f| f.span));
        for span in spans {
            assert!(text.get(span.range()).is_some(), "{span:?} of {diagnostic:?} in:\n{text}");
        }
    }
    // Spans print as `file:start..end`.
    for span in tree.split("0:").skip(1) {
        let digits = |s: &str| s.chars().take_while(char::is_ascii_digit).collect::<String>();
        let start = digits(span);
        let Some(rest) = span[start.len()..].strip_prefix("..") else { continue };
        if let (Ok(start), Ok(end)) = (start.parse::<usize>(), digits(rest).parse::<usize>()) {
            assert!(start > end || text.get(start..end).is_some(), "{start}..{end} in:\n{text}");
        }
    }
}

const SNIPPETS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "${",
    "{{",
    "}}",
    "$${",
    "\\",
    "\n",
    "\r\n",
    " ",
    ",",
    ";",
    ":",
    "=",
    "==",
    "=>",
    "->",
    "-",
    "|",
    "||",
    "??",
    "?",
    "...",
    "..",
    ".",
    "//",
    "///",
    "//!",
    "#",
    "/",
    "if",
    "then",
    "else",
    "match",
    "matches",
    "for",
    "in",
    "let x = ",
    "image a {",
    "builder b {",
    "matrix {",
    "a = 1",
    "rule",
    "late",
    "é",
    "\u{0}",
    "1h",
    "8GiB",
    "extern builder c {",
    "table t key (a) {",
    "\n| ",
    "type T = ",
    "post {",
    "[for x in ",
    "{ for k, v in ",
    "_",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_parsed(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn any_pieces_are_parsed(pieces in proptest::collection::vec(0..SNIPPETS.len(), 0..60)) {
        check(&pieces.iter().map(|i| SNIPPETS[*i]).collect::<String>());
    }

    #[test]
    fn any_damage_is_parsed(
        which in 0..2usize,
        damage in proptest::collection::vec((0..10_000usize, 0..12usize, 0..SNIPPETS.len()), 1..6),
    ) {
        let mut text = [OFFICIAL, EXTERN][which].to_owned();
        for (at, cut, piece) in damage {
            let start = floor_char_boundary(&text, at % (text.len() + 1));
            let end = floor_char_boundary(&text, start + cut).max(start);
            text.replace_range(start..end, SNIPPETS[piece]);
        }
        check(&text);
    }
}

#[test]
fn deep_nesting_is_one_clear_error() {
    for open in ["[", "(", "{ a = ", "f(", "a[", "\"${", "if ", "match ", "{ for x in "] {
        for depth in [10_000, 200] {
            let problems = read(&format!("let x = {}", open.repeat(depth))).problems;
            assert!(matches!(problems[..], [SyntaxProblem::TooDeep { .. }]), "{open}: {problems:?}");
        }
    }
    for item in ["let x: ", "type T = "] {
        for open in ["[", "map<[", "{ a: ", "("] {
            let problems = read(&format!("{item}{}", open.repeat(10_000))).problems;
            assert!(matches!(problems[..], [SyntaxProblem::TooDeep { .. }]), "{open}");
        }
    }
    for chain in [" + a", ".a", "(1)", " && !a", " ?? a"] {
        let problems = read(&format!("let x = a{}", chain.repeat(10_000))).problems;
        assert!(matches!(problems[..], [SyntaxProblem::TooDeep { .. }]), "{chain}");
    }
    for prefix in ["!", "- ", "late ", "?"] {
        check(&format!("let x = {}a", prefix.repeat(10_000)));
        check(&format!("let x: {}a", prefix.repeat(10_000)));
        check(&format!("let x: a{}", prefix.repeat(10_000)));
    }
}

#[test]
fn nesting_within_the_limit_is_fine() {
    for (open, close) in [("[", "]"), ("(", ")"), ("{ a = ", "}"), ("f(", ")"), ("\"${", "}\""), ("{ a = [", "]}")] {
        let depth = if open.len() > 6 || open.starts_with('"') { 60 } else { 120 };
        let text = format!("let x = {}1{}", open.repeat(depth), close.repeat(depth));
        assert!(read(&text).problems.is_empty(), "{open}: {:?}", read(&text).problems);
        // Left open in its middle it still ends soon.
        check(&format!("let x = {}= = 1 {}", open.repeat(depth), close.repeat(depth / 2)));
        check(&format!("let x = {}", format!("{open}a +\n").repeat(depth)));
        check(&format!("let x = {}{}", format!("{open}a -\n").repeat(depth), format!("{close} ?\n").repeat(depth)));
        check(&format!("let x = {}{}", format!("if {open}").repeat(50), format!("{close} ? ").repeat(50)));
    }
}

#[test]
fn many_mistakes_take_little_time() {
    for unit in
        ["a = \"${b\" \"", "\"${[a \" ", "x = = 1\n", "{{\"", "'", "[1 2 = ", "f(a = = b, ", "\n| a b |", "\"${x\" ? "]
    {
        check(&format!("image a {{\n builder b {{\n{}", unit.repeat(400)));
    }
}

/// The innermost pairs of a text, and where they begin.
fn tokens(text: &str) -> Vec<(usize, &str)> {
    let Ok(pairs) = BakeParser::parse(Rule::file, text) else { panic!("parses: {text}") };
    let innermost = pairs.flatten().filter(|p| p.clone().into_inner().is_empty() && p.as_rule() != Rule::EOI);
    innermost.map(|p| (p.as_span().start(), p.as_str())).collect()
}

#[test]
fn the_grammar_and_the_scan_agree_on_comments() {
    let place = Place { file: FileId(0), base: 0 };
    for text in [OFFICIAL, EXTERN, "let a = b matches /\\/\\/ #/ # x\nlet c = \"// ${ d // e\n}\" / 2 //! f\n"] {
        // What the scan takes for comments is blanked: no token may change, and no comment may be left between the tokens.
        let mut blanked = text.to_owned();
        for comment in scan(place, text).comments {
            blanked.replace_range(comment.span.range(), &" ".repeat(comment.span.len()));
        }
        assert_ne!(text, blanked);
        assert_eq!(tokens(text), tokens(&blanked));
        let mut at = 0;
        for (start, token) in tokens(&blanked) {
            let between = &blanked[at.min(start)..start];
            assert!(!between.contains('#') && !between.contains("//"), "{between}");
            at = start + token.len();
        }
    }
    let kinds = |text: &str| parse(FileId(0), text).file.comments.iter().map(|c: &Comment| c.kind).collect::<Vec<_>>();
    use CommentKind::*;
    assert_eq!(kinds("//! a\n// b\n# c\n/// d\n//// e\n"), [FileDoc, Slashes, Hash, Doc, Slashes]);
}
