//! The option test: every option of `amazon-ebs` that the schema has is honoured, or refused by name.
//!
//! For each one two values and what differs between two builds: a parameter of a recorded request, the number of requests, who signed
//! them, or how the build ended. An option of the schema that has no row fails the test. `rows` is the table, `observed` makes the
//! builds. What needs more than the embedded EC2: `access` has ways to the account, `machine` what becomes of a machine, `site` servers
//! that builds connect to.

mod access;
mod account;
mod host;
mod keys;
mod machine;
mod names;
mod observed;
mod proxy;
mod rows;
mod site;
mod tap;

use std::collections::BTreeSet;
use std::sync::Arc;

use bakec::compile::schema;
use bakec::load::Memory;
use bakec::schema::Category;
use bakec::ty::{Record, Ty};
use indexmap::IndexMap;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use observed::observe;
use rows::{REFUSED, rows};

/// What is looked at in a build.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Seen {
    /// A parameter of an action; numbers in its name are `N`. The second value has to be found in it.
    At(&'static str, &'static str),
    /// The same, where the second value is found in another form.
    Differs(&'static str, &'static str),
    /// A parameter of the launch: of the call for a machine on demand, of the template for one of the spot market. The second value has
    /// to be found in it.
    Launch(&'static str),
    /// The same, where the second value is found in another form.
    LaunchDiffers(&'static str),
    /// The tags that an action gives to a kind of thing. The second value has to be found in them.
    Tags(&'static str, &'static str),
    /// How often an action is called.
    Calls(&'static str),
    /// Whose access key signs the calls to EC2.
    AccessKey,
    /// Which session token comes with them.
    Token,
    /// Where an action is called.
    Region(&'static str),
    /// Whether the build is done, and if not, what is said.
    Outcome,
    /// Something that needs more than a build on the embedded EC2.
    By(Observer),
}

/// An observation of options.
pub(crate) type Observer = fn(Value) -> std::pin::Pin<Box<dyn Future<Output = String> + Send>>;

/// An option, two values, and what differs.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The option; of a member the whole path.
    pub(crate) option: &'static str,
    /// Options that it needs beside it.
    pub(crate) with: Value,
    pub(crate) a: Value,
    pub(crate) b: Value,
    pub(crate) seen: Seen,
    /// What goes wrong at the embedded EC2.
    pub(crate) faults: &'static [&'static str],
    /// Whether a build of the plain options comes before.
    pub(crate) again: bool,
    /// Whether the account has networks, groups, key pairs and profiles.
    pub(crate) furnished: bool,
}

impl Row {
    /// The options of a build with a value of this one.
    fn options(&self, value: &Value) -> Value {
        let mut options = self.with.clone();
        let mut place = &mut options;
        for part in self.option.split('.') {
            if place.is_array() {
                place = &mut place[0];
            }
            if place.is_null() {
                *place = json!({});
            }
            place = &mut place[part];
        }
        *place = value.clone();
        options
    }
}

/// All options of a kind: those with members of their own by their members.
fn leaves(fields: &IndexMap<smol_str::SmolStr, bakec::ty::Field>, before: &str, all: &mut BTreeSet<String>) {
    for (name, field) in fields {
        if field.is_refused() {
            continue;
        }
        let path = format!("{before}{name}");
        match record(&field.ty) {
            Some(record) => leaves(&record.fields, &format!("{path}."), all),
            None => {
                all.insert(path);
            }
        }
    }
}

fn record(ty: &Ty) -> Option<&Arc<Record>> {
    match ty {
        Ty::Record(record) => Some(record),
        Ty::List(ty) | Ty::Optional(ty) | Ty::Late(ty) => record(ty),
        Ty::Named(named) => record(&named.ty),
        _ => None,
    }
}

/// Whether two builds show the option: why not, where they do not.
async fn shown(row: Row) -> Result<(), String> {
    let (a, b) = (observe(&row, &row.a).await, observe(&row, &row.b).await);
    let value = match &row.b {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(true) => Some("true".to_owned()),
        _ => None,
    };
    if a == b {
        return Err(format!("`{}`: nothing differs: {a}", row.option));
    }
    match (row.seen, value) {
        (Seen::At(..) | Seen::Launch(_) | Seen::Tags(..), Some(value)) => {
            if b.contains(&value) || b.contains(&format!("{value:?}")) {
                return Ok(());
            }
            Err(format!("`{}`: {value} is not to be found in {b}", row.option))
        }
        // How often one looks is a matter of time too.
        (Seen::Calls(_), _) => Ok(()),
        // What differs each time differs by something else.
        _ => match observe(&row, &row.a).await {
            again if again == a => Ok(()),
            again => Err(format!("`{}`: it differs by itself: {a}, and then {again}", row.option)),
        },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_option_is_honoured_or_refused_by_name() {
    let kinds = schema(&Memory::default(), None).kinds;
    let kind = kinds.get(&(Category::Builder, "amazon-ebs".into())).expect("the schema has it");
    let mut all = BTreeSet::new();
    leaves(&kind.options, "", &mut all);
    let rows = rows();
    let named: Vec<&str> = rows.iter().map(|row| row.option).collect();
    let refused: Vec<&str> = REFUSED.iter().map(|(option, _)| *option).collect();
    let known = || named.iter().chain(&refused);
    let mut wrong: Vec<String> = Vec::new();
    for name in &all {
        let of = |known: &&&str| **known == name || name.starts_with(&format!("{known}."));
        match (named.iter().any(|known| of(&known)), refused.iter().any(|known| of(&known))) {
            (false, false) => wrong.push(format!("`{name}` has no row, and is not refused")),
            (true, true) => wrong.push(format!("`{name}` is shown, and refused as well")),
            _ => {}
        }
    }
    for name in known() {
        if !all.iter().any(|option| option == name || option.starts_with(&format!("{name}."))) {
            wrong.push(format!("`{name}` is no option of the schema"));
        }
    }
    // One may be asked for alone.
    let only = std::env::var("BAKEC_OPTION").ok();
    let places = Arc::new(Semaphore::new(8));
    let tasks = rows.iter().filter(|row| only.as_ref().is_none_or(|only| row.option.starts_with(only))).map(|row| {
        let (row, places) = (row.clone(), places.clone());
        tokio::spawn(async move {
            let _place = places.acquire().await;
            shown(row).await
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        match task.await {
            Ok(outcome) => wrong.extend(outcome.err()),
            Err(error) => wrong.push(error.to_string()),
        }
    }
    for (option, value) in REFUSED {
        let value: Value = serde_json::from_str(value).expect("a value is JSON");
        let told = observed::refused(option, &value);
        if !told.iter().any(|words| words.contains(&format!("`{}`", option.split('.').next().unwrap_or_default()))) {
            wrong.push(format!("`{option}` is not refused by name: {told:?}"));
        }
    }
    let is_of = |names: &[&str]| {
        let of = |option: &&String| names.iter().any(|n| *n == option.as_str() || option.starts_with(&format!("{n}.")));
        all.iter().filter(of).count()
    };
    println!(
        "options of amazon-ebs: {} in the schema with their members ({} at the top); {} shown by {} rows, {} refused by name",
        all.len(),
        kind.options.len(),
        is_of(&named),
        rows.len(),
        is_of(&refused),
    );
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
