//! Bad input of any kind: a clear error in time, never a panic, an endless loop or memory without bound.
//!
//! Each test runs the real program in a folder of its own, under a time limit and with a bound on its memory.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a run may take. A debug build on a busy machine needs a good part of it.
const LIMIT: Duration = Duration::from_secs(60);
/// Kilobytes of address space that a run may have, stack included.
const MEMORY: &str = "4000000";

/// An image with one build, behind whatever a test puts before it.
const IMAGE: &str = "
image a {
    builder null { communicator = \"none\" }
    provision shell-local { inline = [\"VALUE\"] }
}
";

/// What a run leaves behind.
pub(crate) struct Ran {
    code: Option<i32>,
    out: String,
    errors: String,
}

impl Ran {
    /// The run ended with mistakes, among them one of this code.
    #[track_caller]
    pub(crate) fn refuses(&self, code: &str) -> &Self {
        self.is_no_bug();
        assert_eq!(self.code, Some(2), "{}", self.start());
        assert!(self.errors.contains(code), "`{code}` is not among:\n{}", self.start());
        self
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Self {
        assert!(self.errors.contains(words), "`{words}` is not in:\n{}", self.start());
        self
    }

    #[track_caller]
    pub(crate) fn succeeds(&self) -> &Self {
        self.is_no_bug();
        assert_eq!(self.code, Some(0), "{}", self.start());
        self
    }

    #[track_caller]
    pub(crate) fn is_no_bug(&self) {
        for word in ["panicked", "overflowed its stack", "memory allocation", "bug of bakec"] {
            assert!(!self.errors.contains(word), "{}", self.start());
        }
        assert!(self.code.is_some(), "killed by a signal:\n{}", self.start());
    }

    fn start(&self) -> String {
        self.errors.chars().take(3000).collect()
    }
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    // The shell's limit holds for what it becomes.
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_bakec")]);
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1").env("COLUMNS", "100");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Waits for a run to end, and kills it at the limit.
#[track_caller]
fn finish(mut child: Child) -> Ran {
    fn reader(stream: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(mut stream) = stream {
                stream.read_to_end(&mut bytes).expect("a pipe can be read");
            }
            String::from_utf8_lossy(&bytes).into_owned()
        })
    }
    let (out, errors) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("bakec can be waited for") {
            break status;
        }
        if start.elapsed() > LIMIT {
            child.kill().expect("bakec can be killed");
            child.wait().expect("bakec can be waited for");
            panic!("bakec does not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let text = |thread: std::thread::JoinHandle<String>| thread.join().expect("the reader ends");
    Ran { code: status.code(), out: text(out), errors: text(errors) }
}

#[track_caller]
fn run(folder: &Path, arguments: &[&str]) -> Ran {
    finish(command(folder, arguments).spawn().expect("bakec can be started"))
}

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).expect("a file can be written");
    }
    folder
}

/// Checks one program.
#[track_caller]
pub(crate) fn check(text: impl AsRef<[u8]>) -> Ran {
    let folder = folder(&[("main.bake", text.as_ref())]);
    run(folder.path(), &["check", "main.bake"])
}

/// Items, and an image that uses a value of theirs.
pub(crate) fn with_image(items: &str, value: &str) -> String {
    format!("{items}{}", IMAGE.replace("\"VALUE\"", value))
}

/// `first`, then `step` of each number and its predecessor.
fn chain(first: &str, count: usize, step: impl Fn(usize, usize) -> String) -> String {
    std::iter::once(first.to_owned()).chain((1..=count).map(|n| step(n, n - 1))).map(|line| line + "\n").collect()
}

// ── Bytes ──────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn not_utf8() {
    check(b"let x = \"\xff\xfe\"\n").refuses("bake::load::read").says("not UTF-8");
    check(b"\xff\xfel\0e\0t\0").refuses("bake::load::read");
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_read() {
    check(IMAGE.replace('\n', "\r\n")).succeeds();
    check(format!("\u{feff}{IMAGE}")).succeeds();
    let text = with_image("let text = \"\"\"\n    one\n    two\n    \"\"\"\n", "text").replace('\n', "\r\n");
    check(&text).succeeds();
    check(format!("\u{feff}let x = \r\n{IMAGE}")).refuses("bake::syntax::").says("main.bake:1:");
}

#[test]
fn nul_bytes() {
    check("\0\0\0let x = 1\n").refuses("bake::syntax::unexpected");
    check(vec![0; 100_000]).refuses("bake::syntax::unexpected");
    check(with_image("", "\"a\0b\"")).is_no_bug();
}

#[test]
fn nothing_and_nothing_but_comments() {
    check("").succeeds();
    check("\n\n  \n").succeeds();
    check("// one\n# two\n//! three").succeeds();
    check("/// of nothing").succeeds().says("bake::syntax::dangling_doc");
}

// ── Size ───────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_file_of_a_hundred_megabytes() {
    let folder = folder(&[]);
    let file = fs::File::create(folder.path().join("main.bake")).expect("a file can be made");
    file.set_len(100 << 20).expect("a file can be stretched");
    run(folder.path(), &["check"]).refuses("bake::load::read").says("the limit of 16 MiB");
    fs::write(folder.path().join("two.bake"), "import \"main.bake\" as big\n").expect("a file can be written");
    run(folder.path(), &["check", "two.bake"]).refuses("bake::load::read");
    run(folder.path(), &["check", "/dev/zero"]).refuses("bake::load::read");
}

#[test]
fn one_line_of_five_megabytes() {
    let a = "a".repeat(5_000_000);
    check(format!("// {a}{IMAGE}")).succeeds();
    check(format!("let x = \"{a}\"{IMAGE}")).succeeds();
    let open = check(format!("let x = \"{a}{IMAGE}"));
    open.refuses("bake::syntax::unclosed_quote");
    assert!(open.errors.len() < 10_000, "the line is shown whole");
}

#[test]
fn names_and_numbers_of_a_megabyte() {
    check(with_image(&format!("let {} = 1", "x".repeat(1 << 20)), "\"\"")).is_no_bug();
    check(format!("let x = {}{IMAGE}", "x".repeat(1 << 20))).refuses("bake::name::unknown");
    check(format!("let x = {}{IMAGE}", "9".repeat(1 << 20))).refuses("bake::syntax::number_too_large");
}

#[test]
fn a_table_of_a_hundred_thousand_rows() {
    let rows: String = (0..100_000).map(|n| format!("| {n} | v{n} |\n")).collect();
    let table = format!("table t key (k) {{\n| k: int | v: string |\n{rows}}}\n");
    check(with_image(&table, "t[99999].v")).succeeds();
    check(with_image(&table, "t[100000].v")).refuses("bake::table::no_row");
}

#[test]
fn mistakes_without_number() {
    let many = check("let x = @\n".repeat(3000));
    many.refuses("bake::syntax::unexpected").says("more: mend the first ones first");
    let image = "image a { builder amazon-ebs {\n".to_owned() + &"x: 1\n".repeat(3000) + "} }\n";
    check(image).refuses("bake::syntax::colon_for_equals");
    let rows = "| 1 | abc |\n".repeat(3000);
    check(format!("table t key (k) {{\n| k: int | v: region |\n{rows}}}\n")).refuses("bake::table::");
    let unknown: String = (0..1000).map(|n| format!("let a{n} = b{n}\n")).collect();
    check(unknown).refuses("bake::name::unknown");
}

#[test]
fn a_union_of_thousands() {
    let members: Vec<String> = (0..8000).map(|n| format!("\"a{n}\"")).collect();
    let union = format!("type T = {}\nlet x: T = \"a7999\"\n", members.join(" | "));
    check(with_image(&union, "x")).succeeds();
    check(union.replace("= \"a7999\"", "= \"b\"")).refuses("bake::type::mismatch");
}

// ── Depth ──────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn nesting() {
    let n = 10_000;
    for (open, middle, close) in [
        ("[", "", "]"),
        ("(", "1", ")"),
        ("[", "", ""),
        ("{ a = ", "1", " }"),
        ("-", "1", ""),
        ("!", "true", ""),
        ("1 + ", "1", ""),
        ("if true then 1 else ", "1", ""),
        ("[for x in ", "[1]", ": x]"),
        ("match 1 { 1 => ", "1", " _ => 2 }"),
        ("\"${", "1", "}\""),
        ("f(", "1", ")"),
    ] {
        let text = format!("let x = {}{middle}{}\n{IMAGE}", open.repeat(n), close.repeat(n));
        check(text).refuses("bake::syntax::too_deep");
    }
    check(format!("let y = 1\nlet x = y{}\n", ".a".repeat(n))).refuses("bake::syntax::too_deep");
    check(format!("let x: {}int{} = []\n", "[".repeat(n), "]".repeat(n))).refuses("bake::syntax::too_deep");
    check(format!("let x: int{} = 1\n", "?".repeat(n))).refuses("bake::syntax::too_deep");
    let braces = format!("image a {{ builder null {}{} }}\n", "{ a = ".repeat(n), "}".repeat(n));
    check(braces).refuses("bake::syntax::too_deep");
}

