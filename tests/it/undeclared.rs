//! What a run says of variables that are no good: those that nobody declares are empty, as for Packer, and secrets in tags are shown to many.

use serde_json::json;

use crate::run::{bakec, folder};

#[test]
fn a_variable_that_nobody_declares_is_empty_and_told() {
    let plan = json!({
        "variables": { "version": "1.0" },
        "builders": [{ "type": "null", "name": "here", "communicator": "none" }],
        "provisioners": [{ "type": "shell-local", "inline": ["echo \"<{{user `versoin`}}> <{{user `version`}}> <{{user `stage`}}>\""] }],
    });
    let folder = folder(&[("plan.json", &plan.to_string())]);
    let said = bakec(folder.path(), &["run", "plan.json"], "").done();
    for words in [
        "<> <1.0> <>",
        "the plan uses the variable `versoin` and does not declare it: it is empty",
        "did you mean `version`?",
        "the plan uses the variable `stage` and does not declare it: it is empty",
        "declare it, or give it a value by `--var stage=…`",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let said = bakec(folder.path(), &["run", "--var", "versoin=2", "--var", "stage=test", "plan.json"], "").done();
    assert!(said.contains("<2> <1.0> <test>") && !said.contains("does not declare it"), "{said}");
}

#[test]
fn a_secret_in_a_tag_is_warned_of() {
    let plan = json!({
        "variables": { "token": "hunter22", "stage": "test" }, "sensitive-variables": ["token"],
        "builders": [{
            "type": "amazon-ebs", "name": "web", "region": "us-east-1", "source_ami": "ami-d05e75b8", "instance_type": "m3.medium",
            "communicator": "none", "ami_name": "web", "tags": { "stage": "{{user `stage`}}", "auth": "x {{user `token`}}" },
        }],
    });
    let folder = folder(&[("plan.json", &plan.to_string())]);
    let said = bakec(folder.path(), &["run", "--rehearse", "plan.json"], "").done();
    assert_eq!(said.matches("holds the secret").count(), 1, "{said}");
    assert!(said.contains("a tag of `tags` holds the secret `token`, and tags are no place for secrets"), "{said}");
}
