//! The lines of a journal: what each says, and the checksum that shows whether it was written whole and stands in its place.
//!
//! It knows no file and no AWS. Neighbours: `fold` makes sense of many lines, `mod` writes them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::run::build::Access;
use crate::run::event::{Artifact, Moment};
use crate::run::problem::Problem;

/// Version of this data format. 2 has what is done once an image is made.
pub const FORMAT: u32 = 2;

/// A line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("unevaluatedProperties" = false))]
pub struct Line {
    /// Its number, from 0.
    pub n: u64,
    /// When it was written, by the local clock.
    #[schemars(with = "Moment")]
    pub at: Timestamp,
    /// What it says.
    #[serde(flatten)]
    pub entry: Entry,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// The first line: the run.
    Run(Head),
    /// Another process goes on, on this host and as this process.
    #[allow(missing_docs)]
    Taken { host: String, pid: u32, purpose: Purpose },
    /// A build starts a new attempt: its machine, and what was done on it, is not trusted any more.
    #[allow(missing_docs)]
    Attempt { build: String, attempt: u32, why: String },
    /// All that a build's attempt did is about to be undone: there is no going on with it.
    #[allow(missing_docs)]
    Back { build: String, why: String },
    /// A step is about to be done.
    #[allow(missing_docs)]
    Intent { build: String, attempt: u32, step: String, of: String, data: Json },
    /// A step was done; `intent` is the number of its line.
    #[allow(missing_docs)]
    Result { intent: u64, result: Json },
    /// A step was not done, and it is known that it had no effect.
    #[allow(missing_docs)]
    Void { intent: u64, why: String },
    /// What a step did is undone, or was never there.
    #[allow(missing_docs)]
    Undone { intent: u64, what: String },
    /// A build has made what it should: what is left to do is to tidy up, and to run its post-processors.
    Made(Made),
    /// A build ended.
    #[allow(missing_docs)]
    End { build: String, end: End },
    /// All that the run had to do is done; nothing of it is left but its images.
    Closed,
}

impl Entry {
    /// Whether something is done only after this line is on the disk. What has been done is found by a look where its line is lost.
    pub fn announces(&self) -> bool {
        !matches!(self, Entry::Result { .. } | Entry::Void { .. } | Entry::Undone { .. })
    }
}

/// Why a process works on a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To finish it.
    Resume,
    /// To undo it.
    Clean,
}

/// How a build ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum End {
    /// With what it made.
    #[allow(missing_docs)]
    Done { artifact: Artifact },
    /// With what it made, and a post-processor failed or was not run.
    #[allow(missing_docs)]
    Unprocessed { artifact: Artifact, problem: Problem },
    /// Without; all that it did is undone, unless steps say otherwise.
    #[allow(missing_docs)]
    Failed { problem: Problem },
}

/// What a build has made, for those who go on from there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Made {
    /// The build.
    pub build: String,
    /// What it made.
    pub artifact: Artifact,
    /// What run-time templates know of its machine, which is gone by now; without what is secret.
    #[serde(default)]
    pub facts: BTreeMap<String, String>,
}

/// The first line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Head {
    /// Version of the journal's format.
    pub format: u32,
    /// The run's name, which is that of its folder.
    pub run: String,
    /// Random, so that no other run has the same tokens.
    pub salt: String,
    /// The version of bakec.
    pub bakec: String,
    /// The moment that `timestamp` and `isotime` mean.
    #[schemars(with = "Moment")]
    pub moment: Timestamp,
    /// What `uuid` means.
    pub uuid: String,
    /// The host.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// The digest of the plan.
    pub plan: String,
    /// Digests of the files that builds read, by path.
    pub files: Vec<(String, String)>,
    /// The builds that are wanted, in the plan's order.
    pub builds: Vec<String>,
    /// How the account was reached, where it was not by the plan: an endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Whether no image is really built.
    #[serde(default)]
    pub rehearsed: bool,
    /// How the builds reach their accounts, by name; nothing where an older bakec wrote it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ways: BTreeMap<String, Way>,
    /// How fast the endpoint's clock goes, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    /// Whether all is done as Packer does it.
    #[serde(default)]
    pub packer_defaults: bool,
}

/// How a build reaches its account: what it takes to undo it, and no key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Way {
    /// The region of its machine; empty where it has none.
    pub region: String,
    /// Regions of its copies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<String>,
    /// The endpoint that its plan names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The profile of the shared configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// How often a call is made again, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_retries: Option<u32>,
    /// Whether the plan holds keys of the account.
    pub keys: bool,
    /// All of it, without what is secret, where more is said than that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Value>")]
    pub access: Option<Box<Access>>,
}

/// A line with its checksum, as the file has it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed<'a> {
    sum: String,
    #[serde(borrow)]
    line: &'a RawValue,
}

/// A line with its checksum, as readers see it.
#[derive(JsonSchema)]
#[schemars(title = "A line of a run's journal")]
#[allow(dead_code)]
pub struct Sum {
    /// The first 16 hexadecimal digits of BLAKE3 over the checksum of the line before, as text, and the bytes of `line`.
    #[schemars(extend("pattern" = "^[0-9a-f]{16}$"))]
    sum: String,
    /// What it says.
    line: Line,
}

/// The checksums of all lines so far: each line's covers those before it, so that none is left out, moved, or of another run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain(String);

impl Chain {
    /// The text of the next line, with its end, and the chain behind it.
    ///
    /// # Errors
    /// Where the data has no JSON.
    pub fn write(&self, line: &Line) -> serde_json::Result<(String, Chain)> {
        let raw = serde_json::value::to_raw_value(line)?;
        let next = self.next(raw.get());
        let mut text = serde_json::to_string(&Sealed { sum: next.0.clone(), line: &raw })?;
        text.push('\n');
        Ok((text, next))
    }

    /// Reads the next line; `None` where it is not whole, or not the next.
    pub fn read(&mut self, text: &str) -> Option<Line> {
        let sealed: Sealed<'_> = serde_json::from_str(text).ok()?;
        let next = self.next(sealed.line.get());
        if next.0 != sealed.sum {
            return None;
        }
        *self = next;
        serde_json::from_str(sealed.line.get()).ok()
    }

    fn next(&self, text: &str) -> Chain {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.0.as_bytes()).update(text.as_bytes());
        Chain(hasher.finalize().to_hex()[..16].to_owned())
    }
}
