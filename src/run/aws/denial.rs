//! What a refusal meant: EC2 says it in code, and STS reads that to those who may know.
//!
//! Neighbour: `mod` asks after a call that was refused, where the plan wants it.

use serde_json::Value as Json;

/// What comes before the code.
const BEFORE: &str = "Encoded authorization failure message: ";

/// The words of a refusal, and the code in it.
pub(super) fn parts(message: &str) -> Option<(&str, &str)> {
    let (words, code) = message.split_once(BEFORE)?;
    let code = code.split_whitespace().next()?;
    Some((words.trim().trim_end_matches('.'), code))
}

/// The meaning in one line.
pub(super) fn told(decoded: &str) -> String {
    let Ok(all) = serde_json::from_str::<Json>(decoded) else { return decoded.to_owned() };
    let text = |value: &Json| value.as_str().unwrap_or("?").to_owned();
    let context = &all["context"];
    let what = format!(
        "{} may not `{}` on {}",
        text(&context["principal"]["arn"]),
        text(&context["action"]),
        text(&context["resource"])
    );
    let statements = all["matchedStatements"]["items"].as_array().into_iter().flatten();
    let named: Vec<String> = statements
        .filter_map(|statement| {
            let id = statement["statementId"].as_str().filter(|id| !id.is_empty());
            id.or(statement["policyId"].as_str()).map(|id| format!("`{id}`"))
        })
        .collect();
    match (all["explicitDeny"].as_bool(), named.is_empty()) {
        (Some(true), false) => format!("{what}: {} denies it", named.join(", ")),
        (Some(true), true) => format!("{what}: a statement denies it"),
        _ => format!("{what}: no statement allows it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_read() {
        let message = "You are not authorized to perform this operation. Encoded authorization failure message: AbC-_1";
        assert_eq!(parts(message), Some(("You are not authorized to perform this operation", "AbC-_1")));
        assert_eq!(parts("no"), None);
        let of = |deny: bool, items: &str| {
            told(&format!(
                r#"{{ "explicitDeny": {deny}, "matchedStatements": {{ "items": [{items}] }},
                   "context": {{ "principal": {{ "arn": "me" }}, "action": "ec2:RunInstances", "resource": "all" }} }}"#
            ))
        };
        assert_eq!(of(false, ""), "me may not `ec2:RunInstances` on all: no statement allows it");
        assert_eq!(of(true, ""), "me may not `ec2:RunInstances` on all: a statement denies it");
        let named = of(true, r#"{ "statementId": "NoSpot" }"#);
        assert_eq!(named, "me may not `ec2:RunInstances` on all: `NoSpot` denies it");
        assert_eq!(told("plain"), "plain");
    }
}
