//! Templates: what they print, what they refuse, and that nothing grows without bound.

use serde_json::json;

use super::*;

fn values() -> serde_json::Value {
    json!({
        "name": "web", "n": 3,
        "builds": [
            {"name": "b-1", "axes": {"region": "us-east-1", "virt": "hvm"}},
            {"name": "b-2", "axes": {"region": "eu-west-1", "virt": "pv"}},
            {"name": "b-3", "axes": {"region": "us-east-1", "virt": "pv"}},
        ],
        "zebra": {"z": 1, "a": [1, 2.5, null, true]},
    })
}

fn render(text: &str) -> Result<String, RenderError> {
    Templates::of_text(text).and_then(|t| t.render(&values()))
}

#[track_caller]
fn prints(text: &str, wanted: &str) {
    assert_eq!(render(text).as_deref(), Ok(wanted), "{text}");
}

#[track_caller]
fn refuses(text: &str, place: &str, what: &str, help: Option<&str>) {
    let error = render(text).expect_err("the template is refused");
    let found = (text.get(error.range.clone()).unwrap_or("nowhere"), error.what.as_str(), error.help.as_deref());
    assert_eq!(found, (place, what, help), "{text}");
}

#[track_caller]
fn grows(text: &str) {
    let error = render(text).map(|t| t.len()).expect_err("the template grows");
    let words = ["beyond what any plan needs", "than any plan needs", "too deeply", "at most", "too long"];
    assert!(words.iter().any(|w| error.what.contains(w)), "{text}: {error:?}");
}

#[test]
fn the_usual_templates_work() {
    prints("a\n{{ name }}-{{ n + 1 }}\n", "a\nweb-4\n");
    prints(
        "{% for b in builds %}{{ loop.index }}:{{ b.name }}{% if not loop.last %},{% endif %}{% endfor %}",
        "1:b-1,2:b-2,3:b-3",
    );
    prints("{{ zebra|tojson }}", "{\"z\": 1, \"a\": [1, 2.5, null, true]}");
    prints("{% for k, v in zebra|items %}{{ k }}={{ v }};{% endfor %}", "z=1;a=[1, 2.5, None, True];");
    prints("{{ builds|map(attribute='name')|join(', ') }}", "b-1, b-2, b-3");
    prints(
        "{% for r, bs in builds|groupby('axes.region') %}{{ r }}:{{ bs|length }} {% endfor %}",
        "eu-west-1:1 us-east-1:2 ",
    );
    prints("{% for g in builds|groupby('axes.virt') %}{{ g.grouper }}{{ g.list|length }}{% endfor %}", "hvm1pv2");
    prints("{{ builds|selectattr('axes.virt', 'eq', 'pv')|map(attribute='name')|list }}", "['b-2', 'b-3']");
    prints(
        "{% set ns = namespace(all=[]) %}{% for b in builds %}{% set ns.all = ns.all + [b.name] %}{% endfor %}{{ ns.all|join('/') }}",
        "b-1/b-2/b-3",
    );
    prints("{% macro m(x, y=2) %}<{{ x }}{{ y }}>{% endmacro %}{{ m(1) }}{{ m(x='a', y='b') }}", "<12><ab>");
    prints("{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}x{% endcall %}", "[x]");
    prints("{% set a %}x{{ n }}{% endset %}{{ a ~ a ~ 1 }}{{ 'ab' * 2 }}{{ [1] * 2 + [3] }}", "x3x31abab[1, 1, 3]");
    prints("{% filter upper|trim %} x {% endfilter %}{% set y | upper %}q{% endset %}{{ y }}", "XQ");
    prints(
        "{{ {'b': 1, 'a': n}|tojson }}{{ [1, 2, 3][1:] }}{{ (1, n)|length }}{{ builds[0]['name'][2:] }}",
        "{\"b\": 1, \"a\": 3}[2, 3]21",
    );
    prints(
        "{{ 'x' in ['x', 'y'] }}{{ 1 < n < 5 }}{{ 'pv' not in builds|map(attribute='axes.virt')|list }}{{ n is odd }}",
        "TrueTrueFalseTrue",
    );
    prints(
        "{% for x in [[1, [2]], 3] recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}{% endif %}{% endfor %}",
        "(1(2))3",
    );
    prints("{{ nope | default('-') }}{{ zebra.no is defined }}{% if zebra.no is undefined %}!{% endif %}", "-False!");
    prints("{{ builds|map(attribute='name')|map('upper')|sort(reverse=true)|first }}{{ range(4)|sum }}", "B-36");
    prints("{{ '%s-%03d'|format(name, n) }}{{ 'a\nb'|indent(2) }}{{ 'aXb'|replace('X', '--') }}", "web-003a\n  ba--b");
    prints(
        "{{ dict(a=1, b=n)|tojson }}{{ dict(zebra, z=2).z }}{% block x %}b{% endblock %}{{ -n }}{{ 7 // 2 }}{{ 2 ** 3 }}",
        "{\"a\": 1, \"b\": 3}2b-338",
    );
    prints("{{ builds|batch(2)|list|length }}{{ [3, 1]|min }}{{ [[1], [2]]|sum(start=[])|length }}", "212");
    prints("{% for x in builds if x.axes.virt == 'pv' %}{{ x.name }} {% else %}none{% endfor %}", "b-2 b-3 ");
    prints("{%- raw %}{{ x }}{% endraw %}{# gone #}{{ 1 if n == 3 else 2 }}", "{{ x }}1");
}

