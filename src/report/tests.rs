//! Each reporter on a run that was recorded: what it shows, to the letter.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};

use super::file::{Debug, Files};
use super::json::{Json, SCHEMA};
use super::lines::Lines;
use super::machine::Machine;
use super::rows::{Shown, rows};
use super::samples::{SOURCE, event, run, start, style};
use super::tally::Tally;
use super::{Look, Out, Read, Reporter};
use crate::run::event::{Event, What};

/// A file in memory, which many write to and one reads.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl io::Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Paper {
    fn out(&self) -> Out {
        Box::new(self.clone())
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("nobody panics").clone()).expect("reporters write text")
    }
}

fn read() -> Read {
    Box::new(|path| (path == "web.bake").then(|| SOURCE.to_owned()))
}

fn reported(reporter: &mut dyn Reporter, events: &[Event]) {
    for event in events {
        reporter.take(event);
        reporter.tick();
    }
    reporter.end();
}

fn lines(width: usize, colour: bool, timestamps: bool, read: Read) -> String {
    let paper = Paper::default();
    let mut style = style(width);
    style.colour = colour;
    reported(&mut Lines::new(paper.out(), Look { style, timestamps }, read), &run());
    paper.text()
}

#[test]
fn lines_are_packers_and_errors_are_the_compilers() {
    let text = lines(80, false, false, read());
    assert_eq!(
        text,
        "\
==> Run r1 begins: 2 builds, recorded in .bakec/runs/r1
==> web: launching a t3.micro
==> db: looking for image ami-0
    web: i-1 is pending
==> db: key pair bakec-1 is deleted
Build 'db' errored after 1 second 216 milliseconds: there is no image `ami-0` in us-east-1
bake::run::source

  × there is no image `ami-0` in us-east-1
   ╭─[web.bake:3:5]
 3 │     source_ami = \"ami-0\"
   ·     ──────────
   ╰────
  help: ids of images differ from region to region
    web: i-1 is running (7s)
==> web: running script setup.sh
    web: hello, world
==> web: no such package
==> web: warning: the clock is 40 s ahead
==> region us-east-1 is slow
Build 'web' finished after 2 minutes 3 seconds.

==> Wait completed after 2 minutes 3 seconds

==> Some builds didn't complete successfully and had errors:
--> db: web.bake:3:5: there is no image `ami-0` in us-east-1

==> Builds finished. The artifacts of successful builds are:
--> web: AMIs were created:
eu-west-1: ami-2
us-east-1: ami-1


==> Something may be left behind:
--> key pair bakec-1 in us-east-1
    undo it: bakec clean r1

==> 1 build done, 1 failed; 2 calls to AWS
"
    );
}

#[test]
fn an_error_whose_source_is_gone_names_its_place() {
    let text = lines(80, false, false, Box::new(|_| None));
    let shown = "bake::run::source\n\n  × web.bake:3:5: there is no image `ami-0` in us-east-1\n  help: ids of images differ from region to region\n";
    assert!(text.contains(shown), "{text}");
    // The file is another one now.
    assert!(lines(80, false, false, Box::new(|_| Some("x".to_owned()))).contains(shown));
}

#[test]
fn lines_have_colours_and_times_where_they_are_wanted() {
    let text = lines(80, true, true, read());
    for line in [
        "\x1b[1;32mweb: output will be in this color.\x1b[0m\n\x1b[1;36mdb: output will be in this color.\x1b[0m\n",
        "2026-11-21T12:32:07Z: \x1b[1;32m==> web: launching a t3.micro\x1b[0m\n",
        "2026-11-21T12:32:15Z: \x1b[0;32m    web: hello, world\x1b[0m\n",
        "2026-11-21T12:32:15Z: \x1b[1;31m==> web: no such package\x1b[0m\n",
        "2026-11-21T12:32:15Z: \x1b[1;33m==> web: warning: the clock is 40 s ahead\x1b[0m\n",
        "\n\n2026-11-21T12:34:10Z: ==> Wait completed after 2 minutes 3 seconds\n",
    ] {
        assert!(text.contains(line), "{line:?} is not in\n{text:?}");
    }
}

#[test]
fn waits_are_told_again_after_a_while() {
    let paper = Paper::default();
    let look = Look { style: style(80), timestamps: false };
    let waiting = |s: i64| event(s * 1000, "web", What::Waiting { text: format!("image is pending, {s}%") });
    reported(
        &mut Lines::new(paper.out(), look, read()),
        &[waiting(0), waiting(10), waiting(29), waiting(31), waiting(40)],
    );
    assert_eq!(paper.text(), "    web: image is pending, 0%\n    web: image is pending, 31%\n");
}

