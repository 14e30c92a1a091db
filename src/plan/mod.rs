//! The plan: what a program expands to, as plain data. The waist of the house: above it the compiler, below it everyone who
//! emits, lists, compares or runs plans.
//!
//! Floor 1. It has no behaviour and knows nothing of the language that it was written in but where each part came from.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Version of this data format; a reader refuses a newer one by name.
pub const FORMAT: u32 = 1;

/// Everything that a program says about images.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Files that origins point into, the root first.
    pub files: Vec<Arc<str>>,
    /// Images with their axes.
    pub images: Vec<Image>,
    /// Values known only when the plan runs.
    pub variables: Vec<Variable>,
    /// One entry an AMI to be built, in the order of images and matrix.
    pub builds: Vec<Build>,
    /// Steps on the machine, in order.
    pub provisioners: Vec<Step>,
    /// Steps after a failure.
    pub cleanups: Vec<Step>,
    /// Steps that try the finished image.
    pub tests: Vec<Step>,
    /// Chains of steps on the artifact.
    pub posts: Vec<Chain>,
    /// Files to be written after the run.
    pub outputs: Vec<Output>,
    /// What to keep of former images, by image.
    pub retain: Vec<Retain>,
    /// Names of the policies that the builds were held to.
    pub policies: Vec<SmolStr>,
    /// The lowest version of Packer that knows every option of the plan.
    pub min_packer_version: Option<SmolStr>,
}

/// An image: its name and those of its axes, in the order of [`Build::axes`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Image {
    pub name: SmolStr,
    pub axes: Vec<SmolStr>,
}

/// A place in a file, both numbers from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// Index into [`Plan::files`].
    pub file: u32,
    /// Line.
    pub line: u32,
    /// Column in characters.
    pub column: u32,
}

/// A variable or secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variable {
    /// The name.
    pub name: SmolStr,
    /// Documentation, empty where there is none.
    pub doc: SmolStr,
    /// What it is when nobody sets it.
    pub default: VariableDefault,
    /// Whether it must never be shown.
    pub secret: bool,
    /// The type, as the language writes it.
    pub ty: SmolStr,
    /// What a value of it is.
    #[serde(default, skip_serializing_if = "Form::is_text")]
    pub form: Form,
    /// Whether it holds a list of such values.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub list: bool,
    /// Where it is declared.
    pub origin: Origin,
}

/// What the value of a variable is, for readers that tell such things apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// Any text; durations are texts too.
    #[default]
    Text,
    /// A path; one that a default holds is told as those of options are.
    Path,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
}

/// What a variable is when nobody sets it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum VariableDefault {
    /// It must be set.
    Required,
    /// This text; lists are joined by commas.
    Text(Text),
    /// An environment variable, read when the plan runs.
    Environment(SmolStr),
}

/// One AMI to be built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Build {
    /// The name, unique in the plan.
    pub name: SmolStr,
    /// Index into [`Plan::images`].
    pub image: u32,
    /// The kind of builder.
    pub kind: SmolStr,
    /// The values of the image's axes.
    pub axes: Box<[Scalar]>,
    /// Options in the order in which they are written. Builds share equal values.
    pub options: Vec<(SmolStr, Arc<Setting>)>,
    /// The builder block.
    pub origin: Origin,
}

/// The value of an axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
#[allow(missing_docs)]
pub enum Scalar {
    Bool(bool),
    Int(i64),
    Text(SmolStr),
}

/// The value of an option and where it was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// The value.
    pub value: Value,
    /// Where the option is set.
    pub origin: Origin,
}

/// A value, in the shape of the language; emitters give it the shape that its reader wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// Only inside outputs.
    Null,
    /// `true`
    Bool(bool),
    /// `5`
    Int(i64),
    /// `1.5`
    Number(f64),
    /// Text, of which parts may be known only when the plan runs.
    Text(Text),
    /// A path: relative to the folder that the plan was made in, or absolute.
    Path(Text),
    /// Nanoseconds.
    Duration(i64),
    /// Bytes.
    Size(u64),
    /// `[…]`
    List(Vec<Value>),
    /// `{ … }`
    Record(Vec<(SmolStr, Value)>),
}

/// A text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Text {
    /// Known characters.
    Plain(SmolStr),
    /// Parts of which at least one is known only when the plan runs.
    Parts(Arc<[Part]>),
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Part {
    /// Known characters.
    Chars(SmolStr),
    /// `{{…}}` of the template language, with its braces.
    Action(SmolStr),
    /// A variable.
    Variable(SmolStr),
    /// The AMI of a build.
    Ami(Ami),
}

/// An AMI that a build of the plan makes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ami {
    /// The name of the build.
    pub build: SmolStr,
    /// In which region; that of the build which makes it where none is given.
    pub region: Option<SmolStr>,
}

/// To which builds something applies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Builds {
    /// All of the plan.
    All,
    /// These, by index into [`Plan::builds`], ascending.
    Only(Vec<u32>),
}

/// A step: a provisioner, a test or a link of a chain, with the builds that agree in its options.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The kind.
    pub kind: SmolStr,
    /// Its label.
    pub label: Option<SmolStr>,
    /// For which builds.
    pub builds: Builds,
    /// Options in the order in which they are written.
    pub options: Vec<(SmolStr, Arc<Setting>)>,
    /// The block.
    pub origin: Origin,
}

/// A chain of post-processors; all links apply to the same builds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Chain {
    pub links: Vec<Step>,
}

/// A file to be written after the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// Its path.
    pub file: SmolStr,
    /// What it holds, AMIs still as references.
    pub value: Value,
    /// Where it is written.
    pub origin: Origin,
}

/// What to keep of former images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retain {
    /// Index into [`Plan::images`].
    pub image: u32,
    /// The entries.
    pub options: Vec<(SmolStr, Value)>,
}

impl Text {
    /// The text where all of it is known.
    pub fn as_plain(&self) -> Option<&str> {
        match self {
            Text::Plain(text) => Some(text),
            Text::Parts(_) => None,
        }
    }
}

impl Form {
    fn is_text(&self) -> bool {
        *self == Form::Text
    }
}

impl Value {
    /// Calls `see` with every text in the value.
    pub fn each_text(&self, see: &mut dyn FnMut(&Text)) {
        match self {
            Value::Text(text) | Value::Path(text) => see(text),
            Value::List(values) => values.iter().for_each(|v| v.each_text(see)),
            Value::Record(entries) => entries.iter().for_each(|(_, v)| v.each_text(see)),
            _ => {}
        }
    }

    /// Calls `see` with every AMI that the value refers to.
    pub fn each_ami(&self, see: &mut dyn FnMut(&Ami)) {
        self.each_text(&mut |text| {
            if let Text::Parts(parts) = text {
                parts.iter().for_each(|part| {
                    if let Part::Ami(ami) = part {
                        see(ami);
                    }
                });
            }
        });
    }
}

impl Plan {
    /// All steps: provisioners, cleanups, tests and the links of chains.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        let posts = self.posts.iter().flat_map(|c| &c.links);
        self.provisioners.iter().chain(&self.cleanups).chain(&self.tests).chain(posts)
    }
}

impl Build {
    /// The value of an option.
    pub fn option(&self, name: &str) -> Option<&Value> {
        self.options.iter().find(|(n, _)| n == name).map(|(_, s)| &s.value)
    }
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Scalar::Bool(b) => b.fmt(f),
            Scalar::Int(i) => i.fmt(f),
            Scalar::Text(t) => t.fmt(f),
        }
    }
}