#[test]
fn nesting_of_templates() {
    let inline = |text: &str| check(with_image("", &format!("'{text}'")));
    inline(&format!("{{{{{}.A{}}}}}", "(".repeat(10_000), ")".repeat(10_000))).refuses("bake::template::syntax");
    inline(&("{{if true}}".repeat(10_000) + &"{{end}}".repeat(10_000))).is_no_bug();
    inline(&"{{if true}}".repeat(3_000)).refuses("bake::template::unbalanced");
    let render = |text: &str| check(with_image("", &format!("render(verbatim('{text}'), {{}})")));
    render(&"{% if true %}".repeat(10_000)).refuses("bake::value::render");
    render(&format!("{{{{ {} }}}}", "(".repeat(10_000))).refuses("bake::value::render");
}

#[test]
fn long_chains() {
    let n = 5000;
    let lets = chain("let x0 = \"a\"", n, |n, m| format!("let x{n} = x{m}"));
    check(with_image(&lets, "x5000")).succeeds();
    let backwards: String = lets.lines().rev().map(|line| format!("{line}\n")).collect();
    check(with_image(&backwards, "x5000")).succeeds();
    let functions =
        chain("fn f0(a: string) -> string = a", n, |n, m| format!("fn f{n}(a: string) -> string = f{m}(a)"));
    check(with_image(&functions, "f5000(\"a\")")).succeeds();
    let types = chain("type T0 = string", n, |n, m| format!("type T{n} = T{m}"));
    check(with_image(&format!("{types}let x: T5000 = \"a\"\n"), "x")).succeeds();
    let lists = chain("let x0 = [1]", n, |n, m| format!("let x{n} = [x{m}]"));
    check(with_image(&lists, "json(x5000)")).is_no_bug();
    let records = chain("let x0 = {}", n, |n, m| format!("let x{n} = {{ a = x{m} }}"));
    check(with_image(&records, "json(x5000)")).is_no_bug();
    let groups = chain("group g0() { provision shell-local { inline = [\"a\"] } }", n, |n, m| {
        format!("group g{n}() {{ use g{m}() }}")
    });
    check(format!("{groups}image a {{\nbuilder null {{ communicator = \"none\" }}\nuse g5000()\n}}\n")).succeeds();
}

