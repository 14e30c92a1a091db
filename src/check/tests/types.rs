//! Values and places, late values, null, `match`, operators, functions.

use super::{boxed, check, diagnose, each, each_option, fine, help};

#[test]
fn values_of_another_type() {
    each_option(&[
        ("size = \"8GiB\"", "type::mismatch", "\"8GiB\""),
        ("wait = 5", "type::mismatch", "5"),
        ("fast = \"true\"", "type::mismatch", "\"true\""),
        ("text = 5", "type::mismatch", "5"),
        ("text = [\"a\"]", "type::mismatch", "[\"a\"]"),
        ("zones = \"us-east-1a\"", "type::mismatch", "\"us-east-1a\""),
        ("virt = \"pv\"", "type::mismatch", "\"pv\""),
        ("tags = { A = 1 }", "type::mismatch", "1"),
        ("disks = { device = \"xvda\" }", "type::mismatch", "{ device = \"xvda\" }"),
        ("text = if true then \"a\" else 5", "type::mismatch", "5"),
        ("text = match 1 == 1 { true => \"a\", false => 1 }", "type::mismatch", "1"),
    ]);
    each(&[
        ("let x: int = \"a\"", "type::mismatch", "\"a\""),
        ("param x: [string] = \"a\"", "type::mismatch", "\"a\""),
        ("fn f(a: int) -> string = a", "type::mismatch", "a"),
        ("fn f(a: int = \"x\") -> int = a", "type::mismatch", "\"x\""),
        ("fn f(a: int) -> int = a\nlet x = f(\"y\")", "type::mismatch", "\"y\""),
        ("let x = upper(5)", "type::mismatch", "5"),
        ("let x = join(\"a\", \",\")", "type::mismatch", "\"a\""),
        ("let x = keys([1])", "type::mismatch", "[1]"),
        ("let x = [for c in \"abc\": c]", "type::mismatch", "\"abc\""),
        ("let x = if \"yes\" then 1 else 2", "type::mismatch", "\"yes\""),
        ("let x = [...5]", "type::mismatch", "5"),
        ("let x = { ...5 }", "type::mismatch", "5"),
    ]);
}

#[test]
fn help_says_what_to_write() {
    assert_eq!(help(&boxed("size = \"8GiB\"")), "drop the quotes: `8GiB`");
    assert_eq!(help(&boxed("text = 5")), "put it in quotes: `\"5\"`");
    assert_eq!(help(&boxed("virt = \"hvn\"")), "did you mean `\"hvm\"`?");
    assert_eq!(help(&boxed("zones = \"us-east-1a\"")), "a list is wanted here: put it in brackets, `[…]`");
    assert_eq!(help(&boxed("text = [\"a\"]")), "one value is wanted here: drop the brackets");
    assert_eq!(help(&boxed("wait = 5")), "a duration has a unit: `30s`, `5m`, `1h30m`");
    let (diagnostics, _) = diagnose(&boxed("zones = \"us-east-1a\""));
    assert_eq!(diagnostics[0].fix.as_ref().map(|f| f.text.as_str()), Some("[\"us-east-1a\"]"));
}

#[test]
fn literals_are_judged_where_they_stand() {
    each_option(&[
        ("count = 9", "value::range", "9"),
        ("wait = 2h", "value::range", "2h"),
        ("region = \"us-esat-1\"", "facts::region", "\"us-esat-1\""),
        ("zones = [\"us-esat-1a\"]", "facts::region", "\"us-esat-1a\""),
        ("instance = \"m3.mediun\"", "facts::instance_type", "\"m3.mediun\""),
        ("source = \"ami-12\"", "value::domain", "\"ami-12\""),
        ("disks = [{ device = \"/x/y\" }]", "value::domain", "\"/x/y\""),
    ]);
    each(&[
        ("image i { builder box { title = \"Big Box\" } }", "value::pattern", "\"Big Box\""),
        ("param r: region = \"mars-1\"", "value::domain", "\"mars-1\""),
        ("table t key (r) {\n | r: region |\n | us-esat-1 |\n}", "facts::region", "us-esat-1"),
        // The literal is underlined, not the place that it flows into.
        (
            "let r = \"us-esat-1\"\nimage i { builder box { title = \"x\" region = r } }",
            "facts::region",
            "\"us-esat-1\"",
        ),
        (
            "image i { matrix { axis r in [\"us-east-1\", \"us-esat-1\"] } builder box { title = \"x\" region = r } }",
            "facts::region",
            "\"us-esat-1\"",
        ),
    ]);
    assert!(help(&boxed("region = \"us-esat-1\"")).starts_with("did you mean `us-east-1`?"));
}

