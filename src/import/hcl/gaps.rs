//! Comments between the parts of a file: what stands between two structures, or between the elements of a list, is nothing but
//! blanks, commas and comments.

use std::ops::Range;

/// The comments of a gap, as lines without their marks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gap {
    /// Those on the line on which the gap begins: they belong to what stands before it.
    pub(super) behind: Vec<String>,
    /// All others: they belong to what follows.
    pub(super) above: Vec<String>,
    /// How many of those above end with an empty line: they belong to nothing in particular.
    pub(super) apart: usize,
}

/// Reads the comments of a gap.
pub(super) fn comments(text: &str, range: Range<usize>) -> Gap {
    let mut gap = Gap::default();
    // Nothing stands before the beginning of a file.
    let mut first_line = range.start > 0;
    let mut rest = text.get(range).unwrap_or("");
    let mut breaks = 0;
    while let Some(c) = rest.chars().next() {
        let length = if c == '#' || rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else {
            if c == '\n' {
                first_line = false;
                breaks += 1;
                if breaks == 2 {
                    gap.apart = gap.above.len();
                }
            }
            rest = &rest[c.len_utf8()..];
            continue;
        };
        let (comment, left) = rest.split_at(length);
        let to = if first_line { &mut gap.behind } else { &mut gap.above };
        to.extend(lines(comment));
        breaks = 0;
        rest = left;
    }
    gap
}

/// The lines of a comment without its marks.
fn lines(comment: &str) -> Vec<String> {
    let block = comment.strip_prefix("/*");
    let Some(inside) = block.map(|rest| rest.strip_suffix("*/").unwrap_or(rest)) else {
        // What was commented out keeps its indentation.
        let line = comment.trim_start_matches(['/', '#']).trim_end();
        return vec![line.strip_prefix(' ').unwrap_or(line).to_owned()];
    };
    let lines: Vec<&str> = inside.lines().map(|line| line.trim().trim_start_matches('*').trim()).collect();
    let start = lines.iter().position(|l| !l.is_empty()).unwrap_or(0);
    let end = lines.iter().rposition(|l| !l.is_empty()).map_or(0, |last| last + 1);
    lines.get(start..end).unwrap_or_default().iter().map(|&l| l.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_belong_to_their_neighbours() {
        let text = "1, # behind\n\n# far\n\n  // one\n/* two\n * three */ ";
        let gap = comments(text, 1..text.len());
        assert_eq!(gap.behind, ["behind"]);
        assert_eq!(gap.above, ["far", "one", "two", "three"]);
        assert_eq!(gap.apart, 1);
        assert_eq!(comments("", 0..0), Gap::default());
    }
}