#[test]
fn a_chain_of_a_hundred_thousand() {
    let n = 100_000;
    let lets = chain("let x0 = \"a\"", n, |n, m| format!("let x{n} = x{m}"));
    check(with_image(&lets, "x100000")).is_no_bug();
    let backwards = |text: &str| text.lines().rev().map(|line| format!("{line}\n")).collect::<String>();
    check(with_image(&backwards(&lets), "x100000")).refuses("bake::value::limit");
    let params = lets.replace("let ", "param ").replace(" =", ": string =");
    check(with_image(&backwards(&params), "x100000")).refuses("bake::value::limit");
    let types = chain("type T0 = string", n, |n, m| format!("type T{n} = T{m}"));
    check(with_image(&types, "\"\"")).is_no_bug();
    check(with_image(&backwards(&types), "\"\"")).refuses("bake::value::limit");
}

// ── Growth ─────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn what_doubles_sixty_times() {
    let limit = "bake::value::limit";
    let doubled = |first: &str, step: &str, value: &str| {
        let step = |n: usize, m: usize| format!("let x{n} = {}", step.replace('x', &format!("x{m}")));
        check(with_image(&chain(first, 60, step), value))
    };
    doubled("let x0 = \"0123456789\"", "\"${x}${x}\"", "x60").refuses(limit);
    doubled("let x0 = \"0123456789\"", "x + x", "x60").refuses(limit);
    doubled("let x0 = \"0123456789\"", "join([x, x], \"\")", "x60").refuses(limit);
    doubled("let x0 = \"0123456789\"", "replace(x, \"0\", \"00\") + x", "x60").refuses(limit);
    doubled("variable v: string\nlet x0 = \"${v}.\"", "\"${x}${x}\"", "x60").refuses(limit);
    doubled("let x0 = [1]", "[...x, ...x]", "\"${len(x60)}\"").refuses(limit);
    doubled("let x0 = [1]", "x + x", "\"${len(x60)}\"").refuses(limit);
    doubled("let x0 = [1]", "[x, x]", "json(x60)").refuses(limit);
    doubled("let x0 = { a = 1 }", "{ a = x, b = x }", "json(x60)").refuses(limit);
}

