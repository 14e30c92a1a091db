//! Copies to regions that take only so many at once.

use std::time::Duration;

use bakec::rehearse::{Delays, Quotas, Settings as Rehearsal};

use crate::baked::{House, is_done};
use crate::image::image;

/// EC2's word for a region that takes no more.
const FULL: &str = "ResourceLimitExceeded";

/// So many builds, whose images are copied to one region.
fn builds(count: usize) -> String {
    let one = |n| image(&format!("web{n}"), &format!("ami_name = \"web {n}\"\n ami_regions = [\"eu-west-1\"]"), "");
    (0..count).map(one).collect()
}

/// Makes so many builds where copies take their time and only so many may be made at once: how often EC2 refused one.
async fn refusals(count: usize, copies: usize, time: Duration) -> usize {
    let house = House::of(Rehearsal {
        throttle: false,
        quotas: Quotas { copies, ..Quotas::default() },
        delays: Delays { copy: time, ..Delays::default() },
        ..Rehearsal::default()
    });
    let house = house.await;
    let outcome = house.bake(&builds(count)).await;
    assert!(is_done(&outcome), "{outcome:?}");
    assert_eq!(house.all("images").len(), 2 * count);
    let calls = house.server.calls();
    let copied = calls.iter().filter(|call| call.action == "CopyImage");
    copied.filter(|call| call.outcome == FULL).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_takes_no_more_copies_is_asked_again() {
    assert!(refusals(5, 2, Duration::from_secs(200)).await > 0, "the test shows nothing where none is refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_makes_no_more_copies_at_once_than_ec2_takes() {
    assert_eq!(refusals(24, 20, Duration::from_secs(2000)).await, 0);
}
