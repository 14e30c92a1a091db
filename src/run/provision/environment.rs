//! The variables that a script sees, as text for the machine's shell.

use std::collections::BTreeMap;

use crate::run::problem::Problem;
use crate::run::render::{RunValues, rendered};

/// What the server of a builder for files would be known by; a builder without one says nothing of it.
const HTTP: [(&str, &str); 3] = [
    ("PACKER_HTTP_ADDR", "PackerHTTPAddr"),
    ("PACKER_HTTP_IP", "PackerHTTPIP"),
    ("PACKER_HTTP_PORT", "PackerHTTPPort"),
];

/// A value as it stands within single quotes of a shell.
pub(super) fn quoted(value: &str) -> String {
    value.replace('\'', r#"'"'"'"#)
}

/// All variables in a format, sorted by name; values of the work's own are escaped.
pub(super) fn environment(
    own: &[(String, String)],
    form: &str,
    escape: fn(&str) -> String,
    values: &dyn RunValues,
) -> Result<String, Problem> {
    let all = variables(own, escape, values)?;
    Ok(all.iter().map(|(name, value)| format(form, [name, value])).collect())
}

/// All variables by name: those that every script gets, and the work's own.
pub(super) fn variables(
    own: &[(String, String)],
    escape: fn(&str) -> String,
    values: &dyn RunValues,
) -> Result<BTreeMap<String, String>, Problem> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for (name, function) in [("PACKER_BUILD_NAME", "build_name"), ("PACKER_BUILDER_TYPE", "build_type")] {
        all.insert(name.to_owned(), values.named(function).unwrap_or_default());
    }
    for (name, fact) in HTTP {
        if let Some(value) = values.build(fact).filter(|v| !v.is_empty()) {
            all.insert(name.to_owned(), value);
        }
    }
    for (name, value) in own {
        all.insert(rendered(name, values)?, escape(&rendered(value, values)?));
    }
    Ok(all)
}

/// The format with its `%s` filled in order, and `%%` as one sign.
fn format(format: &str, values: [&str; 2]) -> String {
    let mut out = String::new();
    let mut values = values.into_iter();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix('s') {
            out.push_str(values.next().unwrap_or_default());
            rest = behind;
        } else {
            out.push('%');
            rest = rest.strip_prefix('%').unwrap_or(rest);
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::code;
    use crate::run::render::Given;

    #[test]
    fn variables_are_sorted_quoted_and_rendered() {
        let mut given = Given::default();
        for (name, value) in [("build_name", "web"), ("build_type", "amazon-ebs")] {
            given.named.insert(name.to_owned(), value.to_owned());
        }
        given.build.insert("ID".to_owned(), "i-1".to_owned());
        given.build.insert("PackerHTTPAddr".to_owned(), String::new());
        let mut own = [("Z", "z z"), ("A", "it's {{build `ID`}}"), ("A", "it's last"), ("PACKER_BUILD_NAME", "own")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .to_vec();
        let wanted = "A='it'\"'\"'s last' PACKER_BUILDER_TYPE='amazon-ebs' PACKER_BUILD_NAME='own' Z='z z' ";
        assert_eq!(environment(&own, "%s='%s' ", quoted, &given).as_deref(), Ok(wanted));
        let form = "export %s='%s' # 100%%\n";
        own.truncate(1);
        given.build.insert("PackerHTTPAddr".to_owned(), "10.0.0.1:80".to_owned());
        let text = environment(&own, form, quoted, &given).unwrap();
        assert!(text.contains("export PACKER_HTTP_ADDR='10.0.0.1:80' # 100%\n"), "{text}");
        assert!(text.ends_with("export Z='z z' # 100%\n"), "{text}");
        own = vec![("X".to_owned(), "{{build `Nothing`}}".to_owned())];
        assert!(environment(&own, form, quoted, &given).is_err_and(|e| e.code == code::RUN_TEMPLATE));
    }
}