#[test]
fn work_that_doubles_sixty_times() {
    let functions = chain("fn f0(a: int) -> int = a", 60, |n, m| format!("fn f{n}(a: int) -> int = f{m}(a) + f{m}(a)"));
    check(with_image(&functions, "\"${f60(0)}\"")).refuses("bake::value::limit");
    let groups = chain("group g0() { provision shell-local { inline = [\"a\"] } }", 60, |n, m| {
        format!("group g{n}() {{\nuse g{m}()\nuse g{m}()\n}}")
    });
    let image = "image a {\nbuilder null { communicator = \"none\" }\nuse g60()\n}\n";
    check(format!("{groups}{image}")).refuses("bake::value::limit");
    let types = chain("type T0 = { a: int }", 60, |n, m| format!("type T{n} = {{ a: T{m}, b: T{m} }}"));
    check(format!("{types}fn f(a: T60) -> T60 = a\n")).refuses("bake::type::unfit");
}

#[test]
fn work_that_no_plan_needs() {
    let functions = chain("fn f0(a: int) -> int = a", 60, |n, m| format!("fn f{n}(a: int) -> int = f{m}(a) + f{m}(a)"));
    check(with_image(&format!("{functions}let unused = f60(0)\nlet after = 1 + 1\n"), "\"a\"")).succeeds();
    check(with_image(&format!("let wrong = 1 / 0\n{functions}let unused = f60(0)\n"), "\"a\""))
        .refuses("bake::value::");
}

#[test]
fn loops_in_loops() {
    let nested = format!("{}1{}", "len([for a in range(1000): ".repeat(10), "])".repeat(10));
    check(with_image(&format!("let x = {nested}\n"), "\"${x}\"")).refuses("bake::value::limit");
    check(with_image("", "\"${len(range(1000000000000))}\"")).refuses("bake::value::limit");
    check(with_image("", "repeat(\"abc\", 1000000000000)")).refuses("bake::value::limit");
}

#[test]
fn templates_that_grow() {
    let render = |text: &str| check(with_image("", &format!("render(verbatim('{text}'), {{}})")));
    let loops = "{% for i in range(100000) %}{% for j in range(100000) %}a{% endfor %}{% endfor %}";
    render(loops).refuses("bake::value::render");
    render("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}").refuses("bake::value::render");
    render("{{ \"a\" * 100000000000 }}").refuses("bake::value::render");
    render("{{ \"%1000000000d\"|format(1) }}").refuses("bake::value::render").says("at most 1000");
    render("{{ \"a\nb\"|indent(1000000000) }}").refuses("bake::");
    // Forty doublings would fill any memory; each is one instruction.
    for set in ["a ~ a", "a + a", "a * 2", "[a, a]", "[a, a]|join"] {
        let text = format!("{{% set a = \"x\" %}}{}{{{{ a|length }}}}", format!("{{% set a = {set} %}}").repeat(40));
        render(&text).refuses("bake::value::render").says("any plan needs");
    }
    render("{{ \"%05d\"|format(7) }}").succeeds();
}

#[test]
fn a_matrix_without_end() {
    let values: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
    let image = |source: &str, axes: usize| {
        let axes: String = (0..axes).map(|n| format!("axis a{n} in {source}\n")).collect();
        check(IMAGE.replace("image a {", &format!("image a {{\nmatrix {{\n{axes}}}\n")))
    };
    image(&format!("[{}]", values.join(", ")), 4).refuses("bake::matrix::size");
    image("range(1000)", 4).refuses("bake::matrix::size");
    image("[1, 2]", 70).refuses("bake::matrix::size");
    image("[1]", 70).refuses("bake::matrix::size");
}