#[test]
fn late_values_where_the_compiler_must_know() {
    each(&[
        ("variable v: bool = true\nimage i { builder box when v { title = \"x\" } }", "type::late", "v"),
        ("variable v: string\nimage i { matrix { axis a in [v] } builder box { title = \"x\" } }", "type::late", "[v]"),
        ("variable v: string\nimage i { name = \"x-${v}\" builder box { title = \"x\" } }", "type::late", "\"x-${v}\""),
        ("variable v: string\nlet x = upper(v)", "type::late", "v"),
        ("variable v: string\nlet x = v == \"a\"", "type::late", "v"),
        ("variable v: string\nlet m = { a = 1 }\nlet x = m[v]", "type::late", "v"),
        ("variable v: string\nfn f(s: string) -> string = s\nlet x = f(v)", "type::late", "v"),
        ("variable v: string\nlet x = match v { \"a\" => 1, _ => 2 }", "type::late", "v"),
        ("secret s: string\nlet x = s matches /a/", "type::late", "s"),
        ("let x = upper(\"{{timestamp}}\")", "type::late", "\"{{timestamp}}\""),
        ("variable v: string\nparam p: string = v", "type::late", "v"),
        ("variable v: int\nlet x = v + 1", "type::late", "v"),
    ]);
    let (diagnostics, sources) = diagnose("variable v: string\nlet a = \"x${v}\"\nlet x = upper(a)");
    assert_eq!(sources.slice(diagnostics[0].labels[1].span), "v");
    assert_eq!(diagnostics[0].labels[1].text, "`v` is a variable");
    assert!(help("variable v: string\nlet x = upper(v)").contains("`param`"));
}

#[test]
fn late_values_flow_into_options_and_texts() {
    fine(&format!(
        "variable v: string\nvariable n: int\nvariable it: instance_type = \"m3.medium\"\nsecret s = env(\"S\")\n{}",
        boxed("text = \"a-${v}\" + v\n instance = it\n tags = { A = v, B = \"${n}\" }\n size = null\n zones = [v, \"us-east-1a\"]\n weak = null\n fast = v != null")
    ).replace("weak = null\n", ""));
    fine(
        "variable v: string\nfn f(s: late string) -> late string = \"a${s}\"\nimage i { builder box { title = f(v) } }",
    );
    fine(
        "variable v: string\ngroup g(s: late string) { provision run { inline = [\"echo ${s}\"] } }\nimage i { builder box { title = \"x\" } use g(v) use g(\"x\") }",
    );
    fine("image a { builder box { title = \"a\" } }\nimage b { builder box { title = \"b\" source = a } }");
    // Presence is known early.
    fine("variable v: string\nlet x = if v != null then 1 else 2");
}

#[test]
fn null_stands_only_in_optional_places() {
    each(&[
        ("let x: string = null", "type::null", "null"),
        ("image i { builder box { title = null } }", "type::null", "null"),
        ("param x: string? = null\nimage i { builder box { title = x } }", "type::null", "x"),
        ("param x: string? = null\nlet y = upper(x)", "type::null", "x"),
        ("param x: string? = null\nlet y = \"a${x}\"", "type::null", "x"),
        ("let x = [null]", "type::null", "null"),
        ("param x: { a: int }? = null\nlet y = x.a", "type::null", "x"),
        ("param x: string? = null\nlet y = x matches /a/", "type::null", "x"),
        ("policy p for b in builds { require b.options.text matches /a/, \"m\" }", "type::null", "b.options.text"),
    ]);
    assert!(
        help("policy p for b in builds { require b.options.text matches /a/, \"m\" }").contains("`when … != null`")
    );
    fine(&format!("param x: string? = null\n{}", boxed("text = x\n tags = { A = x }")));
}

