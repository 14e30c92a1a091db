//! The built-in facts, their packed form, and tables of one's own.

use proptest::prelude::*;

use super::super::pack::{NUMBERS, SHAPE};
use super::*;

/// The table that packs to these facts.
fn to_tsv(facts: &Facts) -> String {
    let flag = |offered| if offered { '1' } else { '0' };
    let regions: Vec<&str> = facts.regions().collect();
    let mut tsv = format!("# {}.\n# regions, in the order of the flags: {}\n", facts.provenance(), regions.join(" "));
    let columns: Vec<&str> = ["type"].into_iter().chain(SHAPE).chain(NUMBERS).chain(["offered_in"]).collect();
    tsv.push_str(&columns.join("\t"));
    for (line, t) in facts.types.lines().zip(facts.types()) {
        let shape = line.split(' ').nth(1).and_then(|i| i.parse::<usize>().ok()).expect("a line names its shape");
        let shape = facts.shapes[shape].replace(' ', "\t");
        let offered: String = regions.iter().map(|r| flag(t.offered_in(r) == Some(true))).collect();
        tsv.push_str(&format!(
            "\n{}\t{shape}\t{}\t{}\t{}\t{offered}",
            t.name, t.vcpus, t.memory_mib, t.instance_store_gb
        ));
    }
    tsv
}

#[test]
fn the_built_in_facts_are_packed_from_a_table() {
    assert_eq!(pack(&to_tsv(Facts::builtin())).expect("a good table"), BUILTIN);
    assert!(BUILTIN.len() < 60_000, "{}", BUILTIN.len());
}

#[test]
fn every_type_is_found_by_its_name() {
    let facts = Facts::builtin();
    assert!(facts.type_names().count() > 1000);
    for name in facts.type_names() {
        assert_eq!(facts.instance_type(name).map(|t| t.name), Some(name));
    }
    for name in ["", "a", "m3", "m3.", "m3.medium ", "zzz", "t2.micro\n"] {
        assert!(facts.instance_type(name).is_none(), "{name:?}");
    }
}

#[test]
fn what_ec2_says_of_known_types() {
    let facts = Facts::builtin();
    assert!(facts.provenance().contains("moto"));
    let micro = facts.instance_type("t2.micro").expect("t2.micro");
    assert_eq!((micro.vcpus, micro.memory_mib, micro.instance_store_gb), (1, 1024, 0));
    assert!(micro.virtualization.has("hvm") && !micro.virtualization.has("paravirtual"));
    assert!(!micro.root_devices.has("instance-store"));
    assert_eq!((micro.hypervisor, micro.family()), ("xen", "t2"));
    let medium = facts.instance_type("m3.medium").expect("m3.medium");
    assert_eq!(medium.virtualization.iter().collect::<Vec<_>>(), ["hvm", "paravirtual"]);
    assert!(medium.root_devices.has("instance-store") && medium.instance_store_gb > 0);
    assert_eq!(medium.offered_in("us-east-1"), Some(true));
    assert_eq!(medium.offered_in("af-south-1"), Some(false));
    assert_eq!(medium.offered_in("cn-north-1"), None);
    assert!(medium.regions().all(|region| medium.offered_in(region) == Some(true)));
    assert!(
        facts
            .instance_type("a1.medium")
            .is_some_and(|t| t.architectures.has("arm64") && !t.architectures.has("x86_64"))
    );
}

#[test]
fn proposals_are_near() {
    let facts = Facts::builtin();
    assert_eq!(facts.nearest_type("m3.meduim"), Some("m3.medium"));
    let both = |t: &InstanceType<'_>| {
        t.virtualization.has("paravirtual")
            && ["us-east-1", "eu-central-1"].iter().all(|r| t.offered_in(r) != Some(false))
    };
    assert_eq!(facts.closest("t2.micro", both).map(|t| t.name), Some("m3.medium"));
    let store = facts.closest("m5.large", |t| t.instance_store_gb > 0).expect("a type with instance store");
    assert!(store.current && store.vcpus == 2 && store.name.starts_with('m'), "{}", store.name);
    assert_eq!(facts.closest("t2.micro", |t| t.family() == "t2" && t.vcpus > 1).map(|t| t.name), Some("t2.medium"));
    assert!(facts.closest("t2.micro", |_| false).is_none());
}

const TABLE: &str = "# made up.\n# regions: us-east-1 eu-west-1\ntype\tarchitectures\tvirtualization\troot_devices\t\
    instance_store_gb\tboot_modes\thypervisor\tvcpus\tmemory_mib\tena\tcurrent\tebs_optimized\tnitro_enclaves\tusage_classes\t\
    offered_in\nz1.big\tarm64\thvm\tebs\t0\tuefi\tnitro\t2\t1024\trequired\tyes\tdefault\tsupported\t-\t01\n\
    a1.big\tarm64\thvm\tebs\t0\tuefi\tnitro\t2\t1024\trequired\tyes\tdefault\tsupported\tspot\t11\n";

#[test]
fn a_table_of_ones_own() {
    let facts = Facts::from_tsv(TABLE).expect("a good table");
    assert_eq!(facts.provenance(), "made up");
    assert_eq!(facts.type_names().collect::<Vec<_>>(), ["a1.big", "z1.big"]);
    let z = facts.instance_type("z1.big").expect("z1.big");
    assert_eq!((z.offered_in("us-east-1"), z.offered_in("eu-west-1")), (Some(false), Some(true)));
    assert_eq!(z.usage_classes.iter().count(), 0);
}

#[test]
fn mistakes_in_a_table_have_their_line() {
    let wrong = |from: &str, to: &str| {
        let problem = Facts::from_tsv(&TABLE.replacen(from, to, 1)).expect_err("a bad table");
        format!("{}: {problem}", problem.line())
    };
    assert_eq!(
        wrong("# regions", "# places"),
        "1: expected a line `# regions: …` that names the regions of `offered_in`"
    );
    assert_eq!(wrong("\tvcpus", "\tvcpu"), "3: column `vcpus` is missing; did you mean it by `vcpu`?");
    assert_eq!(wrong("\t2\t", "\ttwo\t"), "4: `two` in `vcpus`: expected a whole number");
    assert_eq!(wrong("\t01\n", "\t0\n"), "4: `0` in `offered_in`: expected 2 flags `0` or `1`, one for each region");
    assert_eq!(wrong("\t-\t01", "\t01"), "4: expected 15 cells between tabs, found 14");
    assert_eq!(wrong("\tyes\t", "\ttrue\t"), "4: `true` in `current`: expected `yes` or `no`");
    assert_eq!(wrong("z1.big", "a1.big"), "5: `a1.big` has two rows");
    assert!(Facts::from_tsv("").is_err());
}

proptest! {
    #[test]
    fn any_text_is_a_table_or_a_problem(text in "(# regions: a\\n)?[a-z\\t\\n# 01,]{0,80}") {
        if let Err(problem) = Facts::from_tsv(&text) {
            prop_assert!(problem.line() >= 1);
        }
    }
}
