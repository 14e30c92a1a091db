//! Options that plugins take from JSON and not from HCL. HCL wants to know the type of everything beforehand, so what may be any
//! JSON at all has another option there, or none.

use crate::schema::Category;

/// What becomes of an option.
pub(super) enum Form {
    /// It is written as it is.
    Same,
    /// It is written as JSON text into this option, whose own entries win over it.
    Json(&'static str),
    /// HCL has no place for it.
    None,
}

/// What becomes of an option of a kind.
pub(super) fn form(category: Category, kind: &str, option: &str) -> Form {
    match (category, kind, option) {
        (Category::Provisioner, "chef-solo" | "chef-client", "json") => Form::Json("json_string"),
        // Declared as a map of texts, and read as a map of records.
        (Category::Post, "vagrant", "override") => Form::None,
        _ => Form::Same,
    }
}
