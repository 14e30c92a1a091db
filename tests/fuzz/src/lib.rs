//! What the fuzz targets share: the questions, which are those of `tests/it/oracle`, and mutations that know tokens.
//!
//! It knows no file: libFuzzer keeps the texts.

pub mod mutate;
#[path = "../../it/oracle/mod.rs"]
mod oracle;

/// Asks whether parsing a text is total.
pub fn parse(text: &str) {
    oracle::parse::check(text);
}

/// Asks whether formatting a text keeps what it says.
pub fn format(text: &str) {
    oracle::format::check(text);
}

/// Asks whether compiling a program always ends in a plan or in reasons.
pub fn compile(text: &str) {
    oracle::compile::check(text);
}

/// Asks whether a template of Packer's becomes a program, and whether its plan comes back.
pub fn import(text: &str) {
    oracle::import::check(text);
}

/// Asks whether a text of the run-time language is read, and data escaped.
pub fn template(text: &str) {
    oracle::template::check(text);
}

/// Asks whether JSON is read as serde_json reads it.
pub fn json(text: &str) {
    oracle::json::check(text);
}