#[test]
fn a_mistake_is_told_at_its_place() {
    refuses("a\n{{ nmae }}", "nmae", "`nmae` is undefined", Some("did you mean `name`?"));
    refuses(
        "{% for b in builds %}{{ b.axes.regoin }}{% endfor %}",
        ".axes.regoin",
        "`b.axes.regoin` is undefined",
        Some("did you mean `b.axes.region`?"),
    );
    refuses(
        "{{ quirk ~ 'x' }}",
        "quirk",
        "`quirk` is undefined",
        Some("every name in it must be among the values given to it"),
    );
    refuses("{{ name|uper }}", "uper", "there is no filter `uper`", Some("did you mean `upper`?"));
    refuses("{% if false %}{{ n is od }}{% endif %}", "od", "there is no test `od`", Some("did you mean `odd`?"));
    refuses("{% if %}", "%}", "unexpected end of block", None);
    refuses("{{ 'a' + 1 }}", "'a' + 1", "`+` does not join string and number", Some("`~` joins values as text"));
    refuses(
        "{% import 'x' as x %}",
        "import 'x' as x",
        "templates include others, but do not import or extend them",
        Some("`{% include \"file\" %}` puts a file in its place, with the macros that it declares"),
    );
    refuses("{% include 'x' %}", "include 'x'", "a template in a program includes no others", None);
    refuses(
        "{% for x in [1] %}{{ loop.cycle() }}{% endfor %}",
        "loop.cycle",
        "`loop.cycle` takes the values to choose from",
        None,
    );
    refuses("{{ name() }}", "name()", "value of type string is not callable", None);
}

#[test]
fn nothing_grows_without_bound() {
    let double = |set: &str| format!("{{% set a = 'xxxxxxxx' %}}{}{{{{ a }}}}", set.repeat(40));
    for set in [
        "{% set a = a ~ a %}",
        "{% set a = a + a %}",
        "{% set a = a * 2 %}",
        "{% set a %}{{ a }}{{ a }}{% endset %}",
        "{% set a = [a, a]|join %}",
        "{% set a = a|replace('x', 'xx') %}",
        "{% set a = '%s%s'|format(a, a) %}",
        "{% set a = [a, a] %}",
        "{% set a = (a, a) %}",
        "{% set a = {'l': a, 'r': a} %}",
        "{% set a = [a] + [a] %}",
        "{% set a = dict(l=a, r=a) %}",
        "{% set a = [a, a]|list %}",
        "{% set a = [a, a]|tojson %}",
        "{% with b = a %}{% set a = b ~ b %}{% endwith %}{% set a = a ~ a %}",
        "{% filter upper %}{{ a }}{% endfilter %}{% set a = a|string ~ a|upper %}",
    ] {
        grows(&double(set));
    }
    let macros = "{% macro m(x) %}{{ x }}{{ x }}{% endmacro %}{% set ns = namespace(a='xxxxxxxx') %}";
    grows(&format!("{macros}{}{{{{ ns.a }}}}", "{% set ns.a = m(ns.a) %}".repeat(40)));
    grows(&format!("{macros}{{% for i in range(40) %}}{{% set ns.a = ns.a ~ ns.a %}}{{% endfor %}}"));
    grows(&format!("{macros}{{% for i in range(1000) %}}{{% set ns.a = [ns.a] %}}{{% endfor %}}"));
    grows("{% macro m(a, n) %}{% if n %}{{ m(a ~ a, n - 1) }}{% endif %}{% endmacro %}{{ m('xxxxxxxx', 40) }}");
    grows("{% set big = 'x' * 16000000 %}{% for i in range(1000) %}{% set b = big ~ i %}{% endfor %}");
    grows("{% set big = 'x' * 16000000 %}{% for i in range(100000) %}{% if big ~ '' == big %}{% endif %}{% endfor %}");
    grows("{% set l = ['x' * 10000] * 1000 %}{% for i in range(100000) %}{% if l|sort == l %}{% endif %}{% endfor %}");
    grows(&format!("{{% for i in range(100000) %}}{{% set a %}}{}{{% endset %}}{{% endfor %}}", "raw ".repeat(4000)));
    grows(&format!("{{% for i in range(100000) %}}{}{{% endfor %}}", "raw ".repeat(4000)));
    grows("{{ [1]|batch(100000000, 0)|list }}");
    grows("{{ ('x\n' * 1000000)|indent(1000) }}");
    grows("{{ [[[[range(90000)]]]]|tojson(indent=17) }}");
    grows("{{ ['x'] * 100000000 }}");
    grows("{{ (['x' * 1000] * 1000) | map('replace', 'x', 'y' * 100000) | list }}");
    grows("{{ '%1000000000d'|format(1) }}");
}

