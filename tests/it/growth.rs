//! Time and memory grow as the text does: programs of a few hundred kilobytes that once took the square of their length.
//!
//! Each runs the real program, as in `hostile`, whose time limit a debug build keeps only where the work is in proportion.

use crate::hostile::{check, with_image};

/// `unit` of each number, so often that the text has about so many bytes.
fn many(bytes: usize, unit: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    let mut n = 0;
    while text.len() < bytes {
        text.push_str(&unit(n));
        n += 1;
    }
    text
}

const SOME: usize = 150_000;

#[test]
fn unknown_names_without_number() {
    check(many(SOME, |n| format!("let a{n} = b{n}\n"))).refuses("bake::name::unknown").says("perhaps more");
    check(many(SOME, |n| format!("let name_of_length_{n} = name_of_lenght_{n}\n"))).refuses("bake::name::unknown");
    check(many(SOME, |n| format!("type T{n} = U{n}\n"))).refuses("bake::name::unknown");
    check(many(SOME, |n| format!("let x{n} = g{n}(1)\n"))).refuses("bake::name::unknown");
    let options = many(SOME, |n| format!("option_{n} = 1\n"));
    check(format!("image a {{\nbuilder amazon-ebs {{\n{options}}}\n}}\n")).refuses("bake::name::unknown_option");
    let fields = many(SOME, |n| format!("a{n} = 1\n"));
    let reads = many(SOME, |n| format!("x.b{n},\n"));
    check(format!("let x: {{ a: int }} = {{\n{fields}}}\nlet y = [{reads}]\n")).refuses("bake::name::unknown_field");
    let variables = many(SOME, |n| format!("{{{{$a{n} := 1}}}}")) + &many(SOME, |n| format!("{{{{$b{n}}}}}"));
    check(with_image("", &format!("'{variables}'"))).refuses("bake::template::unknown_variable");
}

#[test]
fn broken_lines_without_number() {
    for line in
        ["let x = @\n", "lett x = 1\n", "let x = '\n", "let x = \"\n", "let x = \"${\n", "let x = a matches /b\n"]
    {
        check(line.repeat(SOME / line.len())).refuses("bake::syntax::");
    }
    let good = many(SOME, |n| format!("let a{n} = {n}\n"));
    check(format!("{good}let b = @\n")).refuses("bake::syntax::");
    check(format!("{}let b = @\n", good.replace('\n', " "))).refuses("bake::syntax::");
    check(many(SOME, |n| format!("let a-b-{n} = 1\n"))).refuses("bake::syntax::hyphened_name");
}

#[test]
fn matches_of_thousands() {
    let arms = many(SOME, |n| format!("{n} => {n}\n"));
    check(with_image(&format!("fn f(x: int) -> int = match x {{\n{arms}_ => 0\n}}\n"), "\"${f(1)}\"")).succeeds();
    check(with_image(&format!("let x = 1\nlet y = match x {{\n{arms}}}\n"), "\"\"")).refuses("bake::type::");
}

#[test]
fn records_of_thousands() {
    let fields = many(SOME, |n| format!("a{n} = 1\n"));
    let nulls = many(SOME, |n| format!("a{n} = null\n"));
    check(with_image(&format!("let x = {{\n...{{\n{fields}}}\n{nulls}}}\n"), "\"${len(x)}\"")).succeeds();
    let image = format!("image a {{\nbuilder null {{\ncommunicator = \"none\"\n...{{\n{fields}}}\n{nulls}}}\n}}\n");
    check(image).is_no_bug();
    let different = many(SOME, |n| format!("{{ a{n} = 1 }},\n"));
    check(with_image(&format!("let x = [{different}]\n"), "\"${len(x)}\"")).succeeds();
    let chain = format!("let a0 = {{}}\n{}", many(SOME, |n| format!("let a{} = {{ ...a{n}, k{n} = 1 }}\n", n + 1)));
    check(with_image(&chain, "\"${len(a4000)}\"")).refuses("bake::value::limit");
    let wide = many(SOME, |n| format!("a{n} = 1\n"));
    check(with_image(&format!("let s = {{\n{wide}}}\nlet x = {{\n{}}}\n", "...s\n".repeat(20_000)), "\"${len(x)}\""))
        .refuses("bake::value::limit");
}

