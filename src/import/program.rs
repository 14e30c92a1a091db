//! The program to come: items, images and statements as they will be written.
//!
//! It must not know how it was found (`shape`), nor how it is spelt (`write`).

use rustc_hash::{FxHashMap, FxHashSet};

use super::draft::{Entry, Name, Value};
use super::typed::Extern;

/// A program.
#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    /// Words about the file.
    pub(super) doc: Vec<String>,
    pub(super) externs: Vec<Extern>,
    pub(super) variables: Vec<Declared>,
    /// Values with names, for all images.
    pub(super) lets: Vec<Entry>,
    pub(super) tables: Vec<Table>,
    pub(super) images: Vec<Image>,
    /// Comments behind everything else.
    pub(super) end: Vec<String>,
    /// What names became.
    pub(super) names: Names,
}

/// A variable or secret.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) secret: bool,
    /// Whether the compiler must know it: a param.
    pub(super) early: bool,
    pub(super) ty: String,
    pub(super) default: Option<Value>,
    pub(super) doc: Vec<String>,
    pub(super) comments: Vec<String>,
}

/// A table. A cell without a value is a hyphen.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) key: Vec<String>,
    pub(super) columns: Vec<(String, String)>,
    pub(super) rows: Vec<Vec<Option<Value>>>,
}

/// An image.
#[derive(Clone, Debug, Default)]
pub(super) struct Image {
    pub(super) name: String,
    pub(super) axes: Vec<Axis>,
    /// The names of the builds, where they are not the usual ones.
    pub(super) builds: Option<Value>,
    pub(super) lets: Vec<Entry>,
    pub(super) builders: Vec<Statement>,
    pub(super) steps: Vec<Statement>,
    pub(super) posts: Vec<Chain>,
}

/// A line of a matrix.
#[derive(Clone, Debug)]
pub(super) enum Axis {
    /// `axis name in […]`
    List(String, Vec<Value>),
    /// `axis { a, b } in table`, and how many of the columns are keys.
    Columns(Vec<String>, String, usize),
}

/// A builder or step.
#[derive(Clone, Debug, Default)]
pub(super) struct Statement {
    /// `builder`, `provision`, `cleanup`; empty for a link of a chain.
    pub(super) word: &'static str,
    pub(super) kind: String,
    pub(super) label: Option<String>,
    pub(super) when: Option<Value>,
    pub(super) entries: Vec<Entry>,
    pub(super) comments: Vec<String>,
    pub(super) end: Vec<String>,
}

/// A chain of post-processors.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    pub(super) when: Option<Value>,
    pub(super) links: Vec<Statement>,
}

impl Image {
    /// How many axes there are, columns of a key counted one by one.
    pub(super) fn axes(&self) -> usize {
        self.axes.iter().map(|axis| if let Axis::Columns(_, _, keys) = axis { *keys } else { 1 }).sum()
    }
}

/// Words that no name in an expression may be.
const RESERVED: &[&str] = &["if", "in", "else", "then", "true", "false", "for", "null", "match", "matches"];

/// What the names of a template became: identifiers, each used for one thing.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    map: FxHashMap<Name, String>,
    taken: FxHashSet<String>,
}

impl Names {
    /// A name for something of the template, as near to its own as possible.
    pub(super) fn give(&mut self, name: Name) -> String {
        if let Some(given) = self.map.get(&name) {
            return given.clone();
        }
        let (Name::Variable(wanted) | Name::Local(wanted) | Name::Bound(wanted)) = &name;
        let given = self.fresh(&identifier(wanted));
        self.map.insert(name, given.clone());
        given
    }

    /// Keeps a name from being given.
    pub(super) fn reserve(&mut self, name: &str) {
        self.taken.insert(name.to_owned());
    }

    /// A name that nothing has yet.
    pub(super) fn fresh(&mut self, wanted: &str) -> String {
        let wanted = identifier(wanted);
        let mut name = wanted.clone();
        let mut number = 2;
        while !self.taken.insert(name.clone()) {
            name = format!("{wanted}_{number}");
            number += 1;
        }
        name
    }

    /// The identifier of a variable.
    pub(super) fn of_variable(&self, name: &str) -> Option<&str> {
        self.map.get(&Name::Variable(name.to_owned())).map(String::as_str)
    }

    /// What an identifier stands for, if it is a name of the template.
    pub(super) fn given(&self, identifier: &str) -> Option<&Name> {
        self.map.iter().find(|(_, given)| *given == identifier).map(|(name, _)| name)
    }

    /// Whether something has the name.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.taken.contains(name)
    }

    /// The identifier of a name; a bound one is its own.
    pub(super) fn of<'n>(&'n self, name: &'n Name) -> &'n str {
        let (Name::Variable(own) | Name::Local(own) | Name::Bound(own)) = name;
        self.map.get(name).map_or(own, String::as_str)
    }
}

/// The nearest identifier.
pub(super) fn identifier(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    let mut word: String = name.chars().map(letter).collect();
    if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) || RESERVED.contains(&word.as_str()) {
        word.insert(0, '_');
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_identifiers_once() {
        let mut names = Names::default();
        assert_eq!(names.give(Name::Variable("aws-region".into())), "aws_region");
        assert_eq!(names.give(Name::Variable("aws_region".into())), "aws_region_2");
        assert_eq!(names.give(Name::Variable("aws-region".into())), "aws_region");
        assert_eq!(identifier("16.04"), "_16_04");
        assert_eq!(identifier("match"), "_match");
    }
}
