//! The functions of the run-time language, and the names that `build` knows: tables, and nothing that judges.

/// What an argument has to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Text,
    Whole,
    Any,
}

impl Kind {
    pub(super) fn words(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Whole => "a whole number",
            Kind::Any => "a value",
        }
    }
}

/// Where a function may stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Everywhere,
    /// Only in the default of a variable.
    Variables,
    /// Only while or after an instance runs.
    Build,
}

/// A function of the run-time language.
#[derive(Debug)]
pub struct Function {
    /// As it is written.
    pub name: &'static str,
    /// One line about it.
    pub summary: &'static str,
    /// A call that is right.
    pub example: &'static str,
    /// The arguments.
    pub(super) takes: &'static [Kind],
    /// How many of the last arguments may be left out.
    pub(super) optional: usize,
    /// Whether more arguments of the last kind may follow.
    pub(super) more: bool,
    pub(super) place: Place,
}

const fn plain(name: &'static str, takes: &'static [Kind], example: &'static str, summary: &'static str) -> Function {
    Function { name, summary, example, takes, optional: 0, more: false, place: Place::Everywhere }
}

const fn optional(count: usize, function: Function) -> Function {
    Function { optional: count, ..function }
}

const fn open(function: Function) -> Function {
    Function { more: true, ..function }
}

const fn only(place: Place, function: Function) -> Function {
    Function { place, ..function }
}

use Kind::{Any, Text, Whole};

/// Packer's own functions come first, then those of the engine.
const FUNCTIONS: &[Function] = &[
    plain("build_name", &[], "{{build_name}}", "name of the build"),
    plain("build_type", &[], "{{build_type}}", "kind of the build's builder"),
    plain("packer_version", &[], "{{packer_version}}", "version of Packer that runs the plan"),
    plain("pwd", &[], "{{pwd}}", "folder in which Packer was started"),
    plain("template_dir", &[], "{{template_dir}}", "folder that holds the plan"),
    plain("uuid", &[], "{{uuid}}", "a fresh unique id that sorts by time"),
    plain("timestamp", &[], "{{timestamp}}", "seconds since 1970 when the run began"),
    optional(
        1,
        plain("isotime", &[Text], "{{isotime `2006-01-02`}}", "when the run began, in RFC 3339 or a layout of Go"),
    ),
    plain("strftime", &[Text], "{{strftime `%Y-%m-%d`}}", "when the run began, in a format of C"),
    plain("user", &[Text], "{{user `name`}}", "value of a variable"),
    plain("split", &[Text, Text, Whole], "{{split `a-b` `-` 0}}", "one part of a text that is cut at a separator"),
    plain(
        "replace",
        &[Text, Text, Whole, Text],
        "{{build_name | replace `.` `-` 1}}",
        "text with the first occurrences replaced",
    ),
    plain(
        "replace_all",
        &[Text, Text, Text],
        "{{build_name | replace_all `.` `-`}}",
        "text with all occurrences replaced",
    ),
    plain("upper", &[Text], "{{build_name | upper}}", "text in capitals"),
    plain("lower", &[Text], "{{build_name | lower}}", "text in small letters"),
    plain(
        "clean_resource_name",
        &[Text],
        "{{isotime | clean_resource_name}}",
        "text with `-` for what an AMI name may not hold",
    ),
    only(Place::Build, plain("build", &[Text], "{{build `ID`}}", "fact about the instance that is being built")),
    only(Place::Variables, plain("env", &[Text], "{{env `HOME`}}", "variable of the environment that Packer runs in")),
    only(Place::Variables, plain("consul_key", &[Text], "{{consul_key `app/version`}}", "value that Consul holds")),
    only(
        Place::Variables,
        plain("vault", &[Text, Text], "{{vault `secret/data/app` `key`}}", "secret that Vault holds"),
    ),
    only(
        Place::Variables,
        optional(
            1,
            plain(
                "aws_secretsmanager",
                &[Text, Text],
                "{{aws_secretsmanager `name` `key`}}",
                "secret that AWS Secrets Manager holds",
            ),
        ),
    ),
    only(
        Place::Variables,
        plain("aws_secretsmanager_raw", &[Text], "{{aws_secretsmanager_raw `name`}}", "the same, as it is stored"),
    ),
    open(plain("and", &[Any], "{{and .A .B}}", "first empty argument, or the last one")),
    open(plain("or", &[Any], "{{or .A .B}}", "first argument that is not empty, or the last one")),
    plain("not", &[Any], "{{not .A}}", "whether the argument is empty"),
    plain("len", &[Any], "{{len .A}}", "length of the argument"),
    open(plain("index", &[Any, Any], "{{index .A 0}}", "element of a list or map")),
    open(optional(1, plain("slice", &[Any, Any], "{{slice .A 0 8}}", "part of a text or list"))),
    open(optional(1, plain("print", &[Any], "{{print .A}}", "the arguments as text"))),
    open(plain("printf", &[Text], "{{printf `%s-%s` .A .B}}", "the arguments in a format of Go")),
    open(optional(1, plain("println", &[Any], "{{println .A}}", "the arguments as text and a new line"))),
    open(plain("html", &[Any], "{{html .A}}", "text escaped for HTML")),
    open(plain("js", &[Any], "{{js .A}}", "text escaped for JavaScript")),
    open(plain("urlquery", &[Any], "{{urlquery .A}}", "text escaped for the query of a URL")),
    open(plain("call", &[Any], "{{call .A}}", "result of a function that a field holds")),
    open(plain("eq", &[Any, Any], "{{if eq .A `x`}}…{{end}}", "whether the first argument equals another one")),
    plain("ne", &[Any, Any], "{{if ne .A `x`}}…{{end}}", "whether the arguments differ"),
    plain("lt", &[Any, Any], "{{if lt .A 1}}…{{end}}", "whether the first argument is less"),
    plain("le", &[Any, Any], "{{if le .A 1}}…{{end}}", "whether the first argument is not greater"),
    plain("gt", &[Any, Any], "{{if gt .A 1}}…{{end}}", "whether the first argument is greater"),
    plain("ge", &[Any, Any], "{{if ge .A 1}}…{{end}}", "whether the first argument is not less"),
];

/// Names that functions had in earlier versions of Packer, each with today's.
const RENAMED: &[(&str, &str)] =
    &[("clean_ami_name", "clean_resource_name"), ("clean_image_name", "clean_resource_name")];

/// All functions, Packer's own first.
pub fn functions() -> &'static [Function] {
    FUNCTIONS
}

/// The function of a name.
pub(super) fn function(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|f| f.name == name)
}

/// Today's name of a function that had this one once.
pub(super) fn renamed(name: &str) -> Option<&'static str> {
    RENAMED.iter().find(|(old, _)| *old == name).map(|(_, now)| *now)
}

impl Function {
    /// How many arguments it takes at least.
    pub(super) fn required(&self) -> usize {
        self.takes.len() - self.optional
    }
}

/// The names that ``{{build `…`}}`` knows: those of every builder first, then those of the amazon builders.
pub const BUILD_NAMES: &[&str] = &[
    "ID",
    "Host",
    "Port",
    "User",
    "Password",
    "ConnType",
    "PackerRunUUID",
    "PackerHTTPIP",
    "PackerHTTPPort",
    "PackerHTTPAddr",
    "SSHPublicKey",
    "SSHPrivateKey",
    "WinRMPassword",
    "BuildRegion",
    "SourceAMI",
    "SourceAMICreationDate",
    "SourceAMIName",
    "SourceAMIOwner",
    "SourceAMIOwnerName",
    "SourceAMITags",
    "Device",
    "MountPath",
];
