//! The variables that a script sees, as text for the machine's shell.

use std::collections::BTreeMap;

use crate::run::build::Shell;
use crate::run::problem::Problem;
use crate::run::render::{RunValues, rendered};

/// What the server of a builder for files would be known by; a builder without one says nothing of it.
const HTTP: [(&str, &str); 3] = [
    ("PACKER_HTTP_ADDR", "PackerHTTPAddr"),
    ("PACKER_HTTP_IP", "PackerHTTPIP"),
    ("PACKER_HTTP_PORT", "PackerHTTPPort"),
];

/// All variables in the format that the work asks for, sorted by name: those that every script gets, and the work's own.
pub(super) fn environment(work: &Shell, values: &dyn RunValues) -> Result<String, Problem> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for (name, function) in [("PACKER_BUILD_NAME", "build_name"), ("PACKER_BUILDER_TYPE", "build_type")] {
        all.insert(name.to_owned(), values.named(function).unwrap_or_default());
    }
    for (name, fact) in HTTP {
        if let Some(value) = values.build(fact).filter(|v| !v.is_empty()) {
            all.insert(name.to_owned(), value);
        }
    }
    for (name, value) in &work.environment {
        all.insert(rendered(name, values)?, rendered(value, values)?.replace('\'', r#"'"'"'"#));
    }
    Ok(all.iter().map(|(name, value)| format(&work.env_var_format, [name, value])).collect())
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
    use super::super::shell::tests::work;
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
        let mut work = work();
        work.environment =
            [("Z", "z z"), ("A", "it's {{build `ID`}}"), ("A", "it's last"), ("PACKER_BUILD_NAME", "own")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into();
        let wanted = "A='it'\"'\"'s last' PACKER_BUILDER_TYPE='amazon-ebs' PACKER_BUILD_NAME='own' Z='z z' ";
        assert_eq!(environment(&work, &given).as_deref(), Ok(wanted));
        work.env_var_format = "export %s='%s' # 100%%\n".to_owned();
        work.environment.truncate(1);
        given.build.insert("PackerHTTPAddr".to_owned(), "10.0.0.1:80".to_owned());
        let text = environment(&work, &given).unwrap();
        assert!(text.contains("export PACKER_HTTP_ADDR='10.0.0.1:80' # 100%\n"), "{text}");
        assert!(text.ends_with("export Z='z z' # 100%\n"), "{text}");
        work.environment = vec![("X".to_owned(), "{{build `Nothing`}}".to_owned())];
        assert!(environment(&work, &given).is_err_and(|e| e.code == code::RUN_TEMPLATE));
    }
}
