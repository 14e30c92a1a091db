//! Cases of the style: one a construct, comments everywhere, the language's own example, and mutated layouts.

use proptest::prelude::*;

use super::{FormatProblem, format};

/// Files of the prelude, to be mutated as those that people write are.
const PRELUDE: &[&str] = &[
    include_str!("../schema/prelude/access.bake"),
    include_str!("../schema/prelude/amazon-ebs.bake"),
    include_str!("../schema/prelude/ami.bake"),
    include_str!("../schema/prelude/communicator.bake"),
    include_str!("../schema/prelude/shell.bake"),
    include_str!("../schema/prelude/types.bake"),
];

/// The example of the language's design.
const EXAMPLE: &str = include_str!("../syntax/tests/official.bake");
const COMMENTED: &str = include_str!("tests/commented.bake");

fn formatted(input: &str) -> String {
    match format("test.bake", input) {
        Ok(text) => text,
        Err(problem) => panic!("{problem:?}\n{input}"),
    }
}

/// The input becomes `expected`, and that stays.
#[track_caller]
fn case(input: &str, expected: &str) {
    let output = formatted(input);
    assert!(output == expected, "--- expected\n{expected}\n--- found\n{output}");
    let again = formatted(&output);
    assert!(again == output, "--- not stable\n{output}\n--- became\n{again}");
}

/// The text is in canonical style already.
#[track_caller]
fn kept(text: &str) {
    case(text, text);
}

#[test]
fn the_example_of_the_language_is_canonical() {
    kept(EXAMPLE);
}

#[test]
fn comments_stay_with_what_they_speak_of() {
    kept(COMMENTED);
}

#[test]
fn line_ends_and_the_end_of_the_file() {
    case("let a = 1\r\nlet b = 2\r\n\r\n\r\n", "let a = 1\nlet b = 2\n");
    case("let a = 1", "let a = 1\n");
    case("\n\n", "");
    case("# only a comment   \n\n\n// another", "# only a comment\n\n// another\n");
}

#[test]
fn short_items_of_a_keyword_may_stand_together() {
    case(
        "param a: int\nparam b: int\n\n\n\nparam c: int\ntype A = int\ntype B = int\nvariable v: string\nsecret s: string\n",
        "param a: int\nparam b: int\n\nparam c: int\n\ntype A = int\ntype B = int\n\nvariable v: string\nsecret s: string\n",
    );
    case("image a {\nname = \"a\"\n}\nimage b {}\n", "image a {\n    name = \"a\"\n}\n\nimage b {}\n");
    case("//! about\nlet a = 1\n", "//! about\n\nlet a = 1\n");
    case("/// one\nlet a = 1\n/// two\nlet b = 1\n", "/// one\nlet a = 1\n/// two\nlet b = 1\n");
}

#[test]
fn one_line_items() {
    case("import   'a b.bake'   as  x", "import 'a b.bake' as x\n");
    case("param a:string='x'", "param a: string = 'x'\n");
    case("let a=1+2*3-b", "let a = 1 + 2 * 3 - b\n");
    case("fn f( a:int,b : int=2 )->int=a+b", "fn f(a: int, b: int = 2) -> int = a + b\n");
    case("output \"x.json\"={for b in app:b.name=b.ami}", "output \"x.json\" = { for b in app: b.name = b.ami }\n");
}

#[test]
fn types() {
    case("type A=\"a\"|\"b\"|null", "type A = \"a\" | \"b\" | null\n");
    case("type A = | \"a\" | \"b\"", "type A = \"a\" | \"b\"\n");
    case("type A=[map< string >?]", "type A = [map<string>?]\n");
    case("type A=int in 1 .. 64", "type A = int in 1..64\n");
    case("type A=int in ..64", "type A = int in ..64\n");
    case("type A=string  matches  /^a b\\/$/", "type A = string matches /^a b\\/$/\n");
    case("type A=template< .A,.B , >", "type A = template<.A, .B>\n");
    case("type A=late  string", "type A = late string\n");
    case("type A=(int|string)?", "type A = (int | string)?\n");
    case("type A={a:int,b:string?=null}", "type A = { a: int, b: string? = null }\n");
    case("type A={\na:int,b:string}", "type A = {\n    a: int\n    b: string\n}\n");
    case("type A = {}", "type A = {}\n");
}

#[test]
fn a_long_union_breaks_before_its_bars() {
    let names: Vec<String> = (0..12).map(|i| format!("\"alternative-{i}\"")).collect();
    let expected = format!("type A = {}\n", names.join("\n    | "));
    case(&format!("type A = {}", names.join("|")), &expected);
}