#[test]
fn matrices_of_thousands() {
    let image = |matrix: &str| {
        check(format!("image a {{\nmatrix {{\n{matrix}}}\nbuilder null {{ communicator = \"none\" }}\n}}\n"))
    };
    let lets = many(SOME, |n| format!("let a{n} = v + {n}\n"));
    image(&format!("axis v in [1]\n{lets}")).succeeds();
    image(&many(SOME, |n| format!("axis v{n} in [1]\n"))).refuses("bake::matrix::size");
    let excludes = many(SOME, |n| format!("let a{n} = 1\nexclude when a{n} == 2 && v == 1\n"));
    image(&format!("axis v in [1]\n{excludes}")).is_no_bug();
    let hits = many(10 * SOME, |n| format!("exclude when v == {n} because \"b\"\n"));
    image(&format!("axis v in range(5000)\n{hits}")).refuses("bake::value::limit");
    let rows = many(SOME, |n| format!("| {} | {n} |\n", n % 1000));
    let table = format!("table t key (k, v) {{\n| k: int | v: int |\n{rows}}}\n");
    check(format!(
        "{table}image a {{\nmatrix {{ axis {{ k }} in t }}\nbuilder null {{ communicator = \"none\" }}\n}}\n"
    ))
    .is_no_bug();
}

#[test]
fn outputs_of_thousands() {
    check(with_image(&many(SOME, |n| format!("output \"o{n}.json\" = {n}\n")), "\"\"")).is_no_bug();
    let chain = "let x0 = 1\n".to_owned() + &many(SOME, |n| format!("let x{} = x{n}\n", n + 1));
    let images = many(SOME, |n| format!("image i{n} {{ builder null {{ ssh_host = \"${{x4000}}\" }} }}\n"));
    check(format!("{chain}{images}")).is_no_bug();
}

#[test]
fn wide_declarations() {
    let parameters = many(SOME, |n| format!("a{n}: int = 1, "));
    check(format!("fn f({parameters}) -> int = 1\nlet y = [{}]\n", "f(), ".repeat(50_000)))
        .refuses("bake::value::limit")
        .says("64 parameters");
    let few: String = (0..60).map(|n| format!("a{n}: int = 1, ")).collect();
    check(format!("fn f({few}) -> int = a0\nlet y = [{}]\n", "f(), ".repeat(50_000))).succeeds();
    let columns = many(SOME, |n| format!(" k{n}: int |"));
    check(format!("table t key (k0) {{\n|{columns}\n{}}}\n", "| 1 |\n".repeat(20_000)))
        .refuses("bake::value::limit")
        .says("1000 columns");
    let columns: String = (0..900).map(|n| format!(" k{n}: int |")).collect();
    check(format!("table t key (k0) {{\n|{columns}\n{}}}\n", "| 1 |\n".repeat(20_000))).refuses("bake::table::");
    let options = many(SOME, |n| format!("f{n}: string?\n"));
    let blocks = "provision k { }\n".repeat(10_000);
    let image = format!("image a {{\nbuilder null {{ communicator = \"none\" }}\n{blocks}}}\n");
    check(format!("extern provisioner k {{\n{options}}}\n{image}")).refuses("bake::value::limit").says("1000 options");
}

#[test]
fn texts_that_are_looked_at_often() {
    let text = "a".repeat(SOME);
    for element in ["upper(x)", "len(x)", "x matches /b$/", "x + \"b\"", "contains(x, \"b\")", "lines(x)"] {
        let list = format!("let x = \"{text}\"\nlet y = [for i in range(1000000): {element}]\n");
        check(with_image(&list, "\"${len(y)}\"")).refuses("bake::value::limit");
    }
    let list = "1,".repeat(SOME);
    for element in ["x == z", "i in x", "index_of(x, i)", "sort(x)"] {
        let list = format!("let x = [{list}]\nlet z = [{list}]\nlet y = [for i in range(1000000): {element}]\n");
        check(with_image(&list, "\"${len(y)}\"")).refuses("bake::value::limit");
    }
    let grows = " | replace_all `a` `aaaaaaaa`".repeat(1000);
    check(with_image("", &format!("'{{{{`a`{grows}}}}}'"))).succeeds();
    let variable = format!("variable v: string = \"{text}\"\n");
    let policy = "policy p for b in builds { require b.options.ssh_host matches /a/, \"m\" }\n";
    let host = "${v}".repeat(SOME / 4);
    let image = format!("image a {{ builder null {{ ssh_host = \"{host}\" }} }}\n");
    check(format!("{variable}{policy}{image}")).is_no_bug();
}
