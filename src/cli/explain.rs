//! `bakec explain`: the book's page of a diagnostic code.

use include_dir::{Dir, include_dir};

use crate::diagnostic::Code;
use crate::diagnostic::code::ALL;
use crate::text::suggest::nearest;

use super::Outcome;
use super::args::Explain;
use super::terminal::Terminal;

static PAGES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/book/src/errors");

pub(super) fn run(args: &Explain, terminal: &Terminal) -> Outcome {
    let Some(typed) = &args.code else {
        let text = index(ALL);
        return terminal.result(|out| out.write_all(text.as_bytes()));
    };
    let Some(code) = Code::find(typed) else {
        let area = index(&below(typed));
        if !area.is_empty() {
            return terminal.result(|out| out.write_all(area.as_bytes()));
        }
        let help = match near(typed) {
            Some(code) => format!("did you mean `{code}`?"),
            None => "`bakec explain` lists all codes".to_owned(),
        };
        return Err(terminal.fail(&format!("there is no code `{typed}`"), Some(&help)));
    };
    let text = match page(code) {
        page if args.markdown || !terminal.reads_out() => page,
        page => super::page::shown(&page, terminal.width_out(), terminal.colour_out()),
    };
    terminal.result(|out| out.write_all(text.as_bytes()))
}

/// The page of a code, or its summary where the book is silent.
fn page(code: Code) -> String {
    match PAGES.get_file(format!("{}.md", code.slug())).and_then(|f| f.contents_utf8()) {
        Some(page) => format!("{}\n", page.trim_end()),
        None => {
            let summary = ALL.iter().find(|(c, _)| *c == code).map_or("", |(_, summary)| summary.trim());
            format!("{code}\n\n{summary}\n")
        }
    }
}

/// The codes of an area: `type`, `bake::type::`.
fn below(typed: &str) -> Vec<(Code, &'static str)> {
    let area = typed.trim().trim_start_matches("bake::").trim_end_matches(':');
    let inside = |code: &Code| {
        let short = code.as_str().trim_start_matches("bake::");
        !area.is_empty() && short.strip_prefix(area).is_some_and(|rest| rest.starts_with("::"))
    };
    ALL.iter().filter(|(code, _)| inside(code)).copied().collect()
}

/// Codes with their summaries, by area.
fn index(codes: &[(Code, &str)]) -> String {
    let width = codes.iter().map(|(c, _)| c.as_str().len()).max().unwrap_or(0);
    let mut text = String::new();
    let mut last = None;
    for (code, summary) in codes {
        if last.replace(code.area()).is_some_and(|before| before != code.area()) {
            text.push('\n');
        }
        text.push_str(&format!("{:width$}  {}\n", code.as_str(), summary.trim()));
    }
    text
}

/// The code that was meant, by its whole name or by its last word.
fn near(typed: &str) -> Option<&'static str> {
    let typed = typed.trim().trim_start_matches("bake::");
    let short = |code: &Code| code.as_str().trim_start_matches("bake::");
    let codes = || ALL.iter().map(|(code, _)| code);
    let found = nearest(typed, codes().map(short)).or_else(|| {
        let word = typed.rsplit("::").next().unwrap_or(typed);
        let last = |code: &'static Code| short(code).rsplit("::").next().unwrap_or_default();
        let near = nearest(word, codes().map(last))?;
        codes().find(|c| last(c) == near).map(short)
    })?;
    codes().map(|c| c.as_str()).find(|c| c.trim_start_matches("bake::") == found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::code;

    #[test]
    fn a_page_is_found_and_every_code_is_listed() {
        assert!(page(code::EMIT_EDGES).contains("bake::emit::edges"));
        let index = index(ALL);
        assert!(ALL.iter().all(|(c, _)| index.lines().any(|l| l.starts_with(&format!("{c} ")))), "{index}");
    }

    #[test]
    fn a_misspelt_code_is_found() {
        assert_eq!(near("bake::emit::egdes"), Some("bake::emit::edges"));
        assert!(below("type").iter().all(|(c, _)| c.as_str().starts_with("bake::type::")) && below("type").len() > 2);
        assert!(below("typ").is_empty() && below("").is_empty() && below("bake::type::").len() == below("type").len());
        assert_eq!(near("edges"), Some("bake::emit::edges"));
        assert!(page(code::RUN_LAUNCH).starts_with("# `bake::run::launch`") && below("run").len() > 30);
        assert_eq!(near("qqqqqqqqqqqqqqqqqq"), None);
    }
}
