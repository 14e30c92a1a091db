//! Tables, images, matrices, builds.

use super::{check, diagnose, each, fine, help};

const TABLE: &str = "table t key (region, release) {
    | region: region | release: string | pv: ami_id? | hvm: ami_id |
    | us-east-1 | 1404 | - | ami-0aa8b262 |
    | us-west-2 | 1204 | ami-0aa8b263 | ami-0aa8b264 |
}
";

const IMAGE: &str = "image base { matrix { axis region in [\"us-east-1\", \"us-west-2\"] axis virt in [\"pv\", \"hvm\"] } builder box { title = \"x\" } }\n";

#[track_caller]
fn with(prefix: &str, cases: &[(&str, &str, &str)]) {
    for (source, code, underlined) in cases {
        assert_eq!(check(&format!("{prefix}{source}")), [((*code).to_owned(), (*underlined).to_owned())], "{source}");
    }
}

#[test]
fn tables_are_indexed_by_their_key() {
    with(
        TABLE,
        &[
            ("let x = t[\"us-east-1\"]", "type::index", "t[\"us-east-1\"]"),
            ("let x = t[region = \"us-east-1\"]", "type::index", "t[region = \"us-east-1\"]"),
            ("let x = t[region = \"us-east-1\", relaese = \"1404\"]", "type::index", "relaese"),
            ("let x = t[\"us-east-1\", release = \"1404\"]", "type::index", "t[\"us-east-1\", release = \"1404\"]"),
            ("let x = t[\"us-east-1\", 1404]", "type::mismatch", "1404"),
            ("let x = t[\"us-east-1\", \"1604\"]", "table::no_row", "\"1604\""),
            ("let x = t[\"us-east-1\", \"1204\"]", "table::no_row", "\"us-east-1\", \"1204\""),
            ("let x = t[\"us-east-1\", \"1404\"].hvn", "name::unknown_field", "hvn"),
            ("let x: ami_id = t[\"us-east-1\", \"1404\"].pv", "type::null", "t[\"us-east-1\", \"1404\"].pv"),
            ("let x = t.hvm", "type::index", "hvm"),
            ("variable v: string\nlet x = t[\"us-east-1\", v]", "type::late", "v"),
            ("let k = \"pvm\"\nlet x = t[\"us-east-1\", \"1404\"][k]", "type::index", "\"pvm\""),
        ],
    );
    fine(&format!(
        "{TABLE}param v: \"pv\" | \"hvm\" = \"pv\"\nlet a: ami_id? = t[\"us-east-1\", \"1404\"][v]\nlet b: ami_id = t[release = \"1404\", region = \"us-east-1\"].hvm\nlet c: [string] = [for r in t: r.release]"
    ));
    assert_eq!(help(&format!("{TABLE}let x = t[\"us-east-1\", \"1405\"]")), "did you mean `1404`?");
    assert_eq!(help(&format!("{TABLE}let x = t[\"us-east-1\", \"1204\"]")), "did you mean `us-east-1, 1404`?");
}

#[test]
fn images_are_indexed_by_their_axes() {
    with(
        IMAGE,
        &[
            ("let x = base[\"us-east-1\"]", "type::index", "base[\"us-east-1\"]"),
            ("let x = base[region = \"us-east-1\", vrit = \"pv\"]", "type::index", "vrit"),
            ("let x = base[region = \"us-east-1\"]", "type::index", "base[region = \"us-east-1\"]"),
            ("let x = base[\"us-east-1\", \"pvm\"]", "image::cell", "\"pvm\""),
            ("let x = base[\"us-east-1\", 5]", "type::mismatch", "5"),
            ("image j { builder box { title = \"y\" source = base } }", "type::mismatch", "base"),
            ("image j { builder box { title = \"y\" } }\nlet x = j[\"a\"]", "type::index", "j[\"a\"]"),
            ("image j { builder box { title = \"y\" } }\nlet x = j.ami", "type::index", "ami"),
            ("let x = upper(base[\"us-east-1\", \"pv\"])", "type::late", "base[\"us-east-1\", \"pv\"]"),
        ],
    );
    fine(&format!(
        "{IMAGE}image j {{ matrix {{ axis v in [\"pv\", \"hvm\"] }} builder box {{ title = \"y\" source = base[\"us-east-1\", v] text = \"a${{base[virt = v, region = \"us-west-2\"]}}\" }} }}"
    ));
    assert_eq!(help(&format!("{IMAGE}let x = base[\"us-east-1\", \"pvm\"]")), "did you mean `pv`?");
}

