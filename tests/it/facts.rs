//! Makes the built-in table of EC2's facts again from a table with tabs.

use bakec::facts::{Facts, pack};

/// `BAKEC_FACTS_TSV=table.tsv cargo test rewrite_the_built_in_facts -- --ignored`
#[test]
#[ignore = "rewrites src/facts/data/ec2.txt from a table that BAKEC_FACTS_TSV names"]
fn rewrite_the_built_in_facts() {
    let table = std::env::var("BAKEC_FACTS_TSV").expect("BAKEC_FACTS_TSV names a table");
    let table = std::fs::read_to_string(table).expect("the table can be read");
    let facts = Facts::from_tsv(&table).expect("a good table");
    assert!(facts.instance_type("m3.medium").is_some(), "the table is one of EC2's types");
    let target = concat!(env!("CARGO_MANIFEST_DIR"), "/src/facts/data/ec2.txt");
    std::fs::write(target, pack(&table).expect("a good table")).expect("the packed table can be written");
}
