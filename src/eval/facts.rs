//! Asks EC2's facts whether the combination of a build can run. Where they hold no answer, nothing is said.

use std::rc::Rc;

use smol_str::SmolStr;

use super::Evaluator;
use super::blocks::BlockData;
use super::frame::Frame;
use super::options::Frozen;
use super::problem::{EvalProblem, Stop};
use super::value::{CellRef, Data, Value};
use crate::diagnostic::{Code, code};
use crate::facts::{Facts, InstanceType, regions};
use crate::plan;
use crate::resolve::fact::FactName;
use crate::resolve::hir::{Declared, Fact, FactArg};
use crate::text::Span;

/// How an option of the block being judged is found, by the index of its field.
pub(super) type Find<'o, 'f> = &'f dyn Fn(usize) -> Option<&'o Rc<Frozen>>;

/// What a fact is asked with: the text, and where it was written.
struct Asked {
    text: SmolStr,
    at: Option<Span>,
    /// Whether it is the default of a variable.
    late: bool,
}

/// The question, ready to be answered.
struct Question<'a, 'q> {
    facts: &'a Facts,
    machine: InstanceType<'a>,
    asked: &'q [Asked; 2],
    regions: Vec<SmolStr>,
}

impl<'a> Evaluator<'a> {
    /// Judges one fact of a kind for a block at a cell.
    pub(super) fn judge_fact(
        &self,
        fact: &Fact,
        data: &BlockData<'a>,
        declared: &Declared,
        cell: CellRef,
        find: Find<'_, '_>,
    ) -> Option<Stop> {
        let facts = self.facts?;
        let [first, second] = fact.args.as_slice() else { return None };
        let asked = [self.asked(first, declared, find)?, self.asked(second, declared, find)?];
        let machine = facts.instance_type(&asked[0].text)?;
        let mut question = Question { facts, machine, asked: &asked, regions: Vec::new() };
        let forbidden = match fact.name {
            FactName::Boots => !machine.virtualization.has(&asked[1].text),
            FactName::Offered => machine.offered_in(&asked[1].text) == Some(false),
            FactName::RootDevice => !machine.root_devices.has(&asked[1].text),
            FactName::Architecture => !machine.architectures.has(&asked[1].text),
            FactName::Builds => !builds(machine.architectures, &asked[1].text),
            FactName::Enclave => asked[1].text == "true" && !machine.nitro_enclaves,
            _ => false,
        };
        if !forbidden {
            return None;
        }
        question.regions = self.regions_of_block(data, cell.image);
        let (code, message, why, property) = question.answer(fact.name);
        let header = data.block.header;
        let mut labels = vec![(asked[1].at.unwrap_or(header), why)];
        let machine_words =
            if asked[0].late { format!("`{}` by default; {property}", asked[0].text) } else { property };
        match asked[0].at {
            // One place for both: its words are joined.
            Some(at) if Some(at) == asked[1].at => labels[0].1 = machine_words,
            Some(at) => labels.push((at, machine_words)),
            None => {}
        }
        let mut help = question.help(fact.name);
        if let (FactName::Builds, Some(FactArg::Option(index)), Some(runs)) =
            (fact.name, fact.args.get(1), machine.architectures.iter().next())
            && let Some((option, _)) = declared.fields.get_index(*index)
        {
            help = format!("write `{option} = \"{runs}\"`, or another type: {help}");
        }
        Some(EvalProblem::Facts { code, message, labels, help }.into())
    }

    fn asked(&self, arg: &FactArg, declared: &Declared, find: Find<'_, '_>) -> Option<Asked> {
        let index = match arg {
            FactArg::Text(text) => return Some(Asked { text: text.clone(), at: None, late: false }),
            FactArg::Option(index) => *index,
        };
        if let Some(frozen) = find(index) {
            let late = frozen.value.is_late();
            let text = self.specimen(&frozen.value).or_else(|| frozen.value.display())?;
            return Some(Asked { text, at: Some(frozen.value.origin), late });
        }
        let default = declared.defaults.get(index)?.as_ref()?;
        let value: Value = self.eval(default, &mut Frame::closed(true)).ok()?;
        if let Data::Null = value.data { None } else { Some(Asked { text: value.display()?, at: None, late: false }) }
    }

    /// The regions that a block's builds are placed in; looked up only when something is wrong.
    fn regions_of_block(&self, data: &BlockData<'a>, image: u32) -> Vec<SmolStr> {
        let Some(declared) = data.declared else { return Vec::new() };
        let Some(name) = declared.role(FactName::Placed) else { return Vec::new() };
        let mut regions: Vec<SmolStr> = Vec::new();
        for cell in self.builds_of(image).unwrap_or_default() {
            if let Some(region) = self.option_at(data, name, cell).and_then(|f| self.specimen(&f.value))
                && !regions.contains(&region)
            {
                regions.push(region);
            }
        }
        regions
    }
}

impl Evaluator<'_> {
    /// Regions whose AMIs cannot come from another: those of another partition. The first of them.
    pub(super) fn judge_partition(&self, home: &Value, copied: &Value) -> Option<Stop> {
        let home_name = self.specimen(home)?;
        let home_at = home.origin;
        let home_partition = regions::find(&home_name)?.partition;
        let Data::List(copies) = &copied.data else { return None };
        copies.iter().find_map(|copy| {
            let region = self.specimen(copy)?;
            let partition = regions::find(&region)?.partition;
            let home = home_name.clone();
            (partition != home_partition).then(|| {
                let at = copy.origin;
                EvalProblem::OtherPartition { region, partition, home, home_partition, at, home_at }.into()
            })
        })
    }
}

