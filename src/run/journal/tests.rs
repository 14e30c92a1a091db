//! What a journal must stand: every cut, every flipped bit, lines in any order, and two who want it.

use std::fs;
use std::sync::LazyLock;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use super::fold::{Broken, Record, State, read, whole};
use super::line::{End, Entry, FORMAT, Head, Line, Purpose, Way};
use super::{FILE, Journal, OpenError, peek};
use crate::diagnostic::code;
use crate::run::event::Artifact;
use crate::run::problem::Problem;
use crate::run::reached::needs_plan;

fn head(run: &str) -> Head {
    Head {
        format: FORMAT,
        run: run.to_owned(),
        salt: "00112233445566778899aabbccddeeff".to_owned(),
        bakec: "0.1.0".to_owned(),
        moment: Timestamp::UNIX_EPOCH,
        uuid: String::new(),
        host: "here".to_owned(),
        pid: 1,
        plan: "d1".to_owned(),
        files: vec![("a.sh".to_owned(), "d2".to_owned())],
        builds: vec!["one".to_owned(), "zwölf".to_owned()],
        endpoint: None,
        rehearsed: true,
        ways: [("one".to_owned(), Way { region: "us-east-1".to_owned(), ..Way::default() })].into(),
        scale: Some(2.5),
        packer_defaults: false,
    }
}

#[test]
fn journals_of_older_versions_are_read() {
    let mut old = serde_json::to_value(head("r")).expect("it has JSON");
    for later in ["ways", "scale", "packer_defaults"] {
        assert!(old.as_object_mut().expect("an object").remove(later).is_some(), "{later}");
    }
    let read: Head = serde_json::from_value(old).expect("it is read");
    assert_eq!(read, Head { ways: Default::default(), scale: None, ..head("r") });
    // Without the ways of its builds a run that has made something is undone by its plan.
    let mut record = Record::new(read, Timestamp::UNIX_EPOCH);
    assert!(!needs_plan(&record));
    for (line, entry) in entries().into_iter().take(3).enumerate() {
        assert!(record.take(Line { n: line as u64 + 1, at: Timestamp::UNIX_EPOCH, entry }));
    }
    assert!(needs_plan(&record));
    let way = |keys| Way { region: "us-east-1".to_owned(), keys, ..Way::default() };
    record.head.ways = [("one".to_owned(), way(false)), ("zwölf".to_owned(), way(false))].into();
    assert!(!needs_plan(&record));
    // So is one whose keys only the plan has.
    record.head.ways.insert("zwölf".to_owned(), way(true));
    assert!(needs_plan(&record));
}

/// Lines of every kind, as runs write them.
fn entries() -> Vec<Entry> {
    let intent = |build: &str, attempt, step: &str, of: &str| Entry::Intent {
        build: build.to_owned(),
        attempt,
        step: step.to_owned(),
        of: of.to_owned(),
        data: json!({ "name": "bakec_0123", "tags": [["Name", "a \"b\"\n"]] }),
    };
    let problem = Problem::failed(code::RUN_LAUNCH, "there is none").help("wait");
    vec![
        intent("one", 1, "key", ""),
        Entry::Result { intent: 1, result: json!({ "id": "key-1", "name": "bakec_0123" }) },
        intent("zwölf", 1, "launch", ""),
        Entry::Void { intent: 3, why: "no capacity".to_owned() },
        Entry::Taken { host: "there".to_owned(), pid: 2, purpose: Purpose::Resume },
        Entry::Attempt { build: "zwölf".to_owned(), attempt: 2, why: "a provisioner was interrupted".to_owned() },
        intent("zwölf", 2, "launch", ""),
        Entry::Back { build: "one".to_owned(), why: "cancelled".to_owned() },
        Entry::Undone { intent: 1, what: "key pair `bakec_0123` deleted".to_owned() },
        intent("one", 1, "copy", "eu-west-1"),
        Entry::End { build: "zwölf".to_owned(), end: End::Failed { problem } },
        Entry::End { build: "one".to_owned(), end: End::Done { artifact: Artifact::default() } },
        Entry::Closed,
    ]
}

