//! The one list of diagnostic codes, those of the executor too. A code is a promise: it is a page of the book, and has at least one
//! fixture or a run that shows it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Stable name of a mistake, such as `bake::type::mismatch`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(&'static str);

impl Code {
    /// None of the list: of what another version of bakec has told. It is not shown.
    pub const UNLISTED: Code = Code("");

    /// The whole code.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// What it is about: `type` for `bake::type::mismatch`.
    pub fn area(self) -> &'static str {
        self.0.split("::").nth(1).unwrap_or_default()
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

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Code, D::Error> {
        Ok(Code::find(&String::deserialize(deserializer)?).unwrap_or(Code::UNLISTED))
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal;)*) => {
        $($(#[doc = $doc])+ pub const $name: Code = Code($code);)*
        /// Every code with its one-line summary, in the order of the book's index.
        pub const ALL: &[(Code, &str)] = &[$(($name, concat!($($doc),+))),*];
    };
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

    // values
    /// A calculation without a result.
    VALUE_ARITHMETIC = "bake::value::arithmetic";
    /// A value that grows without bound.
    VALUE_LIMIT = "bake::value::limit";
    /// A key or index that is missing, or stands twice.
    VALUE_KEY = "bake::value::key";
    /// A text that cannot be read as what it should be.
    VALUE_CONVERSION = "bake::value::conversion";
    /// A template that cannot be rendered.
    VALUE_RENDER = "bake::value::render";
    /// A number outside of its range.
    VALUE_RANGE = "bake::value::range";
    /// A size that is no whole number of GiB, where Packer counts in GiB.
    VALUE_SIZE = "bake::value::size";
    /// A text that does not match its pattern.
    VALUE_PATTERN = "bake::value::pattern";
    /// A key that a table does not hold.
    TABLE_NO_ROW = "bake::table::no_row";

    // matrices and builds
    /// More cells or axes than the limit.
    MATRIX_SIZE = "bake::matrix::size";
    /// An axis that holds a value twice.
    MATRIX_AXIS = "bake::matrix::axis";
    /// An exclude that matches no cell.
    MATRIX_IDLE_EXCLUDE = "bake::matrix::idle_exclude";
    /// A matrix of which no cell is left.
    MATRIX_EMPTY = "bake::matrix::empty";
    /// A text that cannot name a build.
    BUILD_NAME = "bake::build::name";
    /// Two builds of one name.
    BUILD_SAME_NAME = "bake::build::same_name";
    /// A build with no builder, or with two.
    BUILD_BUILDER = "bake::build::builder";
    /// Two builds of a region that make an AMI of one name.
    BUILD_SAME_AMI = "bake::build::same_ami";
    /// An option or field that must be given.
    OPTION_MISSING = "bake::option::missing";
    /// Options that break a rule of their kind.
    OPTION_RULE = "bake::option::rule";
    /// A file that an option names and that is not there.
    OPTION_FILE = "bake::option::file";
    /// A cell that an image does not build.
    IMAGE_CELL = "bake::image::cell";
    /// Builds that start from each other.
    IMAGE_CYCLE = "bake::image::cycle";
    /// An AMI of a build that makes none.
    IMAGE_NO_AMI = "bake::image::no_ami";
    /// An AMI that is used in a region where it will not be.
    IMAGE_REGION = "bake::image::region";
    /// A build that breaks a policy.
    POLICY_BROKEN = "bake::policy::broken";
    /// A policy that can be decided only when the plan runs.
    POLICY_UNDECIDED = "bake::policy::undecided";
    /// A file that no output can be written to.
    OUTPUT_FILE = "bake::output::file";
    /// A param that cannot be set as asked.
    INPUT_PARAM = "bake::input::param";
    /// A table of facts that cannot be read.
    INPUT_FACTS = "bake::input::facts";
    /// An environment variable that is not set.
    INPUT_ENVIRONMENT = "bake::input::environment";

    // EC2's facts
    /// An instance type that cannot boot the image.
    FACTS_VIRTUALIZATION = "bake::facts::virtualization";
    /// An instance type that its region lacks.
    FACTS_OFFERED = "bake::facts::offered";
    /// An instance type without the root device that the builder needs.
    FACTS_ROOT_DEVICE = "bake::facts::root_device";
    /// An instance type of another architecture.
    FACTS_ARCHITECTURE = "bake::facts::architecture";
    /// An instance type without enclaves.
    FACTS_ENCLAVE = "bake::facts::enclave";

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

    // syntax
    /// Brackets or expressions that nest too deep.
    SYNTAX_TOO_DEEP = "bake::syntax::too_deep";
    /// A bracket or brace that is not closed.
    SYNTAX_UNCLOSED_BRACKET = "bake::syntax::unclosed_bracket";
    /// A quote that is not closed.
    SYNTAX_UNCLOSED_QUOTE = "bake::syntax::unclosed_quote";
    /// A `${` that is not closed before its text ends.
    SYNTAX_UNCLOSED_INTERPOLATION = "bake::syntax::unclosed_interpolation";
    /// A `${…}` that does not hold exactly one value.
    SYNTAX_BAD_INTERPOLATION = "bake::syntax::bad_interpolation";
    /// A line break inside `${…}` of a one-line text.
    SYNTAX_NEWLINE_IN_INTERPOLATION = "bake::syntax::newline_in_interpolation";
    /// A backslash before a character that has no escape.
    SYNTAX_BAD_ESCAPE = "bake::syntax::bad_escape";
    /// Quotes inside `{{…}}` that end the text around it.
    SYNTAX_QUOTE_IN_TEMPLATE = "bake::syntax::quote_in_template";
    /// A line of a multi-line text that starts left of its closing quotes.
    SYNTAX_BAD_INDENT = "bake::syntax::bad_indent";
    /// A regular expression that is not closed.
    SYNTAX_UNCLOSED_REGEX = "bake::syntax::unclosed_regex";
    /// `:` where a value is given with `=`.
    SYNTAX_COLON_FOR_EQUALS = "bake::syntax::colon_for_equals";
    /// `==` where a value is given with `=`.
    SYNTAX_DOUBLE_EQUALS = "bake::syntax::double_equals";
    /// `;` between entries or elements.
    SYNTAX_SEMICOLON = "bake::syntax::semicolon";
    /// A `-` in a name that is declared.
    SYNTAX_HYPHENED_NAME = "bake::syntax::hyphened_name";
    /// Two elements of a list without a comma between them.
    SYNTAX_MISSING_COMMA = "bake::syntax::missing_comma";
    /// A comma with nothing before it.
    SYNTAX_EXTRA_COMMA = "bake::syntax::extra_comma";
    /// An option written as a block, without its `=`.
    SYNTAX_BLOCK_WITHOUT_EQUALS = "bake::syntax::block_without_equals";
    /// `a == b == c`.
    SYNTAX_CHAINED_COMPARISON = "bake::syntax::chained_comparison";
    /// An `if` without its `else`.
    SYNTAX_MISSING_ELSE = "bake::syntax::missing_else";
    /// One key written twice in a record or block.
    SYNTAX_KEY_TWICE = "bake::syntax::key_twice";
    /// Two `matrix` blocks in one image.
    SYNTAX_MATRIX_TWICE = "bake::syntax::matrix_twice";
    /// Digits and letters that are no number, duration or size.
    SYNTAX_BAD_NUMBER = "bake::syntax::bad_number";
    /// A number beyond what its type holds.
    SYNTAX_NUMBER_TOO_LARGE = "bake::syntax::number_too_large";
    /// A bare name as a pattern of `match`.
    SYNTAX_NAME_AS_PATTERN = "bake::syntax::name_as_pattern";
    /// A row of a table without its last bar.
    SYNTAX_UNCLOSED_ROW = "bake::syntax::unclosed_row";
    /// A cell that is neither one word nor one literal.
    SYNTAX_BAD_CELL = "bake::syntax::bad_cell";
    /// `${…}` in a text that must be known as it stands.
    SYNTAX_NOT_PLAIN = "bake::syntax::not_plain";
    /// A name that is given neither a value nor a type.
    SYNTAX_MISSING_VALUE = "bake::syntax::missing_value";
    /// A modifier of an option written twice.
    SYNTAX_MODIFIER_TWICE = "bake::syntax::modifier_twice";
    /// Documentation with nothing to document (a warning).
    SYNTAX_DANGLING_DOC = "bake::syntax::dangling_doc";
    /// Documentation of the file that does not stand at its top (a warning).
    SYNTAX_MISPLACED_FILE_DOC = "bake::syntax::misplaced_file_doc";

    // import
    /// A file of a template that is no HCL.
    IMPORT_HCL = "bake::import::hcl";
    /// Something of a template that its program does not say, or says otherwise (a warning).
    IMPORT_LOST = "bake::import::lost";
    /// A variable that a template uses and does not declare (a warning).
    IMPORT_UNDECLARED = "bake::import::undeclared";

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

    // json
    /// Something that JSON does not allow where it stands.
    JSON_UNEXPECTED = "bake::json::unexpected";
    /// A comma behind the last entry of a JSON list or record.
    JSON_TRAILING_COMMA = "bake::json::trailing_comma";
    /// A key that a JSON record has twice.
    JSON_DUPLICATE_KEY = "bake::json::duplicate_key";
    /// A bracket, text or comment of a JSON file that is not closed.
    JSON_UNCLOSED = "bake::json::unclosed";
    /// A number that is none in JSON.
    JSON_BAD_NUMBER = "bake::json::bad_number";
    /// An escape or control character that a JSON text cannot hold.
    JSON_BAD_TEXT = "bake::json::bad_text";
    /// A bare word that is no value of JSON.
    JSON_UNKNOWN_WORD = "bake::json::unknown_word";
    /// JSON values that are nested too deeply.
    JSON_TOO_DEEP = "bake::json::too_deep";

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
    /// A step that only bakec knows, in whose place Packer gets others (a warning).
    EMIT_STEP = "bake::emit::step";
    /// A `{{` as data where Packer renders until nothing changes (a warning).
    EMIT_BRACES = "bake::emit::braces";
    /// A build whose name no source of HCL can have (a warning).
    EMIT_LABEL = "bake::emit::label";
    /// An option that HCL has no place for (a warning).
    EMIT_OPTION = "bake::emit::option";
    /// A kind that no known plugin brings (a warning).
    EMIT_PLUGIN = "bake::emit::plugin";

    /// A template given to `compile --template` that cannot be rendered.
    EMIT_TEMPLATE = "bake::emit::template";

    // packer
    /// A file given as a plan that does not have the form of one.
    PACKER_SHAPE = "bake::packer::shape";

    // select
    /// A selection that no build passes.
    SELECT_UNMATCHED = "bake::select::unmatched";
    /// A selection by an axis that no image has.
    SELECT_AXIS = "bake::select::axis";
    /// A selection that is no pattern.
    SELECT_PATTERN = "bake::select::pattern";

    // types
    /// A value of another type than its place takes.
    TYPE_MISMATCH = "bake::type::mismatch";
    /// A value that is known only when the plan runs, where the compiler must know it.
    TYPE_LATE = "bake::type::late";
    /// A value that may be null where null cannot stand.
    TYPE_NULL = "bake::type::null";
    /// An operator between values that it does not join.
    TYPE_OPERATOR = "bake::type::operator";
    /// A comparison or pattern that can never come out true.
    TYPE_NEVER_EQUAL = "bake::type::never_equal";
    /// A `match` that leaves values without an arm.
    TYPE_NOT_EXHAUSTIVE = "bake::type::not_exhaustive";
    /// A pattern that an earlier one has taken (a warning).
    TYPE_UNREACHABLE = "bake::type::unreachable";
    /// A type that a param, variable, axis or text cannot hold.
    TYPE_UNFIT = "bake::type::unfit";
    /// An index that does not fit what it indexes.
    TYPE_INDEX = "bake::type::index";
    /// A field that a value does not have.
    NAME_UNKNOWN_FIELD = "bake::name::unknown_field";
    /// An option that a kind does not have.
    NAME_UNKNOWN_OPTION = "bake::name::unknown_option";
    /// An option under a name that it had once.
    NAME_RENAMED_OPTION = "bake::name::renamed_option";
    /// An option that Packer knows and bakec refuses.
    OPTION_REFUSED = "bake::option::refused";
    /// An option that has had its day (a warning).
    OPTION_DEPRECATED = "bake::option::deprecated";
    /// A text that does not have the form of its domain type.
    VALUE_DOMAIN = "bake::value::domain";
    /// A region, or the region of a zone, that does not exist.
    FACTS_REGION = "bake::facts::region";
    /// An instance type that EC2 does not have.
    FACTS_INSTANCE_TYPE = "bake::facts::instance_type";

    // runs
    /// A file that a run reads and that is not there.
    RUN_FILE = "bake::run::file";
    /// A variable of the plan whose value is missing or cannot be worked out.
    RUN_VARIABLE = "bake::run::variable";
    /// An option that cannot be read as it stands.
    RUN_OPTION = "bake::run::option";
    /// Something in a plan that `bakec run` does not execute yet.
    RUN_UNEXECUTED = "bake::run::unexecuted";
    /// Credentials that are missing, or that AWS does not accept.
    RUN_CREDENTIALS = "bake::run::credentials";
    /// Something that a run needs and that the credentials may not do.
    RUN_PERMISSION = "bake::run::permission";
    /// A region that the account does not have.
    RUN_REGION = "bake::run::region";
    /// A source image that is not there, or not the only one.
    RUN_SOURCE = "bake::run::source";
    /// An instance type that the region does not offer.
    RUN_INSTANCE_TYPE = "bake::run::instance_type";
    /// A name for an image that is taken already.
    RUN_NAME = "bake::run::name";
    /// A private key that cannot be read.
    RUN_KEY_FILE = "bake::run::key_file";
    /// A folder for the record of the run that cannot be written.
    RUN_FOLDER = "bake::run::folder";
    /// A key pair that could not be made or imported.
    RUN_KEY = "bake::run::key";
    /// A temporary security group that could not be made, opened or deleted.
    RUN_GROUP = "bake::run::group";
    /// An instance that could not be launched, or ended by itself.
    RUN_LAUNCH = "bake::run::launch";
    /// A machine that EC2 had not to give, or took back.
    RUN_CAPACITY = "bake::run::capacity";
    /// A network that is not there, not the only one, or gives no address that is asked for.
    RUN_NETWORK = "bake::run::network";
    /// An instance profile that is not there, or could not be made.
    RUN_PROFILE = "bake::run::profile";
    /// An instance that does not run, or does not stop, for too long.
    RUN_WAIT = "bake::run::wait";
    /// An SSH server that cannot be reached.
    RUN_SSH_CONNECT = "bake::run::ssh_connect";
    /// An SSH server that does not let bakec in.
    RUN_SSH_AUTH = "bake::run::ssh_auth";
    /// A host key that has changed during the build.
    RUN_SSH_HOST_KEY = "bake::run::ssh_host_key";
    /// An SSH connection that broke off.
    RUN_SSH_LOST = "bake::run::ssh_lost";
    /// A script that failed, or could not be run.
    RUN_SCRIPT = "bake::run::script";
    /// A file that could not be brought to the machine.
    RUN_UPLOAD = "bake::run::upload";
    /// A file that could not be fetched from the machine.
    RUN_DOWNLOAD = "bake::run::download";
    /// A run-time template that cannot be rendered.
    RUN_TEMPLATE = "bake::run::template";
    /// A build or step that has taken longer than it may.
    RUN_TIMEOUT = "bake::run::timeout";
    /// An instance that could not be stopped.
    RUN_STOP = "bake::run::stop";
    /// A former image that could not be let go, or brought back.
    RUN_FORMER = "bake::run::former";
    /// An image that could not be made, or failed.
    RUN_IMAGE = "bake::run::image";
    /// A copy of an image that was refused.
    RUN_COPY = "bake::run::copy";
    /// Tags that could not be set on an image.
    RUN_TAG = "bake::run::tag";
    /// An image that could not be shared.
    RUN_SHARE = "bake::run::share";
    /// A post-processor that failed; the image is made.
    RUN_POST = "bake::run::post";
    /// An output that could not be written.
    RUN_OUTPUT = "bake::run::output";
    /// A build that somebody has ended.
    RUN_CANCELLED = "bake::run::cancelled";
    /// A failed build that was left as it is, as was asked for.
    RUN_ABORT = "bake::run::abort";
    /// A step of which nobody knows whether it had an effect.
    RUN_UNCONFIRMED = "bake::run::unconfirmed";
    /// A journal that cannot be read or written.
    RUN_JOURNAL = "bake::run::journal";
    /// A run that another host may still be working on.
    RUN_LEASE = "bake::run::lease";
    /// A file or plan that is not what it was when the run began.
    RUN_CHANGED = "bake::run::changed";
    /// A run that cannot go on before what it left is undone.
    RUN_RESUME = "bake::run::resume";
    /// Leftovers that could not be listed or deleted by their tags.
    RUN_SWEEP = "bake::run::sweep";
    /// A build that `bakec clean` has undone.
    RUN_CLEANED = "bake::run::cleaned";
    /// A build that ended by a mistake in bakec itself.
    RUN_BUG = "bake::run::bug";
}