impl Question<'_, '_> {
    /// Code, message, the words under the demand and those under the instance type.
    fn answer(&self, fact: FactName) -> (Code, String, String, String) {
        let (name, demand) = (self.machine.name, &self.asked[1].text);
        let list = |words: crate::facts::Words<'_>| words.iter().collect::<Vec<_>>().join(" and ");
        match fact {
            FactName::Boots => (
                code::FACTS_VIRTUALIZATION,
                format!("`{name}` cannot boot {} image", article(demand)),
                demand.to_string(),
                format!("boots {} only", list(self.machine.virtualization)),
            ),
            FactName::Offered => (
                code::FACTS_OFFERED,
                format!("`{name}` is not offered in {demand}"),
                String::new(),
                format!("not offered in {demand}"),
            ),
            FactName::RootDevice => (
                code::FACTS_ROOT_DEVICE,
                format!("`{name}` cannot run from {}", if demand == "ebs" { "EBS" } else { "instance store" }),
                format!("this builder needs {demand}"),
                format!("runs from {} only", list(self.machine.root_devices)),
            ),
            FactName::Architecture | FactName::Builds => (
                code::FACTS_ARCHITECTURE,
                format!("`{name}` does not run {demand} images"),
                if self.asked[1].at.is_some() { demand.to_string() } else { format!("{demand} where nothing is said") },
                format!("runs {}", list(self.machine.architectures)),
            ),
            _ => (
                code::FACTS_ENCLAVE,
                format!("`{name}` has no Nitro enclaves"),
                "asked for here".into(),
                "has none".into(),
            ),
        }
    }

    /// A type near to this one that would do, in every region of the matrix where the facts know.
    fn help(&self, fact: FactName) -> String {
        let demand = self.asked[1].text.as_str();
        let machine = &self.machine;
        let everywhere = |t: &InstanceType<'_>| self.regions.iter().all(|r| t.offered_in(r) != Some(false));
        let keeps = |t: &InstanceType<'_>| {
            machine.virtualization.iter().all(|v| t.virtualization.has(v))
                && machine.architectures.iter().any(|a| t.architectures.has(a))
        };
        let (found, property) = match fact {
            FactName::Boots => (
                self.facts.closest(machine.name, |t| t.virtualization.has(demand) && keeps(t) && everywhere(t)),
                "boots both".to_owned(),
            ),
            FactName::Offered => (
                self.facts.closest(machine.name, |t| t.offered_in(demand) == Some(true) && keeps(t) && everywhere(t)),
                String::new(),
            ),
            FactName::RootDevice => (
                self.facts.closest(machine.name, |t| t.root_devices.has(demand) && keeps(t) && everywhere(t)),
                format!("runs from {demand}"),
            ),
            FactName::Architecture | FactName::Builds => (
                self.facts.closest(machine.name, |t| t.architectures.has(demand) && everywhere(t)),
                format!("runs {demand}"),
            ),
            _ => (
                self.facts.closest(machine.name, |t| t.nitro_enclaves && keeps(t) && everywhere(t)),
                "has enclaves".to_owned(),
            ),
        };
        let offered = match self.regions.len() {
            0 => String::new(),
            1 => format!("is offered in {}", self.regions[0]),
            _ => "is offered in every region of this matrix".into(),
        };
        let source = format!("{}; `--no-facts` skips this check", self.facts.provenance());
        match found {
            Some(found) => {
                let words: Vec<&str> =
                    [property.as_str(), offered.as_str()].into_iter().filter(|w| !w.is_empty()).collect();
                format!("{} {} ({source})", found.name, words.join(" and "))
            }
            None => format!("no type near it would do ({source})"),
        }
    }
}

/// Whether a machine runs the programs that an image of an architecture is built with.
fn builds(architectures: crate::facts::Words<'_>, image: &str) -> bool {
    let arm = |architecture: &str| architecture.starts_with("arm64");
    architectures.iter().any(|a| arm(a) == arm(image))
}

fn article(word: &str) -> String {
    format!("{} {word}", if word.starts_with(['a', 'e', 'i', 'o', 'h']) { "an" } else { "a" })
}

/// What is wrong with a text that holds none of the fields it should. One that a variable is part of may hold them then.
pub(super) fn lacks(fact: &Fact, declared: &Declared, frozen: &Frozen) -> Option<Stop> {
    let [FactArg::Option(index), FactArg::Text(fields)] = fact.args.as_slice() else { return None };
    if holds(&frozen.setting.value, fields) {
        return None;
    }
    let (option, _) = declared.fields.get_index(*index)?;
    Some(EvalProblem::Lacks { option: option.clone(), field: fields.clone(), at: frozen.value.origin }.into())
}

/// Whether a value may hold one of the fields. What is empty counts as not set.
fn holds(value: &plan::Value, fields: &str) -> bool {
    match value {
        plan::Value::Text(plan::Text::Plain(text)) => text.is_empty(),
        plan::Value::Text(plan::Text::Parts(parts)) => parts.iter().any(|part| match part {
            plan::Part::Action(action) => fields.split(" or ").any(|field| action.contains(field)),
            plan::Part::Variable(_) => true,
            plan::Part::Chars(_) | plan::Part::Ami(_) => false,
        }),
        plan::Value::List(values) => values.is_empty() || values.iter().any(|v| !is_empty(v) && holds(v, fields)),
        _ => true,
    }
}

fn is_empty(value: &plan::Value) -> bool {
    matches!(value, plan::Value::Text(plan::Text::Plain(text)) if text.is_empty())
}
