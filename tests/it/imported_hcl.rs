//! Templates of HCL2 become programs. What bakec itself writes as HCL2 comes back as the same plan; `tests/corpus/import-hcl/<case>/`
//! holds templates as people write them, the program (`program.bake`), what is told of it (`told.txt`), and the plan that Packer would
//! have of it (`wanted.json`, written by hand). `UPDATE=1` rewrites the first two.

use std::collections::BTreeSet;

use bakec::compile::{FactsChoice, Options, compile};
use bakec::diagnostic::render::{Format, Style, render};
use bakec::emit::{Emit, packer_hcl, packer_json};
use bakec::import::{Imported, Places, import_files};
use bakec::load::{Disk, Memory, ReadError, World};
use serde_json::Value;

use crate::hcl::programs;
use crate::meaning::differences;
use crate::run::bakec;
use crate::support::{expect, files_below, none, read};

const FOLDER: &str = "tests/corpus/import-hcl";
const PROGRAM: &str = "imported.bake";

/// The disk, with a program that is not there.
struct Beside<'t> {
    text: &'t str,
}

impl World for Beside<'_> {
    fn read(&self, path: &str) -> Result<String, ReadError> {
        if path == PROGRAM { Ok(self.text.to_owned()) } else { Disk.read(path) }
    }

    fn exists(&self, path: &str) -> bool {
        path == PROGRAM || Disk.exists(path)
    }

    fn is_folder(&self, path: &str) -> bool {
        Disk.is_folder(path)
    }

    fn env(&self, name: &str) -> Option<String> {
        Disk.env(name)
    }

    fn beside(&self, path: &str) -> Vec<String> {
        Disk.beside(path)
    }
}

/// The plan of a program, as JSON.
fn plan(world: &dyn World, file: &str, set: &[String]) -> Result<Value, String> {
    let options = Options { facts: FactsChoice::None, set: set.to_vec(), ..Options::default() };
    let compiled = compile(world, file, &options);
    let Some(plan) = &compiled.plan else {
        let said: Vec<String> = compiled.diagnostics.iter().map(|d| d.message.clone()).collect();
        return Err(said.join("\n"));
    };
    let emitted = packer_json(plan, &compiled.kinds, &Emit { bare: true, ..Emit::default() });
    serde_json::from_str(&emitted.text()).map_err(|error| error.to_string())
}

/// What is different when a program goes out as HCL2 and comes back.
fn round(file: &str) -> Result<(), String> {
    let compiled = compile(&Disk, file, &Options::default());
    let Some(before) = &compiled.plan else { return Err("it does not compile".into()) };
    let how = Emit { bare: true, ..Emit::default() };
    let json = packer_json(before, &compiled.kinds, &how).text();
    let hcl = packer_hcl(before, &compiled.kinds, &how, true).text();
    let imported = import_files(&Disk, Places { template: "plan.pkr.hcl", program: PROGRAM }, &[("plan.pkr.hcl", &hcl)]);
    let made = imported.program.ok_or_else(|| format!("{:?}\n{hcl}", imported.diagnostics))?;
    let wanted: Value = serde_json::from_str(&json).map_err(|error| error.to_string())?;
    let plan = plan(&Beside { text: &made.text }, PROGRAM, &[]).map_err(|why| format!("{why}\n{}", made.text))?;
    let found = differences(&wanted, &plan);
    if found.is_empty() { Ok(()) } else { Err(format!("{}\n{}", found.join("\n"), made.text)) }
}

#[test]
fn what_goes_out_as_hcl_comes_back() {
    let programs = programs();
    let lost: Vec<String> =
        programs.iter().filter_map(|file| round(file).err().map(|why| format!("{file}: {why}"))).collect();
    none(lost);
}
