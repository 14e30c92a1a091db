//! Each format by its whole text.

use super::*;
use crate::diagnostic::code::SYNTAX_UNEXPECTED;
use crate::text::{FileId, Source, Span};

const PLAIN: Style = Style { colour: false, unicode: true, links: true, width: 100 };

/// Sources of these files, named `a.bake`, `lib/b.bake`, ….
fn sources(texts: &[&str]) -> Sources {
    let mut sources = Sources::new();
    for (path, text) in ["a.bake", "lib/b.bake", "lib/c.bake"].into_iter().zip(texts) {
        sources.add(Source::new(path, *text));
    }
    sources
}

/// The span of the first place where `part` stands.
fn at(sources: &Sources, file: u32, part: &str) -> Span {
    let start = sources.get(FileId(file)).text().find(part).expect("the part stands in the file");
    Span::new(FileId(file), start, start + part.len())
}

fn error(message: &str) -> Diagnostic {
    Diagnostic::error(SYNTAX_UNEXPECTED, message)
}

fn human(diagnostic: Diagnostic, sources: &Sources) -> String {
    render(&[diagnostic], sources, &Format::Human(PLAIN))
}

/// Compares with an expected text that begins with a newline, to stand on its own lines.
#[track_caller]
fn same(got: &str, expected: &str) {
    assert_eq!(got, expected.trim_start_matches('\n'), "\n{got}");
}

#[test]
fn the_summary_counts_and_bends_its_words() {
    let warning = Diagnostic::warning(SYNTAX_UNEXPECTED, "x");
    assert_eq!(summary(&[]), None);
    assert_eq!(summary(std::slice::from_ref(&warning)).as_deref(), Some("1 warning"));
    assert_eq!(summary(&[error("x"), warning, error("y")]).as_deref(), Some("2 errors, 1 warning"));
}

#[test]
fn human_shows_two_labels_and_names_the_primary_place() {
    let s = sources(&[
        "x = 1\nami_virtualization_type = virtualization(virt)\ninstance_type           = \"t2.micro\"\ny = 2\n",
    ]);
    let d = error("`t2.micro` cannot boot a paravirtual image")
        .label(at(&s, 0, "\"t2.micro\""), "boots hvm only")
        .label(at(&s, 0, "virtualization(virt)"), "paravirtual in 16 of 32 builds, first us-east-1-1204-pv")
        .help("m3.medium boots both and is offered in every region of this matrix");
    same(
        &human(d, &s),
        r#"
bake::syntax::unexpected

  × `t2.micro` cannot boot a paravirtual image
   ╭─[a.bake:3:27]
 2 │ ami_virtualization_type = virtualization(virt)
   ·                           ──────────┬─────────
   ·                                     ╰── paravirtual in 16 of 32 builds, first us-east-1-1204-pv
 3 │ instance_type           = "t2.micro"
   ·                           ─────┬────
   ·                                ╰── boots hvm only
   ╰────
  help: m3.medium boots both and is offered in every region of this matrix
"#,
    );
}

#[test]
fn human_gives_each_other_file_a_snippet_and_puts_the_help_last() {
    let s = sources(&["one = 1\n", "let x = 1\r\nlet y = [\r\n\t1,\r\n]\r\n", "z"]);
    let d = error("three files")
        .label(at(&s, 0, "one"), "")
        .label(at(&s, 1, "y"), "first")
        .label(at(&s, 1, "y"), "second")
        .label(at(&s, 1, "y"), "second")
        .label(at(&s, 1, "1,"), "behind a tab")
        .label(at(&s, 2, "z"), "third")
        .label(at(&s, 1, "[\r\n\t1,\r\n]\r\n"), "over lines")
        .help("write this\nor that");
    same(
        &human(d, &s),
        r#"
bake::syntax::unexpected

  × three files
   ╭─[a.bake:1:1]
 1 │ one = 1
   · ───
   ╰────
  ☞ also in `lib/b.bake`
   ╭─[lib/b.bake:2:5]
 2 │ ╭─▶ let y = [
   · │       ┬
   · │       ╰── first; second
 3 │ │       1,
   · │       ─┬
   · │        ╰── behind a tab
 4 │ ├─▶ ]
   · ╰──── over lines
   ╰────
  ☞ also in `lib/c.bake`
   ╭─[lib/c.bake:1:1]
 1 │ z
   · ┬
   · ╰── third
   ╰────
  help: write this
        or that
"#,
    );
}

