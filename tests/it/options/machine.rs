//! The machine, where what becomes of it is seen by more than a request: its key, its end, and what is told of it.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use russh::keys::PublicKey;
use serde_json::{Value, json};

use super::observed::{baked, merged, plan, read_with_warnings, server, told};

type Seen = Pin<Box<dyn Future<Output = String> + Send>>;

/// The kind and the length of the key that is made for a build.
pub(super) fn pair(options: Value) -> Seen {
    Box::pin(async move {
        let server = server().await;
        let options = merged(json!({ "communicator": "ssh", "ssh_username": "ali", "skip_create_ami": true }), options);
        let outcome = baked(&server, &options).await;
        assert_eq!(told(&outcome), "done", "{outcome:?}");
        let calls = server.calls();
        let made = calls.iter().find(|call| call.action == "ImportKeyPair").expect("a key");
        let line = String::from_utf8(STANDARD.decode(&made.parameters["PublicKeyMaterial"]).expect("base64"));
        let key = PublicKey::from_openssh(line.expect("a text").trim()).expect("a key");
        let bits = key.key_data().rsa().map(|key| key.n().as_positive_bytes().map_or(0, |bytes| bytes.len() * 8));
        format!("{} {bits:?}", key.algorithm())
    })
}

/// Whether the machine is stopped by who has launched it; nobody else does here.
pub(super) fn stop(options: Value) -> Seen {
    Box::pin(async move {
        let server = server().await;
        let patience = json!({ "aws_polling": { "delay_seconds": 2, "max_attempts": 20 }, "skip_create_ami": true });
        let outcome = baked(&server, &merged(patience, options)).await;
        let stops = server.calls().iter().filter(|call| call.action == "StopInstances").count();
        format!("{stops}; {}", told(&outcome).split(':').next().unwrap_or_default())
    })
}

/// What is warned of.
pub(super) fn warning(options: Value) -> Seen {
    Box::pin(async move {
        let (_, warnings) = read_with_warnings(&plan(&options), BTreeMap::new()).expect("a plan");
        let all: BTreeSet<String> = warnings.into_iter().map(|warning| warning.message).collect();
        format!("{all:?}")
    })
}