/// Appends an entry, on a runtime of its own.
fn append(journal: &Journal, entry: Entry) -> std::io::Result<u64> {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(journal.append(entry))
}

/// A journal as it stands on the disk.
fn written(run: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::create(folder.path(), head(run)).unwrap();
    for entry in entries() {
        append(&journal, entry).unwrap();
    }
    fs::read(folder.path().join(FILE)).unwrap()
}

/// The record after each number of lines.
fn records(bytes: &[u8]) -> Vec<Record> {
    let ends = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1);
    ends.map(|end| read(&bytes[..end]).unwrap().0).collect()
}

#[test]
fn a_journal_tells_what_was_done() {
    let record = read(&written("r")).unwrap().0;
    assert_eq!(record.builds["one"].steps[0].state, State::Undone);
    assert_eq!(record.builds["zwölf"].attempt, 2);
    assert_eq!(record.builds["zwölf"].steps[0].state, State::Void);
    assert_eq!(record.holder, ("there".to_owned(), 2));
    let standing: Vec<_> = record.standing().iter().map(|(b, s)| (*b, s.step.as_str(), s.intent)).collect();
    assert_eq!(standing, [("one", "copy", 10), ("zwölf", "launch", 7)]);
    assert!(record.closed);
}

#[test]
fn a_torn_end_is_left_out_at_every_cut() {
    let bytes = written("r");
    let all = records(&bytes);
    assert_eq!(all.len(), entries().len() + 1);
    for cut in 0..=bytes.len() {
        let lines = bytes[..cut].iter().filter(|b| **b == b'\n').count();
        match read(&bytes[..cut]) {
            Ok((record, _)) => assert_eq!(record, all[lines - 1], "cut at {cut}"),
            Err(error) => assert_eq!((error, lines), (Broken::Empty, 0), "cut at {cut}"),
        }
    }
}

#[test]
fn every_flipped_bit_is_found() {
    let bytes = written("r");
    let all = records(&bytes);
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let line = bytes[..bit / 8].iter().filter(|b| **b == b'\n').count();
        match read(&flipped) {
            // Only the end of the last line can look as if it had never been written.
            Ok((record, _)) => {
                assert_eq!(bit / 8, bytes.len() - 1, "bit {bit} of line {}", line + 1);
                assert_eq!(record, all[all.len() - 2]);
            }
            Err(Broken::Damaged(found)) => assert_eq!(found, line + 1, "bit {bit}"),
            // A flip may make an end of a line within the first: what stands before it is no line.
            Err(other) => panic!("bit {bit}: {other:?}"),
        }
    }
}

#[test]
fn a_damaged_line_is_named_also_where_a_torn_one_follows() {
    let mut bytes = written("r");
    let second = bytes.iter().position(|b| *b == b'\n').unwrap() + 30;
    bytes[second] ^= 1;
    bytes.truncate(bytes.len() - 5);
    assert_eq!(read(&bytes).unwrap_err(), Broken::Damaged(2));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(FILE), &bytes).unwrap();
    assert!(matches!(Journal::open(folder.path()), Err(OpenError::Broken(Broken::Damaged(2)))));
    // It is evidence: nobody changes it.
    assert_eq!(fs::read(folder.path().join(FILE)).unwrap(), bytes);
}

#[test]
fn a_journal_of_a_newer_bakec_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    drop(Journal::create(folder.path(), Head { format: FORMAT + 1, ..head("r") }).unwrap());
    assert!(
        matches!(Journal::open(folder.path()), Err(OpenError::Broken(Broken::Newer(format))) if format == FORMAT + 1)
    );
}