#[test]
fn human_draws_overlapping_labels_apart_and_bridges_short_gaps() {
    let s = sources(&["a = f(x)\nb\nc\n"]);
    let d = error("end of file")
        .label(Span::new(FileId(0), 900, 900), "the file ends here")
        .label(at(&s, 0, "f(x)"), "whole")
        .label(at(&s, 0, "x"), "part");
    same(
        &human(d, &s),
        r#"
bake::syntax::unexpected

  × end of file
   ╭─[a.bake:4:1]
 1 │ a = f(x)
   ·     ──┬─
   ·       ╰── whole
 2 │ b
 3 │ c
 4 │
   · ▲
   · ╰── the file ends here
   ╰────
  ☞ also in `a.bake`
   ╭─[a.bake:1:7]
 1 │ a = f(x)
   ·       ┬
   ·       ╰── part
   ╰────
"#,
    );
}

#[test]
fn human_marks_line_ends_and_empty_files() {
    let s = sources(&["a = 1\r\nb", ""]);
    let d = error("line end")
        .label(Span::new(FileId(0), 6, 6), "between `\\r` and `\\n`")
        .label(at(&s, 0, "a = 1\r\n"), "line");
    same(
        &human(d, &s),
        r#"
bake::syntax::unexpected

  × line end
   ╭─[a.bake:1:7]
 1 │ a = 1
   · ──┬──▲
   ·   │  ╰── between `\r` and `\n`
   ·   ╰── line
   ╰────
"#,
    );
    same(
        &human(error("nothing here").label(Span::file_start(FileId(1)), ""), &s),
        r#"
bake::syntax::unexpected

  × nothing here
   ╭─[lib/b.bake:1:1]
 1 │
   · ▲
   ╰────
"#,
    );
}

#[test]
fn human_crops_long_lines_around_their_labels() {
    let s = sources(&[&format!("[{}BAD, {}WORSE, {}]\n", "1, ".repeat(500), "ü, ".repeat(500), "3, ".repeat(500))]);
    let d = error("long").label(at(&s, 0, "BAD"), "bad").label(at(&s, 0, "WORSE"), "worse");
    same(
        &human(d, &s),
        r#"
bake::syntax::unexpected

  × long
   ╭─[a.bake:1:1502]
 1 │ … 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, BAD, ü, ü, ü, ü, ü, ü, ü, ü, ü, ü, ü, ü, ü, ü, ü…ü, ü, ü, ü, ü, ü, ü, ü, ü, ü, WORSE, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3…
   ·                                          ─┬─                                                                            ──┬──
   ·                                           │                                                                               ╰── worse
   ·                                           ╰── bad
   ╰────
"#,
    );
}

#[test]
fn human_shows_the_first_line_of_a_tall_label() {
    let s = sources(&[&"xy\n".repeat(40)]);
    let d = error("tall").label(Span::new(FileId(0), 15, 105), "block").label(Span::new(FileId(0), 30, 31), "line");
    same(
        &human(d, &s),
        r#"
bake::syntax::unexpected

  × tall
   ╭─[a.bake:6:1]
 6 │ xy
   · ─┬
   ·  ╰── block (to line 35)
   ╰────
    ╭─[a.bake:11:1]
 11 │ xy
    · ┬
    · ╰── line
    ╰────
"#,
    );
}