#[test]
fn a_regex_that_explodes() {
    let large = "type T = string matches /(((a{1000}){1000}){1000})/\n";
    check(with_image(large, "\"\"")).refuses("bake::type::pattern").says("it would grow too large");
    let deep = format!("type T = string matches /{}a{}/\n", "(".repeat(5000), ")".repeat(5000));
    check(with_image(&deep, "\"\"")).refuses("bake::type::pattern");
    let slow = format!("type T = string matches /^(a*)*(a|aa)*$/\nlet x: T = \"{}b\"\n", "a".repeat(100_000));
    check(with_image(&slow, "x")).refuses("bake::value::pattern");
}

// ── Files ──────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn imports_in_a_circle() {
    let folder = folder(&[
        ("self.bake", b"import \"self.bake\" as me\n"),
        ("dot.bake", b"import \"./nothing/../dot.bake\" as me\n"),
        ("a.bake", b"import \"b.bake\"\n"),
        ("b.bake", b"import \"c.bake\"\n"),
        ("c.bake", b"import \"a.bake\"\n"),
    ]);
    run(folder.path(), &["check", "self.bake"]).refuses("bake::load::cycle").says("imports itself");
    run(folder.path(), &["check", "dot.bake"]).refuses("bake::load::cycle");
    run(folder.path(), &["check", "a.bake"]).refuses("bake::load::cycle").says("`a.bake` → `b.bake` → `c.bake`");
}

#[test]
fn imports_of_a_thousand() {
    let folder = folder(&[("f0.bake", b"let x = 1\n")]);
    for n in 1..=1000 {
        let text = format!("import \"f{}.bake\"\n", n - 1);
        fs::write(folder.path().join(format!("f{n}.bake")), text).expect("a file can be written");
    }
    run(folder.path(), &["check", "f1000.bake"]).succeeds();
}

#[test]
fn folders_and_what_is_not_there() {
    let folder = folder(&[
        ("folder.bake", b"import \"lib\"\n"),
        ("missing.bake", b"import \"gone.bake\"\n"),
        ("empty.bake", b"import \"\" as x\n"),
        ("nul.bake", b"import \"a\0b\" as x\n"),
    ]);
    fs::create_dir(folder.path().join("lib")).expect("a folder can be made");
    run(folder.path(), &["check", "folder.bake"]).refuses("bake::load::read").says("it is a folder");
    run(folder.path(), &["check", "missing.bake"]).refuses("bake::load::read").says("no such file");
    run(folder.path(), &["check", "gone.bake"]).refuses("bake::load::read");
    run(folder.path(), &["check", "empty.bake"]).refuses("bake::load::");
    run(folder.path(), &["check", "nul.bake"]).refuses("bake::load::read");
    let lib = run(folder.path(), &["check", "lib"]);
    assert_eq!(lib.code, Some(2), "{}", lib.errors);
    lib.says("there is no `.bake` file in `lib`").is_no_bug();
}

#[test]
fn files_that_options_name() {
    check(with_image("", "file(\"gone\")")).refuses("bake::").says("gone");
    check(with_image("", "file(\"/\")")).refuses("bake::").says("folder");
    check(with_image("", "file(\"main.bake\")")).succeeds();
    check(with_image("", "render_file(\"gone\", {})")).refuses("bake::").says("gone");
    check(IMAGE.replace("inline = [\"VALUE\"]", "script = \"gone.sh\"")).refuses("bake::option::file");
}

// ── Arguments ──────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn set_with_garbage() {
    let program = with_image("param p: int = 1\nparam l: [string] = []\nparam s: string = \"\"\n", "s");
    let folder = folder(&[("main.bake", program.as_bytes())]);
    let deep = format!("l={}", "[".repeat(10_000));
    for garbage in
        ["", "=", "p", "p=", "p=x", "p=1 2", "p=9999999999999999999", "=1", "q=1", "l=[", "l={", "l=\"", &deep]
    {
        run(folder.path(), &["check", "--set", garbage]).refuses("bake::");
    }
    for fine in ["s=\0".trim_end_matches('\0'), "s={{x", "s=${x}", "s=\"", "p= 7 ", "l=[\"a\"]"] {
        run(folder.path(), &["check", "--set", fine]).succeeds();
    }
}

