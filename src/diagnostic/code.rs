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

    // template
    /// A `{{`, or a quote or comment within it, that nothing closes.
    TEMPLATE_UNCLOSED = "bake::template::unclosed";
    /// `{{}}` without an action in it.
    TEMPLATE_EMPTY = "bake::template::empty";
    /// A run-time action that its grammar does not allow.
    TEMPLATE_SYNTAX = "bake::template::syntax";
    /// A run-time function that does not exist.
    TEMPLATE_UNKNOWN_FUNCTION = "bake::template::unknown_function";
    /// A run-time function that Packer has removed.
    TEMPLATE_REMOVED_FUNCTION = "bake::template::removed_function";
    /// A run-time function with the wrong number or kind of arguments.
    TEMPLATE_ARGUMENTS = "bake::template::arguments";
    /// A `$variable` of a run-time action that nothing declares.
    TEMPLATE_UNKNOWN_VARIABLE = "bake::template::unknown_variable";
    /// An `if`, `with` or `range` without `end`, or the reverse.
    TEMPLATE_UNBALANCED = "bake::template::unbalanced";
    /// A run-time function that only defaults of variables may call.
    TEMPLATE_ONLY_IN_VARIABLES = "bake::template::only_in_variables";
    /// A build's fact in an option that is read before the build runs.
    TEMPLATE_BUILD_NOT_HERE = "bake::template::build_not_here";
    /// A build's fact that no builder is known to give.
    TEMPLATE_BUILD_NAME = "bake::template::build_name";
    /// A run-time field that the option does not have.
    TEMPLATE_UNKNOWN_FIELD = "bake::template::unknown_field";
}
