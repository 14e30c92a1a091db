//! Source files in memory, and their lines.

use std::sync::{Arc, OnceLock};

use super::span::{FileId, Span};

/// One file: the path as a person should read it, its text, and where its lines begin.
#[derive(Clone, Debug)]
pub struct Source {
    path: Arc<str>,
    text: Arc<str>,
    line_starts: OnceLock<Vec<u32>>,
}

impl Source {
    /// A source from its display path and text.
    pub fn new(path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Source { path: path.into(), text: text.into(), line_starts: OnceLock::new() }
    }

    /// The path, as diagnostics show it.
    pub fn path(&self) -> &Arc<str> {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Line and column, both from 1; the column counts characters. Offsets behind the end count as the end.
    pub fn line_column(&self, offset: u32) -> (u32, u32) {
        let starts = self.line_starts();
        let offset = (offset as usize).min(self.text.len());
        let line = starts.partition_point(|&s| s as usize <= offset).max(1);
        let start = starts.get(line - 1).map_or(0, |&s| s as usize);
        let column = self.text.get(start..offset).map_or(0, |s| s.chars().count());
        (line as u32, column as u32 + 1)
    }

    /// The line of an offset, from 1: without a look at what stands in it.
    pub fn line_number(&self, offset: u32) -> u32 {
        self.line_starts().partition_point(|start| *start <= offset).max(1) as u32
    }

    /// The byte range of a line (from 1) without its line ending; empty when there is no such line.
    pub fn line_range(&self, line: u32) -> std::ops::Range<usize> {
        let start = self.line_starts().get(line.saturating_sub(1) as usize).map_or(self.text.len(), |s| *s as usize);
        start..start + self.line(line).len()
    }

    /// The text of a line (from 1) without its line ending; empty when there is no such line.
    pub fn line(&self, line: u32) -> &str {
        let starts = self.line_starts();
        let Some(&start) = starts.get(line.saturating_sub(1) as usize) else { return "" };
        let end = starts.get(line as usize).map_or(self.text.len(), |&e| e as usize);
        self.text[start as usize..end].trim_end_matches(['\n', '\r'])
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            std::iter::once(0)
                .chain(self.text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i as u32 + 1))
                .collect()
        })
    }
}

/// All files of one compilation. A [`FileId`] is an index into it and never changes its meaning.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The user's files by their ids, each with its place among all.
    files: Vec<(u32, Source)>,
    /// Files that are part of bakec itself, with their places; there are a few dozen at most.
    builtins: Vec<(FileId, u32, Source)>,
}

impl Sources {
    /// No files yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many files there are.
    fn count(&self) -> u32 {
        (self.files.len() + self.builtins.len()) as u32
    }

    /// Adds a file and names it.
    pub fn add(&mut self, source: Source) -> FileId {
        self.files.push((self.count(), source));
        FileId(self.files.len() as u32 - 1)
    }

    /// Adds a file that is part of bakec itself, under the id that it has in every compilation.
    pub fn add_builtin(&mut self, id: FileId, source: Source) {
        debug_assert!(id.is_builtin());
        if self.builtin(id).is_none() {
            self.builtins.push((id, self.count(), source));
        }
    }

    /// The file of an id that these sources hold.
    pub fn get(&self, id: FileId) -> &Source {
        self.placed(id).1
    }

    /// The place of a file among all of them, as [`iter`](Self::iter) gives them.
    pub fn position(&self, id: FileId) -> usize {
        self.placed(id).0 as usize
    }

    fn placed(&self, id: FileId) -> (u32, &Source) {
        match self.builtin(id) {
            Some((_, place, source)) => (*place, source),
            None => {
                let (place, source) = &self.files[id.0 as usize];
                (*place, source)
            }
        }
    }

    fn builtin(&self, id: FileId) -> Option<&(FileId, u32, Source)> {
        if id.is_builtin() { self.builtins.iter().find(|(known, ..)| *known == id) } else { None }
    }

    /// All files with their ids, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        let own = self.files.iter().enumerate().map(|(id, (place, source))| (*place, FileId(id as u32), source));
        let builtins = self.builtins.iter().map(|(id, place, source)| (*place, *id, source));
        let mut all: Vec<_> = own.chain(builtins).collect();
        all.sort_unstable_by_key(|(place, ..)| *place);
        all.into_iter().map(|(_, id, source)| (id, source))
    }

    /// The text that a span covers.
    pub fn slice(&self, span: Span) -> &str {
        self.get(span.file).text().get(span.range()).unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let s = Source::new("a", "ab\nü=1\n");
        assert_eq!(s.line_column(0), (1, 1));
        assert_eq!(s.line_column(3), (2, 1));
        assert_eq!(s.line_column(5), (2, 2));
        assert_eq!(s.line_column(900), (3, 1));
        assert_eq!([0, 3, 5, 8, 900].map(|offset| s.line_number(offset)), [1, 2, 2, 3, 3]);
        assert_eq!(s.line(2), "ü=1");
        assert_eq!(s.line(9), "");
    }
}