#[test]
fn params_that_are_no_json() {
    let program = with_image("param p: int = 1\n", "\"${p}\"");
    let files: [(&str, &[u8]); 8] = [
        ("main.bake", program.as_bytes()),
        ("empty.json", b""),
        ("open.json", b"{\"p\": "),
        ("list.json", b"[1]"),
        ("twice.json", b"{\"p\": 1, \"p\": 2}"),
        ("wrong.json", b"{\"p\": \"x\"}"),
        ("bytes.json", b"{\"p\": \"\xff\"}"),
        ("large.json", b"{\"p\": 1e999}"),
    ];
    let folder = folder(&files);
    for (name, _) in &files[1..] {
        run(folder.path(), &["check", "--params", name]).refuses("bake::");
    }
    fs::write(folder.path().join("deep.json"), "[".repeat(1 << 20)).expect("a file can be written");
    run(folder.path(), &["check", "--params", "deep.json"]).refuses("bake::json::");
    run(folder.path(), &["check", "--params", "gone.json"]).refuses("bake::load::read");
    run(folder.path(), &["check", "--params", "."]).refuses("bake::load::read");
}

#[test]
fn selections_with_garbage() {
    let folder = folder(&[("main.bake", IMAGE.as_bytes())]);
    for garbage in
        ["", ",", "+", "=", "a=", "=a", "[", "{", "**[", "nothing", "\\", &"*".repeat(10_000), &"{a,".repeat(5000)]
    {
        let ran = run(folder.path(), &["list", "--only", garbage]);
        ran.is_no_bug();
        assert!(ran.code == Some(0) || ran.errors.contains("bake::select::"), "{garbage}: {}", ran.start());
    }
}

// ── Output ─────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn an_output_that_cannot_be_written() {
    let folder = folder(&[("main.bake", IMAGE.as_bytes())]);
    fs::create_dir(folder.path().join("folder")).expect("a folder can be made");
    for output in ["gone/plan.json", "folder", "main.bake/plan.json", "/dev/full", "/proc/plan.json", ""] {
        let ran = run(folder.path(), &["compile", "-o", output]);
        ran.is_no_bug();
        assert_eq!(ran.code, Some(2), "{output}: {}", ran.errors);
        ran.says("cannot be written");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 2, "nothing is left behind");
}

#[test]
fn a_reader_that_goes_away() {
    let image = IMAGE.replace("image a {", "image a {\nmatrix { axis n in range(20000) }\n");
    let folder = folder(&[("main.bake", image.as_bytes())]);
    for arguments in [["compile", "main.bake"], ["list", "main.bake"], ["fmt", "--diff"]] {
        let mut child = command(folder.path(), &arguments).spawn().expect("bakec can be started");
        drop(child.stdout.take());
        finish(child).is_no_bug();
        let mut child = command(folder.path(), &arguments).spawn().expect("bakec can be started");
        drop(child.stderr.take());
        finish(child).is_no_bug();
    }
    let full = fs::File::options().write(true).open("/dev/full").expect("a full device");
    let child = command(folder.path(), &["compile"]).stdout(full).spawn().expect("bakec can be started");
    let ran = finish(child);
    ran.is_no_bug();
    assert_eq!(ran.code, Some(2));
    ran.says("standard output cannot be written");
}

#[test]
fn garbage_on_standard_input() {
    let folder = folder(&[]);
    for (bytes, code) in [(&b"\xff"[..], Some(2)), (b"", Some(0)), (b"image", Some(2)), (&[0x80; 70_000][..], Some(2))]
    {
        let mut child = command(folder.path(), &["compile", "-"]).stdin(Stdio::piped()).spawn().expect("bakec starts");
        // A program that has seen enough closes its end.
        let _ = child.stdin.take().expect("its input is a pipe").write_all(bytes);
        let ran = finish(child);
        ran.is_no_bug();
        assert_eq!(ran.code, code, "{}", ran.start());
        assert!(code == Some(0) || ran.out.is_empty());
    }
}
