//! Which leftovers are touched.

use super::*;
use crate::run::step::tags::tag;

const NOW: &str = "2026-11-21T12:00:00Z";

fn thing(id: &str, kind: Kind, run: &str, made: Option<&str>, lease: Option<&str>) -> Found {
    let mut tags = vec![tag(RUN, run), tag(BUILD, "b"), tag(STATE, BUILDING)];
    tags.extend(lease.map(|l| tag(LEASE, l)));
    let made = made.map(|m| m.parse().unwrap());
    Found { kind, region: "us-east-1".to_owned(), id: id.to_owned(), name: None, made, tags }
}

fn judged(found: Vec<Found>, hours: u64) -> Vec<(String, Option<Kept>)> {
    let all = judge(found, NOW.parse().unwrap(), Duration::from_secs(hours * 3600));
    all.into_iter().map(|l| (l.id, l.kept)).collect()
}

#[test]
fn a_run_that_lives_keeps_everything() {
    let found = vec![
        thing("i-1", Kind::Instance, "a", Some("2026-11-20T12:00:00Z"), Some("2026-11-20T12:15:00Z")),
        thing("ami-1", Kind::Image, "a", Some("2026-11-20T12:00:00Z"), Some("2026-11-21T12:00:01Z")),
        thing("i-2", Kind::Instance, "b", Some("2026-11-20T12:00:00Z"), Some("2026-11-21T11:59:59Z")),
    ];
    let until = Some(Kept::Lease("2026-11-21T12:00:01Z".parse().unwrap()));
    assert_eq!(judged(found, 6), [("i-1".into(), until), ("ami-1".into(), until), ("i-2".into(), None)]);
}

#[test]
fn a_run_that_made_something_lately_keeps_everything() {
    let found = || {
        vec![
            thing("i-1", Kind::Instance, "a", Some("2026-11-21T05:00:00Z"), None),
            thing("snap-1", Kind::Snapshot, "a", Some("2026-11-21T10:00:00Z"), None),
            thing("sg-1", Kind::SecurityGroup, "a", None, None),
        ]
    };
    let young = Some(Kept::Young(Some(Duration::from_secs(2 * 3600))));
    assert!(judged(found(), 6).iter().all(|(_, kept)| *kept == young));
    assert!(judged(found(), 2).iter().all(|(_, kept)| kept.is_none()));
}

#[test]
fn a_group_alone_is_as_old_as_its_lease() {
    let group = |lease| vec![thing("sg-1", Kind::SecurityGroup, "a", None, lease)];
    assert_eq!(judged(group(Some("2026-11-21T05:00:00Z")), 6)[0].1, None);
    assert!(matches!(judged(group(Some("2026-11-21T07:00:00Z")), 6)[0].1, Some(Kept::Young(Some(_)))));
    assert_eq!(judged(group(None), 6)[0].1, Some(Kept::Young(None)));
    assert_eq!(judged(group(None), 0)[0].1, None);
}

#[test]
fn what_uses_goes_before_what_is_used() {
    let old = Some("2026-11-01T00:00:00Z");
    let kinds: Vec<Kind> = KINDS.iter().rev().copied().collect();
    let found = kinds.iter().enumerate().map(|(i, kind)| thing(&format!("{i}"), *kind, "a", old, None)).collect();
    assert_eq!(judged(found, 6).iter().map(|(id, _)| id.as_str()).collect::<String>(), "9876543210");
}
