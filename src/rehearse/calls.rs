//! The record of all calls, for people and tests. Secrets do not get into it.

use std::collections::BTreeMap;

use serde::Serialize;

/// One call, by its number from 1 on.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// Counted since the start, or since the last reset.
    pub n: u64,
    /// `RunInstances`
    pub action: String,
    /// `us-east-1`
    pub region: String,
    /// The access key that signed it.
    pub access_key: String,
    /// What stands for the session token of temporary credentials: its digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// What was asked, without what is secret.
    pub parameters: BTreeMap<String, String>,
    /// `ok`, a code of EC2's, `dropped` where the client got no answer, `left` where it went away; `open` until then.
    pub outcome: String,
    /// Whether the call has changed anything.
    pub effect: bool,
    /// Parameters that the action takes and did not look at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

/// What is kept of something secret.
pub(crate) fn digest(secret: &str) -> String {
    blake3::hash(secret.as_bytes()).to_hex()[..16].to_string()
}

/// What is kept of the parameters.
pub(crate) fn shown(parameters: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let hidden = |name: &str| matches!(name, "UserData" | "UefiData") || name.starts_with("X-Amz-");
    let left_out = |name: &str| name == "Action" || name == "Version";
    let one = |(name, value): (&String, &String)| {
        let value = match name.as_str() {
            "TokenCode" => digest(value),
            name if hidden(name) => format!("({} bytes)", value.len()),
            _ => value.clone(),
        };
        (name.clone(), value)
    };
    parameters.iter().filter(|(name, _)| !left_out(name)).map(one).collect()
}
