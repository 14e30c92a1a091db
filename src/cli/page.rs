//! A page of the book as a terminal shows it: headings bold, code indented, links as their words.
//!
//! It knows the little of Markdown that the book's pages of mistakes use, and nothing of what they say.

use unicode_width::UnicodeWidthStr;

/// The widest text that is still read with pleasure.
const WIDEST: usize = 110;
/// The narrowest terminal that lines are broken for.
const NARROWEST: usize = 40;

/// A page of Markdown for a terminal.
pub(super) fn shown(page: &str, width: usize, colour: bool) -> String {
    let look = Look { width: width.clamp(NARROWEST, WIDEST), colour };
    let mut out = String::new();
    let mut paragraph = String::new();
    let mut code = false;
    for line in page.lines() {
        let item = line.trim_start().starts_with(['*', '-', '|']);
        if code || line.trim().is_empty() || line.starts_with(['#', '`', '<']) || item {
            look.end(&mut paragraph, &mut out);
        }
        match line {
            _ if line.starts_with("```") => code = !code,
            _ if code => out.push_str(format!("    {line}").trim_end()),
            _ if line.starts_with("<!--") => continue,
            _ if line.starts_with('#') => out.push_str(&look.painted("1", &plain(line.trim_start_matches(['#', ' '])))),
            _ if line.starts_with('|') && line.trim_matches(['|', '-', ':', ' ']).is_empty() => continue,
            _ if line.starts_with('|') => out.push_str(&look.row(line)),
            "" => {}
            _ => {
                paragraph.push_str(line.trim());
                paragraph.push(' ');
                continue;
            }
        }
        if !line.starts_with("```") {
            out.push('\n');
        }
    }
    look.end(&mut paragraph, &mut out);
    out
}

struct Look {
    width: usize,
    colour: bool,
}

impl Look {
    fn painted(&self, paint: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{paint}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Writes a paragraph, or an entry of a list.
    fn end(&self, paragraph: &mut String, out: &mut String) {
        let text = plain(std::mem::take(paragraph).trim());
        if text.is_empty() {
            return;
        }
        let indent = if text.starts_with("* ") || text.starts_with("- ") { "  " } else { "" };
        let options = textwrap::Options::new(self.width)
            .subsequent_indent(indent)
            .break_words(false)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        out.push_str(&textwrap::wrap(&text, options).join("\n"));
        out.push('\n');
    }

    /// A row of a table, with a dash between its cells: columns seldom fit.
    fn row(&self, line: &str) -> String {
        let cells: Vec<String> = line.trim().trim_matches('|').split(" | ").map(|c| plain(c.trim())).collect();
        let row = format!("  {}", cells.join(" – "));
        if row.width() <= self.width {
            row
        } else {
            textwrap::fill(&row, textwrap::Options::new(self.width).subsequent_indent("    "))
        }
    }
}

/// A text without the marks of links: `[words](place)` and `<place>`. Ticks stay, as messages have them too.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find(['[', '`']) {
        let (before, from) = rest.split_at(open);
        out.push_str(before);
        if let Some(inside) = from.strip_prefix('`') {
            // What is between ticks is no link, whatever it holds.
            let end = inside.find('`').map_or(from.len(), |end| end + 2);
            out.push_str(&from[..end]);
            rest = &from[end..];
            continue;
        }
        let link = from.find("](").and_then(|middle| {
            let end = from[middle..].find(')')? + middle;
            Some((&from[1..middle], end + 1))
        });
        match link {
            Some((words, end)) => {
                out.push_str(words);
                rest = &from[end..];
            }
            None => {
                out.push('[');
                rest = &from[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_without_its_marks() {
        let page = "# `bake::a::b`\n\nOne of [the rules](../x.md), and\nanother `[x](y)`.\n\n## What to write\n\n```bake\nlet a = 1\n\n# no heading\n```\n\n* one\n* two\n";
        let wanted = "`bake::a::b`\n\nOne of the rules, and another `[x](y)`.\n\nWhat to write\n\n    let a = 1\n\n    # no heading\n\n* one\n* two\n";
        assert_eq!(shown(page, 80, false), wanted);
        assert!(shown(page, 80, true).contains("\x1b[1mWhat to write\x1b[0m\n"));
        let narrow = shown("one two three four five six seven eight nine ten eleven\n", 10, false);
        assert!(narrow.lines().count() == 2 && narrow.lines().all(|l| l.len() <= NARROWEST), "{narrow}");
    }

    #[test]
    fn tables_become_rows() {
        assert_eq!(shown("| a | b |\n|---|---|\n| `x` | two |\n", 80, false), "  a – b\n  `x` – two\n");
    }
}
