//! Options of blocks, fields of records, spreads, run-time templates.

use super::{boxed, check, diagnose, each, each_option, fine, help};

#[test]
fn options_that_a_kind_does_not_have() {
    each_option(&[
        ("siez = 1GiB", "name::unknown_option", "siez"),
        ("machine = \"m3.medium\"", "name::renamed_option", "machine"),
        ("banned = \"x\"", "option::refused", "banned"),
        ("weak = \"x\"", "option::deprecated", "weak"),
    ]);
    assert_eq!(help(&boxed("siez = 1GiB")), "did you mean `size`?");
    assert_eq!(help(&boxed("machine = \"m3.medium\"")), "write `instance`");
    let (diagnostics, _) = diagnose(&boxed("machine = \"m3.medium\""));
    assert_eq!(diagnostics[0].fix.as_ref().map(|f| f.text.as_str()), Some("instance"));
}

#[test]
fn options_that_are_missing() {
    each(&[
        ("image i { builder box { } }", "option::missing", "builder box"),
        ("image i { builder box { title = \"x\" } post pack { } }", "option::missing", "post pack"),
        ("image i { builder box { title = \"x\" disks = [{ size = 1GiB }] } }", "option::missing", "{ size = 1GiB }"),
    ]);
    assert_eq!(help("image i { builder box { } }"), "add `title = …` (Its name)");
    // A map may bring it.
    fine("param m: map<string> = {}\nimage i { builder box { ...m } }");
}

#[test]
fn spreads_are_judged_where_their_keys_were_written() {
    each(&[
        ("let d = { title = \"x\", siez = 1GiB }\nimage i { builder box { ...d } }", "name::unknown_option", "siez"),
        ("let d = { title = \"x\", size = \"big\" }\nimage i { builder box { ...d } }", "type::mismatch", "\"big\""),
        (
            "let d = { title = \"x\", machine = \"m3.medium\" }\nimage i { builder box { ...d } }",
            "name::renamed_option",
            "machine",
        ),
        (
            "let d = { title = \"x\", command = \"{{.Path}}\" }\nimage i { builder box { ...d } }",
            "template::unknown_field",
            "\"{{.Path}}\"",
        ),
        (
            "let d = { region = \"us-esat-1\", title = \"x\" }\nimage i { builder box { ...d } }",
            "facts::region",
            "\"us-esat-1\"",
        ),
        ("param d: { title: string }? = null\nimage i { builder box { ...d } }", "type::null", "d"),
        ("image i { builder box { title = \"x\", ...5 } }", "type::mismatch", "5"),
    ]);
    let (diagnostics, sources) = diagnose("let d = { title = \"x\", siez = 1GiB }\nimage i { builder box { ...d } }");
    assert_eq!(sources.slice(diagnostics[0].labels[1].span), "...d");
    fine(
        "let d = { title = \"x\", wait = 5m, tags = { A = \"b\" } }\nimage i { builder box { ...d, tags = { ...d.tags, C = \"d\" } } }",
    );
    // `null` takes a key out again, also one that the kind does not have; a later entry replaces the value.
    fine("let d = { title = \"x\", other = 5, size = 3 }\nimage i { builder box { ...d, other = null, size = 8GiB } }");
    fine("let d = { title = \"x\", other = 5 }\nlet e = { ...d, other = null }\nimage i { builder box { ...e } }");
}

#[test]
fn records_against_their_types() {
    let item = "type Disk = { device: string, size: size?, wide: bool = true }\n";
    for (value, code, underlined) in [
        ("let d: Disk = { size = 1GiB }", "option::missing", "{ size = 1GiB }"),
        ("let d: Disk = { device = \"a\", siez = 1GiB }", "name::unknown_field", "siez"),
        ("let d: Disk = { device = 5 }", "type::mismatch", "5"),
        ("let d: Disk = { device = null }", "type::null", "null"),
        ("let d: [Disk] = [{ device = \"a\" }, { }]", "option::missing", "{ }"),
        ("let d: Disk = { device = \"a\" }\nlet x = d.devise", "name::unknown_field", "devise"),
        ("let d: Disk = { device = \"a\" }\nlet x: size = d.size", "type::null", "d.size"),
    ] {
        assert_eq!(check(&format!("{item}{value}")), [(code.into(), underlined.into())], "{value}");
    }
    fine(&format!("{item}let d: Disk = {{ device = \"a\" }}\nlet w: bool = d.wide\nlet n: size? = d.size"));
    each_option(&[("disks = [{ device = \"xvda\", sise = 1GiB }]", "name::unknown_field", "sise")]);
}

#[test]
fn run_time_templates() {
    each_option(&[
        ("command = \"{{.KeyPth}}\"", "template::unknown_field", "{{.KeyPth}}"),
        ("text = \"{{.KeyPath}}\"", "template::unknown_field", "{{.KeyPath}}"),
        ("text = \"{{build `ID`}}\"", "template::build_not_here", "{{build `ID`}}"),
        ("text = \"{{user `nobody`}}\"", "name::unknown", "{{user `nobody`}}"),
    ]);
    fine(&format!(
        "variable v: string\n{}",
        boxed("command = '-k {{.KeyPath}} {{user `v`}}'\n text = \"{{timestamp}} ${verbatim(\"{{.State}}\")}\"")
    ));
    fine("image i { builder box { title = \"x\" } provision run { inline = [\"echo {{build `ID`}}\"] } }");
    fine("let c = '-k {{.KeyPath}}'\nimage i { builder box { title = \"x\" command = c } }");
    each(&[
        ("let c = '{{.Path}}'\nimage i { builder box { title = \"x\" command = c } }", "template::unknown_field", "c"),
        (
            "param v: string = \"a\"\nimage i { builder box { title = \"x\" text = \"{{user `v`}}\" } }",
            "name::unknown",
            "{{user `v`}}",
        ),
    ]);
    assert_eq!(
        help("param v: string = \"a\"\nimage i { builder box { title = \"x\" text = \"{{user `v`}}\" } }"),
        "`v` is a param: write `${v}`"
    );
}

#[test]
fn rules_and_defaults_of_a_users_kind() {
    each(&[
        ("extern builder b { size: size = 5 }", "type::mismatch", "5"),
        ("extern builder b { size: size? rule size > 1GiB, \"small\" }", "type::null", "size"),
        ("extern builder b { kind: \"a\" | \"b\" rule kind == \"c\", \"no\" }", "type::never_equal", "kind == \"c\""),
        ("extern builder b { n: int rule n, \"no\" }", "type::mismatch", "n"),
    ]);
    fine(
        "extern builder b { a: string? c: string? rule given(a, c) == 1 && (a == null || a matches /x/), \"one of `${a ?? \"\"}`\" }",
    );
}
