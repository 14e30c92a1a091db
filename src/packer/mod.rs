//! Packer's legacy JSON as those who write plans and those who read them share it: the shape of a plan's file, and the comment
//! in which bakec keeps what Packer need not know.
//!
//! Floor 3. It knows the plan's data, no type and no option but those that Packer treats in its own way.

mod comment;
pub mod document;
mod problem;
mod read;

pub use comment::{BuildNote, Comment, Edge, Place, StepNote, place};
pub use document::Document;
pub use problem::ReadProblem;
pub use read::{read, read_placed};

/// The root key that holds the [`Comment`], as one string: Packer takes no other comments.
pub const COMMENT_KEY: &str = "_bakec";

/// What a plan begins with: the brace that opens it, and the comment's line up to the value, behind which `,` ends the line.
pub const COMMENT_START: &str = "{\n  \"_bakec\": ";

/// A plan's text apart: the comment's JSON string, still quoted, and everything behind its line. `None` for a plan without
/// the comment, or one that another program has written anew.
pub fn split(text: &str) -> Option<(&str, &str)> {
    let behind = text.strip_prefix(COMMENT_START)?;
    let (line, rest) = behind.split_once('\n')?;
    Some((line.strip_suffix(',')?, rest))
}

/// The digest of a plan: of everything behind the comment's line, given in pieces.
pub fn digest<'a>(rest: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = blake3::Hasher::new();
    for piece in rest {
        hasher.update(piece.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Whether Packer renders an option over and over, until nothing changes any more.
///
/// No escape outlives that: data with a `{{` in it is read as a template there, whatever is written.
pub fn rendered_until_still(kind: &str, option: &str) -> bool {
    match kind {
        "shell-local" => matches!(option, "inline" | "environment_vars" | "env" | "execute_command"),
        // The variables become part of the command, which is rendered so.
        "shell" => matches!(option, "environment_vars" | "env" | "execute_command"),
        "manifest" => option == "custom_data",
        _ if kind.starts_with("amazon-") => {
            option.ends_with("tags")
                || matches!(option, "ami_description" | "bundle_vol_command" | "bundle_upload_command")
        }
        _ => false,
    }
}

/// A version of Packer as numbers, to be compared.
pub fn version_numbers(version: &str) -> Vec<u64> {
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_splits_at_its_comment() {
        let rest = "  \"builders\": []\n}\n";
        let text = format!("{}\"{{}}\",\n{rest}", COMMENT_START);
        assert_eq!(split(&text), Some(("\"{}\"", rest)));
        assert_eq!(split("{\n  \"builders\": []\n}\n"), None);
        assert_eq!(split(""), None);
    }

    #[test]
    fn the_digest_does_not_depend_on_the_pieces() {
        assert_eq!(digest(["ab", "c"]), digest(["abc"]));
        assert_ne!(digest(["abc"]), digest(["abd"]));
    }
}