#[test]
fn what_a_long_option_says_goes_below_it() {
    let text = "t".repeat(100);
    case(
        &format!("extern builder a {{ x: template<.A> = \"{text}\"\ny: {{\na: int }}? since \"1.2.0\" }}"),
        &format!(
            "extern builder a {{\n    x: template<.A>\n        = \"{text}\"\n    \
             y: {{\n        a: int\n    }}? since \"1.2.0\"\n}}\n"
        ),
    );
    let name = "n".repeat(30);
    case(
        &format!("extern builder a {{ rule {name} == 1, \"{text}\" at {name} }}"),
        &format!("extern builder a {{\n    rule {name} == 1,\n        \"{text}\"\n        at {name}\n}}\n"),
    );
    let fields = vec![".Field"; 16];
    case(
        &format!("type A = template<{}>", fields.join(",")),
        &format!("type A = template<\n    {},\n>\n", fields.join(",\n    ")),
    );
    case(&format!("type A = string matches /{text}{name}/"), &format!("type A = string matches\n    /{text}{name}/\n"));
}

#[test]
fn nesting_and_length_cost_no_more_than_their_size() {
    let deep = format!("let a = {}1{}\n", "[{ a = f(".repeat(40), ") }]".repeat(40));
    assert!(formatted(&deep).lines().count() > 40);
    let rows = "    | us-east-1 | ami-2aa0ba42 |\n".repeat(5_000);
    kept(&format!("table t key (r) {{\n    | r: region | a: ami_id    |\n{rows}}}\n"));
}

#[test]
fn one_line_records_stay_and_broken_ones_stay_broken() {
    kept("let a = { a = 1, b = \"x\", ...c }\n");
    case("let a = { a=1 b=2\n }", "let a = {\n    a = 1\n    b = 2\n}\n");
    case("let a={}", "let a = {}\n");
    case("let a={\n\n}", "let a = {}\n");
    case("let a = {\n\n\nb = 1,\n\n\nc = 2,\n\n}", "let a = {\n    b = 1\n\n    c = 2\n}\n");
}

#[test]
fn a_long_record_breaks() {
    let value = "x".repeat(50);
    case(
        &format!("let a = {{ one = '{value}', three = '{value}', ...other }}"),
        &format!("let a = {{\n    one   = '{value}'\n    three = '{value}'\n    ...other\n}}\n"),
    );
}

#[test]
fn equals_signs_of_neighbours_line_up() {
    case(
        "let a = {\na=1\nlong_name=2\n\nb=3\n// apart\nlonger_name=4\nbc=5\nd={\ne=6\n}\nfgh=7\n}",
        "let a = {\n    a         = 1\n    long_name = 2\n\n    b = 3\n    // apart\n    longer_name = 4\n    bc          = 5\n    \
         d = {\n        e = 6\n    }\n    fgh = 7\n}\n",
    );
}

#[test]
fn padding_never_widens_a_line_that_could_break() {
    let list = format!("[{}]", ["\"some text\""; 7].join(", "));
    let key = "k".repeat(60);
    case(
        &format!("let a = {{\na={list}\nb=1\n{key}=2\n}}"),
        &format!("let a = {{\n    a = {list}\n    {:60} = 1\n    {key} = 2\n}}\n", "b"),
    );
}

#[test]
fn keys_keep_hyphens_and_quotes() {
    kept(
        "let a = {\n    virtualization-type = \"hvm\"\n    \"a key\"             = 1\n    'b'                 = 2\n}\n",
    );
}

#[test]
fn lists_break_one_element_a_line() {
    case("let a = [\n1,\n2,\n]", "let a = [1, 2]\n");
    case("let a=[ ]", "let a = []\n");
    let text = "x".repeat(60);
    case(
        &format!("let a = ['{text}', -1, ...b,\n\n '{text}']"),
        &format!("let a = [\n    '{text}',\n    -1,\n    ...b,\n\n    '{text}',\n]\n"),
    );
    case("let a = [{\nb = 1 }]", "let a = [\n    {\n        b = 1\n    },\n]\n");
}

#[test]
fn calls_and_indexes() {
    case("let a=f( 1,b=2 )[ 3 , 4 ].c", "let a = f(1, b = 2)[3, 4].c\n");
    case("let a=f( )", "let a = f()\n");
    case("let a = f({\nb = 1 })", "let a = f({\n    b = 1\n})\n");
    case("let a = merge(b, {\nb = 1 })", "let a = merge(b, {\n    b = 1\n})\n");
    let text = "x".repeat(60);
    case(&format!("let a = f('{text}', '{text}')"), &format!("let a = f(\n    '{text}',\n    '{text}',\n)\n"));
    case(
        &format!("let a = join(\",\", ['{text}', '{text}'])"),
        &format!("let a = join(\",\", [\n    '{text}',\n    '{text}',\n])\n"),
    );
}