#[test]
fn machine_lines_are_packers() {
    let paper = Paper::default();
    reported(&mut Machine::new(paper.out()), &run());
    let text = paper.text();
    for line in [
        "1795264327,,ui,say,==> web: launching a t3.micro\n",
        "1795264335,,ui,message,    web: hello%!(PACKER_COMMA) world\n",
        "1795264335,,ui,error,==> web: no such package\n",
        "1795264450,,ui,say,Build 'web' finished after 2 minutes 3 seconds.\n",
        "1795264450,,ui,say,\\n==> Wait completed after 2 minutes 3 seconds\n",
        "1795264450,,error-count,1\n\
         1795264450,,ui,error,\\n==> Some builds didn't complete successfully and had errors:\n\
         1795264450,db,error,there is no image `ami-0` in us-east-1\n\
         1795264450,,ui,error,--> db: web.bake:3:5: there is no image `ami-0` in us-east-1\n\
         1795264450,,ui,say,\\n==> Builds finished. The artifacts of successful builds are:\n\
         1795264450,web,artifact-count,1\n\
         1795264450,web,artifact,0,builder-id,mitchellh.amazonebs\n\
         1795264450,web,artifact,0,id,eu-west-1:ami-2%!(PACKER_COMMA)us-east-1:ami-1\n\
         1795264450,web,artifact,0,string,AMIs were created:\\neu-west-1: ami-2\\nus-east-1: ami-1\\n\n\
         1795264450,web,artifact,0,files-count,0\n\
         1795264450,web,artifact,0,end\n\
         1795264450,,ui,say,--> web: AMIs were created:\\neu-west-1: ami-2\\nus-east-1: ami-1\\n\n",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    for line in text.lines() {
        let fields: Vec<&str> = line.splitn(4, ',').collect();
        assert!(fields.len() == 4 && fields[0].parse::<i64>().is_ok(), "{line}");
    }
}

#[test]
fn json_lines_are_the_events_and_the_schema_knows_them_all() {
    let paper = Paper::default();
    reported(&mut Json::new(paper.out()), &run());
    let text = paper.text();
    let read: Result<Vec<Event>, _> = text.lines().map(serde_json::from_str).collect();
    assert_eq!(read.expect("lines are events"), run());
    let schema = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    assert!(jsonschema::draft202012::meta::is_valid(&schema));
    let valid = jsonschema::draft202012::new(&schema).expect("the schema can be read");
    let mut kinds = std::collections::BTreeSet::new();
    for line in text.lines() {
        let mut line: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        let mistakes: Vec<String> = valid.iter_errors(&line).map(|e| e.to_string()).collect();
        assert!(mistakes.is_empty(), "{line}: {mistakes:?}");
        kinds.insert(line["event"].to_string());
        line["more"] = true.into();
        assert!(!valid.is_valid(&line), "{line} has a member that nobody knows");
    }
    // One for each way: an event that the schema does not know must be added to the samples too.
    let ways = schema["oneOf"].as_array().map_or(0, Vec::len);
    assert_eq!((kinds.len(), every(&run()[0].what)), (ways, ways));
}

/// How many events there are: whoever adds one is told here.
fn every(what: &What) -> usize {
    match what {
        What::Refused { .. }
        | What::RunStarted { .. }
        | What::BuildStarted { .. }
        | What::StepStarted { .. }
        | What::StepDone { .. }
        | What::StepUndone { .. }
        | What::Say { .. }
        | What::Warn { .. }
        | What::Output { .. }
        | What::Waiting { .. }
        | What::Call { .. }
        | What::BuildDone { .. }
        | What::BuildFailed { .. }
        | What::RunDone { .. } => 14,
    }
}

#[test]
fn each_build_has_a_file_and_debugging_has_all() {
    let papers: Arc<Mutex<Vec<(String, Paper)>>> = Arc::default();
    let opened = papers.clone();
    let open = move |name: &str| -> io::Result<Out> {
        let paper = Paper::default();
        opened.lock().expect("nobody panics").push((name.to_owned(), paper.clone()));
        Ok(paper.out())
    };
    reported(&mut Files::new(Box::new(open)), &run());
    let papers = papers.lock().expect("nobody panics").clone();
    let names: Vec<&str> = papers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["web.log", "db.log"]);
    let db = papers[1].1.text();
    assert_eq!(
        db,
        "\
2026-11-21T12:32:07.001Z build begins: amazon-ebs
2026-11-21T12:32:07.003Z step source: looking for image ami-0
2026-11-21T12:32:07.014Z call DescribeImages us-east-1 (12 ms): InvalidAMIID.NotFound
2026-11-21T12:32:08.200Z undone key_pair: key pair bakec-1 is deleted
2026-11-21T12:32:08.217Z build failed [bake::run::source]: web.bake:3:5: there is no image `ami-0` in us-east-1
2026-11-21T12:32:08.217Z help: ids of images differ from region to region
"
    );
    let paper = Paper::default();
    reported(&mut Debug::new(paper.out()), &run());
    let all = paper.text();
    assert!(all.contains("2026-11-21T12:32:07.015Z [web] call RunInstances us-east-1 (12 ms)\n"), "{all}");
    assert!(all.contains("2026-11-21T12:32:16.000Z region us-east-1 is slow\n"), "{all}");
}