#[test]
fn nothing_holds_itself() {
    for text in [
        "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}",
        "{% set ns = namespace() %}{% set ns.a = [ns] %}{{ ns }}",
        "{% set ns = namespace() %}{% set m = namespace(a=ns) %}{% set ns.a = m %}{{ ns }}",
        "{% set ns = namespace() %}{% set m = {'a': ns} %}{% set ns.a = m %}{{ ns }}",
        "{% set ns = namespace() %}{% set ns.a = dict(a=ns) %}{{ ns }}",
        "{% for x in [1] %}{% set l = [loop] %}{{ l }}{% endfor %}",
    ] {
        let error = render(text).expect_err("it is refused");
        assert_eq!(error.what, "`namespace` and `loop` cannot be part of another value", "{text}");
    }
    prints("{% set ns = namespace(a=1) %}{% macro m(x) %}{{ x.a }}{% endmacro %}{{ m(ns) }}{{ ns }}", "1{'a': 1}");
}

#[test]
fn hostile_syntax_is_refused_in_time() {
    // The parser's own recursion needs more than a test's stack.
    let all = std::thread::Builder::new().stack_size(256 << 20).spawn(|| {
        let long = |start: &str, middle: &str, end: &str| format!("{start}{}{end}", middle.repeat(1_000_000));
        for text in [
            long("{{ a", " ~ a", " }}"),
            long("{{ ", "not ", "a }}"),
            long("{{ ", "- ", "1 }}"),
            long("{{ ", "(", "1 }}"),
            long("{% for ", "(", "a %}"),
            long("{{ 2", " ** 2", " }}"),
            long("{{ 1", " if a else 1", " }}"),
            long("{{ a", ".b", " }}"),
            long("{{ a", "|upper", " }}"),
            long("{% if a %}", "{% elif a %}", "{% endif %}"),
            long("", "{% if a %}", ""),
            long("{{ [", "[", " }}"),
        ] {
            let error = render(&text).expect_err("it is refused");
            assert!(!error.what.is_empty(), "{error:?}");
        }
        assert!(render(&long("{% set x = [", "1, ", "1] %}")).is_err());
        prints(&"\n".repeat(70_000), &"\n".repeat(70_000));
        grows(&format!("{{{{ {} }}}}", vec!["n"; 1000].join(" + ")));
    });
    all.expect("a thread").join().expect("no panic");
}

#[test]
fn included_files_stand_in_their_place() {
    let files = [
        ("t/a.j2", "<{{ name }}{% macro m() %}M{% endmacro %}>"),
        ("t/b.j2", "\n{{ nope }}"),
        ("t/c.j2", "{% include 'c.j2' %}"),
    ];
    let mut read = |from: &str, name: &str| {
        let path = format!("{}/{name}", from.rsplit_once('/').map_or("", |(f, _)| f));
        match files.iter().find(|(p, _)| *p == path) {
            Some((path, text)) => Include::File((*path).into(), (*text).into()),
            None => Include::Missing,
        }
    };
    let mut of = |text: &str| match Templates::gather("t/root.j2", text, &mut read) {
        Ok(all) => all.render(&values()).map_err(|e| (all.files()[e.file].path.to_string(), e.range, e.what)),
        Err((all, e)) => Err((all.files()[e.file].path.to_string(), e.range, e.what)),
    };
    assert_eq!(
        of("{% include 'a.j2' %}{{ m() }}{% include ['x', 'a.j2'] %}{% include 'x' ignore missing %}").as_deref(),
        Ok("<web>M<web>")
    );
    assert_eq!(of("x{% include 'b.j2' %}"), Err(("t/b.j2".into(), 4..8, "`nope` is undefined".into())));
    assert_eq!(of("{% include 'x' %}"), Err(("t/root.j2".into(), 3..14, "there is no file `x` to include".into())));
    assert_eq!(of("{% include 'c.j2' %}"), Err(("t/c.j2".into(), 3..17, "the file includes itself".into())));
    assert_eq!(of("{% include name %}"), Err(("t/root.j2".into(), 3..15, "an included path is a plain text".into())));
}