#[test]
fn long_operators_break_before_themselves() {
    let name = "n".repeat(50);
    case(
        &format!("let a = {name} && {name} || {name} == 1"),
        &format!("let a = {name} && {name}\n    || {name} == 1\n"),
    );
    case(
        &format!("let a = '{name}' + '{name}' + '{name}'"),
        &format!("let a = '{name}'\n    + '{name}'\n    + '{name}'\n"),
    );
}

#[test]
fn no_line_begins_with_a_minus() {
    let name = "n".repeat(50);
    case(&format!("let a = {name} - {name} + {name} - 1"), &format!("let a = {name} - {name}\n    + {name} - 1\n"));
}

#[test]
fn conditions() {
    case("let a=if b then 1 else 2", "let a = if b then 1 else 2\n");
    let name = "n".repeat(50);
    case(
        &format!("let a = if {name} then {name} else {name}"),
        &format!("let a = if {name}\n    then {name}\n    else {name}\n"),
    );
    case(
        &format!("let a = if {name} then {name} else if b then 1 else 2"),
        &format!("let a = if {name} then {name}\n    else if b then 1\n    else 2\n"),
    );
    case("let a = if b then {\nc = 1 } else {}", "let a = if b then {\n    c = 1\n} else {}\n");
}

#[test]
fn matches_line_up() {
    case(
        "let a=match b {\n\"pv\"=>1\n\"hvm\"|\"x\" => 2,\n_=>3}",
        "let a = match b {\n    \"pv\"        => 1\n    \"hvm\" | \"x\" => 2\n    _           => 3\n}\n",
    );
    case("let a=match b { true=>1 false=>2 }", "let a = match b { true => 1, false => 2 }\n");
}

#[test]
fn comprehensions() {
    case("let a=[for x in xs if x>1:x*2]", "let a = [for x in xs if x > 1: x * 2]\n");
    case("let a={for k,v in m:k=v}", "let a = { for k, v in m: k = v }\n");
    let name = "n".repeat(50);
    case(
        &format!("let a = [for x in {name} if {name}: {name}]"),
        &format!("let a = [\n    for x in {name} if {name}:\n        {name}\n]\n"),
    );
}

#[test]
fn texts_are_printed_as_written() {
    kept("let a = \"a\\n${ b }{{ .C }}\"\n");
    kept("let a = {\n    b = \"\"\"\n  text\n\n    more  \n  \"\"\"\n    c = 1\n}\n");
    kept("let a = [\n    '''\n    one\n    ''',\n    2,\n]\n");
    kept("let a = f('''\n    one\n    ''')\n");
    case("let a = [1_000,1h30m , 8GiB,1.50]", "let a = [1_000, 1h30m, 8GiB, 1.50]\n");
}

#[test]
fn tables_line_up() {
    case(
        "table t key(a,b){\n|a:string|b : int?|\n|x|-|\n\n\n# note\n| \"long text\" | | // end\n|[1,2]|{a=1}|\n}",
        "table t key (a, b) {\n    | a: string   | b: int?   |\n    | x           | -         |\n\n    # note\n    \
         | \"long text\" |           | // end\n    | [1, 2]      | { a = 1 } |\n}\n",
    );
}

#[test]
fn images() {
    case(
        "image a { matrix { axis r in [\"x\"] } name=\"a\" builder null {} }",
        "image a {\n    matrix { axis r in [\"x\"] }\n    name = \"a\"\n    builder null {}\n}\n",
    );
    case(
        "image a {\nmatrix {\naxis {a,b} in t\naxis virt in v\naxis s in w\nlet x=1\nexclude when a because \"b\"\nexclude when abc because \"d\"\n}\n}",
        "image a {\n    matrix {\n        axis { a, b } in t\n        axis virt in v\n        axis s    in w\n        let x = 1\n        \
         exclude when a    because \"b\"\n        exclude when abc  because \"d\"\n    }\n}\n",
    );
    case(
        "image a {\nprovision  shell  \"x\"  when a==1 { script=\"s\" }\nuse u.g( 1,b=2 ) when c\ncleanup shell { inline=[] }\nretain { a=1 }\n}",
        "image a {\n    provision shell \"x\" when a == 1 { script = \"s\" }\n    use u.g(1, b = 2) when c\n    \
         cleanup shell { inline = [] }\n    retain { a = 1 }\n}\n",
    );
    case(
        "image a {\npost manifest when x {}\npost when y { a {} then b { c=1 } }\npost {\na {}\n\nthen b {\nc=1 }\n}\n}",
        "image a {\n    post manifest when x {}\n    post when y { a {} then b { c = 1 } }\n    \
         post {\n        a {}\n\n        then b {\n            c = 1\n        }\n    }\n}\n",
    );
    case("group g( a:int , ) { use h( ) }", "group g(a: int) { use h() }\n");
}