#[test]
fn conditions_make_names_non_null() {
    for condition in [
        "if x != null then upper(x) else \"\"",
        "if x == null then \"\" else upper(x)",
        "if x == null || upper(x) == \"A\" then 1 else 2",
        "if x != null && upper(x) == \"A\" then 1 else 2",
        "if !(x == null) then upper(x) else \"\"",
        "if null != x then upper(x) else \"\"",
        "upper(x ?? \"a\")",
        "match x { null => \"\", _ => upper(x) }",
        "if x == \"a\" then upper(x) else \"\"",
        "[for y in [1] if x != null: upper(x)]",
    ] {
        fine(&format!("param x: string? = null\nlet y = {condition}"));
    }
    fine("param r: { a: string? } = {}\nlet y = if r.a != null then upper(r.a) else \"\"");
    fine(
        "param x: string? = null\nimage i { builder box { title = \"x\" } provision run when x != null { inline = [x] } }",
    );
    fine(
        "image i { matrix { axis a in [\"x\", \"y\"] let n = if a == \"x\" then null else \"b\" exclude when n == null } builder box { title = n } }",
    );
    each(&[
        ("param x: string? = null\nlet y = if x == null then upper(x) else \"\"", "type::null", "x"),
        ("param x: string? = null\nlet y = if x != null || true then upper(x) else \"\"", "type::null", "x"),
    ]);
}

#[test]
fn conditions_narrow_literals() {
    let f = "fn f(a: \"hvm\") -> string = a\nparam v: \"pv\" | \"hvm\" = \"pv\"\n";
    for value in [
        "if v == \"hvm\" then f(v) else \"\"",
        "if v != \"pv\" then f(v) else \"\"",
        "match v { \"pv\" => \"\", _ => f(v) }",
        "if v in [\"hvm\"] then f(v) else \"\"",
    ] {
        fine(&format!("{f}let y = {value}"));
    }
    assert_eq!(check(&format!("{f}let y = f(v)")), [("type::mismatch".into(), "v".into())]);
    // Overlapping excludes are no mistake.
    fine(
        "image i { matrix { axis v in [\"a\", \"b\", \"c\"] exclude when v == \"a\" exclude when v == \"a\" && true } builder box { title = v } }",
    );
}

#[test]
fn comparisons_that_never_come_out_true() {
    let v = "param v: \"pv\" | \"hvm\" = \"pv\"\n";
    for (source, underlined) in [
        ("let x = v == \"pvm\"", "v == \"pvm\""),
        ("let x = v in [\"pvm\"]", "v in [\"pvm\"]"),
        ("let x = v == 5", "v == 5"),
        ("let x = match v { \"pvm\" => 1, _ => 2 }", "\"pvm\""),
    ] {
        assert_eq!(check(&format!("{v}{source}")), [("type::never_equal".into(), underlined.into())], "{source}");
    }
    assert_eq!(help(&format!("{v}let x = v == \"pvm\"")), "did you mean `\"pv\"`?");
    fine("let mode = \"fast\"\nlet x = mode == \"slow\"");
    fine("param s: string = \"a\"\nparam r: region = \"us-east-1\"\nlet x = s == r || s == \"q\" || 1 == 1.5");
}

