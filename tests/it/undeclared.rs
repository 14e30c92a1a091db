//! A variable that a template uses and does not declare is empty, as for Packer; and the run says so.

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