#[test]
fn policies_and_long_reasons() {
    case(
        "policy p for b in builds when x {\nrequire a,\"m\"\nrequire abc , \"n\"\n}",
        "policy p for b in builds when x {\n    require a,   \"m\"\n    require abc, \"n\"\n}\n",
    );
    let name = "n".repeat(70);
    case(
        &format!("policy p for b in builds {{ require {name}, \"{name}\" }}"),
        &format!("policy p for b in builds {{\n    require {name},\n        \"{name}\"\n}}\n"),
    );
    // Aligned with its neighbour the first message would not fit.
    let (wide, message) = ("w".repeat(60), "m".repeat(70));
    let apart = format!("policy p for b in builds {{\n    require a, \"{message}\"\n    require {wide}, \"n\"\n}}\n");
    case(&apart, &apart);
}

#[test]
fn externs() {
    case(
        "extern builder a-b { ...common.ssh\nx:int=1 as gib since \"1.2.0\" formerly y,z\nrule x>0,\"positive\" at x\nfact f(x,1)\nunique x per y,z }",
        "extern builder a-b {\n    ...common.ssh\n    x: int = 1 as gib since \"1.2.0\" formerly y, z\n    \
         rule x > 0, \"positive\" at x\n    fact f(x, 1)\n    unique x per y, z\n}\n",
    );
    let name = "n".repeat(60);
    case(
        &format!("extern post a {{\n{name}: string deprecated \"{name}\" since \"1.2.0\"\n}}"),
        &format!("extern post a {{\n    {name}: string\n        since \"1.2.0\"\n        deprecated \"{name}\"\n}}\n"),
    );
}

#[test]
fn comments_in_the_middle_go_above_or_stay_behind() {
    case("let a = // why\n  1", "// why\nlet a = 1\n");
    case("/// doc\nlet a = // why\n  1", "// why\n/// doc\nlet a = 1\n");
    case("let a = b // one\n  && c // two\n", "let a = b // one\n    && c // two\n");
    case("let a = [1, // one\n2 # two\n]", "let a = [\n    1, // one\n    2, # two\n]\n");
    case("let a = [ // head\n1\n// foot\n]", "let a = [ // head\n    1,\n    // foot\n]\n");
    case("let a = {\n// only\n}", "let a = {\n    // only\n}\n");
    case("let a = f(\n// x\n1, 2)", "let a = f(\n    // x\n    1,\n    2,\n)\n");
    case("let a = {\nb = 1 // x\nccc = 222 // y\n}", "let a = {\n    b   = 1   // x\n    ccc = 222 // y\n}\n");
}

#[test]
fn a_file_that_does_not_parse_is_left_alone() {
    assert!(matches!(format("a.bake", "let a = {"), Err(FormatProblem::DoesNotParse(p)) if !p.is_empty()));
}

/// Puts something into the text at some places: blanks, line breaks, comments.
fn mutated(text: &str, places: &[(usize, u8)]) -> String {
    let mut breaks: Vec<(usize, u8)> = places.iter().map(|(at, kind)| (at % (text.len() + 1), *kind)).collect();
    breaks.sort_unstable();
    let mut out = String::new();
    let mut from = 0;
    for (at, kind) in breaks {
        // Behind the next mark or blank, where a token is likely to end.
        let Some(end) = text.get(at..).and_then(|rest| rest.find(['{', '}', '(', ')', '[', ']', ',', '=', ' ', '\n']))
        else {
            continue;
        };
        let end = at + end + 1;
        if end <= from {
            continue;
        }
        out.push_str(&text[from..end]);
        out.push_str(["  ", "\n", "\n\n\n", " // c\n", "\n# own\n", "\t", "\r\n"][kind as usize % 7]);
        from = end;
    }
    out.push_str(&text[from..]);
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn whatever_parses_is_formatted_and_settles(
        which in 0..2 + PRELUDE.len(),
        places in prop::collection::vec((any::<usize>(), any::<u8>()), 1..6),
    ) {
        let text = [EXAMPLE, COMMENTED].iter().chain(PRELUDE).nth(which).copied().unwrap_or("");
        let text = mutated(text, &places);
        match format("a.bake", &text) {
            Ok(once) => prop_assert_eq!(format("a.bake", &once).ok(), Some(once)),
            Err(FormatProblem::DoesNotParse(_)) => {}
            Err(problem) => prop_assert!(false, "{}\n{}", problem, text),
        }
    }
}