#[test]
fn writing_goes_on_behind_a_torn_end() {
    let bytes = written("r");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(FILE);
    for cut in [bytes.len() - 1, bytes.len() - 20, whole(&bytes[..bytes.len() - 1]) + 1] {
        fs::write(&file, &bytes[..cut]).unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        let n = append(&journal, Entry::Closed).unwrap();
        assert_eq!(n as usize, entries().len());
        drop(journal);
        assert!(peek(folder.path()).unwrap().closed);
    }
}

#[test]
fn what_does_not_fit_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::create(folder.path(), head("r")).unwrap();
    let before = fs::read(folder.path().join(FILE)).unwrap();
    for wrong in [
        Entry::Run(head("r")),
        Entry::Result { intent: 7, result: json!(null) },
        Entry::Attempt { build: "three".to_owned(), attempt: 2, why: String::new() },
    ] {
        assert!(append(&journal, wrong).is_err());
    }
    assert_eq!(fs::read(folder.path().join(FILE)).unwrap(), before);
    assert_eq!(append(&journal, Entry::Closed).unwrap(), 1);
}

proptest! {
    /// Lines of two runs in any order and number: only those of one, from the first on and in their order, are a journal.
    #[test]
    fn no_mixture_of_lines_passes(picks in prop::collection::vec((any::<bool>(), 0..14_usize), 0..20), torn in 0..40_usize) {
        static OF: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| [written("a"), written("b")]);
        let lines = OF.each_ref().map(|bytes| bytes.split_inclusive(|b| *b == b'\n').collect::<Vec<_>>());
        let mut bytes: Vec<u8> = picks.iter().flat_map(|(other, at)| lines[usize::from(*other)][*at].to_vec()).collect();
        bytes.truncate(bytes.len().saturating_sub(torn));
        let count = bytes.iter().filter(|b| **b == b'\n').count();
        let in_order = (0..count).all(|i| picks[i] == (picks[0].0, i));
        match read(&bytes) {
            Ok((record, _)) => {
                prop_assert!(in_order && count > 0);
                prop_assert_eq!(record.lines as usize, count);
            }
            Err(Broken::Empty) => prop_assert_eq!(count, 0),
            Err(Broken::Damaged(line)) => {
                let first = (0..count).find(|i| picks[*i] != (picks[0].0, *i));
                prop_assert_eq!(first.map(|i| i + 1), Some(line));
            }
            Err(other) => prop_assert!(false, "{:?}", other),
        }
    }

    /// Bytes of any kind in any place.
    #[test]
    fn reading_never_panics(noise in prop::collection::vec(any::<u8>(), 0..200), at in 0..4000_usize) {
        static OF: LazyLock<Vec<u8>> = LazyLock::new(|| written("r"));
        let mut bytes = OF.clone();
        let at = at.min(bytes.len());
        bytes.splice(at..at, noise.iter().copied());
        let _ = read(&bytes);
        let _ = read(&noise);
    }
}

#[test]
fn a_journal_has_one_holder() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::create(folder.path(), head("r")).unwrap();
    assert!(matches!(Journal::open(folder.path()), Err(OpenError::Held)));
    // Who only looks may.
    assert_eq!(peek(folder.path()).unwrap().head.run, "r");
    drop(journal);
    assert!(Journal::open(folder.path()).is_ok());
}

#[test]
fn a_journal_is_begun_once() {
    let folder = tempfile::tempdir().unwrap();
    drop(Journal::create(folder.path(), head("r")).unwrap());
    assert!(matches!(Journal::create(folder.path(), head("r")), Err(OpenError::Io(_))));
}

#[test]
fn who_only_looks_keeps_nobody_out() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(Journal::create(folder.path(), head("r")).expect("a journal"));
    let looks = fs::File::open(folder.path().join(FILE)).expect("a file");
    looks.try_lock_shared().expect("nobody holds it");
    let look = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(60));
        drop(looks);
    });
    assert!(Journal::open(folder.path()).is_ok());
    look.join().expect("it ends");
}