#[test]
fn a_match_has_an_arm_for_every_value() {
    let v = "param v: \"pv\" | \"hvm\" = \"pv\"\nparam b: bool = true\nparam s: string? = null\n";
    for (arms, code, underlined) in [
        ("match v { \"pv\" => 1 }", "type::not_exhaustive", "match v { \"pv\" => 1 }"),
        ("match b { true => 1 }", "type::not_exhaustive", "match b { true => 1 }"),
        ("match s { null => 1 }", "type::not_exhaustive", "match s { null => 1 }"),
        ("match v { \"pv\" => 1, \"pv\" => 2, _ => 3 }", "type::unreachable", "\"pv\""),
        ("match v { _ => 3, \"pv\" => 1 }", "type::unreachable", "\"pv\""),
    ] {
        assert_eq!(check(&format!("{v}let x = {arms}")), [(code.into(), underlined.into())], "{arms}");
    }
    fine(&format!(
        "{v}let x = match v {{ \"pv\" => 1, \"hvm\" => 2 }} + match b {{ true => 1, false => 2 }} + match s {{ null => 1, _ => 2 }}"
    ));
    let (diagnostics, _) = diagnose(&format!("{v}let x = match v {{ \"pv\" => 1 }}"));
    assert_eq!(diagnostics[0].message, "this `match` has no arm for `\"hvm\"`");
}

#[test]
fn operators() {
    each(&[
        ("let x = \"a\" + 1", "type::operator", "\"a\" + 1"),
        ("let x = [1] + 1", "type::operator", "[1] + 1"),
        ("let x = { a = 1 } + { b = 2 }", "type::operator", "{ a = 1 } + { b = 2 }"),
        ("let x = \"a\" - \"b\"", "type::operator", "\"a\" - \"b\""),
        ("let x = 1GiB < 5m", "type::operator", "1GiB < 5m"),
        ("let x = -\"a\"", "type::mismatch", "-\"a\""),
        ("let x = 1 in 5", "type::mismatch", "5"),
        ("let x = 1 in { a = 1 }", "type::mismatch", "1"),
    ]);
    fine(
        "let a: int = 1 + 2 * 3 - 4 / 2 % 2\nlet b: duration = 5m * 2 + 1h\nlet c: size = 1GiB * 2\nlet d: [int] = [1] + [2]\nlet e: string = \"a\" + \"b\"\nlet f: bool = 1 < 2.5 && \"a\" < \"b\" && \"k\" in { k = 1 }\nlet g: int = -3",
    );
}

#[test]
fn functions_of_the_language() {
    fine(
        "let a: int = sum([1, 2]) + min(1, 2) + len(\"abc\") + abs(-1)\nlet b: [string] = sort([\"b\", \"a\"])\nlet c: [int] = flatten([[1], [2]])\n\
         let d: string = first([\"a\"]) ?? \"\"\nlet e: string = merge({ a = { b = 1 } }, { a = { c = \"x\" } }).a.c\nlet f: [int] = [for i in range(3): i]\n\
         let g: [int] = values({ a = 1, b = 2 })\nlet h = json({ a = [1] })\nlet i: int = merge({ a = { b = 1 } }, { a = { c = \"x\" } }).a.b",
    );
    each(&[
        ("let x = env(\"HOME\")", "name::misplaced", "env(\"HOME\")"),
        ("variable v: string = upper(env(\"HOME\"))", "name::misplaced", "env(\"HOME\")"),
        ("variable v: map<string>", "type::unfit", "v"),
        ("variable v: string? = null", "type::unfit", "v"),
        ("param p: late string", "type::unfit", "p"),
        ("let x = \"a${[1]}\"", "type::unfit", "[1]"),
        ("let x = \"a${{ b = 1 }}\"", "type::unfit", "{ b = 1 }"),
    ]);
    fine(
        "param p: string = lower(env(\"HOME\"))\nvariable v: int = env(\"N\")\nvariable l: [string] = [\"a\"]\nparam free = { a = \"x\" }",
    );
}

#[test]
fn one_mistake_is_reported_once() {
    assert_eq!(check("let a = upper(5)\nlet b = a + 1\nlet c = [for x in nothing: x + 1]").len(), 3);
    assert_eq!(check("fn f(a: int) -> int = a + \"x\"\nlet y = f(1)\nlet z = f(2)").len(), 1);
    assert_eq!(check("let a: int = \"x\"\nlet b = a + 1\nlet c: int = a").len(), 1);
}