#[test]
fn lists_maps_and_records() {
    each(&[
        ("let x = [1][\"a\"]", "type::mismatch", "\"a\""),
        ("let x = { a = 1 }[\"b\"]", "type::index", "\"b\""),
        ("let x = [1][0, 1]", "type::index", "[1][0, 1]"),
        ("let x = \"abc\"[0]", "type::index", "\"abc\"[0]"),
        ("let x = [1].a", "type::index", "a"),
        ("let x = 5.5 + { a = 1 }.b", "name::unknown_field", "b"),
    ]);
    fine(
        "let a: int = [1, 2][0]\nlet b: int = { a = 1 }[\"a\"]\nparam m: map<int> = {}\nlet c: int = m[\"k\"]\nlet d: int = m.k\nlet e: [int] = [for k in keys({ a = 1, b = 2 }): { a = 1, b = 2 }[k]]",
    );
}

#[test]
fn matrices() {
    with(
        TABLE,
        &[
            (
                "image i { matrix { axis { region, relaese } in t } builder box { title = \"x\" } }",
                "name::unknown_field",
                "relaese",
            ),
            ("image i { matrix { axis row in t } builder box { title = \"x\" } }", "type::unfit", "t"),
            ("image i { matrix { axis { a } in [\"x\"] } builder box { title = \"x\" } }", "type::unfit", "[\"x\"]"),
            ("image i { matrix { axis a in \"x\" } builder box { title = \"x\" } }", "type::unfit", "\"x\""),
            ("image i { matrix { axis a in [1h] } builder box { title = \"x\" } }", "type::unfit", "[1h]"),
            (
                "image i { matrix { axis a in [1] exclude when a } builder box { title = \"x\" } }",
                "type::mismatch",
                "a",
            ),
            (
                "image i { matrix { axis a in [1] let b: string = a } builder box { title = \"x\" } }",
                "type::mismatch",
                "a",
            ),
            ("image i { name = 5 builder box { title = \"x\" } }", "type::mismatch", "5"),
            ("image i { }", "build::builder", "i"),
            ("group g(n: int) { }\nimage i { builder box { title = \"x\" } use g(\"a\") }", "type::mismatch", "\"a\""),
        ],
    );
    fine(&format!(
        "{TABLE}image i {{ matrix {{ axis {{ region, release, hvm }} in t axis n in [1, 2] axis b in [true, false] }} name = \"${{region}}-${{n}}\" builder box {{ title = \"x\" region = region source = hvm fast = b count = n }} }}\nlet a = i[\"us-east-1\", \"1404\", 1, true]"
    ));
    fine("image i { matrix { axis { a, b } in [{ a = \"x\", b = 1 }] } builder box { title = a count = b } }");
}

#[test]
fn builds_in_policies_and_outputs() {
    with(
        IMAGE,
        &[
            ("policy p for b in builds { require b.nmae == \"x\", \"m\" }", "name::unknown_field", "nmae"),
            ("policy p for b in builds { require b.options.txet == null, \"m\" }", "name::unknown_option", "txet"),
            ("policy p for b in builds { require b.axes.regoin == \"x\", \"m\" }", "name::unknown_field", "regoin"),
            ("policy p for b in builds { require b.name, \"m\" }", "type::mismatch", "b.name"),
            ("output \"a.json\" = base", "type::unfit", "base"),
            ("output \"a.json\" = [for b in builds: b]", "type::unfit", "[for b in builds: b]"),
            ("output \"a.json\" = [for b in base if b.ami == \"x\": b.name]", "type::late", "b.ami"),
            ("output \"a.json\" = { for b in base: b.ami = b.name }", "type::late", "b.ami"),
        ],
    );
    fine(&format!(
        "{IMAGE}policy p for b in builds when b.options.text != null {{ require b.options.text matches /a/ && b.options.title matches /x/ && \"A\" in b.options.tags ?? {{}} && b.region != null && b.axes.virt == \"pv\", \"m ${{b.name}}\" }}\noutput \"a.json\" = {{ for b in base: b.name = {{ ami = b.ami, all = b.amis, region = b.axes.region, tags = b.options.tags }} }}\noutput \"b.tfvars\" = {{ id = base[\"us-east-1\", \"pv\"] }}"
    ));
    let (diagnostics, _) =
        diagnose(&format!("{IMAGE}policy p for b in builds {{ require b.axes.regoin == \"x\", \"m\" }}"));
    assert_eq!(diagnostics[0].message, "a build of this program has no `regoin`");
}