#[test]
fn human_makes_control_characters_visible_and_counts_wide_ones() {
    let s = sources(&["a\u{1b}[31m\u{202e}b = 1\n日本 = x"]);
    let d = error("bell \u{7}").label(at(&s, 0, "b"), "escape \u{1b}").label(at(&s, 0, "x"), "wide");
    same(
        &human(d, &s),
        r#"
bake::syntax::unexpected

  × bell ␇
   ╭─[a.bake:1:8]
 1 │ a␛[31m�b = 1
   ·        ┬
   ·        ╰── escape ␛
 2 │ 日本 = x
   ·        ┬
   ·        ╰── wide
   ╰────
"#,
    );
}

#[test]
fn human_in_ascii_and_several_at_once() {
    let s = sources(&["let a = 1\n"]);
    let list = [
        error("first").label(at(&s, 0, "a"), "here"),
        Diagnostic::warning(SYNTAX_UNEXPECTED, "second").label(at(&s, 0, "1"), ""),
        error("no place at all: a message that is longer than the terminal is wide, with us-east-1-1204-pv")
            .help("none"),
    ];
    same(
        &render(&list, &s, &Format::Human(Style { unicode: false, width: 80, ..PLAIN })),
        r#"
bake::syntax::unexpected

  x first
   ,-[a.bake:1:5]
 1 | let a = 1
   :     |
   :     `-- here
   `----

bake::syntax::unexpected

  ! second
   ,-[a.bake:1:9]
 1 | let a = 1
   :         ^
   `----

bake::syntax::unexpected

  x no place at all: a message that is longer than the terminal is wide, with
  | us-east-1-1204-pv
  help: none
"#,
    );
    assert!(!render(&list, &s, &Format::Human(PLAIN)).contains('\u{1b}'));
    assert!(
        render(&list, &s, &Format::Human(Style { colour: true, ..PLAIN }))
            .contains("\u{1b}[31mbake::syntax::unexpected\u{1b}[0m")
    );
}

#[test]
fn a_huge_line_with_many_mistakes_stays_small() {
    let s = sources(&[&"1, ".repeat(2_000_000)]);
    let list: Vec<Diagnostic> = (0..300)
        .map(|i| {
            error("x")
                .label(Span::new(FileId(0), i * 20_000, i * 20_000 + 1), "here")
                .label(Span::new(FileId(0), 0, 6_000_000), "all")
        })
        .collect();
    let most = |format| render(&list, &s, &format).len();
    assert!(most(Format::Human(PLAIN)) < 300 * 3_000);
    assert!(most(Format::Sarif) < 300 * 3_000);
}

#[test]
fn json_names_every_place() {
    let s = sources(&["a = 1\n", "ü = b\n"]);
    let d = error("wrong")
        .label(at(&s, 1, "b"), "this")
        .label(at(&s, 0, "a"), "")
        .help("write \"c\"")
        .fix(at(&s, 1, "b"), "c");
    same(
        &render(&[d, Diagnostic::warning(SYNTAX_UNEXPECTED, "no place")], &s, &Format::Json),
        r#"
[
  {
    "message": "wrong",
    "code": "bake::syntax::unexpected",
    "severity": "error",
    "causes": [],
    "help": "write \"c\"",
    "filename": "lib/b.bake",
    "labels": [
      {
        "label": "this",
        "span": {
          "offset": 5,
          "length": 1
        },
        "file": "lib/b.bake",
        "line": 1,
        "column": 5
      },
      {
        "span": {
          "offset": 0,
          "length": 1
        },
        "file": "a.bake",
        "line": 1,
        "column": 1
      }
    ],
    "related": [],
    "file": "lib/b.bake",
    "offset": 5,
    "length": 1,
    "line": 1,
    "column": 5,
    "end_line": 1,
    "end_column": 6,
    "fix": {
      "file": "lib/b.bake",
      "offset": 5,
      "length": 1,
      "text": "c"
    }
  },
  {
    "message": "no place",
    "code": "bake::syntax::unexpected",
    "severity": "warning",
    "causes": [],
    "filename": "",
    "labels": [],
    "related": []
  }
]
"#,
    );
    assert_eq!(render(&[], &s, &Format::Json), "[]\n");
}

#[test]
fn github_escapes_and_leaves_columns_out_over_lines() {
    let mut s = Sources::new();
    s.add(Source::new("a,b:c.bake", "x = 100%\ny = [\n]\n"));
    let list = [
        error("50% wrong").label(at(&s, 0, "100%"), "a:b,c").label(at(&s, 0, "y"), "see this").help("less\r\nis more"),
        Diagnostic::warning(SYNTAX_UNEXPECTED, "over lines").label(at(&s, 0, "[\n]"), ""),
        error("no place"),
    ];
    same(
        &render(&list, &s, &Format::Github),
        "
::error file=a%2Cb%3Ac.bake,line=1,col=5,endLine=1,endColumn=9,title=bake%3A%3Asyntax%3A%3Aunexpected::50%25 wrong%0Aa:b,c%0Aa,b:c.bake:2:1: see this%0Ahelp: less%0D%0Ais more
::warning file=a%2Cb%3Ac.bake,line=2,endLine=3,title=bake%3A%3Asyntax%3A%3Aunexpected::over lines
::error title=bake%3A%3Asyntax%3A%3Aunexpected::no place
",
    );
    assert_eq!(render(&[], &s, &Format::Github), "");
}

#[test]
fn sarif_holds_rules_results_and_fixes() {
    let mut s = Sources::new();
    let file = s.add(Source::new("/tmp/a b.bake", "ü = x\n"));
    let other = s.add(Source::new("lib/ü.bake", "x\n"));
    let d = error("wrong")
        .label(Span::new(file, 5, 6), "this")
        .label(Span::new(other, 0, 1), "that")
        .help("write `y`")
        .fix(Span::new(file, 5, 6), "y");
    let expected = r#"
{
  "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
  "version": "2.1.0",
  "runs": [
    {
      "tool": {
        "driver": {
          "name": "bakec",
          "version": "VERSION",
          "rules": [
            {
              "id": "bake::syntax::unexpected",
              "shortDescription": {
                "text": "A character or word that cannot stand here."
              }
            }
          ]
        }
      },
      "columnKind": "unicodeCodePoints",
      "results": [
        {
          "ruleId": "bake::syntax::unexpected",
          "ruleIndex": 0,
          "level": "error",
          "message": {
            "text": "wrong\nhelp: write `y`"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "file:///tmp/a%20b.bake"
                },
                "region": {
                  "startLine": 1,
                  "startColumn": 5,
                  "endLine": 1,
                  "endColumn": 6,
                  "charOffset": 4,
                  "charLength": 1,
                  "byteOffset": 5,
                  "byteLength": 1
                }
              },
              "message": {
                "text": "this"
              }
            }
          ],
          "relatedLocations": [
            {
              "id": 1,
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "lib/%C3%BC.bake"
                },
                "region": {
                  "startLine": 1,
                  "startColumn": 1,
                  "endLine": 1,
                  "endColumn": 2,
                  "charOffset": 0,
                  "charLength": 1,
                  "byteOffset": 0,
                  "byteLength": 1
                }
              },
              "message": {
                "text": "that"
              }
            }
          ],
          "fixes": [
            {
              "description": {
                "text": "write `y`"
              },
              "artifactChanges": [
                {
                  "artifactLocation": {
                    "uri": "file:///tmp/a%20b.bake"
                  },
                  "replacements": [
                    {
                      "deletedRegion": {
                        "startLine": 1,
                        "startColumn": 5,
                        "endLine": 1,
                        "endColumn": 6,
                        "charOffset": 4,
                        "charLength": 1,
                        "byteOffset": 5,
                        "byteLength": 1
                      },
                      "insertedContent": {
                        "text": "y"
                      }
                    }
                  ]
                }
              ]
            }
          ]
        }
      ]
    }
  ]
}
"#;
    same(&render(&[d], &s, &Format::Sarif), &expected.replace("VERSION", env!("CARGO_PKG_VERSION")));
}

proptest::proptest! {
    /// Any spans over any text are drawn: nothing panics, every label's words are there, no line is left with blanks behind.
    #[test]
    fn every_label_is_drawn(
        texts in proptest::collection::vec("([ab=\\[ü日\t\r\u{1b}\u{202e}]{0,12}\n?|x{290,320}|\r\n|y\n{20}){0,8}", 1..3),
        labels in proptest::collection::vec((0u32..2, 0usize..400, 0usize..400, "[lm]{0,2}"), 0..6),
        unicode: bool,
        width in 0usize..90,
    ) {
        let files: Vec<&str> = texts.iter().map(String::as_str).collect();
        let s = sources(&files);
        let mut d = error("message").help("help text");
        for (i, (file, start, length, text)) in labels.iter().enumerate() {
            let span = Span::new(FileId(file % files.len() as u32), *start, start + length);
            d = d.label(span, if text.is_empty() { String::new() } else { format!("{text}{i}") });
        }
        let words: Vec<String> = d.labels.iter().map(|l| l.text.clone()).collect();
        let list = [d];
        let shown = render(&list, &s, &Format::Human(Style { colour: false, unicode, links: false, width }));
        for word in words {
            proptest::prop_assert!(shown.contains(&word), "no `{word}` in\n{shown}");
        }
        proptest::prop_assert!(shown.lines().all(|line| line.trim_end() == line));
        for format in [Format::Json, Format::Github, Format::Sarif] {
            proptest::prop_assert!(render(&list, &s, &format).ends_with('\n'));
        }
    }
}
