//! Key pairs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Action, Answer, Call, ec2, tag_set};
use crate::rehearse::error::ApiError;
use crate::rehearse::filter::{DRY_RUN, FILTERS, Filters, Of};
use crate::rehearse::keys::{self, Made};
use crate::rehearse::world::network::KeyPair;
use crate::rehearse::xml::Fields;

const TAGGED: &[&str] =
    &["TagSpecification.N.ResourceType", "TagSpecification.N.Tag.N.Key", "TagSpecification.N.Tag.N.Value"];

pub(super) const ACTIONS: &[Action] = &[
    ec2("CreateKeyPair", &[DRY_RUN, TAGGED, &["KeyName", "KeyType", "KeyFormat"]], create_key_pair),
    ec2("ImportKeyPair", &[DRY_RUN, TAGGED, &["KeyName", "PublicKeyMaterial"]], import_key_pair),
    ec2("DescribeKeyPairs", &[DRY_RUN, FILTERS, &["KeyName.N", "KeyPairId.N", "IncludePublicKey"]], describe_key_pairs),
    ec2("DeleteKeyPair", &[DRY_RUN, &["KeyName", "KeyPairId"]], delete_key_pair),
];

/// The name of a new key pair.
fn new_name(call: &Call<'_>) -> Result<String, ApiError> {
    let name = call.params.required("KeyName")?;
    if name.len() > 255 || !name.is_ascii() || name.starts_with(' ') || name.ends_with(' ') {
        return Err(ApiError::invalid_value("KeyName", name, "A name has up to 255 ASCII characters."));
    }
    if call.region().keys.contains_key(name) {
        return Err(ApiError::new("InvalidKeyPair.Duplicate", format!("The keypair already exists: {name}")));
    }
    let most = call.world.rules.quotas.keys;
    if call.region().keys.len() >= most {
        return Err(ApiError::new("KeyPairLimitExceeded", format!("Maximum of {most} keypairs reached.")));
    }
    Ok(name.to_string())
}

/// Adds a key pair; the fields that both ways of making one answer.
fn add(call: &mut Call<'_>, name: String, public: String, fingerprint: String, kind: &'static str) -> Answer {
    let tags = call.new_tags("key-pair", &["key-pair"])?;
    let id = call.world.id("key");
    let pair = KeyPair { id: id.clone(), name: name.clone(), born: call.now(), public, fingerprint, kind };
    let fields = Fields::new().put("keyName", &name).put("keyFingerprint", &pair.fingerprint).put("keyPairId", &id);
    call.region_mut().keys.insert(name, pair);
    let fields = tag_set(fields, &tags);
    call.tag(&id, tags);
    Ok(fields)
}

fn create_key_pair(call: &mut Call<'_>) -> Answer {
    let name = new_name(call)?;
    let kind = call.params.word("KeyType", &["rsa", "ed25519"])?.unwrap_or("rsa");
    call.params.word("KeyFormat", &["pem"])?;
    let Some(Made { private, public, fingerprint }) = keys::make(kind) else {
        return Err(ApiError::new("InternalError", "No key could be made.").status(500));
    };
    Ok(add(call, name, public, fingerprint, kind)?.put("keyMaterial", private))
}

fn import_key_pair(call: &mut Call<'_>) -> Answer {
    let name = new_name(call)?;
    let material = call.params.required("PublicKeyMaterial")?;
    let text = STANDARD.decode(material).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let wrong = || ApiError::new("InvalidKey.Format", "Key is not in valid OpenSSH public key format");
    let (public, fingerprint, kind) = text.as_deref().and_then(keys::read).ok_or_else(wrong)?;
    add(call, name, public, fingerprint, kind)
}

const KEY_FILTERS: &[Of<KeyPair>] = &[
    ("key-name", |_, k| vec![k.name.clone()]),
    ("key-pair-id", |_, k| vec![k.id.clone()]),
    ("fingerprint", |_, k| vec![k.fingerprint.clone()]),
];

fn describe_key_pairs(call: &mut Call<'_>) -> Answer {
    let filters = Filters::read(call.params, KEY_FILTERS, true)?;
    let (names, ids) = (call.params.list("KeyName"), call.params.list("KeyPairId"));
    let with_public = call.params.flag("IncludePublicKey")? == Some(true);
    let view = call.view();
    let seen: Vec<&KeyPair> = view.region.keys.values().filter(|k| view.world.sees(Some(k.born))).collect();
    if let Some(name) = names.iter().find(|name| !seen.iter().any(|k| k.name == **name)) {
        return Err(no_key(name));
    }
    if let Some(id) = ids.iter().find(|id| !seen.iter().any(|k| k.id == **id)) {
        return Err(ApiError::new("InvalidKeyPair.NotFound", format!("The key pair ID '{id}' does not exist")));
    }
    let named = |k: &KeyPair| {
        (names.is_empty() && ids.is_empty()) || names.contains(&k.name.as_str()) || ids.contains(&k.id.as_str())
    };
    let found = seen.into_iter().filter(|k| named(k) && filters.pass(&view, KEY_FILTERS, &k.id, *k));
    let items = found.map(|k| {
        let fields = Fields::new()
            .put("keyPairId", &k.id)
            .put("keyName", &k.name)
            .put("keyFingerprint", &k.fingerprint)
            .put("keyType", k.kind)
            .put("createTime", call.iso(k.born))
            .opt("publicKey", with_public.then(|| format!("{} {}", k.public, k.name)));
        tag_set(fields, view.world.tags(view.region, &k.id))
    });
    Ok(Fields::new().set("keySet", items))
}

pub(super) fn no_key(name: &str) -> ApiError {
    ApiError::new("InvalidKeyPair.NotFound", format!("The key pair '{name}' does not exist"))
}

/// What is not there is deleted already.
fn delete_key_pair(call: &mut Call<'_>) -> Answer {
    let (name, id) = (call.params.owned("KeyName"), call.params.owned("KeyPairId"));
    let region = call.region_mut();
    let pair = match (&name, &id) {
        (Some(name), None) => region.keys.get(name),
        (None, Some(id)) => region.keys.values().find(|k| k.id == *id),
        _ => return Err(ApiError::combination("The request must contain either KeyName or KeyPairId")),
    };
    let Some((name, id)) = pair.map(|k| (k.name.clone(), k.id.clone())) else { return Ok(Fields::done()) };
    region.keys.remove(&name);
    region.tags.remove(&id);
    Ok(Fields::done().put("keyPairId", id))
}
