//! The one list of diagnostic codes. A code is a promise: it is a page of the book and has at least one fixture.

use std::fmt;

/// Stable name of a mistake, such as `bake::type::mismatch`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(&'static str);

impl Code {
    /// The whole code.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The name of its page and fixture folder: `type-mismatch` for `bake::type::mismatch`.
    pub fn slug(self) -> String {
        self.0.trim_start_matches("bake::").replace("::", "-").replace('_', "-")
    }

    /// The code that a person typed: whole, without `bake::`, or as the slug.
    pub fn find(typed: &str) -> Option<Code> {
        let wanted = typed.trim().to_ascii_lowercase();
        ALL.iter()
            .map(|(c, _)| *c)
            .find(|c| c.0 == wanted || c.0.trim_start_matches("bake::") == wanted || c.slug() == wanted)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal;)*) => {
        $($(#[doc = $doc])+ pub const $name: Code = Code($code);)*
        /// Every code with its one-line summary, in the order of the book's index.
        pub const ALL: &[(Code, &str)] = &[$(($name, concat!($($doc),+))),*];
    };
}

codes! {
    /// A character or word that cannot stand here.
    SYNTAX_UNEXPECTED = "bake::syntax::unexpected";

    // load
    /// A file cannot be read.
    LOAD_READ = "bake::load::read";
    /// Files import each other in a circle.
    LOAD_CYCLE = "bake::load::cycle";
    /// An import has no usable name.
    LOAD_NAMESPACE = "bake::load::namespace";

    // names
    /// A name that nothing declares.
    NAME_UNKNOWN = "bake::name::unknown";
    /// One name for two things.
    NAME_DUPLICATE = "bake::name::duplicate";
    /// A name of one sort where another is wanted.
    NAME_SORT = "bake::name::sort";
    /// Something that would be made of itself.
    NAME_RECURSION = "bake::name::recursion";
    /// Arguments that do not fit the parameters.
    NAME_ARGUMENTS = "bake::name::arguments";
    /// A statement where it cannot stand.
    NAME_MISPLACED = "bake::name::misplaced";
    /// A word that the schema language does not have.
    NAME_SCHEMA = "bake::name::schema";
    /// A pattern or range that cannot be used.
    TYPE_PATTERN = "bake::type::pattern";

    // tables
    /// A row of another length than the header.
    TABLE_ROW = "bake::table::row";
    /// A cell that its column does not accept.
    TABLE_CELL = "bake::table::cell";
    /// Two rows of one key.
    TABLE_KEY = "bake::table::key";

    // emit
    /// An AMI of another build, for which Packer does not wait (a warning).
    EMIT_EDGES = "bake::emit::edges";
    /// A test, which Packer does not run (a warning).
    EMIT_TESTS = "bake::emit::tests";
    /// An output, which Packer does not write (a warning).
    EMIT_OUTPUTS = "bake::emit::outputs";
    /// A `retain`, which Packer does not follow (a warning).
    EMIT_RETAIN = "bake::emit::retain";
    /// A cleanup that Packer has no place for (a warning).
    EMIT_CLEANUP = "bake::emit::cleanup";
    /// A `{{` in a variable, which Packer renders once more (a warning).
    EMIT_BRACES = "bake::emit::braces";

    // select
    /// A selection that no build passes.
    SELECT_UNMATCHED = "bake::select::unmatched";
    /// A selection by an axis that no image has.
    SELECT_AXIS = "bake::select::axis";
    /// A selection that is no pattern.
    SELECT_PATTERN = "bake::select::pattern";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_well_formed() {
        let form = regex::Regex::new("^bake::[a-z]+::[a-z]+(_[a-z]+)*$").expect("the form is a regex");
        let mut slugs = BTreeSet::new();
        for (code, _) in ALL {
            assert!(form.is_match(code.as_str()), "`{code}` is not of the form `bake::area::snake_case`");
            assert!(slugs.insert(code.slug()), "`{code}` is there twice, or its slug is another code's");
        }
    }

    #[test]
    fn summaries_are_one_sentence_in_a_line() {
        for (code, summary) in ALL {
            let summary = summary.trim();
            assert!(
                summary.ends_with('.') && summary.len() > 1,
                "the summary of `{code}` ends with a full stop: {summary}"
            );
            assert!(
                !summary.starts_with(char::is_lowercase),
                "the summary of `{code}` begins with a capital: {summary}"
            );
            assert!(
                summary.len() <= 120 && !summary.contains('\n'),
                "the summary of `{code}` fits in a line: {summary}"
            );
        }
    }

    #[test]
    fn find_takes_the_whole_code_the_short_form_and_the_slug() {
        for (code, _) in ALL {
            let short = code.as_str().trim_start_matches("bake::");
            for typed in [code.as_str(), short, &code.slug(), &format!(" {} ", code.as_str().to_uppercase())] {
                assert_eq!(Code::find(typed), Some(*code), "typed as `{typed}`");
            }
        }
        assert_eq!(SYNTAX_UNEXPECTED.slug(), "syntax-unexpected");
        assert_eq!(Code::find("bake::no::such_code"), None);
        assert_eq!(Code::find(""), None);
    }
}