#[test]
fn thousands_of_builds_have_their_files_and_few_are_open() {
    let papers: Arc<Mutex<HashMap<String, Paper>>> = Arc::default();
    let kept = papers.clone();
    let open = move |name: &str| Ok(kept.lock().expect("nobody panics").entry(name.to_owned()).or_default().out());
    let mut files = Files::new(Box::new(open));
    let said = |n: usize, text: &str| Event {
        at: "2026-11-21T12:32:07Z".parse().expect("a time"),
        build: Some(format!("web-{n}").into()),
        what: What::Say { text: text.to_owned() },
    };
    for text in ["one", "two", "three"] {
        (0..200).for_each(|n| files.take(&said(n, text)));
    }
    let papers = papers.lock().expect("nobody panics").clone();
    assert_eq!(papers.len(), 200);
    for (name, paper) in papers {
        let words: Vec<String> = paper.text().lines().filter_map(|l| l.split(' ').nth(1).map(str::to_owned)).collect();
        assert_eq!(words, ["one", "two", "three"], "{name}");
    }
}

/// The board at a moment.
fn board(events: &[Event], at: Timestamp, width: usize, height: usize) -> Vec<String> {
    let mut tally = Tally::default();
    let mut shown = Shown::default();
    let mut last = Vec::new();
    for event in events {
        tally.take(event);
        last = rows(&tally, &mut shown, at, (width, height), style(width));
        assert!(last.len() <= height.max(1), "{last:?}");
        for row in &last {
            assert!(console::measure_text_width(row) <= width, "wider than {width}: {row}");
        }
    }
    last
}

#[test]
fn a_board_fits_its_terminal() {
    let events: Vec<Event> = run().into_iter().take(16).collect();
    let at = start() + SignedDuration::from_secs(20);
    assert_eq!(
        board(&events, at, 80, 20),
        [
            "• web    19s  provision    no such package",
            "✗ db      1s  source: web.bake:3:5: there is no image `ami-0` in us-east-1",
            "1 running · 1 failed · 20s · 2 calls",
        ]
    );
    assert_eq!(
        board(&events, at, 40, 20),
        [
            "• web    19s  no such package",
            "✗ db      1s  source: web.bake:3:5: the…",
            "1 running · 1 failed · 20s · 2 calls",
        ]
    );
    assert_eq!(
        board(&events, at, 200, 20)[1],
        "✗ db      1s  source: web.bake:3:5: there is no image `ami-0` in us-east-1"
    );
    for (width, height) in [(1, 1), (0, 0), (10, 2), (3, 50)] {
        board(&events, at, width, height);
    }
}

#[test]
fn of_many_builds_those_are_shown_that_speak_and_stay_for_a_while() {
    let names: Vec<String> = (0..50).map(|n| format!("build-{n:02}")).collect();
    let what =
        What::RunStarted { format: 1, run: "r".into(), builds: names.clone(), folder: "r".into(), resumed: false };
    let mut events = vec![event(0, "", what)];
    events.extend(names[..40].iter().map(|n| event(1, n, What::BuildStarted { kind: "null".into() })));
    let say = |ms: i64, n: usize| event(ms, &names[n], What::Say { text: format!("line of {n}") });
    events.push(say(1000, 30));
    events.push(say(1001, 7));
    events.extend((10..13).map(|n| event(1002, &names[n], What::BuildDone { artifact: Default::default() })));
    let mut tally = Tally::default();
    let mut shown = Shown::default();
    for event in &events {
        tally.take(event);
    }
    let at = start() + SignedDuration::from_secs(2);
    let first = rows(&tally, &mut shown, at, (60, 6), style(60));
    assert_eq!(first[0], "✓ 3 done: build-10, build-11, build-12");
    assert!(first.iter().any(|r| r.contains("build-30")) && first.iter().any(|r| r.contains("build-07")), "{first:?}");
    assert_eq!(first[5], "37 running (33 not shown) · 10 waiting · 3 done · 2s · 0 ca…");
    // Another one speaks: those that are shown stay, until they were silent for long.
    tally.take(&say(3000, 39));
    let soon = rows(&tally, &mut shown, start() + SignedDuration::from_secs(4), (60, 6), style(60));
    assert!(!soon.iter().any(|r| r.contains("build-39")), "{soon:?}");
    tally.take(&say(15_000, 39));
    let later = rows(&tally, &mut shown, start() + SignedDuration::from_secs(16), (60, 6), style(60));
    assert!(later.iter().any(|r| r.contains("build-39")), "{later:?}");
}
