//! What texts render to, and that no text makes it panic.

use proptest::prelude::*;

use super::*;

fn given() -> Given {
    let texts = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Given {
        moment: "2015-07-29T12:34:56Z".parse().unwrap(),
        named: texts(&[
            ("build_name", "us-east-1-1404-pv"),
            ("build_type", "amazon-ebs"),
            ("packer_version", "1.6.6"),
            ("pwd", "/home/me"),
            ("template_dir", "/home/me/plans"),
            ("uuid", "55b8c870-6c1d-4f2a-9b3e-0d5a7c81e24f"),
        ]),
        users: texts(&[("version", "2.6.3"), ("empty", "")]),
        build: texts(&[("ID", "i-0123"), ("Port", "22")]),
    }
}

#[test]
fn all_functions_and_pipes() {
    for (text, wanted) in [
        ("no action", "no action"),
        ("{{timestamp}} {{isotime}}", "1438173296 2015-07-29T12:34:56Z"),
        ("{{isotime \"2006-01-02\"}} {{strftime `%Y%m%d`}}", "2015-07-29 20150729"),
        ("{{build_name}}/{{build_type}}/{{packer_version}}", "us-east-1-1404-pv/amazon-ebs/1.6.6"),
        ("{{pwd}} {{template_dir}} {{uuid}}", "/home/me /home/me/plans 55b8c870-6c1d-4f2a-9b3e-0d5a7c81e24f"),
        ("{{user `version` | replace_all `.` `-` | upper}}", "2-6-3"),
        ("{{user `version` | replace `.` `-` 1}}", "2-6.3"),
        ("{{split build_name `-` 0 | upper}}{{`X` | lower}}", "USx"),
        ("{{isotime | clean_resource_name}}", "2015-07-29T12-34-56Z"),
        ("{{build `ID`}} {{ .ID }} {{$.ID}}", "i-0123 i-0123 i-0123"),
        ("a {{- /* cut */ -}} b", "ab"),
        ("a {{- `x` -}}\n b", "axb"),
        ("{{if user `empty`}}yes{{else}}no{{end}}", "no"),
        ("{{if eq build_type `x`}}a{{else if eq build_type `y` `amazon-ebs`}}b{{else}}c{{end}}d", "bd"),
        ("{{if true}}{{if false}}a{{else}}b{{end}}{{else}}c{{end}}", "b"),
        ("{{if false}}{{if true}}a{{else}}b{{end}}{{build `none`}}{{else}}c{{end}}", "c"),
        ("{{with user `version`}}{{.}} {{$.ID}}{{end}}", "2.6.3 i-0123"),
        ("{{$x := `a`}}{{if true}}{{$x = `b`}}{{end}}{{$x}}", "b"),
        ("{{and `a` `` | not}} {{or `` `b`}} {{len `abc`}}", "true b 3"),
        ("{{printf `%s-%d-%v` `a` 2 true}} {{print 1 2 `a` 3}}", "a-2-true 1 2a3"),
        ("{{if lt 1 2}}less{{end}} {{0x10}} {{-3}} {{1.5}}", "less 16 -3 1.5"),
        ("{{ `{{` }}", "{{"),
    ] {
        assert_eq!(render(text, &given()).as_deref(), Ok(wanted), "{text}");
    }
}

#[test]
fn fields_of_an_option_come_first() {
    let given = given();
    let with = With { values: &given, fields: &[("Path", "/tmp/s.sh"), ("ID", "own"), ("Vars", "A='{{x}}' ")] };
    let text = "chmod +x {{.Path}}; {{.Vars}} {{ .Path }} {{.ID}} {{build `ID`}}";
    assert_eq!(render(text, &with).as_deref(), Ok("chmod +x /tmp/s.sh; A='{{x}}'  /tmp/s.sh own i-0123"));
}

#[test]
fn what_cannot_be_rendered_says_why() {
    for (text, words) in [
        ("{{user `versoin`}}", "there is no variable `versoin`"),
        ("{{build `Id`}}", "the build has no `Id`"),
        ("{{.Path}}", "no field `.Path`"),
        ("{{env `HOME`}}", "only in the section of variables"),
        ("{{vault `a` `b`}}", "not read by bakec"),
        ("{{split `a` `-` 1}}", "splits into 1 piece"),
        ("{{split build_name `-` 9}}", "no part 9"),
        ("{{nonsense}}", "nonsense"),
        ("{{if true}}", "end"),
        ("{{range .X}}{{end}}", "there are none here"),
        ("{{eq 1 `a`}}", "different kinds"),
        ("{{html `a`}}", "`html` is not rendered here"),
        ("{{strftime `%Q`}}", "%Q"),
        ("{{", ""),
    ] {
        let error = render(text, &given()).expect_err(text);
        assert!(error.message.contains(words), "{text}: {}", error.message);
        assert!(text.get(error.range.clone()).is_some(), "{text}: {:?}", error.range);
    }
    struct Env(Given);
    impl RunValues for Env {
        fn moment(&self) -> Timestamp {
            self.0.moment()
        }
        fn named(&self, _: &str) -> Option<String> {
            None
        }
        fn user(&self, _: &str) -> Option<String> {
            None
        }
        fn build(&self, _: &str) -> Option<String> {
            None
        }
        fn function(&self, name: &str, arguments: &[String]) -> Option<Result<String, String>> {
            (name == "env").then(|| Ok(format!("<{}>", arguments.concat())))
        }
    }
    assert_eq!(render("{{env `HOME` | lower}}", &Env(given())).as_deref(), Ok("<home>"));
}

proptest! {
    #[test]
    fn no_text_breaks_it(text in r"(\{\{|\}\}|-|if|else|end|with|\.ID|user|`a`| |\||\(|\)|1|x|eq|\$x|:=){0,24}") {
        let _ = render(&text, &given());
    }
}
