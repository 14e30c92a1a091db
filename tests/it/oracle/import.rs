//! Importing is total: a program in the one style, or reasons. What compiles is a template again, and comes back as the same plan.

use bakec::compile::{Compiled, FactsChoice, Options, compile};
use bakec::diagnostic::Severity;
use bakec::emit::{Emit, packer_json};
use bakec::format::format;
use bakec::import::{Imported, Places, import};
use bakec::load::{Memory, ReadError, World};
use serde_json::Value;

use super::{inside, sound};

/// So many builds: a template of a few lines may ask for very many.
const BUILDS: usize = 200;
const PROGRAM: &str = "program.bake";

/// A world in which the program lies, and all files that it names.
struct With<'p>(&'p str);

impl World for With<'_> {
    fn read(&self, path: &str) -> Result<String, ReadError> {
        match path {
            PROGRAM => Ok(self.0.to_owned()),
            path if path.ends_with(".bake") => Err(ReadError::NotFound),
            _ => Ok(String::new()),
        }
    }

    fn exists(&self, _path: &str) -> bool {
        true
    }

    fn is_folder(&self, path: &str) -> bool {
        path.ends_with('/')
    }

    fn env(&self, _name: &str) -> Option<String> {
        None
    }
}

/// The first byte decides what the rest is: HCL2 where it is odd, JSON where it is even.
pub(crate) fn check(text: &str) {
    let Some(first) = text.chars().next() else { return };
    let rest = &text[first.len_utf8()..];
    let path = if u32::from(first) % 2 == 1 { "template.pkr.hcl" } else { "template.json" };
    let once = imported(path, rest);
    let again = imported(path, rest);
    let told = |imported: &Imported| format!("{:?}", imported.diagnostics);
    assert!(told(&once) == told(&again), "imported twice, the template gives two results");
    for diagnostic in &once.diagnostics {
        sound(diagnostic);
        diagnostic.labels.iter().for_each(|l| inside(once.sources.get(l.span.file).text(), l.span));
    }
    let errors = once.diagnostics.iter().any(|d| d.severity == Severity::Error);
    let Some(made) = once.program else {
        assert!(errors, "no program, and no reason");
        return;
    };
    assert_eq!(Some(&made.text), again.program.as_ref().map(|made| &made.text), "two programs of one template");
    assert_eq!(made.tally.mistakes > 0, errors, "the tally and what is told: {:?}", once.diagnostics);
    let Some(plan) = plan(&made.text) else {
        return;
    };
    assert_eq!(format(PROGRAM, &made.text).as_deref().ok(), Some(made.text.as_str()), "it is not in the one style");
    let back = imported("template.json", &plan.to_string());
    let Some(made) = back.program else { panic!("a plan is no template: {:?}\n{plan}", back.diagnostics) };
    let Some(other) = self::plan(&made.text) else { panic!("{:?}\n{}", back.diagnostics, made.text) };
    assert!(plan == other, "a plan comes back as another one:\n{plan}\n{other}\n{}", made.text);
}

fn imported(path: &str, text: &str) -> Imported {
    import(&Memory::default(), Places { template: path, program: PROGRAM }, text)
}

/// The plan of a program, where it has one.
fn plan(text: &str) -> Option<Value> {
    let options = Options { facts: FactsChoice::None, max_builds: BUILDS, ..Options::default() };
    let Compiled { plan, kinds, .. } = compile(&With(text), PROGRAM, &options);
    let emitted = packer_json(&plan?, &kinds, &Emit { bare: true, ..Emit::default() });
    Some(serde_json::from_str(&emitted.text()).expect("a plan is JSON"))
}
